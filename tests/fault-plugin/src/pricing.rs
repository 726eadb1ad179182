//! Prices: the first candidate and a surcharge, unless something else is asked for.

use vectis_plugin_api::pricing::{Ctx, Line, Priced, Pricing};
use vectis_plugin_api::{Error, ErrorCode, Host, Level};

use crate::zoo::go_wrong;
use crate::{Config, fall_over};

pub(crate) struct FaultPricing {
    config: Config,
    host: Host,
}

impl Pricing for FaultPricing {
    type Config = Config;

    fn new(config: Config, host: Host) -> Result<Self, Error> {
        match config.fault.as_str() {
            "panic in constructor" => fall_over("no price list at hand"),
            "refuse in constructor" => Err(Error::config("/surcharge_micros", "must be even")),
            "fail in constructor" => Err(Error::new(ErrorCode::UNAVAILABLE, "the price file is away")),
            _ => Ok(Self { config, host }),
        }
    }

    fn price(&self, ctx: &Ctx<'_>, lines: &[Line<'_>], out: &mut [Priced]) -> Result<(), Error> {
        go_wrong(self.config.fault(lines[0].sku()), &self.host)?;
        let wrong = match self.config.fault(lines[0].sku()) {
            "panic" => fall_over("the tiers are gone"),
            "error" => return Err(Error::new(ErrorCode::UNAVAILABLE, "the price server is away")),
            "slow" => loop {
                ctx.check()?;
            },
            "log" => {
                let fields = vectis_plugin_api::serde_json::json!({ "lines": lines.len() });
                self.host.log_with(Level::WARN, "prices look odd", &fields);
                None
            }
            "negative" => Some(Priced::at(-1)),
            "huge" => Some(Priced::at(i64::MAX)),
            "candidate" => Some(Priced::at(1).from_candidate(1)),
            "status" => Some(Priced { status: 7, ..Priced::at(1) }),
            _ => None,
        };
        for (line, priced) in lines.iter().zip(out) {
            if let Some(first) = ctx.candidates(line).first() {
                let micros = first.unit_price_micros + self.config.surcharge_micros;
                *priced = wrong.unwrap_or_else(|| Priced::at(micros).from_candidate(0));
            }
        }
        Ok(())
    }
}
