//! Finds the quantity tiers behind observed prices: the breakpoints that explain the most lines.

use std::collections::{BTreeMap, HashMap};

use vectis_kernel::UnitPrice;

/// A price and the quantity from which it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// From this many pieces on.
    pub min_quantity: i64,
    /// Price of one piece.
    pub unit_price: UnitPrice,
}

/// A tier beyond the first must explain more than this many lines that would go unexplained without it.
const COST_OF_A_TIER: i64 = 2;

/// Only so many prices, the most frequent, are tried; bounds the work on any input.
const MOST_PRICES: usize = 40;

/// The tiers that explain the most `(quantity, price)` lines, each tier but the first paying its cost. Quantities rise
/// from 1, prices fall. Exact (dynamic programming over distinct quantities and prices) and deterministic: of equally
/// good answers the one with fewer tiers, then later breakpoints, then higher prices. Empty when there are no lines.
pub fn mine_tiers(lines: &[(i64, UnitPrice)]) -> Vec<Tier> {
    let Some((_, UnitPrice { currency, .. })) = lines.first() else {
        return Vec::new();
    };
    let prices = frequent_prices(lines);
    let table = Table::fill(lines, &prices);
    let tier = |min_quantity, price: usize| {
        let unit_price = UnitPrice::from_micros(prices[price], *currency);
        Tier { min_quantity, unit_price }
    };
    let mut price = table.best_start;
    let mut tiers = vec![tier(1, price)];
    for (step, next) in table.next_price.iter().enumerate() {
        if next[price] != price {
            price = next[price];
            tiers.push(tier(table.quantities[step + 1], price));
        }
    }
    tiers
}

/// The price of `quantity` pieces by `tiers`.
pub fn price_at(tiers: &[Tier], quantity: i64) -> Option<UnitPrice> {
    tiers.iter().take_while(|tier| tier.min_quantity <= quantity).last().map(|tier| tier.unit_price)
}

/// At most [`MOST_PRICES`] distinct prices in micros, rising.
fn frequent_prices(lines: &[(i64, UnitPrice)]) -> Vec<i64> {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for (_, price) in lines {
        *counts.entry(price.micros).or_default() += 1;
    }
    let mut by_count: Vec<(usize, i64)> = counts.into_iter().map(|(price, count)| (count, price)).collect();
    by_count.sort_unstable_by(|left, right| right.cmp(left));
    by_count.truncate(MOST_PRICES);
    let mut prices: Vec<i64> = by_count.into_iter().map(|(_, price)| price).collect();
    prices.sort_unstable();
    prices
}

/// The decisions, worked out from the largest quantity down.
struct Table {
    /// Distinct quantities, rising.
    quantities: Vec<i64>,
    /// For each quantity but the last, and each price in force there: the price in force at the next quantity.
    next_price: Vec<Vec<usize>>,
    /// Best price for the smallest quantity.
    best_start: usize,
}

impl Table {
    fn fill(lines: &[(i64, UnitPrice)], prices: &[i64]) -> Self {
        let mut counts: BTreeMap<i64, HashMap<i64, i64>> = BTreeMap::new();
        for (quantity, price) in lines {
            *counts.entry(*quantity).or_default().entry(price.micros).or_default() += 1;
        }
        let explained = |at: &HashMap<i64, i64>, price: usize| at.get(&prices[price]).copied().unwrap_or(0);

        // best[p]: the score from the quantity at hand upwards when price p is in force there.
        let mut best = vec![0; prices.len()];
        let mut next_price = Vec::new();
        for (step, at) in counts.values().rev().enumerate() {
            let next = best_next(&best);
            best = next.iter().map(|(score, _)| *score).collect();
            if step > 0 {
                next_price.push(next.into_iter().map(|(_, price)| price).collect());
            }
            best.iter_mut().enumerate().for_each(|(price, score)| *score += explained(at, price));
        }
        next_price.reverse();
        let best_start = (0..prices.len()).max_by_key(|price| best[*price]).unwrap_or(0);
        Self { quantities: counts.into_keys().collect(), next_price, best_start }
    }
}

/// For each price: the best score reachable from it and the price to go to, itself or, at a cost, a lower one.
fn best_next(best: &[i64]) -> Vec<(i64, usize)> {
    let mut lower: Option<usize> = None;
    let mut answer = Vec::with_capacity(best.len());
    for price in 0..best.len() {
        let switch = lower.map(|lower| (best[lower] - COST_OF_A_TIER, lower));
        answer.push(switch.filter(|(score, _)| *score > best[price]).unwrap_or((best[price], price)));
        if lower.is_none_or(|lower| best[price] >= best[lower]) {
            lower = Some(price);
        }
    }
    answer
}
