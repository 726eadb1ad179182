//! A plugin that does everything wrong on request. Which wrong it does is said by the configuration (then it is wrong from
//! the first question on), or else by the question: the first line's SKU or tax category, the payment terms, the role.

mod approval;
mod order_process;
mod pricing;
mod tax;
mod zoo;

use vectis_plugin_api::export_plugin;
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;

use crate::approval::FaultApproval;
use crate::order_process::FaultProcess;
use crate::pricing::FaultPricing;
use crate::tax::FaultTax;

/// What a test sets.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields, default)]
pub struct Config {
    /// Wrong from the start; empty to let the questions say.
    fault: String,
    /// Added to the price of the first candidate.
    surcharge_micros: i64,
    /// Stage of the tax.
    stage: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { fault: String::new(), surcharge_micros: 0, stage: 300 }
    }
}

impl Config {
    fn fault<'a>(&'a self, asked: &'a str) -> &'a str {
        if self.fault.is_empty() { asked } else { &self.fault }
    }
}

#[expect(clippy::panic, reason = "what the host has to contain")]
fn fall_over(why: &str) -> ! {
    panic!("{why}")
}

export_plugin! {
    manifest: "../plugin.toml",
    pricing: { "fault-pricing" => FaultPricing },
    tax: { "fault-tax" => FaultTax },
    order_process: { "fault-process" => FaultProcess },
    approval: { "fault-approval" => FaultApproval },
}
