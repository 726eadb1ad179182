//! Where a new order starts.

use vectis_plugin_api::order_process::{OrderFacts, Step};
use vectis_plugin_api::{Error, units};

use crate::config::Config;
use crate::states::{AWAITING_FULFILLMENT, AWAITING_PAYMENT, HELD_FOR_REVIEW, MANUALLY_VERIFY_PAYMENT};
use crate::steps::{committing, is_on_terms, pays_first};

/// Amounts of the configuration are kept in millionths: which decimals a currency has is known with the order only.
const PLACES: u32 = 6;

/// Which orders are held for review.
pub(crate) struct Review {
    /// Currency and amount.
    limits: Vec<(String, i64)>,
    holds_approved: bool,
}

impl Review {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let limits = config
            .hold_over_amount
            .iter()
            .map(|(currency, amount)| read_limit(currency, amount))
            .collect::<Result<_, _>>()?;
        Ok(Self { limits, holds_approved: config.hold_approved })
    }

    fn holds(&self, facts: &OrderFacts<'_>) -> bool {
        if facts.was_approved && !self.holds_approved {
            return false;
        }
        let scale = 10_i128.pow(PLACES.saturating_sub(facts.exponent));
        let total = i128::from(facts.grand_total_minor) * scale;
        self.limits.iter().any(|(currency, amount)| currency == facts.currency && total > i128::from(*amount))
    }
}

fn read_limit(currency: &str, amount: &str) -> Result<(String, i64), Error> {
    let pointer = format!("/hold_over_amount/{currency}");
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let message = "must stand under an ISO 4217 code of three upper-case letters, like \"EUR\"";
        return Err(Error::config(&pointer, message));
    }
    let amount = units::parse(amount, PLACES).filter(|amount| *amount >= 0).ok_or_else(|| {
        let message = format!("must be an amount that is not negative, like \"50000.00\", not {amount:?}");
        Error::config(&pointer, message)
    })?;
    Ok((currency.to_owned(), amount))
}

/// Stock is taken at once, and credit when the order is on payment terms. Then somebody reviews it, or checks a payment in
/// part, or waits for one, or nothing stands in the way of fulfillment.
pub(crate) fn place(facts: &OrderFacts<'_>, review: &Review) -> Step {
    if is_on_terms(facts) && !facts.is_company {
        return Step::refuse("Payment terms are for companies; this order has to be paid at once.");
    }
    let state = if review.holds(facts) {
        HELD_FOR_REVIEW
    } else if !pays_first(facts) {
        AWAITING_FULFILLMENT
    } else if facts.paid_minor > 0 {
        MANUALLY_VERIFY_PAYMENT
    } else {
        AWAITING_PAYMENT
    };
    Step::go(state, committing(facts))
}
