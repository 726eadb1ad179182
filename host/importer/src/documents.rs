//! Which documents the rows make: the unit of the replay, in file order.
//!
//! Rows are grouped by invoice number and buyer, where the invoice first appears; the same number with two buyers makes
//! two documents. A group becomes at most: one order (sales and the charges beside them), returns (one per order whose
//! lines come back), one note (everything else that is money), one stock adjustment.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDateTime;

use crate::classify::RowKind;
use crate::returns::OpenSales;
use crate::row::{Buyer, Row};

/// Something to send. Row numbers are indexes into the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Unique, and the same on every run over the same file: the seed of idempotency keys.
    pub key: String,
    /// Number of the invoice it comes from.
    pub invoice: String,
    /// Who.
    pub buyer: Buyer,
    /// Country of its first row.
    pub country: String,
    /// Time of its first row.
    pub at: NaiveDateTime,
    /// What.
    pub body: Body,
}

/// What a document does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Goods sold, each row a line of its own, and charges on the same invoice.
    Order {
        /// Rows of goods, never empty.
        lines: Vec<usize>,
        /// Rows of charges.
        charges: Vec<usize>,
    },
    /// Goods of an earlier order come back.
    Return {
        /// Index of the order's document.
        order: usize,
        /// What comes back of which line, never empty.
        lines: Vec<ReturnedLine>,
    },
    /// Money, and goods taken back that no known order sold: a credit note, or a debit note when it sums up above zero.
    Note {
        /// Goods taken back.
        goods: Vec<NotedGoods>,
        /// Rows of charges and bad debts.
        charges: Vec<usize>,
    },
    /// Stock counted anew.
    StockAdjustment {
        /// Rows, never empty.
        rows: Vec<usize>,
    },
}

impl Body {
    /// Gives every row its new index.
    pub(crate) fn renumber(&mut self, new_index: &HashMap<usize, usize>) {
        let renumber = |row: &mut usize| *row = new_index[row];
        match self {
            Self::Order { lines, charges } => lines.iter_mut().chain(charges).for_each(renumber),
            Self::Return { lines, .. } => {
                lines.iter_mut().flat_map(|line| [&mut line.row, &mut line.sold]).for_each(renumber);
            }
            Self::Note { goods, charges } => {
                goods.iter_mut().map(|part| &mut part.row).chain(charges).for_each(renumber);
            }
            Self::StockAdjustment { rows } => rows.iter_mut().for_each(renumber),
        }
    }
}

/// Pieces of a return that go back to one sold row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnedLine {
    /// The row that returns.
    pub row: usize,
    /// The row that sold, earlier in the file, at the same unit price.
    pub sold: usize,
    /// How many pieces, above zero.
    pub quantity: i64,
}

/// Pieces of a return without a known sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotedGoods {
    /// The row that returns.
    pub row: usize,
    /// How many pieces, above zero.
    pub quantity: i64,
}

/// The documents of the rows. `kinds` has one kind per row.
pub fn documents(rows: &[Row], kinds: &[RowKind]) -> Vec<Document> {
    let mut writer =
        Writer { rows, kinds, open: OpenSales::default(), order_of: HashMap::new(), documents: Vec::new() };
    for group in groups(rows) {
        writer.write(&group);
    }
    writer.documents
}

/// The rows of one invoice and one buyer.
struct Group {
    /// Prefix of its documents' keys.
    key: String,
    rows: Vec<usize>,
}

fn groups(rows: &[Row]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut by_buyer: HashMap<(&str, &Buyer), usize> = HashMap::new();
    let mut buyers: HashMap<&str, usize> = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        let group = *by_buyer.entry((&row.invoice, &row.buyer)).or_insert_with(|| {
            let buyer = buyers.entry(&row.invoice).and_modify(|count| *count += 1).or_insert(1);
            let key = if *buyer == 1 { row.invoice.clone() } else { format!("{}.{buyer}", row.invoice) };
            groups.push(Group { key, rows: Vec::new() });
            groups.len() - 1
        });
        groups[group].rows.push(index);
    }
    groups
}

struct Writer<'a> {
    rows: &'a [Row],
    kinds: &'a [RowKind],
    open: OpenSales,
    /// Document of each sold row.
    order_of: HashMap<usize, usize>,
    documents: Vec<Document>,
}

impl Writer<'_> {
    fn write(&mut self, group: &Group) {
        let pick = |wanted: fn(RowKind) -> bool| -> Vec<usize> {
            group.rows.iter().copied().filter(|row| wanted(self.kinds[*row])).collect()
        };
        let sales = pick(|kind| kind == RowKind::Sale);
        let returns = pick(|kind| kind == RowKind::Return);
        let charges = pick(|kind| matches!(kind, RowKind::Charge(_)));
        let debts = pick(|kind| kind == RowKind::BadDebt);
        let adjustments = pick(|kind| kind == RowKind::StockAdjustment);

        let (beside_goods, mut noted) =
            if sales.is_empty() { (Vec::new(), charges) } else { (charges, Vec::new()) };
        noted.extend(debts);
        if !sales.is_empty() {
            self.order(&group.key, sales, beside_goods);
        }
        let goods = self.returns(&group.key, &returns);
        if !goods.is_empty() || !noted.is_empty() {
            let first = goods.iter().map(|part| part.row).chain(noted.iter().copied()).min();
            self.push(format!("{}-note", group.key), first, Body::Note { goods, charges: noted });
        }
        if let Some(first) = adjustments.first() {
            let first = Some(*first);
            self.push(format!("{}-stock", group.key), first, Body::StockAdjustment { rows: adjustments });
        }
    }

    fn order(&mut self, key: &str, lines: Vec<usize>, charges: Vec<usize>) {
        for row in &lines {
            self.open.sell(self.rows, *row);
            self.order_of.insert(*row, self.documents.len());
        }
        self.push(format!("{key}-order"), lines.first().copied(), Body::Order { lines, charges });
    }

    /// Writes one return per order the rows match; answers what matches none.
    fn returns(&mut self, key: &str, rows: &[usize]) -> Vec<NotedGoods> {
        let mut by_order: BTreeMap<usize, Vec<ReturnedLine>> = BTreeMap::new();
        let mut unmatched = Vec::new();
        for row in rows {
            let found = self.open.take_back(self.rows, *row);
            for line in found.lines {
                by_order.entry(self.order_of[&line.sold]).or_default().push(line);
            }
            if found.unmatched > 0 {
                unmatched.push(NotedGoods { row: *row, quantity: found.unmatched });
            }
        }
        for (order, lines) in by_order {
            let key = format!("{key}-return-of-{}", self.documents[order].key);
            let first = lines.first().map(|line| line.row);
            self.push(key, first, Body::Return { order, lines });
        }
        unmatched
    }

    /// `first` is the row whose buyer, country and time stand for the document; every caller has one.
    fn push(&mut self, key: String, first: Option<usize>, body: Body) {
        if let Some(row) = first.map(|row| &self.rows[row]) {
            let (invoice, buyer, country) = (row.invoice.clone(), row.buyer.clone(), row.country.clone());
            self.documents.push(Document { key, invoice, buyer, country, at: row.at, body });
        }
    }
}
