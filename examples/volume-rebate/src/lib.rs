//! A pricing plugin: the lowest price that applies to a line, less a rebate that grows with the quantity of the line's family
//! in the whole cart.

mod config;

use vectis_plugin_api::pricing::{Ctx, Line, Priced, Pricing};
use vectis_plugin_api::units::{PPM, share};
use vectis_plugin_api::{Error, Host, export_plugin};

pub use crate::config::Config;
use crate::config::Family;

/// The strategy.
pub struct VolumeRebate(Vec<Family>);

impl Pricing for VolumeRebate {
    type Config = Config;

    fn new(config: Config, _host: Host) -> Result<Self, Error> {
        config.read().map(Self)
    }

    fn price(&self, ctx: &Ctx<'_>, lines: &[Line<'_>], out: &mut [Priced]) -> Result<(), Error> {
        let rebates = self.rebates(lines)?;
        for (index, (line, priced)) in lines.iter().zip(out).enumerate() {
            if index % 256 == 0 {
                ctx.check()?;
            }
            let applicable = ctx.candidates(line).iter().enumerate().filter(|(_, candidate)| {
                candidate.is_valid_at(ctx.now_ms()) && candidate.min_quantity_milli <= line.quantity_milli
            });
            let best = applicable.min_by_key(|(_, candidate)| candidate.unit_price_micros);
            if let Some((position, candidate)) = best {
                let rebate = self.family_of(line).map_or(0, |family| rebates[family]);
                let price = share(candidate.unit_price_micros, PPM - rebate, PPM)
                    .ok_or_else(|| Error::internal(format!("the price of {} is too large", line.sku())))?;
                *priced = Priced::at(price).from_candidate(position);
            }
        }
        Ok(())
    }
}

impl VolumeRebate {
    fn family_of(&self, line: &Line<'_>) -> Option<usize> {
        self.0.iter().position(|family| line.sku().starts_with(&family.sku_prefix))
    }

    /// For each family, what its quantity in the cart earns, in parts per million.
    fn rebates(&self, lines: &[Line<'_>]) -> Result<Vec<i64>, Error> {
        let mut quantities = vec![0_i64; self.0.len()];
        for line in lines {
            if let Some(family) = self.family_of(line) {
                quantities[family] = quantities[family]
                    .checked_add(line.quantity_milli)
                    .ok_or_else(|| Error::input("the quantities of the cart are too large to be added"))?;
            }
        }
        Ok(self.0.iter().zip(quantities).map(|(family, quantity)| family.rebate_ppm(quantity)).collect())
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    pricing: { "volume-rebate" => VolumeRebate },
}

#[cfg(test)]
mod tests;
