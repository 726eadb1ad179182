use std::fmt::Display;

use super::{LogLine, TestHost, construct};
use crate::abi::order_process::{self as wire, OrderProcessObj, build};
use crate::error::Error;
use crate::points::order_process::{OrderFacts, OrderProcess, State, Step, Transition};

/// An order process behind its vtable.
pub struct OrderProcessHarness {
    object: OrderProcessObj,
    host: TestHost,
}

/// Constructs an order process from its configuration, a JSON text or a [`serde_json::Value`].
///
/// # Errors
/// What the host would be told: the configuration is wrong, or the constructor failed or panicked.
pub fn order_process<T: OrderProcess>(config_json: impl Display) -> Result<OrderProcessHarness, Error> {
    let host = TestHost::default();
    Ok(OrderProcessHarness { object: construct(build::<T>, config_json, &host)?, host })
}

/// Facts of an order: three lines, 100.00 EUR, nothing paid or shipped, retail; change what matters to the test.
pub fn order_facts<'a>(change: impl FnOnce(&mut OrderFacts<'a>)) -> OrderFacts<'a> {
    let mut facts = OrderFacts {
        currency: "EUR",
        exponent: 2,
        grand_total_minor: 10_000,
        line_count: 3,
        ..OrderFacts::default()
    };
    change(&mut facts);
    facts
}

impl OrderProcessHarness {
    /// All states.
    ///
    /// # Errors
    /// The strategy panicked.
    pub fn states(&self) -> Result<Vec<State>, Error> {
        wire::states(&self.object)
    }

    /// All transitions.
    ///
    /// # Errors
    /// The strategy panicked.
    pub fn transitions(&self) -> Result<Vec<Transition>, Error> {
        wire::transitions(&self.object)
    }

    /// Places an order.
    ///
    /// # Errors
    /// What the host would be told.
    pub fn place(&self, facts: &OrderFacts<'_>) -> Result<Step, Error> {
        wire::place(&self.object, &facts.into())
    }

    /// Takes an order a step further.
    ///
    /// # Errors
    /// What the host would be told.
    pub fn step(&self, facts: &OrderFacts<'_>, to: &str) -> Result<Step, Error> {
        wire::step(&self.object, &facts.into(), to)
    }

    /// What the strategy logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.host.logs()
    }
}
