//! The words every other room shares: money, quantities, ids, the request context, pages, events, failures.
//!
//! *Owns*: value types and their arithmetic. *Depends on*: nothing of ours. *Invariants*: no I/O, no async, no
//! floats; one rounding function ([`UnitPrice::times`]). *Start reading at*: [`money`], then [`context`].

pub mod clock;
pub mod context;
pub mod country;
pub mod duration;
pub mod event;
pub mod failure;
pub mod ids;
pub mod money;
pub mod page;
pub mod permission;
pub mod quantity;
pub mod unit_price;

pub use clock::{Clock, FixedClock, IdSource, SystemClock, SystemIds};
pub use context::{Actor, BuyerActor, Ctx, IdempotencyKey, StaffActor};
pub use country::is_country_code;
pub use event::Event;
pub use failure::{ErrorClass, Failure, IdempotencyMismatch, InternalError, Refusal, RefusalCode};
pub use money::{Currency, Money, MoneyError};
pub use page::{Page, PageRequest};
pub use permission::Permission;
pub use quantity::Quantity;
pub use unit_price::{UnitPrice, round_half_away};
