//! What must exist before the first invoice is sent: articles and accounts. Prices are in [`crate::prices`], stock in
//! [`crate::stock`].

use std::collections::{BTreeMap, HashMap};

use crate::classify::RowKind;
use crate::countries;
use crate::row::{Buyer, Row, Sku};

/// Something with stock that can be sold: one product with one variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// Its code.
    pub sku: Sku,
    /// Its best description, or the code when no row that moves it between merchant and buyer describes it.
    pub name: String,
}

/// A buying company: one location, one buyer, one approver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Customer number.
    pub number: String,
    /// The country most of its rows name (the first of equals by name).
    pub country: String,
    /// ISO 3166-1 alpha-2 of that country; the merchant's own when the file's name means no country.
    pub country_code: &'static str,
}

impl Account {
    /// What the account is called: the file has no names.
    pub fn name(&self) -> String {
        format!("Customer {}", self.number)
    }

    /// Login of the employee who orders. `.example` is reserved: no mail ever leaves.
    pub fn buyer_email(&self) -> String {
        format!("buyer-{}@customers.example", self.number.to_ascii_lowercase())
    }

    /// Login of the employee who approves.
    pub fn approver_email(&self) -> String {
        format!("approver-{}@customers.example", self.number.to_ascii_lowercase())
    }
}

/// Every SKU the rows sell, take back or adjust, in order of code.
///
/// The name is the description on most of the rows that sell or take back, among those written mostly in capitals (the
/// catalogue's hand; notes are not); failing that among all of them. Of equally frequent ones the first by alphabet.
pub fn articles(rows: &[Row], kinds: &[RowKind]) -> Vec<Article> {
    let mut descriptions: BTreeMap<&Sku, HashMap<&str, usize>> = BTreeMap::new();
    for (row, kind) in rows.iter().zip(kinds) {
        let described = match kind {
            RowKind::Sale | RowKind::Return => row.description.as_deref(),
            RowKind::StockAdjustment => None,
            RowKind::Charge(_) | RowKind::BadDebt | RowKind::Rejected(_) => continue,
        };
        let counts = descriptions.entry(&row.sku).or_default();
        if let Some(description) = described {
            *counts.entry(description).or_default() += 1;
        }
    }
    let article = |(sku, counts): (&Sku, HashMap<&str, usize>)| {
        let best = counts.iter().max_by(|(left, left_count), (right, right_count)| {
            let rank = |text: &str, count: usize| (is_mostly_capitals(text), count);
            rank(left, **left_count).cmp(&rank(right, **right_count)).then_with(|| right.cmp(left))
        });
        let name = best.map_or(sku.as_str(), |(description, _)| description).to_owned();
        Article { sku: sku.clone(), name }
    };
    descriptions.into_iter().map(article).collect()
}

/// One account per customer number, in order of number.
pub fn accounts(rows: &[Row]) -> Vec<Account> {
    let mut countries: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for row in rows {
        if let Buyer::Account(number) = &row.buyer {
            *countries.entry(number).or_default().entry(&row.country).or_default() += 1;
        }
    }
    let account = |(number, counts): (&str, BTreeMap<&str, usize>)| {
        let most = counts.iter().rev().max_by_key(|(_, count)| **count);
        let country = most.map_or("", |(country, _)| country).to_owned();
        let country_code = countries::code(&country).unwrap_or(countries::MERCHANT);
        Account { number: number.to_owned(), country, country_code }
    };
    countries.into_iter().map(account).collect()
}

fn is_mostly_capitals(text: &str) -> bool {
    let capitals = text.chars().filter(|letter| letter.is_uppercase()).count();
    let small = text.chars().filter(|letter| letter.is_lowercase()).count();
    capitals > small
}
