//! What one module may know of another: traits, views, refusal codes, event names. And the ports to the outside world.
//!
//! *Owns*: the words between modules. *Depends on*: `kernel`, and `db` for the opaque [`Tx`]. *Invariants*: no SQL, no
//! plugin type, no GraphQL type; batch methods only where lists can grow; a callee never commits a caller's `Tx`.
//! *Start reading at*: [`orders`], the use case that calls nearly everything else, and [`points`], where plugins answer.

pub mod accounts;
pub mod approvals;
pub mod audit;
pub mod carts;
pub mod channels;
pub mod event_desk;
pub mod events;
pub mod extensions;
pub mod fold;
pub mod identity;
pub mod inventory;
pub mod just_written;
pub mod once;
pub mod orders;
pub mod plugin_fields;
pub mod plugin_releases;
pub mod plugin_schedules;
pub mod plugin_services;
pub mod plugin_tables;
pub mod plugins;
pub mod points;
pub mod ports;
pub mod price_candidates;
pub mod priced_cart;
pub mod pricing;
pub mod products;
pub mod search;
pub mod shipping;
pub mod shopper;
pub mod tax;
pub mod webhooks;
pub mod workflows;

pub use vectis_db::Tx;
