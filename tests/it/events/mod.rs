//! Events beyond the database: logs, relay, consumers, feeds; on the embedded log and on a real broker.

mod conformance;
mod consuming;
mod feed;
mod flow;
mod kills;
mod logs;
mod outages;
mod processes;
mod traces;
