//! A tax plugin: one rate on everything that no exemption covers.

use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::tax::{STAGE_VAT, Tax, TaxCtx, TaxLine, TaxOut};
use vectis_plugin_api::units::{PPM, share};
use vectis_plugin_api::{Error, Host, export_plugin};

/// What an operator sets.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct Config {
    /// What buyers read, `VAT`.
    name: String,
    /// The rate in parts per million: 20 % is 200000.
    #[schemars(range(min = 0, max = 1_000_000))]
    rate_ppm: i64,
}

/// The strategy.
pub struct PluginTemplate(Config);

impl Tax for PluginTemplate {
    type Config = Config;

    fn new(config: Config, _host: Host) -> Result<Self, Error> {
        if !(0..=PPM).contains(&config.rate_ppm) {
            return Err(Error::config("/rate_ppm", "must be 0 to 1000000"));
        }
        Ok(Self(config))
    }

    fn stage(&self) -> u32 {
        STAGE_VAT
    }

    fn tax(&self, ctx: &TaxCtx<'_>, lines: &[TaxLine<'_>], out: &mut TaxOut) -> Result<(), Error> {
        let rate = self.0.rate_ppm;
        let kind = out.kind(&self.0.name, ctx.country(), rate);
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_exempt()) {
            let amount = if ctx.prices_include_tax() {
                // The taxes of earlier stages are inside the amount, as this one is.
                share(line.amount_minor, rate, PPM + rate)
            } else {
                line.amount_minor.checked_add(line.taxed_before_minor).and_then(|base| share(base, rate, PPM))
            };
            out.add(index, kind, amount.ok_or_else(|| Error::input("a line's amount is too large"))?);
        }
        Ok(())
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    tax: { "plugin-template" => PluginTemplate },
}

#[cfg(test)]
mod tests;
