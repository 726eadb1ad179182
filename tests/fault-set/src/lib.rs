//! A plugin that keeps every promise but the one its configuration tells it to break. `bug = "none"` is a good plugin; all
//! others are mistakes people make. The conformance kit is proved by finding them.

mod approval;
mod fields;
mod observer;
mod order_process;
mod pricing;
mod task;
mod tax;
#[cfg(test)]
mod tests;

use vectis_plugin_api::export_plugin;

use crate::approval::FaultyApproval;
use crate::fields::FaultyFields;
use crate::observer::FaultyObserver;
use crate::order_process::FaultyProcess;
use crate::pricing::FaultyPricing;
use crate::task::FaultyTask;
use crate::tax::FaultyTax;

#[expect(clippy::panic, reason = "one of the mistakes people make")]
fn fall_over(why: &str) -> ! {
    panic!("{why}")
}

export_plugin! {
    manifest: "../plugin.toml",
    pricing: { "faulty-pricing" => FaultyPricing },
    tax: { "faulty-tax" => FaultyTax },
    order_process: { "faulty-process" => FaultyProcess },
    approval: { "faulty-approval" => FaultyApproval },
    fields: { "faulty-fields" => FaultyFields }, graphql: "../fields.graphql",
    task: { "faulty-task" => FaultyTask },
    observer: { "faulty-observer" => FaultyObserver },
}
