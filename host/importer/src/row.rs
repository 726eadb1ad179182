//! One invoice line as the file says it, typed. Nothing is interpreted here but the value of the line.

use std::fmt;

use chrono::NaiveDateTime;
use vectis_kernel::{Money, Quantity, UnitPrice};

/// The merchant's code of an article or charge, folded: trimmed, ASCII upper case. `85123a` and `85123A` are one article,
/// because the same till wrote both for the same thing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sku(String);

impl Sku {
    /// Folds `code`.
    pub fn fold(code: &str) -> Self {
        Self(code.trim().to_ascii_uppercase())
    }

    /// The folded code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who bought.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Buyer {
    /// A company with this customer number.
    Account(String),
    /// Nobody known: a retail sale over the counter or in the online shop.
    WalkIn,
}

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Line of the file it starts on; the header is line 1.
    pub line: u64,
    /// Invoice number, upper case: `536365`, `C536379`, `A563185`.
    pub invoice: String,
    /// What was sold, charged or adjusted.
    pub sku: Sku,
    /// White space collapsed; `None` when missing.
    pub description: Option<String>,
    /// Whole pieces, negative on cancellations and write-offs.
    pub quantity: i64,
    /// Date and time of the invoice, in the merchant's time.
    pub at: NaiveDateTime,
    /// Price of one piece; negative only when a debt is written off.
    pub unit_price: UnitPrice,
    /// Quantity × unit price, rounded by the platform's one rule. Computed when the row is read.
    pub value: Money,
    /// Who.
    pub buyer: Buyer,
    /// Country as the file names it.
    pub country: String,
}

impl Row {
    /// Most pieces a row may move either way; keeps every later sum inside 64 bits.
    pub const MAX_QUANTITY: i64 = 1_000_000_000;

    /// What `quantity` pieces at this row's price come to. `None` when that does not fit.
    pub fn value_of(&self, quantity: i64) -> Option<Money> {
        value(self.unit_price, quantity)
    }

    /// `2011-06`: the month its value is counted in.
    pub fn month(&self) -> String {
        self.at.format("%Y-%m").to_string()
    }
}

/// The value of a line by the platform's one rounding rule.
pub(crate) fn value(unit_price: UnitPrice, quantity: i64) -> Option<Money> {
    unit_price.times(Quantity::from_units(quantity)?).ok()
}
