//! Compares the file with what the platform answered, to the penny, and accounts for every row.

use std::collections::{BTreeMap, BTreeSet};

use vectis_kernel::Money;

use crate::classify::RowKind;
use crate::documents::Body;
use crate::plan::Plan;
use crate::read::RowError;
use crate::row::Row;

/// What came of each row. Filled while documents are answered, in any order.
#[derive(Debug)]
pub struct Ledger(Vec<Entry>);

#[derive(Clone, Debug, Default)]
struct Entry {
    /// Parts the row is sent in; a return may go back to several sales.
    parts: usize,
    answered: usize,
    /// Sum of the answers, in minor units.
    value: i128,
    reason: Option<String>,
}

impl Ledger {
    /// Nothing sent yet; rejected rows already have their reason.
    pub fn of(plan: &Plan) -> Self {
        let mut entries = vec![Entry::default(); plan.rows.len()];
        for (entry, kind) in entries.iter_mut().zip(&plan.kinds) {
            if let RowKind::Rejected(rejection) = kind {
                entry.reason = Some(rejection.to_string());
            }
        }
        for document in &plan.documents {
            for row in rows_of(&document.body) {
                entries[row].parts += 1;
            }
        }
        Self(entries)
    }

    /// The platform took one part of `row` and says it is worth `value` (below zero for what is given back).
    pub fn take(&mut self, row: usize, value: Money) {
        let entry = &mut self.0[row];
        entry.answered += 1;
        entry.value += i128::from(value.minor);
    }

    /// The platform did not take a part of `row`.
    pub fn refuse(&mut self, row: usize, reason: &str) {
        self.0[row].reason.get_or_insert_with(|| reason.to_owned());
    }
}

/// The rows a document sends, once per part.
pub fn rows_of(body: &Body) -> Vec<usize> {
    match body {
        Body::Order { lines, charges } => lines.iter().chain(charges).copied().collect(),
        Body::Return { lines, .. } => lines.iter().map(|line| line.row).collect(),
        Body::Note { goods, charges } => {
            goods.iter().map(|part| part.row).chain(charges.iter().copied()).collect()
        }
        Body::StockAdjustment { rows } => rows.clone(),
    }
}

impl Entry {
    fn reason_not_taken(&self) -> Option<&str> {
        match &self.reason {
            Some(reason) => Some(reason),
            None if self.answered < self.parts => Some("not sent"),
            None => None,
        }
    }
}

/// The groups of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Goods sold.
    Sales,
    /// Goods taken back.
    Returns,
    /// Postage, fees, discounts and the like.
    Charges,
    /// Stock adjustments and bad debts.
    Adjustments,
    /// Rows of the file that make no sense.
    Rejected,
}

impl Group {
    fn of(kind: RowKind) -> Self {
        match kind {
            RowKind::Sale => Self::Sales,
            RowKind::Return => Self::Returns,
            RowKind::Charge(_) => Self::Charges,
            RowKind::StockAdjustment | RowKind::BadDebt => Self::Adjustments,
            RowKind::Rejected(_) => Self::Rejected,
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Sales => "sales",
            Self::Returns => "returns",
            Self::Charges => "charges",
            Self::Adjustments => "adjustments",
            Self::Rejected => "rejected",
        }
    }
}

/// Invoices, lines and value on one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Different invoice numbers.
    pub invoices: BTreeSet<String>,
    /// Rows.
    pub lines: usize,
    /// Minor units.
    pub value: i128,
}

impl Side {
    fn count(&mut self, row: &Row, value: i128) {
        self.lines += 1;
        self.value += value;
        if !self.invoices.contains(&row.invoice) {
            self.invoices.insert(row.invoice.clone());
        }
    }
}

/// Both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What the file says.
    pub file: Side,
    /// What the platform answered.
    pub platform: Side,
}

impl Comparison {
    /// Platform less file, in minor units.
    pub fn difference(&self) -> i128 {
        self.platform.value - self.file.value
    }

    fn count(&mut self, row: &Row, entry: &Entry) {
        self.file.count(row, i128::from(row.value.minor));
        if entry.reason_not_taken().is_none() {
            self.platform.count(row, entry.value);
        } else {
            self.platform.value += entry.value;
        }
    }
}

/// A row the platform does not have, or has at another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OddRow {
    /// Line of the file.
    pub line: u64,
    /// Invoice, SKU and value in the file; empty for rows that could not be read.
    pub what: String,
    /// Why.
    pub reason: String,
}

/// The whole comparison.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// By month (`2011-06`) and group.
    pub groups: BTreeMap<(String, Group), Comparison>,
    /// By month.
    pub months: BTreeMap<String, Comparison>,
    /// Everything readable.
    pub total: Comparison,
    /// Rows of the file, unreadable ones included.
    pub rows: usize,
    /// Rows not taken, each with its reason, in file order, unreadable ones first.
    pub not_taken: Vec<OddRow>,
    /// Rows taken at another value than the file's.
    pub differing: Vec<OddRow>,
}

impl Report {
    /// Compares. `bad_rows` are those that could not be read.
    pub fn of(plan: &Plan, ledger: &Ledger, bad_rows: &[RowError]) -> Self {
        let unreadable = |error: &RowError| OddRow {
            line: error.line,
            what: String::new(),
            reason: format!("{}: {}", error.column, error.reason),
        };
        let mut report = Self {
            rows: plan.rows.len() + bad_rows.len(),
            not_taken: bad_rows.iter().map(unreadable).collect(),
            ..Self::default()
        };
        for ((row, kind), entry) in plan.rows.iter().zip(&plan.kinds).zip(&ledger.0) {
            report.count(row, *kind, entry);
        }
        report
    }

    fn count(&mut self, row: &Row, kind: RowKind, entry: &Entry) {
        self.groups.entry((row.month(), Group::of(kind))).or_default().count(row, entry);
        self.months.entry(row.month()).or_default().count(row, entry);
        self.total.count(row, entry);

        let odd = |reason: String| {
            let value = group_pence(i128::from(row.value.minor));
            OddRow { line: row.line, what: format!("{} {} {value}", row.invoice, row.sku), reason }
        };
        if let Some(reason) = entry.reason_not_taken() {
            self.not_taken.push(odd(reason.to_owned()));
        } else if entry.value != i128::from(row.value.minor) {
            self.differing.push(odd(format!("taken as {}", group_pence(entry.value))));
        }
    }

    /// Rows the platform has.
    pub fn taken(&self) -> usize {
        self.total.platform.lines
    }

    /// Whether every row of the file is either taken or listed with its reason.
    pub fn accounts_for_every_row(&self) -> bool {
        self.taken() + self.not_taken.len() == self.rows
    }

    /// Whether, month by month, the platform has the file's value to the penny.
    pub fn is_equal_to_the_penny(&self) -> bool {
        self.months.values().all(|month| month.difference() == 0)
    }
}

/// `-1,234.56`
pub(crate) fn group_pence(pence: i128) -> String {
    let sign = if pence < 0 { "-" } else { "" };
    let pence = pence.unsigned_abs();
    format!("{sign}{}.{:02}", group_digits(&(pence / 100).to_string()), pence % 100)
}

/// `1,234`
pub(crate) fn group_thousands(number: i128) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", group_digits(&number.unsigned_abs().to_string()))
}

fn group_digits(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
