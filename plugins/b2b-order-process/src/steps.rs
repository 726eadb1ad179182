//! What each transition needs and brings about.

use vectis_plugin_api::order_process::{Effect, OrderFacts, Step};
use vectis_plugin_api::{Error, units};

use crate::states::{CREATED, PENDING_APPROVAL, Verb, verb};

/// Whether an order may go to the state `to` now.
pub(crate) fn step(facts: &OrderFacts<'_>, to: &str) -> Result<Step, Error> {
    let verb = verb(facts.state, to)
        .ok_or_else(|| Error::input(format!("no transition leads from {:?} to {to:?}", facts.state)))?;
    let effects = match verb {
        Verb::Submit | Verb::Hold => Ok(Vec::new()),
        Verb::VerifyPayment => owing(facts).map(|()| Vec::new()),
        Verb::Approve => paid_or_on_terms(facts).map(|()| committing(facts)),
        Verb::Release => paid_or_on_terms(facts).map(|()| Vec::new()),
        Verb::RequestPayment => request_payment(facts),
        Verb::ConfirmPayment => confirm_payment(facts, to),
        Verb::FulfillPartially => fulfill_partially(facts),
        Verb::Fulfill => fulfill(facts),
        Verb::Cancel => cancel(facts),
        Verb::Refund => refund(facts),
    };
    Ok(match effects {
        Ok(effects) => Step::go(to, effects),
        Err(reason) => Step::refuse(reason),
    })
}

/// Effects, or why not.
type Outcome = Result<Vec<Effect>, String>;

/// What taking an order on brings about: its stock, and its credit when it is on payment terms.
pub(crate) fn committing(facts: &OrderFacts<'_>) -> Vec<Effect> {
    let mut effects = vec![Effect::RESERVE_STOCK];
    if is_on_terms(facts) && owed(facts) > 0 {
        effects.push(Effect::HOLD_CREDIT);
    }
    effects
}

pub(crate) fn is_on_terms(facts: &OrderFacts<'_>) -> bool {
    !facts.payment_terms.is_empty()
}

/// Whether money has to come in before goods go out.
pub(crate) fn pays_first(facts: &OrderFacts<'_>) -> bool {
    owed(facts) > 0 && !is_on_terms(facts)
}

fn request_payment(facts: &OrderFacts<'_>) -> Outcome {
    if is_on_terms(facts) {
        return Err(format!(
            "The order is on payment terms ({}) and need not be paid first.",
            facts.payment_terms
        ));
    }
    owing(facts)?;
    let is_taken_on = ![CREATED, PENDING_APPROVAL].contains(&facts.state);
    Ok(if is_taken_on { Vec::new() } else { committing(facts) })
}

/// Leaving a state that waits for payment needs none to be owed any more; staying in a state is about the payment alone.
fn confirm_payment(facts: &OrderFacts<'_>, to: &str) -> Outcome {
    if facts.state == to {
        owing(facts)?;
    }
    let mut effects = Vec::new();
    if owed(facts) > 0 {
        effects.push(Effect::CAPTURE_PAYMENT);
    }
    if is_on_terms(facts) {
        effects.push(Effect::RELEASE_CREDIT);
    }
    Ok(effects)
}

fn fulfill_partially(facts: &OrderFacts<'_>) -> Outcome {
    paid_or_on_terms(facts)?;
    if facts.is_fully_shipped {
        return Err("Everything has been shipped already: use fulfill.".to_owned());
    }
    Ok(Vec::new())
}

fn fulfill(facts: &OrderFacts<'_>) -> Outcome {
    paid_or_on_terms(facts)?;
    Ok(if facts.is_fully_shipped { Vec::new() } else { vec![Effect::SHIP_STOCK] })
}

fn cancel(facts: &OrderFacts<'_>) -> Outcome {
    if facts.has_shipments {
        return Err("Goods have been shipped already: take them back with a return.".to_owned());
    }
    let mut effects = vec![Effect::RELEASE_STOCK];
    effects.extend(giving_back(facts));
    Ok(effects)
}

fn refund(facts: &OrderFacts<'_>) -> Outcome {
    if facts.paid_minor <= 0 {
        return Err("Nothing has been paid that could be given back.".to_owned());
    }
    Ok(giving_back(facts).collect())
}

/// Credit and money back to the buyer.
fn giving_back(facts: &OrderFacts<'_>) -> impl Iterator<Item = Effect> {
    let credit = is_on_terms(facts).then_some(Effect::RELEASE_CREDIT);
    let payment = (facts.paid_minor > 0).then_some(Effect::REFUND_PAYMENT);
    credit.into_iter().chain(payment)
}

fn owing(facts: &OrderFacts<'_>) -> Result<(), String> {
    if owed(facts) > 0 {
        return Ok(());
    }
    Err("Nothing is left to pay.".to_owned())
}

fn paid_or_on_terms(facts: &OrderFacts<'_>) -> Result<(), String> {
    if !pays_first(facts) {
        return Ok(());
    }
    let owed = units::format(owed(facts), facts.exponent);
    Err(format!("{owed} {} has to be paid first: use request_payment or confirm_payment.", facts.currency))
}

/// What is left to pay; never below zero.
fn owed(facts: &OrderFacts<'_>) -> i64 {
    facts.grand_total_minor.saturating_sub(facts.paid_minor).max(0)
}
