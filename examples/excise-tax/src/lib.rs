//! A tax plugin: excise duties per unit, by jurisdiction and tax category.

mod config;

use vectis_plugin_api::tax::{Kind, STAGE_EXCISE, Tax, TaxCtx, TaxLine, TaxOut};
use vectis_plugin_api::{Error, Host, export_plugin, units};

pub use crate::config::Config;
use crate::config::{Duty, PLACES};

/// A host takes more for a mistake.
const MOST_TIMES_AMOUNT: i64 = 10;

/// The strategy.
pub struct ExciseTax(Vec<Duty>);

impl Tax for ExciseTax {
    type Config = Config;

    fn new(config: Config, _host: Host) -> Result<Self, Error> {
        config.read().map(Self)
    }

    fn stage(&self) -> u32 {
        STAGE_EXCISE
    }

    fn tax(&self, ctx: &TaxCtx<'_>, lines: &[TaxLine<'_>], out: &mut TaxOut) -> Result<(), Error> {
        let here: Vec<(&Duty, Kind)> = self
            .0
            .iter()
            .filter(|duty| duty.is_due(ctx.country(), ctx.region()))
            .map(|duty| (duty, out.kind(&duty.name, &duty.jurisdiction(), 0)))
            .collect();
        for (index, line) in lines.iter().enumerate() {
            if index % 256 == 0 {
                ctx.check()?;
            }
            let mut sum = 0_i64;
            for (duty, kind) in
                here.iter().filter(|(duty, _)| !line.is_exempt() && duty.category == line.category())
            {
                let amount = amount(ctx, line, duty)?;
                sum = sum.saturating_add(amount);
                out.add(index, *kind, amount);
            }
            let times = if ctx.prices_include_tax() { 1 } else { MOST_TIMES_AMOUNT };
            if sum.unsigned_abs() > line.amount_minor.saturating_mul(times).unsigned_abs() {
                let message = format!(
                    "the duties on line {index} are more than {times} times its amount; check its price"
                );
                return Err(Error::input(message));
            }
        }
        Ok(())
    }
}

/// The duty on a line, with the sign of the line: what is returned gives its duty back, and what is free has none.
fn amount(ctx: &TaxCtx<'_>, line: &TaxLine<'_>, duty: &Duty) -> Result<i64, Error> {
    if ctx.currency() != duty.currency {
        let (name, currency) = (&duty.name, &duty.currency);
        return Err(Error::input(format!(
            "{name} is stated in {currency}, the cart is in {}",
            ctx.currency()
        )));
    }
    let too_large = || Error::input("a line's quantity is too large to be taxed");
    // Millionths per unit times thousandths of units are thousand-millionths of the major unit.
    let divisor = 10_i64.pow(PLACES + 3 - ctx.exponent().min(PLACES));
    let minor = units::share(line.quantity_milli, duty.per_unit_micros, divisor).ok_or_else(too_large)?;
    minor.checked_mul(line.amount_minor.signum()).ok_or_else(too_large)
}

export_plugin! {
    manifest: "../plugin.toml",
    tax: { "excise-tax" => ExciseTax },
}

#[cfg(test)]
mod tests;
