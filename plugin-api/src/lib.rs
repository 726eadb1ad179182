//! All a Vectis plugin depends on: a plain trait per extension point, [`export_plugin!`] and a test harness.
//!
//! # A plugin in thirty lines
//!
//! `vectis plugins new acme-pricing` makes this crate; here is all of its code:
//!
//! ```
//! # // The manifest of a documentation example would have no place to be; the template compiles the macro for real.
//! # macro_rules! export_plugin { ($($tokens:tt)*) => {}; }
//! use vectis_plugin_api::pricing::{Ctx, Line, Priced, Pricing};
//! use vectis_plugin_api::schemars::{self, JsonSchema};
//! use vectis_plugin_api::serde::Deserialize;
//! use vectis_plugin_api::{Error, Host, units};
//!
//! /// What an operator sets.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
//! struct Config {
//!     /// Percentage taken off, 0 to 100.
//!     percent: u8,
//! }
//!
//! struct AcmePricing(Config);
//!
//! impl Pricing for AcmePricing {
//!     type Config = Config;
//!
//!     fn new(config: Config, _host: Host) -> Result<Self, Error> {
//!         if config.percent > 100 {
//!             return Err(Error::config("/percent", "must be 0 to 100"));
//!         }
//!         Ok(Self(config))
//!     }
//!
//!     fn price(&self, ctx: &Ctx<'_>, lines: &[Line<'_>], out: &mut [Priced]) -> Result<(), Error> {
//!         for (line, priced) in lines.iter().zip(out) {
//!             let applicable = ctx.candidates(line).iter().filter(|candidate| {
//!                 candidate.is_valid_at(ctx.now_ms()) && candidate.min_quantity_milli <= line.quantity_milli
//!             });
//!             let lowest = applicable.map(|candidate| candidate.unit_price_micros).min();
//!             if let Some(lowest) = lowest {
//!                 let price = units::share(lowest, i64::from(100 - self.0.percent), 100);
//!                 *priced = Priced::at(price.ok_or_else(|| Error::internal("the price is too large"))?);
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! export_plugin! {
//!     manifest: "../plugin.toml",
//!     pricing: { "acme" => AcmePricing },
//! }
//! ```
//!
//! `Cargo.toml` needs this crate and `crate-type = ["cdylib", "rlib"]`; `plugin.toml` is explained in [`manifest`].
//! `cargo build --release` makes a `.so` that is a complete plugin: copy it into the shop's plugins folder.
//!
//! # The extension points
//!
//! | group | trait | answers |
//! |---|---|---|
//! | `vectis.pricing` | [`pricing::Pricing`] | what one unit of each line costs |
//! | `vectis.tax` | [`tax::Tax`] | the taxes on each line |
//! | `vectis.order_process` | [`order_process::OrderProcess`] | states, transitions and effects of orders |
//! | `vectis.approval` | [`approval::Approval`] | who must agree before a cart becomes an order |
//! | `vectis.fields` | [`fields::Fields`] | fields, queries and mutations it adds to the GraphQL API; since 1.1 |
//! | `vectis.shipping_rate` | [`shipping_rate::ShippingRates`] | what carriers ask for bringing a cart; may wait for a network; since 1.1 |
//! | `vectis.task` | [`task::Task`] | nothing: does work at times its [`schedules`] name; may wait; since 1.2 |
//! | `vectis.observer` | [`observer::Observer`] | nothing: it is told of what has happened; may wait for a network; since 1.2 |
//!
//! # What holds for all of them
//!
//! - **Batches.** A call carries up to 10,000 lines; the border costs about 10 ns per call, not per line.
//! - **Integers.** Money is minor units, unit prices are millionths, quantities thousandths, rates parts per million; see
//!   [`units`].
//! - **Errors.** [`Error`] fails the operation that asked. Vectis never guesses instead, so neither should a plugin.
//! - **Panics** become an error with message and place, and the instance is rebuilt from its configuration. Aborts, endless
//!   loops and stack overflows cannot be contained in process.
//! - **Answers are checked**: length, range, sign, known names. One wrong answer fails the whole call.
//! - **Deadlines** are cooperative: call `check` on the context every few hundred lines of slow work.
//! - **No I/O and no threads** in a plugin, no async runtime in the library. Log through [`Host`], and ask the host for the rest:
//!   HTTP, values that stay, secrets, events; see [`services`] for which calls may wait for it.
//! - **Time** comes from the question, so that the same question gets the same answer.
//!
//! # What a plugin promises
//!
//! `vectis plugins test FILE --config-json JSON`, the conformance kit, holds a plugin to these sentences and to those of its
//! point's page ([`pricing`], [`tax`], [`order_process`], [`approval`], [`fields`], [`shipping_rate`], [`task`], [`observer`]), a hundred cases and more for each entry point:
//!
//! - An entry point starts with a configuration that its schema allows, as often as it is asked to.
//! - A configuration with an unknown key, or with a value of another type, is refused.
//! - No question and no configuration makes a plugin panic.
//! - Answers are checked: length, range, sign, known names. One wrong answer fails the whole call.
//! - The same question gets the same answer: from any instance, on any thread, at any time, whatever was asked before.
//! - An error is a sentence for staff, never empty.
//! - 10,000 lines are answered within a second, and ten times the lines take about ten times as long.
//! - A call that runs out of time fails with `ErrorCode::DEADLINE`, which is retryable; it never answers in part.
//! - A call logs a few lines, not one for each line it answers.
//! - Names, addresses and tokens are never logged.
//!
//! # Versions
//!
//! The crate has its own semantic version, which is the version of the boundary. A plugin built with 1.x runs on every host
//! that offers 1.y, y ≥ x, as the file it is: it need not be built again. Within a major version records never change, vtables
//! and groups grow at their end, and methods that are added have a body. State the range in the manifest: `api = "^1.0"`.
//! Compiler and profile may differ between host and plugin.
//!
//! | API | points | what else |
//! |---|---|---|
//! | 1.0 | `pricing`, `tax`, `order_process`, `approval` | manifest schema 1; log and clock of [`Host`]; [`testing`] |
//! | 1.1 | [`fields`], [`shipping_rate`] | definitions for the GraphQL API in the file; `[permissions]` of the manifest are merged; [`services`] and `[capabilities]`; own [`tables`]; [`contributions`] to clients |
//! | 1.2 | [`task`], [`observer`] | [`schedules`], [`subscriptions`] and the capability `events` of the manifest |
//!
//! # For those who work on this crate
//!
//! *Owns*: the author traits (`points`), the wire (`abi`, hidden), the export macro, the manifest format, the test harness.
//! *Depends on*: `abi_stable` inside `abi` only; serde and schemars for configurations.
//! *Invariants*: no type of `abi_stable` and no `unsafe` in what an author writes; value records never change within a major
//! version, vtables and root module grow at their end, methods with default bodies; no panic leaves the library.
//! *Start reading at*: `points/pricing.rs`, then `abi/pricing.rs`, then `export.rs`. Adding a point is one file in each of
//! `points`, `abi` and `testing`, a constructor at the end of `abi/module.rs` and a group in `export.rs`.

#![deny(missing_docs)]

#[doc(hidden)]
pub mod abi;
pub mod contributions;
mod deadline;
mod error;
mod export;
mod host;
pub mod manifest;
pub mod points;
pub mod schedules;
pub mod services;
pub mod subscriptions;
pub mod tables;
pub mod testing;
pub mod units;

pub use schemars;
pub use serde;
pub use serde_json;

pub use crate::abi::id::{Id, NotAnId};
pub use crate::deadline::Deadline;
pub use crate::error::{Error, ErrorCode};
pub use crate::host::{Host, Level};
pub use crate::points::{approval, fields, observer, order_process, pricing, shipping_rate, task, tax};
