//! Orders: a cart is frozen into an order once, moves through states a plugin owns, is edited, returned, credited.
//!
//! *Owns*: the schema `orders`: orders, lines with their taxes, charges, history, returns, credit notes, and what
//! customers have used of 30-day caps. *Depends on*: `kernel`, `db`, and the contracts of its siblings. *Invariants*: one
//! cart becomes at most one order; an order is placed with exactly the prices and taxes that were checked; totals add
//! up; never more is returned than was bought, and returning all credits exactly what was charged; no state is known
//! here by name. *Start reading at*: `place.rs`, placement from top to bottom; then `transition.rs`.

mod access;
mod approval_process;
mod charge;
mod config;
mod credit_note;
mod decide;
mod edit;
mod effects;
mod events;
mod model;
mod needs;
mod place;
mod read;
mod refusals;
mod return_goods;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod transition;
mod withdraw;

pub use config::Config;
pub use service::{Built, Deps, build};

/// The schema `orders`.
pub static MIGRATIONS: vectis_db::ModuleMigrations =
    vectis_db::ModuleMigrations { schema: "orders", migrator: sqlx::migrate!("../../../migrations/orders") };
