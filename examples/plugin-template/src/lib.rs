//! A pricing plugin: takes a percentage off the lowest price that applies to a line.

use vectis_plugin_api::pricing::{Ctx, Line, Priced, Pricing};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::{Error, Host, export_plugin, units};

/// What an operator sets.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct Config {
    /// Percentage taken off, 0 to 100.
    #[schemars(range(max = 100))]
    percent: u8,
}

/// The strategy.
pub struct PluginTemplate(Config);

impl Pricing for PluginTemplate {
    type Config = Config;

    fn new(config: Config, host: Host) -> Result<Self, Error> {
        if config.percent > 100 {
            return Err(Error::config("/percent", "must be 0 to 100"));
        }
        host.info(format!("taking {} % off", config.percent));
        Ok(Self(config))
    }

    fn price(&self, ctx: &Ctx<'_>, lines: &[Line<'_>], out: &mut [Priced]) -> Result<(), Error> {
        for (line, priced) in lines.iter().zip(out) {
            let applicable = ctx.candidates(line).iter().enumerate().filter(|(_, candidate)| {
                candidate.is_valid_at(ctx.now_ms()) && candidate.min_quantity_milli <= line.quantity_milli
            });
            if let Some((index, best)) = applicable.min_by_key(|(_, candidate)| candidate.unit_price_micros) {
                let price = units::share(best.unit_price_micros, i64::from(100 - self.0.percent), 100)
                    .ok_or_else(|| Error::internal(format!("the price of {} is too large", line.sku())))?;
                *priced = Priced::at(price).from_candidate(index);
            }
        }
        Ok(())
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    pricing: { "plugin-template" => PluginTemplate },
}

#[cfg(test)]
mod tests;
