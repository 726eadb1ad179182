use vectis_plugin_api::order_process::Effect;
use vectis_plugin_api::testing::order_facts;

use super::{goes, going, on_terms, paid_first, process, refusal};

const HOLD: &str = r#"{ "hold_over_amount": { "EUR": "99.99", "JPY": "9999" } }"#;

#[test]
fn an_order_on_payment_terms_takes_stock_and_credit_and_awaits_fulfillment() {
    let step = process("{}").place(&on_terms("")).unwrap();

    assert_eq!(going(step), goes("AwaitingFulfillment", &[Effect::RESERVE_STOCK, Effect::HOLD_CREDIT]));
}

#[test]
fn an_order_without_terms_takes_stock_and_awaits_payment() {
    let step = process("{}").place(&paid_first("", 0)).unwrap();

    assert_eq!(going(step), goes("AwaitingPayment", &[Effect::RESERVE_STOCK]));
}

#[test]
fn a_payment_in_part_is_to_be_verified() {
    let step = process("{}").place(&paid_first("", 1)).unwrap();

    assert_eq!(going(step), goes("ManuallyVerifyPayment", &[Effect::RESERVE_STOCK]));
}

#[test]
fn an_order_that_costs_nothing_or_is_paid_awaits_fulfillment_and_holds_no_credit() {
    let free = order_facts(|facts| {
        facts.is_company = true;
        facts.payment_terms = "Net30";
        facts.grand_total_minor = 0;
    });

    for facts in [free, paid_first("", 10_000)] {
        let step = process("{}").place(&facts).unwrap();

        assert_eq!(going(step), goes("AwaitingFulfillment", &[Effect::RESERVE_STOCK]));
    }
}

#[test]
fn only_companies_have_payment_terms() {
    let facts = order_facts(|facts| facts.payment_terms = "Net30");

    assert_eq!(
        refusal(process("{}").place(&facts).unwrap()),
        "Payment terms are for companies; this order has to be paid at once."
    );
}

#[test]
fn large_orders_are_held_for_review_with_their_stock_and_credit() {
    let process = process(HOLD);

    assert_eq!(
        going(process.place(&on_terms("")).unwrap()),
        goes("HeldForReview", &[Effect::RESERVE_STOCK, Effect::HOLD_CREDIT])
    );
    assert_eq!(
        going(process.place(&paid_first("", 10_000)).unwrap()),
        goes("HeldForReview", &[Effect::RESERVE_STOCK])
    );
}

#[test]
fn an_order_is_large_above_the_amount_in_its_own_currency() {
    let process = process(HOLD);
    for (currency, exponent, total, state) in [
        ("EUR", 2, 9_999, "AwaitingPayment"),
        ("EUR", 2, 10_000, "HeldForReview"),
        ("JPY", 0, 9_999, "AwaitingPayment"),
        ("JPY", 0, 10_000, "HeldForReview"),
        ("USD", 2, i64::MAX, "AwaitingPayment"),
    ] {
        let facts = order_facts(|facts| {
            facts.currency = currency;
            facts.exponent = exponent;
            facts.grand_total_minor = total;
        });

        assert_eq!(going(process.place(&facts).unwrap()).0, state, "{total} {currency}");
    }
}

#[test]
fn an_approved_order_is_held_only_when_configured() {
    let mut approved = on_terms("");
    approved.was_approved = true;
    let strict = HOLD.replacen('{', r#"{ "hold_approved": true,"#, 1);

    assert_eq!(going(process(HOLD).place(&approved).unwrap()).0, "AwaitingFulfillment");
    assert_eq!(going(process(&strict).place(&approved).unwrap()).0, "HeldForReview");
}
