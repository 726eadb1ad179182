//! Everything worked out from a file before anything is sent.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use crate::classify::{RowKind, classify};
use crate::documents::{Body, Document, documents};
use crate::mine::{Account, Article, accounts, articles};
use crate::prices::{PriceLists, PriceSource};
use crate::reconcile::{group_thousands, rows_of};
use crate::row::{Row, Sku};
use crate::stock::opening_stock;

/// How many documents may be under way or waiting behind an unanswered one. Opening stock is computed for it.
pub const WINDOW: usize = 64;

/// What to import and what to replay.
#[derive(Debug)]
pub struct Plan {
    /// The rows in file order.
    pub rows: Vec<Row>,
    /// What each row is.
    pub kinds: Vec<RowKind>,
    /// What to send, in order.
    pub documents: Vec<Document>,
    /// The catalogue.
    pub articles: Vec<Article>,
    /// The companies.
    pub accounts: Vec<Account>,
    /// The prices.
    pub prices: PriceLists,
    /// Stock at the start, per article.
    pub opening_stock: BTreeMap<Sku, i64>,
}

impl Plan {
    /// Works the rows out.
    pub fn of(rows: Vec<Row>) -> Self {
        let kinds = classify(&rows);
        let documents = documents(&rows, &kinds);
        Self {
            articles: articles(&rows, &kinds),
            accounts: accounts(&rows),
            prices: PriceLists::mine(&rows, &kinds),
            opening_stock: opening_stock(&documents, &rows, WINDOW),
            rows,
            kinds,
            documents,
        }
    }

    /// The part that sends only the first `count` documents and the rest of the invoice the last of them is from: their
    /// rows, and what is imported for all.
    pub fn first(mut self, count: usize) -> Self {
        let Some(last) = count.checked_sub(1).and_then(|last| self.documents.get(last)) else {
            if count == 0 {
                self.keep(0);
            }
            return self;
        };
        let is_other = |document: &Document| document.invoice != last.invoice;
        let rest = self.documents[count..].iter().position(is_other);
        let count = rest.map_or(self.documents.len(), |rest| count + rest);
        self.keep(count);
        self
    }

    /// Drops the documents from `count` on, and the rows that are in none before.
    fn keep(&mut self, count: usize) {
        self.documents.truncate(count);
        let kept: BTreeSet<usize> =
            self.documents.iter().flat_map(|document| rows_of(&document.body)).collect();
        let new_index: HashMap<usize, usize> =
            kept.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        self.rows = kept.iter().map(|row| self.rows[*row].clone()).collect();
        self.kinds = kept.iter().map(|row| self.kinds[*row]).collect();
        for document in &mut self.documents {
            document.body.renumber(&new_index);
        }
    }

    /// How many rows that sell goods each price source explains.
    pub fn price_sources(&self) -> BTreeMap<PriceSource, usize> {
        let mut counts = BTreeMap::new();
        for (row, _) in self.rows.iter().zip(&self.kinds).filter(|(_, kind)| **kind == RowKind::Sale) {
            *counts.entry(self.prices.source(row)).or_default() += 1;
        }
        counts
    }

    /// A page of figures for people: what the file holds and what would be sent.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        section(&mut text, "Rows", self.rows.len(), self.kinds.iter().map(|kind| label(*kind)));
        section(
            &mut text,
            "Documents",
            self.documents.len(),
            self.documents.iter().map(|document| body_label(&document.body)),
        );
        let sources = self.price_sources();
        let sold = sources.values().sum();
        let labels = sources.iter().flat_map(|(source, count)| std::iter::repeat_n(source.label(), *count));
        section(&mut text, "Goods sold, by where the price comes from", sold, labels);
        let lists = &self.prices;
        let figures = [
            ("articles", self.articles.len()),
            ("accounts", self.accounts.len()),
            ("wholesale prices", lists.wholesale.len()),
            (
                "  of them with quantity tiers",
                lists.wholesale.values().filter(|tiers| tiers.len() > 1).count(),
            ),
            ("retail prices", lists.retail.len()),
            ("accounts with prices of their own", lists.negotiated.len()),
            ("  such prices", lists.negotiated.values().map(BTreeMap::len).sum()),
            (
                "articles with opening stock",
                self.opening_stock.values().filter(|pieces| **pieces > 0).count(),
            ),
        ];
        line(&mut text, "To import", "");
        for (name, count) in figures {
            line(&mut text, &format!("  {name}"), &group_thousands(count as i128));
        }
        let pieces: i128 = self.opening_stock.values().map(|pieces| i128::from(*pieces)).sum();
        line(&mut text, "  pieces of opening stock", &group_thousands(pieces));
        text
    }
}

fn section(text: &mut String, title: &str, total: usize, labels: impl Iterator<Item = &'static str>) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for label in labels {
        *counts.entry(label).or_default() += 1;
    }
    line(text, title, &group_thousands(total as i128));
    for (label, count) in counts {
        let permille = (count * 1000 + total / 2) / total.max(1);
        let figures =
            format!("{:>10} {:>3}.{} %", group_thousands(count as i128), permille / 10, permille % 10);
        line(text, &format!("  {label}"), &figures);
    }
}

fn line(text: &mut String, name: &str, figures: &str) {
    let aligned = format!("{name:<42}{figures:>10}");
    writeln!(text, "{}", aligned.trim_end()).expect("writing to a string cannot fail");
}

fn label(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Sale => "sale",
        RowKind::Return => "return",
        RowKind::Charge(_) => "charge",
        RowKind::StockAdjustment => "stock adjustment",
        RowKind::BadDebt => "bad debt",
        RowKind::Rejected(_) => "rejected",
    }
}

fn body_label(body: &Body) -> &'static str {
    match body {
        Body::Order { .. } => "order",
        Body::Return { .. } => "return against an order",
        Body::Note { .. } => "credit or debit note",
        Body::StockAdjustment { .. } => "stock adjustment",
    }
}
