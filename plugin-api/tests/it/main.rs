//! The crate as plugin authors and the host use it.

#![cfg(test)]

mod approval;
mod config;
mod contributions;
mod fields;
mod golden;
mod ids;
mod manifest;
mod order_process;
mod pricing;
mod refusals;
mod schedules;
mod subscriptions;
mod tables;
mod tax;
mod units;
