use std::collections::{BTreeMap, HashMap};

use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};
use vectis_kernel::{Currency, UnitPrice};

use super::{line, plan};
use crate::plan::Plan;
use crate::row::Sku;
use crate::stock::{opening_stock, stock_changes};
use crate::tiers::{mine_tiers, price_at};

fn movements() -> impl Strategy<Value = Vec<String>> {
    let movement = (0_u32..3, 1_i64..50, 0_u8..4);
    let line_of = |(index, (sku, quantity, form)): (usize, (u32, i64, u8))| {
        let sku = format!("A{sku}");
        match form {
            0 => line(&format!("C{index}"), &sku, -quantity, "2.55", "17850"),
            1 => line(&index.to_string(), &sku, quantity, "0", ""),
            2 => line(&index.to_string(), &sku, -quantity, "0", ""),
            _ => line(&index.to_string(), &sku, quantity, "2.55", "17850"),
        }
    };
    proptest::collection::vec(movement, 1..40)
        .prop_map(move |rows| rows.into_iter().enumerate().map(line_of).collect())
}

/// The lowest level of each SKU when documents are carried out in this order.
fn lowest(plan: &Plan, opening: &BTreeMap<Sku, i64>, order: &[usize]) -> HashMap<Sku, i64> {
    let mut level: HashMap<Sku, i64> = opening.iter().map(|(sku, pieces)| (sku.clone(), *pieces)).collect();
    let mut lowest = level.clone();
    for position in order {
        for (row, change) in stock_changes(&plan.documents[*position], &plan.rows) {
            let sku = &plan.rows[row].sku;
            let now = level.get_mut(sku).unwrap();
            *now += change;
            lowest.entry(sku.clone()).and_modify(|least| *least = (*least).min(*now));
        }
    }
    lowest
}

/// An order in which every document waits for those `window` or more before it, and else comes by its turn.
fn overtaking(turns: &[u32], window: usize) -> Vec<usize> {
    let mut waiting: Vec<usize> = (0..turns.len()).collect();
    let mut order = Vec::new();
    while let Some(oldest) = waiting.first().copied() {
        let ready = waiting.iter().filter(|position| **position < oldest + window);
        let next = ready.copied().min_by_key(|position| (turns[*position], *position)).unwrap_or(oldest);
        waiting.retain(|position| *position != next);
        order.push(next);
    }
    order
}

proptest! {
    #[test]
    fn in_file_order_stock_never_runs_short_and_not_one_piece_too_many_is_needed(lines in movements()) {
        let plan = plan(&lines);
        let opening = opening_stock(&plan.documents, &plan.rows, 1);
        let order: Vec<usize> = (0..plan.documents.len()).collect();

        for (sku, least) in lowest(&plan, &opening, &order) {
            prop_assert!(least == 0 || (least > 0 && opening[&sku] == 0), "{sku} {least}");
        }
    }

    #[test]
    fn documents_that_overtake_within_the_window_never_run_short(
        lines in movements(), turns in proptest::collection::vec(0_u32..100, 80), window in 1_usize..8,
    ) {
        let plan = plan(&lines);
        let opening = opening_stock(&plan.documents, &plan.rows, window);
        let order = overtaking(&turns[..plan.documents.len()], window);

        prop_assert!(lowest(&plan, &opening, &order).values().all(|least| *least >= 0));
    }

    #[test]
    fn a_wider_window_never_needs_less(lines in movements()) {
        let plan = plan(&lines);
        let needs: Vec<i64> = (1..6).map(|window| opening_stock(&plan.documents, &plan.rows, window).values().sum()).collect();

        prop_assert!(needs.is_sorted());
    }

    #[test]
    fn tiers_rise_in_quantity_fall_in_price_and_explain_no_less_than_any_two_tiers(
        observed in proptest::collection::vec((1_i64..12, 1_i64..6), 1..40),
    ) {
        let price = |pence: i64| UnitPrice::from_micros(pence * 10_000, Currency::GBP);
        let lines: Vec<_> = observed.iter().map(|(quantity, pence)| (*quantity, price(*pence))).collect();

        let tiers = mine_tiers(&lines);

        prop_assert_eq!(tiers[0].min_quantity, 1);
        let in_order = tiers.windows(2).all(|pair| {
            pair[0].min_quantity < pair[1].min_quantity && pair[0].unit_price.micros > pair[1].unit_price.micros
        });
        prop_assert!(in_order);
        let explained = lines.iter().filter(|(quantity, paid)| price_at(&tiers, *quantity) == Some(*paid)).count();
        let score = explained as i64 - 2 * (tiers.len() as i64 - 1);
        for (from, high, low) in (1..12).flat_map(|from| (1..6).flat_map(move |high| (1..=high).map(move |low| (from, high, low)))) {
            let paid = |quantity: i64| if quantity >= from { low } else { high };
            let rival = observed.iter().filter(|(quantity, pence)| paid(*quantity) == *pence).count() as i64;
            let cost = if low < high && from > 1 { 2 } else { 0 };
            prop_assert!(score >= rival - cost, "from {from}: {high} then {low}");
        }
    }
}
