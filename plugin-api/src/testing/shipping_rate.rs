use std::fmt::Display;

use super::{LogLine, NOW_MS, TestHost, construct};
use crate::abi::id::Id;
use crate::abi::shipping_rate::{self as wire, Question, ShippingRateObj, build};
use crate::error::Error;
use crate::points::shipping_rate::{Destination, Item, Rate, ShippingCart, ShippingCtx, ShippingRates};

/// A shipping-rate strategy behind its vtable.
pub struct ShippingRateHarness {
    object: ShippingRateObj,
    host: TestHost,
}

/// Constructs a shipping-rate strategy from its configuration, a JSON text or a [`serde_json::Value`].
///
/// # Errors
/// What the host would be told: the configuration is wrong, or the constructor failed or panicked.
pub fn shipping_rate<T: ShippingRates>(config_json: impl Display) -> Result<ShippingRateHarness, Error> {
    shipping_rate_on::<T>(&TestHost::default(), config_json)
}

/// The same with a host whose services the test plays.
///
/// # Errors
/// What the host would be told.
pub fn shipping_rate_on<T: ShippingRates>(
    host: &TestHost,
    config_json: impl Display,
) -> Result<ShippingRateHarness, Error> {
    let host = host.clone();
    Ok(ShippingRateHarness { object: construct(build::<T>, config_json, &host)?, host })
}

/// A cart: two of `A-1`, 500 g each, for 100.00 EUR, to 10115 Berlin; change what matters to the test.
pub fn shipping_cart(change: impl FnOnce(&mut ShippingCart)) -> ShippingCart {
    let mut cart = ShippingCart {
        id: Id([5; 16]),
        account_id: Id([1; 16]),
        currency: "EUR".to_owned(),
        exponent: 2,
        goods_total_minor: 10_000,
        destination: Destination {
            country: "DE".to_owned(),
            city: "Berlin".to_owned(),
            postal_code: "10115".to_owned(),
            ..Destination::default()
        },
        items: vec![Item::new("A-1", 2_000, 500)],
    };
    change(&mut cart);
    cart
}

impl ShippingRateHarness {
    /// Asks for the rates of a cart, with as much time as it takes.
    ///
    /// # Errors
    /// What the host would be told.
    pub fn rates(&self, cart: &ShippingCart) -> Result<Vec<Rate>, Error> {
        self.rates_within(0, cart)
    }

    /// Asks with a time budget in nanoseconds.
    ///
    /// # Errors
    /// What the host would be told.
    pub fn rates_within(&self, budget_ns: u64, cart: &ShippingCart) -> Result<Vec<Rate>, Error> {
        let question = Question { ctx: ShippingCtx::new(Id([9; 16]), NOW_MS), cart: cart.clone() };
        wire::rates(&self.object, budget_ns, &question)
    }

    /// What the strategy logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.host.logs()
    }
}
