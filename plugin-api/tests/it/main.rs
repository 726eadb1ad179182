//! The crate as plugin authors and the host use it.

#![cfg(test)]

mod approval;
mod config;
mod fields;
mod golden;
mod ids;
mod manifest;
mod order_process;
mod pricing;
mod refusals;
mod tax;
mod units;
