//! Prices: the first candidate and a surcharge, unless something else is asked for.

use vectis_plugin_api::pricing::{Ctx, Line, Priced, Pricing};
use vectis_plugin_api::{Error, ErrorCode, Host, Level};

use crate::zoo::go_wrong;
use crate::{Config, fall_over};

/// What a version adds to every price, in millionths. Tests write other digits into the file to make other versions;
/// `aborts` makes one that ends its process at the first question, anything else one that does not start.
static BUILT_IN: [u8; 25] = *b"built-in surcharge 000000";

const ABORTS: &str = "aborts";

pub(crate) struct FaultPricing {
    config: Config,
    built_in: i64,
    host: Host,
}

/// Read where it stands in the file, never known while compiling.
fn built_in() -> i64 {
    let text = std::hint::black_box(&BUILT_IN);
    let digits = std::str::from_utf8(&text[19..]).ok();
    if digits == Some(ABORTS) {
        return 0;
    }
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_else(|| fall_over("the surcharge is no number"))
}

impl Pricing for FaultPricing {
    type Config = Config;

    fn new(config: Config, host: Host) -> Result<Self, Error> {
        match config.fault.as_str() {
            "panic in constructor" => fall_over("no price list at hand"),
            "refuse in constructor" => Err(Error::config("/surcharge_micros", "must be even")),
            "fail in constructor" => Err(Error::new(ErrorCode::UNAVAILABLE, "the price file is away")),
            _ => Ok(Self { config, built_in: built_in(), host }),
        }
    }

    fn price(&self, ctx: &Ctx<'_>, lines: &[Line<'_>], out: &mut [Priced]) -> Result<(), Error> {
        go_wrong(self.config.fault(lines[0].sku()), &self.host)?;
        if std::hint::black_box(&BUILT_IN).ends_with(ABORTS.as_bytes()) {
            std::process::abort();
        }
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
                let micros = first.unit_price_micros + self.config.surcharge_micros + self.built_in;
                *priced = wrong.unwrap_or_else(|| Priced::at(micros).from_candidate(0));
            }
        }
        Ok(())
    }
}
