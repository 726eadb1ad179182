//! Adding up what the strategies answer, and what an exemption may be. Pure.

use vectis_contracts::points::{TaxAnswer, TaxKind};
use vectis_contracts::tax::{GrantExemption, TaxAssessment, TaxCode, TaxQuery, TaxQueryLine, TaxedLine};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::{Failure, Money, MoneyError, Refusal, is_country_code};

/// What the valid exemptions of a buyer at a destination cover.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exempt {
    /// One category per exemption; `None` covers all.
    pub(crate) categories: Vec<Option<String>>,
}

impl Exempt {
    pub(crate) fn covers(&self, category: &str) -> bool {
        self.categories.iter().any(|own| own.as_deref().is_none_or(|own| own == category))
    }
}

/// Why answers could not be added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AddError {
    /// A strategy broke a rule of the point.
    Invalid(String),
    /// A sum does not fit.
    OutOfRange,
}

impl From<MoneyError> for AddError {
    fn from(error: MoneyError) -> Self {
        match error {
            MoneyError::OutOfRange => Self::OutOfRange,
            other => Self::Invalid(other.to_string()),
        }
    }
}

/// Taxes collected so far: kinds, each once, and per line its parts and their sum.
#[derive(Debug)]
pub(crate) struct Collected {
    kinds: Vec<TaxKind>,
    parts: Vec<Vec<(usize, Money)>>,
    sums: Vec<Money>,
}

impl Collected {
    pub(crate) fn new(query: &TaxQuery) -> Self {
        Self {
            kinds: Vec::new(),
            parts: vec![Vec::new(); query.lines.len()],
            sums: vec![Money::zero(query.currency); query.lines.len()],
        }
    }

    /// The tax of each line so far.
    pub(crate) fn sums(&self) -> &[Money] {
        &self.sums
    }

    /// Adds one strategy's answer.
    pub(crate) fn add(&mut self, lines: &[TaxQueryLine], answer: &TaxAnswer) -> Result<(), AddError> {
        let kinds: Vec<usize> = answer.kinds.iter().map(|kind| self.kind_index(kind)).collect();
        for tax in &answer.amounts {
            let line = lines
                .get(tax.line)
                .ok_or_else(|| AddError::Invalid(format!("a tax on line {} of {}", tax.line, lines.len())))?;
            let kind = *kinds
                .get(tax.kind)
                .ok_or_else(|| AddError::Invalid(format!("a tax of kind {} of {}", tax.kind, kinds.len())))?;
            if tax.amount.minor != 0 && tax.amount.minor.signum() != line.amount.minor.signum() {
                let what = format!("line {}: {} of tax on {}", tax.line, tax.amount, line.amount);
                return Err(AddError::Invalid(what));
            }
            self.sums[tax.line] = self.sums[tax.line].plus(tax.amount)?;
            self.parts[tax.line].push((kind, tax.amount));
        }
        Ok(())
    }

    /// Two strategies that use the same kind share it.
    fn kind_index(&mut self, kind: &TaxKind) -> usize {
        self.kinds.iter().position(|known| known == kind).unwrap_or_else(|| {
            self.kinds.push(kind.clone());
            self.kinds.len() - 1
        })
    }

    /// Net, tax and gross of every line.
    pub(crate) fn finish(self, query: &TaxQuery) -> Result<TaxAssessment, AddError> {
        let lines = query.lines.iter().zip(self.sums).zip(self.parts).enumerate();
        let taxed = lines.map(|(index, ((line, tax), parts))| {
            let (net, gross) = net_and_gross(line.amount, tax, query.prices_include_tax)
                .map_err(|error| at_line(index, error))?;
            Ok(TaxedLine { net, tax, gross, parts })
        });
        Ok(TaxAssessment { lines: taxed.collect::<Result<_, AddError>>()?, kinds: self.kinds })
    }
}

/// An amount that includes its tax is the gross one and contains no more tax than itself; otherwise it is the net one.
pub(crate) fn net_and_gross(
    amount: Money,
    tax: Money,
    is_tax_included: bool,
) -> Result<(Money, Money), AddError> {
    if !is_tax_included {
        return Ok((amount, amount.plus(tax)?));
    }
    let net = amount.minus(tax)?;
    if net.minor != 0 && net.minor.signum() != amount.minor.signum() {
        return Err(AddError::Invalid(format!("{tax} of tax are more than the {amount} they are part of")));
    }
    Ok((net, amount))
}

fn at_line(index: usize, error: AddError) -> AddError {
    match error {
        AddError::Invalid(what) => AddError::Invalid(format!("line {index}: {what}")),
        AddError::OutOfRange => AddError::OutOfRange,
    }
}

/// All that is wrong with an exemption, at once.
pub(crate) fn check(grant: &GrantExemption) -> Result<(), Failure<TaxCode>> {
    let mut refusals = Vec::new();
    let mut refuse =
        |field: &str, message: String| refusals.push(Refusal::at(TaxCode::InvalidInput, field, message));
    if let Some(country) = grant.country.as_deref().filter(|country| !is_country_code(country)) {
        refuse("country", format!("{country:?} is no ISO 3166-1 code of two upper-case letters"));
    }
    if grant.region.is_some() && grant.country.is_none() {
        refuse("region", "a region needs its country".to_owned());
    }
    let texts = [
        ("region", grant.region.as_deref()),
        ("category", grant.category.as_deref()),
        ("certificate", Some(grant.certificate.as_str())),
    ];
    for (field, text) in texts {
        if let Some(text) = text.filter(|text| !is_short_text(text)) {
            refuse(
                field,
                format!("{text:?} must have 1 to 100 characters, none of them a control character"),
            );
        }
    }
    // Stored to the microsecond, so compared to the microsecond.
    if let Some(to) = grant.valid_to.filter(|to| to.timestamp_micros() <= grant.valid_from.timestamp_micros())
    {
        let (to, from) = (to.to_rfc3339(), grant.valid_from.to_rfc3339());
        refuse("validTo", format!("the end {to} is not after the beginning {from}"));
    }
    refuse_if_any(refusals)
}

fn is_short_text(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 100 && !text.chars().any(char::is_control)
}
