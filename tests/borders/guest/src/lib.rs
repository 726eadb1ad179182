//! The rule of `tiered-pricing` once more, for borders that cannot load a plugin: what a webhook asks, and a Wasm module.
//!
//! *Owns*: the rule, and its records in linear memory. *Depends on*: nothing, so that it compiles to Wasm. *Invariants*: it
//! prices as `tiered-pricing` does, which the benchmark checks before it measures. *Start reading at*: [`best`].

pub mod records;
mod wasm;

use std::cmp::Reverse;

/// One price that could apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// 1 for managed prices to 5 for the channel's lists; the lowest goes first.
    pub level: u32,
    /// The highest goes first.
    pub priority: i32,
    pub price_list_id: [u8; 16],
    pub min_quantity_milli: i64,
    pub unit_price_micros: i64,
    pub valid_from_ms: i64,
    pub valid_to_ms: i64,
    pub is_converted: bool,
}

/// The index of the candidate that is the price; `None` when no candidate applies.
pub fn best(
    candidates: impl Iterator<Item = Candidate>,
    quantity_milli: i64,
    now_ms: i64,
) -> Option<(usize, i64)> {
    candidates
        .enumerate()
        .filter(|(_, candidate)| {
            candidate.min_quantity_milli <= quantity_milli
                && candidate.valid_from_ms <= now_ms
                && now_ms < candidate.valid_to_ms
        })
        .min_by_key(|(_, candidate)| order(candidate))
        .map(|(index, candidate)| (index, candidate.unit_price_micros))
}

/// What goes before what: level, own currency, priority, list, largest tier, lowest price.
fn order(candidate: &Candidate) -> (u64, u128, Reverse<i64>, i64) {
    let priority = u64::from(i32::MAX.abs_diff(candidate.priority));
    let first = u64::from(candidate.level) << 33 | u64::from(candidate.is_converted) << 32 | priority;
    let list = u128::from_be_bytes(candidate.price_list_id);
    (first, list, Reverse(candidate.min_quantity_milli), candidate.unit_price_micros)
}
