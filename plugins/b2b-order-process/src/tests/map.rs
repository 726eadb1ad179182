use std::collections::{BTreeSet, HashMap};

use vectis_plugin_api::order_process::{Effect, OrderFacts, Step, Transition};
use vectis_plugin_api::testing::order_facts;

use super::process;

const EFFECTS: [Effect; 7] = [
    Effect::RESERVE_STOCK,
    Effect::RELEASE_STOCK,
    Effect::SHIP_STOCK,
    Effect::HOLD_CREDIT,
    Effect::RELEASE_CREDIT,
    Effect::CAPTURE_PAYMENT,
    Effect::REFUND_PAYMENT,
];

fn transitions() -> Vec<Transition> {
    process("{}").transitions().unwrap()
}

#[test]
fn the_ten_states_are_there_and_their_marks_fit_the_map() {
    let states = process("{}").states().unwrap();
    let left: BTreeSet<_> = transitions().into_iter().map(|way| way.from).collect();

    let keys: Vec<_> = states.iter().map(|state| state.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "Created",
            "PendingApproval",
            "AwaitingPayment",
            "ManuallyVerifyPayment",
            "HeldForReview",
            "AwaitingFulfillment",
            "PartiallyFulfilled",
            "Fulfilled",
            "Cancelled",
            "Refunded"
        ]
    );
    for state in &states {
        assert_eq!(state.is_final, !left.contains(&state.key), "{}", state.key);
    }
    let marked = |is_marked: fn(&vectis_plugin_api::order_process::State) -> bool| -> Vec<&str> {
        states.iter().filter(|state| is_marked(state)).map(|state| state.key.as_str()).collect()
    };
    assert_eq!(marked(|state| state.is_editable), keys[..6]);
    assert_eq!(marked(|state| state.is_canceled), ["Cancelled", "Refunded"]);
}

#[test]
fn a_transition_is_known_by_its_name_and_by_its_ends() {
    let ways = transitions();

    let names: BTreeSet<_> = ways.iter().map(|way| (&way.from, &way.name)).collect();
    let ends: BTreeSet<_> = ways.iter().map(|way| (&way.from, &way.to)).collect();
    let keys: Vec<_> = process("{}").states().unwrap().into_iter().map(|state| state.key).collect();

    assert_eq!((names.len(), ends.len()), (ways.len(), ways.len()));
    assert!(ways.iter().all(|way| keys.contains(&way.from) && keys.contains(&way.to)));
}

#[test]
fn fulfilled_orders_can_only_be_paid_or_refunded() {
    let out: Vec<_> = transitions()
        .into_iter()
        .filter(|way| way.from == "Fulfilled")
        .map(|way| (way.name, way.to))
        .collect();

    let expected = [("confirm_payment", "Fulfilled"), ("refund", "Refunded")];
    assert_eq!(out, expected.map(|(name, to)| (name.to_owned(), to.to_owned())));
}

#[test]
fn every_state_but_the_first_is_reached_and_every_one_has_a_way_to_an_end() {
    let mut reached: HashMap<String, BTreeSet<String>> = HashMap::new();
    for _ in 0..10 {
        for way in transitions() {
            let beyond = reached.get(&way.to).cloned().unwrap_or_default();
            let from = reached.entry(way.from).or_default();
            from.insert(way.to);
            from.extend(beyond);
        }
    }

    assert_eq!(reached["Created"].len(), 9);
    for from in reached.values() {
        assert!(from.contains("Cancelled") || from.contains("Refunded"));
    }
}

#[test]
fn buyers_may_cancel_where_nobody_is_at_work_on_the_order_and_do_nothing_else() {
    let open: Vec<_> =
        transitions().into_iter().filter(|way| way.buyer_may).map(|way| (way.from, way.name)).collect();
    let closed = process(r#"{ "buyers_may_cancel": false }"#).transitions().unwrap();

    let expected = ["Created", "PendingApproval", "AwaitingPayment", "AwaitingFulfillment"];
    assert_eq!(open, expected.map(|from| (from.to_owned(), "cancel".to_owned())));
    assert!(closed.iter().all(|way| !way.buyer_may));
}

/// Orders of every kind.
fn orders() -> Vec<OrderFacts<'static>> {
    let mut orders = Vec::new();
    for terms in ["", "Net30"] {
        for paid in [0, 4_000, 10_000, 12_000] {
            for (has_shipments, is_fully_shipped) in [(false, false), (true, false), (true, true)] {
                orders.push(order_facts(|facts| {
                    facts.is_company = true;
                    facts.payment_terms = terms;
                    facts.paid_minor = paid;
                    facts.has_shipments = has_shipments;
                    facts.is_fully_shipped = is_fully_shipped;
                }));
            }
        }
    }
    orders
}

#[test]
fn every_step_leads_where_it_was_asked_to_with_effects_that_exist_once_or_gives_a_sentence() {
    let process = process("{}");
    for way in transitions() {
        for mut facts in orders() {
            facts.state = &way.from;
            match process.step(&facts, &way.to).unwrap() {
                Step::Go { state, effects } => {
                    let once: BTreeSet<_> = effects.iter().map(Effect::name).collect();
                    assert_eq!(state, way.to);
                    assert_eq!(once.len(), effects.len(), "{way:?}");
                    assert!(effects.iter().all(|effect| EFFECTS.contains(effect)), "{way:?}");
                }
                Step::Refuse { reason } => assert!(reason.ends_with('.'), "{way:?}: {reason}"),
            }
        }
    }
}

#[test]
fn credit_moves_only_for_orders_on_payment_terms() {
    let process = process("{}");
    for way in transitions() {
        for mut facts in orders().into_iter().filter(|facts| facts.payment_terms.is_empty()) {
            facts.state = &way.from;
            if let Step::Go { effects, .. } = process.step(&facts, &way.to).unwrap() {
                assert!(!effects.contains(&Effect::HOLD_CREDIT), "{way:?}");
                assert!(!effects.contains(&Effect::RELEASE_CREDIT), "{way:?}");
            }
        }
    }
}

#[test]
fn a_way_that_is_not_on_the_map_is_an_error() {
    let facts = order_facts(|facts| facts.state = "Fulfilled");

    let error = process("{}").step(&facts, "Created").unwrap_err();

    assert_eq!(error.message, r#"no transition leads from "Fulfilled" to "Created""#);
}
