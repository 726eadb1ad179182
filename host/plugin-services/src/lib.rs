//! What the host does for plugins: requests to the outside, values that stay, secrets, reading the shop, events, metrics.
//!
//! *Owns*: capabilities and their judgement, the HTTP requests of the plugins. *Depends on*: `contracts`,
//! `kernel`, `outbound` for the guards of requests, and `plugin-api` for the words of questions. *Invariants*: nothing happens that manifest and operator do not both
//! allow; a request goes to an address that was judged, never to a name; no secret in a log or an error; every wait is bounded,
//! and dropping it ends what it waits for. *Start reading at*: `service.rs`, then `http.rs`.

mod capability;
mod http;
mod limits;
mod metric;
mod read_models;
mod service;
#[cfg(test)]
mod tests;

pub use crate::capability::check_grants;
pub use crate::limits::Limits;
pub use crate::service::{Deps, ReadModels, Services};
