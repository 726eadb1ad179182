//! The candidates of a pricing question, kept in the form in which plugins read them, so that the thousands of a large cart go
//! to a plugin as they are.

use std::ops::Range;

use chrono::{DateTime, Utc};
use uuid::Uuid;
use vectis_kernel::ids::PriceListId;
use vectis_kernel::{Currency, Quantity, UnitPrice};

use crate::points::{PriceCandidate, PriceLevel};

/// A candidate in eight words, in memory the record of the plugin boundary; the plugin runtime tests that it is.
pub type CandidateRecord = [u64; 8];

const CONVERTED: u32 = 1;

/// Candidates in one currency, in the order in which they were added. Instants are kept to the millisecond.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceCandidates {
    currency: Currency,
    records: Vec<CandidateRecord>,
}

impl PriceCandidates {
    /// None yet.
    pub const fn new(currency: Currency) -> Self {
        Self { currency, records: Vec::new() }
    }

    /// None yet, with room for so many.
    pub fn with_capacity(currency: Currency, capacity: usize) -> Self {
        Self { currency, records: Vec::with_capacity(capacity) }
    }

    /// These. The currency is that of the question, whatever theirs is.
    pub fn of(currency: Currency, candidates: impl IntoIterator<Item = PriceCandidate>) -> Self {
        let records = candidates.into_iter().map(|candidate| record(&candidate)).collect();
        Self { currency, records }
    }

    /// One more, whose price is in the currency of all.
    pub fn push(&mut self, candidate: &PriceCandidate) {
        self.records.push(record(candidate));
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The one at an index.
    pub fn get(&self, index: usize) -> Option<PriceCandidate> {
        self.records.get(index).map(|record| self.candidate(record))
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = PriceCandidate> {
        self.records.iter().map(|record| self.candidate(record))
    }

    /// Those of a line. A range that is not within is empty.
    pub fn range(&self, range: Range<usize>) -> impl ExactSizeIterator<Item = PriceCandidate> {
        let records = self.records.get(range).unwrap_or_default();
        records.iter().map(|record| self.candidate(record))
    }

    /// As they lie in memory.
    pub fn as_records(&self) -> &[CandidateRecord] {
        &self.records
    }

    fn candidate(&self, record: &CandidateRecord) -> PriceCandidate {
        let [ranking, list_start, list_end, min_quantity, micros, from, to, flags] = *record;
        let (level, priority) = halves(ranking);
        let list = Uuid::from_bytes(joined(list_start.to_ne_bytes(), list_end.to_ne_bytes()));
        let instant = |ms: u64, unbounded: i64| {
            let ms = ms.cast_signed();
            if ms == unbounded { None } else { DateTime::<Utc>::from_timestamp_millis(ms) }
        };
        PriceCandidate {
            level: level_of(level),
            price_list_id: (!list.is_nil()).then_some(PriceListId(list)),
            priority: priority.cast_signed(),
            min_quantity: Quantity::from_milli(min_quantity.cast_signed()),
            unit_price: UnitPrice::from_micros(micros.cast_signed(), self.currency),
            converted: halves(flags).0 & CONVERTED != 0,
            valid_from: instant(from, i64::MIN),
            valid_to: instant(to, i64::MAX),
        }
    }
}

fn record(candidate: &PriceCandidate) -> CandidateRecord {
    let (list_start, list_end) =
        halved(candidate.price_list_id.map_or(Uuid::nil(), |list| list.0).into_bytes());
    let from = candidate.valid_from.map_or(i64::MIN, |from| from.timestamp_millis());
    let to = candidate.valid_to.map_or(i64::MAX, |to| to.timestamp_millis());
    [
        pair(number_of(candidate.level), candidate.priority.cast_unsigned()),
        u64::from_ne_bytes(list_start),
        u64::from_ne_bytes(list_end),
        candidate.min_quantity.milli().cast_unsigned(),
        candidate.unit_price.micros.cast_unsigned(),
        from.cast_unsigned(),
        to.cast_unsigned(),
        pair(if candidate.converted { CONVERTED } else { 0 }, 0),
    ]
}

/// Two numbers, one after the other in memory.
fn pair(first: u32, second: u32) -> u64 {
    u64::from_ne_bytes(joined(first.to_ne_bytes(), second.to_ne_bytes()))
}

fn halves(word: u64) -> (u32, u32) {
    let (first, second) = halved(word.to_ne_bytes());
    (u32::from_ne_bytes(first), u32::from_ne_bytes(second))
}

fn joined<const HALF: usize, const WHOLE: usize>(first: [u8; HALF], second: [u8; HALF]) -> [u8; WHOLE] {
    let mut bytes = [0; WHOLE];
    bytes[..HALF].copy_from_slice(&first);
    bytes[HALF..].copy_from_slice(&second);
    bytes
}

fn halved<const HALF: usize, const WHOLE: usize>(bytes: [u8; WHOLE]) -> ([u8; HALF], [u8; HALF]) {
    let (mut first, mut second) = ([0; HALF], [0; HALF]);
    first.copy_from_slice(&bytes[..HALF]);
    second.copy_from_slice(&bytes[HALF..]);
    (first, second)
}

const fn number_of(level: PriceLevel) -> u32 {
    match level {
        PriceLevel::Managed => 1,
        PriceLevel::Location => 2,
        PriceLevel::Account => 3,
        PriceLevel::Group => 4,
        PriceLevel::Default => 5,
    }
}

const fn level_of(number: u32) -> PriceLevel {
    match number {
        1 => PriceLevel::Managed,
        2 => PriceLevel::Location,
        3 => PriceLevel::Account,
        4 => PriceLevel::Group,
        _ => PriceLevel::Default,
    }
}
