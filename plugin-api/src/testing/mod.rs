//! Tests of a plugin without a host and without a `.so`: the strategy runs behind the real vtable and the real guard.
//!
//! ```
//! # use vectis_plugin_api::{Error, Host, pricing::*, schemars::{self, JsonSchema}, serde::Deserialize, testing, units};
//! # #[derive(Deserialize, JsonSchema)] #[serde(crate = "vectis_plugin_api::serde")] struct Config { percent: i64 }
//! # struct Discount(i64);
//! # impl Pricing for Discount {
//! #     type Config = Config;
//! #     fn new(config: Config, _host: Host) -> Result<Self, Error> { Ok(Self(config.percent)) }
//! #     fn price(&self, ctx: &Ctx<'_>, lines: &[Line<'_>], out: &mut [Priced]) -> Result<(), Error> {
//! #         let price = ctx.candidates(&lines[0])[0].unit_price_micros;
//! #         out[0] = Priced::at(units::share(price, 100 - self.0, 100).unwrap());
//! #         Ok(())
//! #     }
//! # }
//! let pricing = testing::pricing::<Discount>(r#"{ "percent": 10 }"#)?;
//! let cart = testing::PricingCart::new("EUR").line("A-1", 1_000, &[Candidate::new(PriceLevel::DEFAULT, 5_000_000)]);
//! assert_eq!(pricing.price(&cart)?[0].unit_price_micros, 4_500_000);
//! # Ok::<(), Error>(())
//! ```

mod approval;
mod fields;
mod host;
mod observer;
mod order_process;
mod pricing;
mod schema;
mod shipping_rate;
mod task;
mod tax;

use std::fmt::Display;

pub use approval::{ApprovalHarness, approval, approval_facts, decision_facts};
pub use fields::{FieldsHarness, fields, parents};
pub use host::{LogLine, NOW_MS, TestHost};
pub use observer::{ObserverHarness, event, observer, observer_on};
pub use order_process::{OrderProcessHarness, order_facts, order_process};
pub use pricing::{PricingCart, PricingHarness, pricing};
pub use schema::assert_config_schema;
pub use shipping_rate::{ShippingRateHarness, shipping_cart, shipping_rate, shipping_rate_on};
pub use task::{TaskHarness, task, task_on, task_run};
pub use tax::{TaxCart, TaxHarness, Taxed, tax};

use crate::abi::contain::{contain, remember_places};
use crate::error::Error;
use crate::host::Host;

/// Constructs as the exported root module does.
fn construct<O>(
    build: fn(&str, Host) -> Result<O, Error>,
    config_json: impl Display,
    host: &TestHost,
) -> Result<O, Error> {
    remember_places();
    let config_json = config_json.to_string();
    Ok(contain(|| build(&config_json, host.handle())).into_result()?)
}
