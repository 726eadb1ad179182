use std::fmt::Display;

use super::{LogLine, NOW_MS, TestHost, construct};
use crate::abi::id::Id;
use crate::abi::tax::{TaxCall, TaxObj, build, stage, tax as ask};
use crate::error::Error;
use crate::points::tax::{Tax, TaxLine};

/// A tax strategy behind its vtable.
pub struct TaxHarness {
    object: TaxObj,
    host: TestHost,
}

/// Constructs a tax strategy from its configuration, a JSON text or a [`serde_json::Value`].
///
/// # Errors
/// What the host would be told: the configuration is wrong, or the constructor failed or panicked.
pub fn tax<T: Tax>(config_json: impl Display) -> Result<TaxHarness, Error> {
    let host = TestHost::default();
    Ok(TaxHarness { object: construct(build::<T>, config_json, &host)?, host })
}

/// One tax on one line, as a test wants to see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taxed {
    /// Index of the line.
    pub line: usize,
    /// `VAT`
    pub name: String,
    /// `GB`
    pub jurisdiction: String,
    /// 20 % is 200,000.
    pub rate_ppm: i64,
    /// How much.
    pub amount_minor: i64,
}

impl TaxHarness {
    /// The strategy's stage.
    ///
    /// # Errors
    /// The strategy panicked.
    pub fn stage(&self) -> Result<u32, Error> {
        stage(&self.object)
    }

    /// Taxes a cart; the taxes come in the order the strategy added them.
    ///
    /// # Errors
    /// What the host would be told.
    pub fn tax(&self, cart: &TaxCart<'_>) -> Result<Vec<Taxed>, Error> {
        let answer = ask(&self.object, &cart.call, &cart.lines)?;
        let taxed = answer.amounts.iter().map(|amount| {
            let kind = &answer.kinds[amount.kind as usize];
            Taxed {
                line: amount.line as usize,
                name: kind.name.to_string(),
                jurisdiction: kind.jurisdiction.to_string(),
                rate_ppm: kind.rate_ppm,
                amount_minor: amount.amount_minor,
            }
        });
        Ok(taxed.collect())
    }

    /// What the strategy logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.host.logs()
    }
}

/// A batch to tax, built line by line.
#[derive(Clone, Debug)]
pub struct TaxCart<'a> {
    call: TaxCall<'a>,
    lines: Vec<TaxLine<'a>>,
}

impl<'a> TaxCart<'a> {
    /// An empty cart at [`NOW_MS`] that goes to a country; prices exclude tax.
    pub fn new(currency: &'a str, exponent: u32, country: &'a str) -> Self {
        let call = TaxCall {
            currency: currency.into(),
            channel_id: Id::NIL,
            country: country.into(),
            region: "".into(),
            city: "".into(),
            postal_code: "".into(),
            now_ms: NOW_MS,
            budget_ns: 0,
            ext: "".into(),
            exponent,
            prices_include_tax: false,
        };
        Self { call, lines: Vec::new() }
    }

    /// The same; prices include tax.
    #[must_use]
    pub fn including_tax(mut self) -> Self {
        self.call.prices_include_tax = true;
        self
    }

    /// The same, to this region and city.
    #[must_use]
    pub fn to(mut self, region: &'a str, city: &'a str, postal_code: &'a str) -> Self {
        self.call.region = region.into();
        self.call.city = city.into();
        self.call.postal_code = postal_code.into();
        self
    }

    /// The same at this instant, milliseconds since 1970.
    #[must_use]
    pub fn at_ms(mut self, now_ms: i64) -> Self {
        self.call.now_ms = now_ms;
        self
    }

    /// The same with a time budget.
    #[must_use]
    pub fn within_ns(mut self, budget_ns: u64) -> Self {
        self.call.budget_ns = budget_ns;
        self
    }

    /// The same with one more line: `TaxLine::new("standard", 1999, 1_000)`.
    #[must_use]
    pub fn line(mut self, line: TaxLine<'a>) -> Self {
        self.lines.push(line);
        self
    }
}
