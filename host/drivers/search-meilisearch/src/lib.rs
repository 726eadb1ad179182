//! The search index in Meilisearch.
//!
//! *Owns*: two indexes of a Meilisearch server, `<name>` and `<name>-next`, with their settings. *Depends on*: `contracts`.
//! *Invariants*: settings are code and go with an index when it is made; every search says who asks; nothing a client typed
//! becomes part of a filter's syntax; every request ends in time. *Start reading at*: [`Meilisearch`], then `shape.rs`.

mod http;
mod index;
mod shape;
mod tasks;

pub use index::{Meilisearch, Settings};
