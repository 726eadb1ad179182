//! Requests to addresses that strangers name: only to the public internet, and to what the operator names beside it.
//!
//! *Owns*: which addresses may be reached, looking names up, the HTTP client that connects to nothing else. *Depends on*: nothing
//! of ours. *Invariants*: a request goes to an address that was judged, never to a name; the client follows no redirect by itself;
//! a reason to fail never holds the URL, which may hold a secret. *Start reading at*: [`Clients`], then `address.rs`.

mod address;
mod client;
mod resolve;
#[cfg(test)]
mod tests;

pub use crate::address::{Reachable, is_public};
pub use crate::client::{Clients, GuardedClient, NotSent, require_url, why};
pub use crate::resolve::{Resolver, SystemResolver};
