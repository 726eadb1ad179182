//! Tests of the database crate against a real server (`DATABASE_URL`).

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod bus;
mod embedded;
mod idempotency;
mod inbox;
mod migrations;
mod outbox;
mod plugin_schemas;
mod pool;
mod readers;
mod retry;
mod statements;
mod support;
