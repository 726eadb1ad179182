//! All end-to-end and architecture tests, linked once.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod access;
mod arch;
mod authors;
mod bad_input;
mod events;
mod isolation;
mod kills;
mod operations;
mod plugin_fields;
mod plugins;
mod races;
mod schedules;
mod search;
mod shop;
mod statements;
mod webhooks;
mod workflows;
