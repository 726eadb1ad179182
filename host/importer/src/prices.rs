//! Price lists behind the invoices.
//!
//! - **wholesale**: per SKU the tiers that explain most lines of accounts;
//! - **retail**: per SKU the dominant price of walk-ins (the higher of equally frequent ones);
//! - **negotiated**: an account's own price for a SKU, when one price stands on at least two of its invoices, on more than
//!   half of its lines of that SKU, and explains more of them than the wholesale list does.
//!
//! A SKU sold in one channel only has that channel's price in the other list too; one only ever given away has 0. So every
//! row that sells goods finds a price, and what it finds is either right or overridden by staff.

use std::collections::{BTreeMap, BTreeSet};

use vectis_kernel::UnitPrice;

use crate::classify::RowKind;
use crate::row::{Buyer, Row, Sku};
use crate::tiers::{Tier, mine_tiers, price_at};

/// Prices by list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceLists {
    /// Default list of the wholesale channel.
    pub wholesale: BTreeMap<Sku, Vec<Tier>>,
    /// Default list of the retail channel.
    pub retail: BTreeMap<Sku, UnitPrice>,
    /// Lists of accounts, by customer number.
    pub negotiated: BTreeMap<String, BTreeMap<Sku, UnitPrice>>,
}

/// Where the price of a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PriceSource {
    /// The first tier of the wholesale list.
    WholesaleBase,
    /// A higher tier of it.
    WholesaleTier,
    /// The account's own list.
    Negotiated,
    /// The retail list.
    Retail,
    /// No list: staff overrides.
    Override,
}

impl PriceSource {
    /// For people.
    pub fn label(self) -> &'static str {
        match self {
            Self::WholesaleBase => "wholesale list, base price",
            Self::WholesaleTier => "wholesale list, quantity tier",
            Self::Negotiated => "account's own list",
            Self::Retail => "retail list",
            Self::Override => "staff override",
        }
    }
}

impl PriceLists {
    /// Mines the lists from the rows that sell goods.
    pub fn mine(rows: &[Row], kinds: &[RowKind]) -> Self {
        let mut observed: BTreeMap<&Sku, Observed<'_>> = BTreeMap::new();
        for row in rows.iter().zip(kinds).filter(|(_, kind)| **kind == RowKind::Sale).map(|(row, _)| row) {
            observed.entry(&row.sku).or_default().add(row);
        }
        let mut lists = Self::default();
        for (sku, observed) in observed {
            lists.add(sku, &observed);
        }
        lists
    }

    /// The price the platform will offer for `row`, `None` for a SKU no row sells.
    pub fn offer(&self, row: &Row) -> Option<UnitPrice> {
        match &row.buyer {
            Buyer::WalkIn => self.retail.get(&row.sku).copied(),
            Buyer::Account(number) => self
                .negotiated_price(number, &row.sku)
                .or_else(|| price_at(self.wholesale.get(&row.sku)?, row.quantity)),
        }
    }

    /// Which list explains the price of `row`.
    pub fn source(&self, row: &Row) -> PriceSource {
        if self.offer(row) != Some(row.unit_price) {
            return PriceSource::Override;
        }
        match &row.buyer {
            Buyer::WalkIn => PriceSource::Retail,
            Buyer::Account(number) if self.negotiated_price(number, &row.sku).is_some() => {
                PriceSource::Negotiated
            }
            Buyer::Account(_) if self.base_price(&row.sku) == Some(row.unit_price) => {
                PriceSource::WholesaleBase
            }
            Buyer::Account(_) => PriceSource::WholesaleTier,
        }
    }

    fn base_price(&self, sku: &Sku) -> Option<UnitPrice> {
        self.wholesale.get(sku)?.first().map(|tier| tier.unit_price)
    }

    fn negotiated_price(&self, number: &str, sku: &Sku) -> Option<UnitPrice> {
        self.negotiated.get(number)?.get(sku).copied()
    }

    fn add(&mut self, sku: &Sku, observed: &Observed<'_>) {
        let of_accounts: Vec<(i64, UnitPrice)> =
            observed.accounts.values().flatten().map(|row| (row.quantity, row.unit_price)).collect();
        let mut tiers = mine_tiers(&of_accounts);
        let base = tiers.first().map(|tier| tier.unit_price);
        let retail = dominant(observed.walk_ins.iter().map(|row| row.unit_price));
        if tiers.is_empty() {
            let unit_price = retail.or(observed.free);
            tiers = unit_price.map(|unit_price| Tier { min_quantity: 1, unit_price }).into_iter().collect();
        }
        for (number, rows) in &observed.accounts {
            if let Some(price) = negotiated(rows, &tiers) {
                self.negotiated.entry((*number).to_owned()).or_default().insert(sku.clone(), price);
            }
        }
        if let Some(price) = retail.or(base).or(observed.free) {
            self.retail.insert(sku.clone(), price);
        }
        self.wholesale.insert(sku.clone(), tiers);
    }
}

/// The rows that sell one SKU.
#[derive(Default)]
struct Observed<'a> {
    accounts: BTreeMap<&'a str, Vec<&'a Row>>,
    walk_ins: Vec<&'a Row>,
    /// Zero, when it was given away.
    free: Option<UnitPrice>,
}

impl<'a> Observed<'a> {
    fn add(&mut self, row: &'a Row) {
        match &row.buyer {
            _ if row.unit_price.micros == 0 => self.free = Some(row.unit_price),
            Buyer::Account(number) => self.accounts.entry(number).or_default().push(row),
            Buyer::WalkIn => self.walk_ins.push(row),
        }
    }
}

/// The most frequent price, the higher of equals.
fn dominant(prices: impl Iterator<Item = UnitPrice>) -> Option<UnitPrice> {
    let mut counts: BTreeMap<i64, (usize, UnitPrice)> = BTreeMap::new();
    for price in prices {
        counts.entry(price.micros).or_insert((0, price)).0 += 1;
    }
    counts.into_values().max_by_key(|(count, price)| (*count, price.micros)).map(|(_, price)| price)
}

/// The price an account has agreed for a SKU, if its rows say so.
fn negotiated(rows: &[&Row], tiers: &[Tier]) -> Option<UnitPrice> {
    let price = dominant(rows.iter().map(|row| row.unit_price))?;
    let at_price = rows.iter().filter(|row| row.unit_price == price);
    let invoices: BTreeSet<&str> = at_price.clone().map(|row| row.invoice.as_str()).collect();
    let lines = at_price.count();
    let by_list = rows.iter().filter(|row| price_at(tiers, row.quantity) == Some(row.unit_price)).count();
    (invoices.len() >= 2 && lines * 2 > rows.len() && lines > by_list).then_some(price)
}
