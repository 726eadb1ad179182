//! What placement and each transition need and bring about.

use vectis_plugin_api::order_process::{Effect, OrderFacts, Step};
use vectis_plugin_api::{Error, units};

use crate::{CANCELED, COMPLETED, NEW, PACKED, PAID, SHIPPED};

/// Stock is taken at once; an order that has nothing left to pay need not wait for it.
pub(crate) fn place(facts: &OrderFacts<'_>) -> Step {
    let state = if owed(facts) > 0 { NEW } else { PAID };
    Step::go(state, [Effect::RESERVE_STOCK])
}

/// Whether an order may go to the state `to` now.
pub(crate) fn step(facts: &OrderFacts<'_>, to: &str) -> Result<Step, Error> {
    Ok(match (facts.state, to) {
        (NEW, PAID) => Step::go(PAID, (owed(facts) > 0).then_some(Effect::CAPTURE_PAYMENT)),
        (PAID, NEW) if owed(facts) <= 0 => Step::refuse("Nothing is left to pay."),
        (PAID, NEW) => Step::go(NEW, []),
        (PAID, PACKED) if owed(facts) > 0 => Step::refuse(still_to_be_paid(facts)),
        (PAID, PACKED) => Step::go(PACKED, []),
        (PACKED, SHIPPED) => Step::go(SHIPPED, [Effect::SHIP_STOCK]),
        (SHIPPED, COMPLETED) => Step::go(COMPLETED, []),
        (NEW | PAID | PACKED, CANCELED) => cancel(facts),
        (from, to) => return Err(Error::input(format!("no transition leads from {from:?} to {to:?}"))),
    })
}

fn cancel(facts: &OrderFacts<'_>) -> Step {
    if facts.has_shipments {
        return Step::refuse("Goods have been shipped already: take them back with a return.");
    }
    let payment = (facts.paid_minor > 0).then_some(Effect::REFUND_PAYMENT);
    Step::go(CANCELED, std::iter::once(Effect::RELEASE_STOCK).chain(payment))
}

/// The total was raised after the payment.
fn still_to_be_paid(facts: &OrderFacts<'_>) -> String {
    let owed = units::format(owed(facts), facts.exponent);
    format!("{owed} {} is still to be paid: use request_payment.", facts.currency)
}

fn owed(facts: &OrderFacts<'_>) -> i64 {
    facts.grand_total_minor.saturating_sub(facts.paid_minor)
}
