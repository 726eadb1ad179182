//! `vectis.tax`.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use vectis_contracts::points::{
    Jurisdiction, PointError, TaxAmount, TaxAnswer, TaxKind, TaxPoint, TaxingLine, TaxingQuestion,
};
use vectis_kernel::ids::ChannelId;
use vectis_kernel::{Currency, Money, Quantity};
use vectis_plugin_api::Error;
use vectis_plugin_api::abi::host::HostObj;
use vectis_plugin_api::abi::module::PluginModRef;
use vectis_plugin_api::abi::remote;
use vectis_plugin_api::abi::tax::{
    TaxAnswer as WireAnswer, TaxCall, TaxKind as WireKind, TaxObj, stage, tax,
};
use vectis_plugin_api::tax::TaxLine;

use crate::adapters::{Adapter, MAX_NAME_BYTES, id};
use crate::lifecycle::{Construct, Instance, Recipe};
use crate::point::Point;
use crate::refusal::{Fault, Step};

/// How many times its amount the taxes on a line may be. Duties on spirits reach several times the price.
const MAX_TIMES_AMOUNT: i128 = 10;
/// More kinds of tax than there are authorities over one address.
const MAX_KINDS: usize = 1_000;
/// More taxes than lie on one line, as a mean.
const MAX_AMOUNTS_PER_LINE: usize = 50;

pub(crate) struct TaxAdapter {
    instance: Instance<TaxObj>,
    stage: u32,
}

/// The object behind the wire.
const CONSTRUCT: Construct<TaxObj> = Construct { here: construct, apart: |remote| remote::tax(remote) };

pub(crate) fn construct(
    module: PluginModRef,
    name: &str,
    config_json: &str,
    host: HostObj,
) -> Result<TaxObj, Error> {
    Ok(module.new_tax()(name.into(), config_json.into(), host).into_result()?)
}

impl Adapter for TaxAdapter {
    const POINT: Point = Point::Tax;

    fn start(recipe: Recipe) -> Result<Self, Fault> {
        let instance = Instance::start(Self::POINT, recipe, CONSTRUCT)?;
        let stage = instance.ask(stage).map_err(|error| Fault::new(Step::SelfTest, error.to_string()))?;
        let adapter = Self { instance, stage };
        adapter.instance.passed(adapter.tax(&first_question()))?;
        Ok(adapter)
    }

    fn has_given_up(&self) -> bool {
        self.instance.has_given_up()
    }

    fn stage(&self) -> u32 {
        self.stage
    }
}

impl TaxPoint for TaxAdapter {
    fn name(&self) -> &str {
        self.instance.name()
    }

    fn stage(&self) -> u32 {
        self.stage
    }

    fn tax(&self, question: &TaxingQuestion) -> Result<TaxAnswer, PointError> {
        // Plugins are promised at least one line.
        if question.lines.is_empty() {
            return Ok(TaxAnswer::default());
        }
        let before = question.taxed_before.iter().map(|money| money.minor).chain(std::iter::repeat(0));
        let lines: Vec<TaxLine<'_>> = question
            .lines
            .iter()
            .zip(before)
            .map(|(line, before)| wire_line(line).taxed_before(before))
            .collect();
        let Jurisdiction { country, region, city, postal_code } = &question.destination;
        let call = TaxCall {
            currency: question.currency.code().into(),
            channel_id: id(question.channel_id),
            country: country.as_str().into(),
            region: region.as_str().into(),
            city: city.as_str().into(),
            postal_code: postal_code.as_str().into(),
            now_ms: question.at.timestamp_millis(),
            budget_ns: self.instance.budget_ns(),
            ext: "".into(),
            exponent: question.currency.exponent(),
            prices_include_tax: question.prices_include_tax,
        };
        let found = self.instance.ask(|plugin| tax(plugin, &call, &lines))?;
        answer(question, &found).map_err(|what| self.instance.lied(what))
    }
}

fn wire_line(line: &TaxingLine) -> TaxLine<'_> {
    TaxLine::new(&line.category, line.amount.minor, line.quantity.milli()).exempt(line.is_exempt)
}

pub(super) fn answer(question: &TaxingQuestion, found: &WireAnswer) -> Result<TaxAnswer, String> {
    let (kinds, amounts) = (found.kinds.len(), found.amounts.len());
    if kinds > MAX_KINDS {
        return Err(format!("it has {kinds} tax kinds, at most {MAX_KINDS} are taken"));
    }
    let most = question.lines.len() * MAX_AMOUNTS_PER_LINE;
    if amounts > most {
        return Err(format!(
            "it has {amounts} taxes on {} lines, at most {most} are taken",
            question.lines.len()
        ));
    }
    let kinds = found.kinds.iter().map(kind).collect::<Result<Vec<_>, _>>()?;
    // Wide, so that no sum is cut off at what an amount can hold and then looks small enough.
    let mut sums = vec![0_i128; question.lines.len()];
    let mut amounts = Vec::with_capacity(found.amounts.len());
    for amount in &found.amounts {
        let (line, kind, minor) = (amount.line as usize, amount.kind as usize, amount.amount_minor);
        let Some(sum) = sums.get_mut(line) else {
            return Err(format!("it taxes line {line} of {}", question.lines.len()));
        };
        if kind >= kinds.len() {
            return Err(format!("line {line} has tax kind {kind} of {}", kinds.len()));
        }
        let base = question.lines[line].amount.minor;
        if minor != 0 && minor.signum() != base.signum() {
            return Err(format!("line {line} of {base} has the tax {minor}, of another sign"));
        }
        let times = if question.prices_include_tax { 1 } else { MAX_TIMES_AMOUNT };
        let most = i128::from(base) * times;
        *sum += i128::from(minor);
        if sum.unsigned_abs() > most.unsigned_abs() {
            return Err(format!("line {line} of {base} has taxes of {sum}, more than {most}"));
        }
        amounts.push(TaxAmount { line, kind, amount: Money::new(minor, question.currency) });
    }
    Ok(TaxAnswer { kinds, amounts })
}

fn kind(kind: &WireKind) -> Result<TaxKind, String> {
    let (name, jurisdiction) = (kind.name.as_str(), kind.jurisdiction.as_str());
    if name.trim().is_empty() || name.len() > MAX_NAME_BYTES || jurisdiction.len() > MAX_NAME_BYTES {
        return Err(format!(
            "a tax kind is named {name:?} of {jurisdiction:?}, not 1 to {MAX_NAME_BYTES} letters"
        ));
    }
    if kind.rate_ppm < 0 {
        return Err(format!("the tax kind {name} has the negative rate {}", kind.rate_ppm));
    }
    Ok(TaxKind { name: name.to_owned(), jurisdiction: jurisdiction.to_owned(), rate_ppm: kind.rate_ppm })
}

/// One line of a hundred.
fn first_question() -> TaxingQuestion {
    let line = TaxingLine {
        amount: Money::new(10_000, Currency::EUR),
        quantity: Quantity::from_milli(1_000),
        category: "standard".to_owned(),
        is_exempt: false,
    };
    TaxingQuestion {
        channel_id: ChannelId(Uuid::from_u128(1)),
        currency: Currency::EUR,
        prices_include_tax: false,
        destination: Jurisdiction { country: "DE".to_owned(), ..Jurisdiction::default() },
        at: DateTime::<Utc>::UNIX_EPOCH,
        lines: vec![line],
        taxed_before: vec![Money::zero(Currency::EUR)],
    }
}
