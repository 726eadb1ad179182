//! The plugin `tiered-pricing`: prices of company and retail buyers by level, list and quantity tier.
//!
//! *Owns*: which of a line's candidate prices is its price.
//! *Depends on*: `vectis-plugin-api` alone.
//! *Invariants*: one pass over a line's candidates and no allocation while pricing; the answer is always one of the candidates
//! and does not depend on the order they come in.
//! *Start reading at*: `choice.rs`.

mod choice;
mod config;

use vectis_plugin_api::pricing::{Ctx, Line, Priced, Pricing};
use vectis_plugin_api::{Error, Host, export_plugin};

use crate::choice::Choice;
pub use crate::config::Config;

/// The strategy.
pub struct Tiered(Choice);

impl Pricing for Tiered {
    type Config = Config;

    fn new(config: Config, _host: Host) -> Result<Self, Error> {
        Choice::new(&config).map(Self)
    }

    fn price(&self, ctx: &Ctx<'_>, lines: &[Line<'_>], out: &mut [Priced]) -> Result<(), Error> {
        let now_ms = ctx.now_ms();
        for (line, priced) in lines.iter().zip(out) {
            let candidates = ctx.candidates(line);
            if let Some(best) = self.0.best(candidates, line.quantity_milli, now_ms) {
                *priced = Priced::at(candidates[best].unit_price_micros).from_candidate(best);
            }
        }
        Ok(())
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    pricing: { "tiered" => Tiered },
}

#[cfg(test)]
mod tests;
