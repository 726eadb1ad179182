use vectis_plugin_api::order_process::{Effect, OrderFacts};

use super::{goes, going, on_terms, paid_first, process, refusal};

fn takes(facts: &OrderFacts<'_>, to: &str, effects: &[Effect]) {
    let step = process("{}").step(facts, to).unwrap();
    assert_eq!(going(step), goes(to, effects));
}

fn is_refused(facts: &OrderFacts<'_>, to: &str, reason: &str) {
    let step = process("{}").step(facts, to).unwrap();
    assert_eq!(refusal(step), reason);
}

fn shipped(mut facts: OrderFacts<'_>) -> OrderFacts<'_> {
    facts.has_shipments = true;
    facts.is_fully_shipped = true;
    facts
}

const UNPAID: &str = "100.00 EUR has to be paid first: use request_payment or confirm_payment.";

#[test]
fn approving_an_order_on_terms_takes_it_on() {
    for state in ["Created", "PendingApproval"] {
        takes(&on_terms(state), "AwaitingFulfillment", &[Effect::RESERVE_STOCK, Effect::HOLD_CREDIT]);
    }
}

#[test]
fn an_order_that_has_to_be_paid_first_is_taken_on_by_requesting_the_payment() {
    for state in ["Created", "PendingApproval"] {
        is_refused(&paid_first(state, 0), "AwaitingFulfillment", UNPAID);
        takes(&paid_first(state, 0), "AwaitingPayment", &[Effect::RESERVE_STOCK]);
    }
}

#[test]
fn submitting_and_holding_change_nothing_else() {
    takes(&on_terms("Created"), "PendingApproval", &[]);
    takes(&paid_first("AwaitingPayment", 0), "HeldForReview", &[]);
    takes(&on_terms("AwaitingFulfillment"), "HeldForReview", &[]);
}

#[test]
fn confirming_the_payment_captures_it() {
    for state in ["AwaitingPayment", "ManuallyVerifyPayment"] {
        takes(&paid_first(state, 4_000), "AwaitingFulfillment", &[Effect::CAPTURE_PAYMENT]);
    }
}

#[test]
fn confirming_a_payment_that_has_arrived_captures_nothing_more() {
    takes(&paid_first("AwaitingPayment", 10_000), "AwaitingFulfillment", &[]);
}

#[test]
fn a_payment_on_terms_may_come_before_or_after_fulfillment_and_frees_the_credit() {
    for state in ["AwaitingFulfillment", "PartiallyFulfilled", "Fulfilled"] {
        takes(&on_terms(state), state, &[Effect::CAPTURE_PAYMENT, Effect::RELEASE_CREDIT]);
    }
}

#[test]
fn a_paid_order_is_not_paid_again() {
    for state in ["AwaitingFulfillment", "PartiallyFulfilled", "Fulfilled"] {
        is_refused(&paid_first(state, 10_000), state, "Nothing is left to pay.");
    }
    is_refused(&paid_first("AwaitingPayment", 10_000), "ManuallyVerifyPayment", "Nothing is left to pay.");
}

#[test]
fn a_reported_payment_is_verified_or_asked_for_again() {
    takes(&paid_first("AwaitingPayment", 0), "ManuallyVerifyPayment", &[]);
    takes(&paid_first("ManuallyVerifyPayment", 0), "AwaitingPayment", &[]);
}

#[test]
fn a_held_order_is_released_when_nothing_has_to_be_paid_first() {
    takes(&on_terms("HeldForReview"), "AwaitingFulfillment", &[]);
    takes(&paid_first("HeldForReview", 10_000), "AwaitingFulfillment", &[]);
    is_refused(&paid_first("HeldForReview", 0), "AwaitingFulfillment", UNPAID);
    takes(&paid_first("HeldForReview", 0), "AwaitingPayment", &[]);
}

#[test]
fn orders_on_terms_are_not_asked_to_pay_first() {
    is_refused(
        &on_terms("HeldForReview"),
        "AwaitingPayment",
        "The order is on payment terms (Net30) and need not be paid first.",
    );
}

#[test]
fn fulfilling_ships_the_stock() {
    takes(&on_terms("AwaitingFulfillment"), "Fulfilled", &[Effect::SHIP_STOCK]);
    takes(&paid_first("PartiallyFulfilled", 10_000), "Fulfilled", &[Effect::SHIP_STOCK]);
}

#[test]
fn fulfilling_what_has_been_shipped_ships_nothing_more() {
    let facts = shipped(on_terms("PartiallyFulfilled"));

    takes(&facts, "Fulfilled", &[]);
}

#[test]
fn an_order_whose_total_was_raised_is_not_fulfilled_before_the_rest_is_paid() {
    let facts = paid_first("AwaitingFulfillment", 9_950);

    for to in ["PartiallyFulfilled", "Fulfilled"] {
        is_refused(&facts, to, "0.50 EUR has to be paid first: use request_payment or confirm_payment.");
    }
    takes(&facts, "AwaitingPayment", &[]);
}

#[test]
fn goods_that_have_all_left_are_not_partially_fulfilled() {
    takes(&on_terms("AwaitingFulfillment"), "PartiallyFulfilled", &[]);
    is_refused(
        &shipped(on_terms("AwaitingFulfillment")),
        "PartiallyFulfilled",
        "Everything has been shipped already: use fulfill.",
    );
}

#[test]
fn canceling_gives_back_stock_credit_and_what_was_paid() {
    takes(&on_terms("AwaitingFulfillment"), "Cancelled", &[Effect::RELEASE_STOCK, Effect::RELEASE_CREDIT]);
    takes(&paid_first("AwaitingPayment", 0), "Cancelled", &[Effect::RELEASE_STOCK]);
    takes(
        &paid_first("AwaitingFulfillment", 10_000),
        "Cancelled",
        &[Effect::RELEASE_STOCK, Effect::REFUND_PAYMENT],
    );
}

#[test]
fn shipped_goods_are_returned_not_canceled() {
    is_refused(
        &shipped(on_terms("AwaitingFulfillment")),
        "Cancelled",
        "Goods have been shipped already: take them back with a return.",
    );
}

#[test]
fn only_what_was_paid_is_refunded() {
    let mut paid_on_terms = shipped(on_terms("Fulfilled"));
    paid_on_terms.paid_minor = 10_000;

    takes(&shipped(paid_first("Fulfilled", 10_000)), "Refunded", &[Effect::REFUND_PAYMENT]);
    takes(&paid_on_terms, "Refunded", &[Effect::RELEASE_CREDIT, Effect::REFUND_PAYMENT]);
    is_refused(
        &shipped(on_terms("Fulfilled")),
        "Refunded",
        "Nothing has been paid that could be given back.",
    );
}
