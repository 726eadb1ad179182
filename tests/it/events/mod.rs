//! Events beyond the database: logs, relay, consumers, feeds; on the embedded log and on a real broker.

mod conformance;
mod flow;
mod logs;
