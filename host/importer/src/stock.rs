//! How much stock the replay must start with. Computed: for each SKU the least quantity with which it never runs short.

use std::collections::{BTreeMap, VecDeque};

use crate::documents::{Body, Document};
use crate::row::{Row, Sku};

/// The least opening stock per SKU such that sending `documents` never runs short, when a document is only started after
/// every document `window` or more before it has been answered. With `window` 1 that is strict file order. Documents in
/// flight together may overtake each other, so what they bring in counts only once the window has passed.
///
/// SKUs that need none have 0.
pub fn opening_stock(documents: &[Document], rows: &[Row], window: usize) -> BTreeMap<Sku, i64> {
    let mut levels: BTreeMap<Sku, Level> = BTreeMap::new();
    for (position, document) in documents.iter().enumerate() {
        for (row, change) in stock_changes(document, rows) {
            levels.entry(rows[row].sku.clone()).or_default().change(position, change, window.max(1));
        }
    }
    levels.into_iter().map(|(sku, level)| (sku, level.needed)).collect()
}

/// What a document does to stock, row by row: negative takes out.
pub(crate) fn stock_changes(document: &Document, rows: &[Row]) -> Vec<(usize, i64)> {
    match &document.body {
        Body::Order { lines, .. } => lines.iter().map(|row| (*row, -rows[*row].quantity)).collect(),
        Body::Return { lines, .. } => lines.iter().map(|line| (line.row, line.quantity)).collect(),
        Body::Note { goods, .. } => goods.iter().map(|part| (part.row, part.quantity)).collect(),
        Body::StockAdjustment { rows: adjusted } => {
            adjusted.iter().map(|row| (*row, rows[*row].quantity)).collect()
        }
    }
}

/// The running stock of one SKU that starts with nothing.
#[derive(Default)]
struct Level {
    /// What has surely come in, less everything that may have gone out.
    sure: i64,
    /// Incoming that a document still in flight may not have brought yet: position and quantity.
    in_flight: VecDeque<(usize, i64)>,
    /// The deepest `sure` has been, as a positive number.
    needed: i64,
}

impl Level {
    fn change(&mut self, position: usize, quantity: i64, window: usize) {
        while let Some((_, arrived)) = self.in_flight.pop_front_if(|(start, _)| *start + window <= position) {
            self.sure += arrived;
        }
        if quantity > 0 {
            self.in_flight.push_back((position, quantity));
        } else {
            self.sure += quantity;
            self.needed = self.needed.max(-self.sure);
        }
    }
}
