//! The decision: which candidate is a line's price.

use std::cmp::Reverse;

use vectis_plugin_api::Error;
use vectis_plugin_api::pricing::{Candidate, PriceLevel};

use crate::config::Config;

/// Above the number of every level there is; levels of newer hosts are not asked.
const LEVEL_SLOTS: usize = 8;

/// What goes before what; the smallest wins. In the order of its parts: level, currency and priority as [`Choice::order`]
/// packs them, id of the list, largest tier, lowest price.
type Order = (u64, u128, Reverse<i64>, i64);

/// How a price is chosen.
pub(crate) struct Choice {
    /// By the number of a level, how early it is asked; `None` for never.
    ranks: [Option<u8>; LEVEL_SLOTS],
    allow_converted: bool,
}

impl Choice {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        if config.levels.is_empty() {
            return Err(Error::config(
                "/levels",
                "must name at least one level; leave it out to ask all five",
            ));
        }
        let mut ranks = [None; LEVEL_SLOTS];
        for ((index, name), rank) in config.levels.iter().enumerate().zip(0_u8..) {
            let slot = &mut ranks[name.level().0 as usize];
            if slot.replace(rank).is_some() {
                return Err(Error::config(
                    &format!("/levels/{index}"),
                    "names a level for the second time; remove it",
                ));
            }
        }
        Ok(Self { ranks, allow_converted: config.allow_converted })
    }

    /// Index of the candidate that is the price; `None` when no candidate applies.
    pub(crate) fn best(&self, candidates: &[Candidate], quantity_milli: i64, now_ms: i64) -> Option<usize> {
        let mut best: Option<(Order, usize)> = None;
        for (index, candidate) in candidates.iter().enumerate() {
            let applies = candidate.min_quantity_milli <= quantity_milli && candidate.is_valid_at(now_ms);
            let Some(order) = applies.then(|| self.order(candidate)).flatten() else {
                continue;
            };
            if best.is_none_or(|(first, _)| order < first) {
                best = Some((order, index));
            }
        }
        best.map(|(_, index)| index)
    }

    /// `None` for candidates that the configuration leaves out.
    fn order(&self, candidate: &Candidate) -> Option<Order> {
        let is_converted = candidate.is_converted();
        if is_converted && !self.allow_converted {
            return None;
        }
        let rank = u64::from(self.rank(candidate.level)?);
        // One number instead of three compares twice as fast: level, then prices in the buyer's own currency, then the
        // highest priority, which is the smallest distance to the top.
        let priority = u64::from(i32::MAX.abs_diff(candidate.priority));
        let first = rank << 33 | u64::from(is_converted) << 32 | priority;
        let list = u128::from_be_bytes(candidate.price_list_id.0);
        Some((first, list, Reverse(candidate.min_quantity_milli), candidate.unit_price_micros))
    }

    fn rank(&self, level: PriceLevel) -> Option<u8> {
        self.ranks.get(level.0 as usize).copied().flatten()
    }
}
