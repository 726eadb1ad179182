//! The plugin `tax-table`: percentages by country, region, city and tax category.
//!
//! *Owns*: which rates hold for a line, and what they come to.
//! *Depends on*: `vectis-plugin-api` alone.
//! *Invariants*: rates are looked up once per batch and category, not per line; the taxes in a gross amount sum up exactly;
//! a negative amount is taxed as the positive one, with the other sign.
//! *Start reading at*: `table.rs` for which rates hold, `amounts.rs` for what they come to.

mod amounts;
mod config;
mod table;

use vectis_plugin_api::tax::{Kind, Tax, TaxCtx, TaxLine, TaxOut};
use vectis_plugin_api::{Error, Host, export_plugin};

use crate::amounts::{Basis, Shares};
pub use crate::config::Config;
use crate::table::{Destination, Table};

/// The strategy.
pub struct TableTax {
    stage: u32,
    is_compound: bool,
    table: Table,
}

impl Tax for TableTax {
    type Config = Config;

    fn new(config: Config, _host: Host) -> Result<Self, Error> {
        Ok(Self { stage: config.stage, is_compound: config.compound, table: Table::new(&config)? })
    }

    fn stage(&self) -> u32 {
        self.stage
    }

    fn tax(&self, ctx: &TaxCtx<'_>, lines: &[TaxLine<'_>], out: &mut TaxOut) -> Result<(), Error> {
        let destination = self.table.destination(ctx.country(), ctx.region(), ctx.city());
        let basis = Basis { is_gross: ctx.prices_include_tax(), is_compound: self.is_compound };
        let mut categories: Vec<Category<'_>> = Vec::new();
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_exempt()) {
            let known = categories.iter().position(|category| category.name == line.category());
            let position = known.unwrap_or_else(|| {
                categories.push(Category::new(line.category(), &destination, out));
                categories.len() - 1
            });
            let Category { kinds, shares, .. } = &categories[position];
            let amounts = basis.amounts(line, shares);
            for (kind, amount) in kinds.iter().zip(amounts) {
                let amount =
                    amount.ok_or_else(|| Error::input(format!("line {index} is too large to be taxed")))?;
                out.add(index, *kind, amount);
            }
        }
        Ok(())
    }
}

/// What holds for all lines of one tax category in a batch.
struct Category<'a> {
    name: &'a str,
    /// One per rate of `shares`.
    kinds: Vec<Kind>,
    shares: Shares,
}

impl<'a> Category<'a> {
    fn new(name: &'a str, destination: &Destination<'_>, out: &mut TaxOut) -> Self {
        let rates = destination.rates(name);
        Self {
            name,
            kinds: rates
                .iter()
                .map(|rate| out.kind(&rate.name, destination.jurisdiction(rate), rate.ppm))
                .collect(),
            shares: Shares::new(rates.iter().map(|rate| rate.ppm)),
        }
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    tax: { "table" => TableTax },
}

#[cfg(test)]
mod tests;
