//! Finds the sale a returned row belongs to.
//!
//! A return matches an earlier sale of the same buyer, SKU and unit price (the money given back is then what was paid),
//! of which enough pieces are still out. Walk-ins count as one buyer: nobody can be told apart, and the price must agree.
//! The latest sale that covers the whole return wins; if none does, the latest sales give what they have, one after
//! another, and what is left matches nothing. Prices finer than a penny are never split, because rounded parts need not
//! sum up to the rounded whole.

use std::collections::HashMap;

use crate::documents::ReturnedLine;
use crate::row::{Buyer, Row, Sku};

/// Sold rows of which pieces are still with the buyer.
#[derive(Debug, Default)]
pub(crate) struct OpenSales(HashMap<(Buyer, Sku, i64), Vec<OpenSale>>);

#[derive(Debug)]
struct OpenSale {
    row: usize,
    /// Pieces not yet returned, above zero.
    remaining: i64,
}

/// Where the pieces of a return go.
#[derive(Debug, Default)]
pub(crate) struct Match {
    /// To these sold rows.
    pub(crate) lines: Vec<ReturnedLine>,
    /// Pieces no sale was found for.
    pub(crate) unmatched: i64,
}

impl OpenSales {
    /// Notes that `row` sold its pieces.
    pub(crate) fn sell(&mut self, rows: &[Row], row: usize) {
        self.0.entry(key(&rows[row])).or_default().push(OpenSale { row, remaining: rows[row].quantity });
    }

    /// Takes the pieces of the returning `row` out of the open sales.
    pub(crate) fn take_back(&mut self, rows: &[Row], row: usize) -> Match {
        let mut found = Match { lines: Vec::new(), unmatched: -rows[row].quantity };
        let Some(open) = self.0.get_mut(&key(&rows[row])) else {
            return found;
        };
        if let Some(at) = open.iter().rposition(|sale| sale.remaining >= found.unmatched) {
            found.take(row, &mut open[at]);
        } else if is_whole_pence(&rows[row]) {
            open.iter_mut().rev().for_each(|sale| found.take(row, sale));
        }
        open.retain(|sale| sale.remaining > 0);
        found
    }
}

impl Match {
    fn take(&mut self, row: usize, sale: &mut OpenSale) {
        let quantity = self.unmatched.min(sale.remaining);
        if quantity > 0 {
            self.unmatched -= quantity;
            sale.remaining -= quantity;
            self.lines.push(ReturnedLine { row, sold: sale.row, quantity });
        }
    }
}

fn key(row: &Row) -> (Buyer, Sku, i64) {
    (row.buyer.clone(), row.sku.clone(), row.unit_price.micros)
}

fn is_whole_pence(row: &Row) -> bool {
    row.unit_price.micros % 10_000 == 0
}
