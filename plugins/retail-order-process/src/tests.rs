use std::collections::BTreeSet;

use vectis_plugin_api::order_process::{Effect, OrderFacts, Step};
use vectis_plugin_api::testing::{self, OrderProcessHarness, order_facts};

use crate::{Config, RetailOrderProcess};

fn process() -> OrderProcessHarness {
    testing::order_process::<RetailOrderProcess>("{}").unwrap()
}

/// An order over 100.00 EUR.
fn order(state: &str, paid_minor: i64) -> OrderFacts<'_> {
    order_facts(|facts| {
        facts.state = state;
        facts.paid_minor = paid_minor;
    })
}

fn refused(reason: &str) -> Result<Step, vectis_plugin_api::Error> {
    Ok(Step::refuse(reason))
}

#[test]
fn an_order_starts_new_and_takes_its_stock() {
    assert_eq!(process().place(&order("", 0)), Ok(Step::go("New", [Effect::RESERVE_STOCK])));
    assert_eq!(process().place(&order("", 9_999)), Ok(Step::go("New", [Effect::RESERVE_STOCK])));
}

#[test]
fn an_order_with_nothing_left_to_pay_starts_paid() {
    assert_eq!(process().place(&order("", 10_000)), Ok(Step::go("Paid", [Effect::RESERVE_STOCK])));
}

#[test]
fn an_order_is_paid_then_packed_then_shipped_then_complete() {
    let process = process();

    assert_eq!(process.step(&order("New", 0), "Paid"), Ok(Step::go("Paid", [Effect::CAPTURE_PAYMENT])));
    assert_eq!(process.step(&order("Paid", 10_000), "Packed"), Ok(Step::go("Packed", [])));
    assert_eq!(
        process.step(&order("Packed", 10_000), "Shipped"),
        Ok(Step::go("Shipped", [Effect::SHIP_STOCK]))
    );
    assert_eq!(process.step(&order("Shipped", 10_000), "Completed"), Ok(Step::go("Completed", [])));
}

#[test]
fn a_payment_that_has_arrived_is_not_captured_again() {
    assert_eq!(process().step(&order("New", 10_000), "Paid"), Ok(Step::go("Paid", [])));
}

#[test]
fn an_order_whose_total_was_raised_is_paid_before_it_is_packed() {
    let raised = order("Paid", 9_950);

    assert_eq!(
        process().step(&raised, "Packed"),
        refused("0.50 EUR is still to be paid: use request_payment.")
    );
    assert_eq!(process().step(&raised, "New"), Ok(Step::go("New", [])));
    assert_eq!(process().step(&order("Paid", 10_000), "New"), refused("Nothing is left to pay."));
}

#[test]
fn canceling_gives_back_stock_and_what_was_paid() {
    let process = process();

    assert_eq!(process.step(&order("New", 0), "Canceled"), Ok(Step::go("Canceled", [Effect::RELEASE_STOCK])));
    for state in ["Paid", "Packed"] {
        assert_eq!(
            process.step(&order(state, 10_000), "Canceled"),
            Ok(Step::go("Canceled", [Effect::RELEASE_STOCK, Effect::REFUND_PAYMENT]))
        );
    }
}

#[test]
fn shipped_goods_are_returned_not_canceled() {
    let mut facts = order("Packed", 10_000);
    facts.has_shipments = true;

    assert_eq!(
        process().step(&facts, "Canceled"),
        refused("Goods have been shipped already: take them back with a return.")
    );
}

#[test]
fn buyers_may_cancel_before_packing_and_do_nothing_else() {
    let open: Vec<_> = process()
        .transitions()
        .unwrap()
        .into_iter()
        .filter(|way| way.buyer_may)
        .map(|way| (way.name, way.from))
        .collect();

    assert_eq!(open, ["New", "Paid"].map(|from| ("cancel".to_owned(), from.to_owned())));
}

#[test]
fn the_process_answers_every_transition_it_names_and_no_other() {
    let process = process();
    let states = process.states().unwrap();
    let ways: BTreeSet<_> =
        process.transitions().unwrap().into_iter().map(|way| (way.from, way.to)).collect();

    for from in &states {
        for to in &states {
            let is_named = ways.contains(&(from.key.clone(), to.key.clone()));
            let answer = process.step(&order(&from.key, 0), &to.key);
            assert_eq!(answer.is_ok(), is_named, "{} to {}", from.key, to.key);
        }
        assert_eq!(from.is_final, !ways.iter().any(|(left, _)| *left == from.key), "{}", from.key);
    }
}

#[test]
fn there_is_nothing_to_set() {
    let error = testing::order_process::<RetailOrderProcess>(r#"{ "days": 3 }"#).err().unwrap();

    assert_eq!(error.message, "/days: unknown field `days`, there are no fields");
}

#[test]
fn the_example_of_the_readme_is_a_configuration() {
    let example =
        include_str!("../README.md").split("```").find_map(|block| block.strip_prefix("json")).unwrap();

    assert_eq!(testing::order_process::<RetailOrderProcess>(example).err(), None);
}

#[test]
fn the_manifest_states_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../plugin.toml"), "retail");
}
