//! Shipping rates on the wire: a question and its answer as JSON. A call is for a whole cart and waits for a network, so the
//! cost of JSON does not count.

#![expect(unsafe_code, unused_qualifications, non_local_definitions, reason = "what #[sabi_trait] generates")]

use abi_stable::sabi_trait;
use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RBox, RResult, RStr, RString};
use serde::{Deserialize, Serialize};

use crate::abi::contain::{Guarded, contain};
use crate::abi::error::WireError;
use crate::abi::module::read_config;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::host::Host;
use crate::points::shipping_rate::{Rate, ShippingCart, ShippingCtx, ShippingRates};

/// A question. Grows by optional members only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub ctx: ShippingCtx,
    pub cart: ShippingCart,
}

#[sabi_trait]
pub trait ShippingRateWire: Send + Sync {
    /// A [`Question`] as JSON; the rates as a JSON array. `budget_ns` is how long the call may take; 0 for as long as it likes.
    #[sabi(last_prefix_field)]
    fn rates(&self, budget_ns: u64, question_json: RStr<'_>) -> RResult<RString, WireError>;
}

pub type ShippingRateObj = ShippingRateWire_TO<'static, RBox<()>>;

impl<T: ShippingRates> ShippingRateWire for Guarded<T> {
    fn rates(&self, budget_ns: u64, question_json: RStr<'_>) -> RResult<RString, WireError> {
        self.call(|plugin| {
            let Question { mut ctx, cart } = serde_json::from_str(question_json.as_str())
                .map_err(|error| Error::input(format!("the question cannot be read: {error}")))?;
            ctx.deadline = Deadline::after(budget_ns);
            let rates = plugin.rates(&ctx, &cart)?;
            serde_json::to_string(&rates)
                .map(RString::from)
                .map_err(|error| Error::internal(format!("the answer cannot be written: {error}")))
        })
    }
}

/// Puts a strategy behind its vtable and guard.
pub fn build<T: ShippingRates>(config_json: &str, host: Host) -> Result<ShippingRateObj, Error> {
    let plugin = T::new(read_config(config_json)?, host)?;
    Ok(ShippingRateWire_TO::from_value(Guarded::new(plugin), TD_Opaque))
}

/// Asks a plugin; its answer as the JSON text it wrote.
pub fn rates_json(plugin: &ShippingRateObj, budget_ns: u64, question_json: &str) -> Result<String, Error> {
    Ok(plugin.rates(budget_ns, question_json.into()).into_result()?.into())
}

/// Asks a plugin.
pub fn rates(plugin: &ShippingRateObj, budget_ns: u64, question: &Question) -> Result<Vec<Rate>, Error> {
    let question = serde_json::to_string(question).map_err(|error| Error::internal(error.to_string()))?;
    let answer = rates_json(plugin, budget_ns, &question)?;
    serde_json::from_str(&answer)
        .map_err(|error| Error::internal(format!("its answer is no list of rates: {error}")))
}

/// Rates elsewhere.
pub trait RemoteShippingRate: Send + Sync + 'static {
    fn rates(&self, budget_ns: u64, question_json: &str) -> Result<String, Error>;
}

/// Contained like a plugin's own code: a panic that reaches a vtable ends the program.
struct Remote<T>(T);

impl<T: RemoteShippingRate> ShippingRateWire for Remote<T> {
    fn rates(&self, budget_ns: u64, question_json: RStr<'_>) -> RResult<RString, WireError> {
        contain(|| self.0.rates(budget_ns, question_json.as_str()).map(RString::from))
    }
}

/// Puts a strategy of another process behind the vtable.
pub fn remote(remote: impl RemoteShippingRate) -> ShippingRateObj {
    ShippingRateWire_TO::from_value(Remote(remote), TD_Opaque)
}
