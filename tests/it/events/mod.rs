//! Events beyond the database: logs, relay, consumers, feeds; on the embedded log and on a real broker.

mod conformance;
mod consuming;
mod feed;
mod flow;
mod kills;
mod logs;
mod observing;
mod outages;
pub(crate) mod processes;
mod standstill;
mod traces;

pub(crate) use flow::place_an_order;
