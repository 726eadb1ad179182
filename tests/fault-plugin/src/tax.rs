//! Taxes: 20 % on everything, unless something else is asked for.

use std::sync::OnceLock;

use vectis_plugin_api::tax::{Kind, Tax, TaxCtx, TaxLine, TaxOut};
use vectis_plugin_api::{Error, Host, units};

use crate::{Config, fall_over};

pub(crate) struct FaultTax {
    config: Config,
    /// The second kind of an earlier answer, which means nothing in a later one.
    stale: OnceLock<Kind>,
}

impl Tax for FaultTax {
    type Config = Config;

    fn new(config: Config, _host: Host) -> Result<Self, Error> {
        Ok(Self { config, stale: OnceLock::new() })
    }

    fn stage(&self) -> u32 {
        self.config.stage
    }

    fn tax(&self, ctx: &TaxCtx<'_>, lines: &[TaxLine<'_>], out: &mut TaxOut) -> Result<(), Error> {
        let vat = out.kind("VAT", ctx.country(), 200_000);
        let base = lines[0].amount_minor;
        match self.config.fault(lines[0].category()) {
            "panic" => fall_over("the rates are gone"),
            "line" => out.add(lines.len(), vat, 1),
            "kind" => {
                let remembered = *self.stale.get_or_init(|| out.kind("second", "", 0));
                out.add(0, remembered, 1);
            }
            "sign" => out.add(0, vat, -base.signum()),
            "too much" => out.add(0, vat, base * 10 + 1),
            "too much in parts" => (0..11).for_each(|_| out.add(0, vat, base)),
            "more than the line" => out.add(0, vat, base + 1),
            "unnamed" => {
                out.kind(" ", "GB", 0);
            }
            "negative rate" => {
                out.kind("VAT", "GB", -1);
            }
            _ => {
                for (index, line) in lines.iter().enumerate() {
                    let share = units::share(line.amount_minor, 200_000, units::PPM);
                    out.add(index, vat, share.ok_or_else(|| Error::internal("the tax is too large"))?);
                }
            }
        }
        Ok(())
    }
}
