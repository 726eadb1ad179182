//! Taxes: 20 % in Germany, 5 % on books; 6.25 % and 2 % in Texas, two kinds.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::tax::{Tax, TaxCtx, TaxLine, TaxOut};
use vectis_plugin_api::units::{PPM, share};
use vectis_plugin_api::{Error, Host};

use crate::fall_over;

/// What a test sets.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub(crate) struct Config {
    bug: Bug,
}

#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", rename_all = "kebab-case")]
#[schemars(inline)]
enum Bug {
    None,
    RoundsDown,
    RoundsUp,
    RoundsHalfToEven,
    RoundsHalfUp,
    CarriesRounding,
    CalculatesInFloats,
    TaxesExempt,
    ForgetsGross,
    GrossPartsAlone,
    AddsEarlierTax,
    TaxesEarlierTaxTwice,
    ForgetsLastLine,
    CategoryOfFirstLine,
    KindTwice,
    ForgetsSign,
    NoTaxOnReturns,
    AssumesCents,
    PerPieceOnFreeLines,
    RateInPercent,
    RateAboveAll,
    NegativeRate,
    PanicsOnUnknownCountry,
    PanicsOnEmptyCategory,
    CutsRegionByBytes,
    OverflowPanics,
    WrapsAround,
    FreeAfterThousand,
    RemembersTotal,
    LogsAddress,
    LogsEachLine,
    StagePerInstance,
    Quadratic,
    FailsOnGross,
    SwallowsDeadline,
    TaxesLineAfterLast,
    MoreThanTheLine,
    UnnamedKind,
}

pub(crate) struct FaultyTax {
    bug: Bug,
    host: Host,
    instance: u32,
    total: AtomicI64,
}

static INSTANCES: AtomicU32 = AtomicU32::new(0);

impl Tax for FaultyTax {
    type Config = Config;

    fn new(Config { bug }: Config, host: Host) -> Result<Self, Error> {
        let instance = INSTANCES.fetch_add(1, Ordering::Relaxed);
        Ok(Self { bug, host, instance, total: AtomicI64::new(0) })
    }

    fn stage(&self) -> u32 {
        if self.bug == Bug::StagePerInstance { 100 + self.instance % 3 } else { 300 }
    }

    fn tax(&self, ctx: &TaxCtx<'_>, lines: &[TaxLine<'_>], out: &mut TaxOut) -> Result<(), Error> {
        self.before(ctx, lines)?;
        if self.bug == Bug::CarriesRounding {
            self.total.store(0, Ordering::Relaxed);
        }
        let mut running = 0_i64;
        for (index, line) in lines.iter().enumerate() {
            if index % 256 == 0 && ctx.check().is_err() {
                return if self.bug == Bug::SwallowsDeadline { Ok(()) } else { ctx.check() };
            }
            running = running.saturating_add(line.amount_minor);
            let is_untaxed = match self.bug {
                Bug::TaxesExempt => false,
                Bug::ForgetsLastLine if index > 0 && index + 1 == lines.len() => true,
                Bug::NoTaxOnReturns if line.amount_minor < 0 => true,
                Bug::FreeAfterThousand if running > 100_000 && index > 0 => true,
                Bug::RemembersTotal => self.total.fetch_add(1, Ordering::Relaxed) > 500,
                _ => line.is_exempt(),
            };
            if !is_untaxed {
                self.line(ctx, lines, index, out)?;
            }
        }
        if self.bug == Bug::TaxesLineAfterLast {
            let kind = out.kind("VAT", "DE", 200_000);
            out.add(lines.len(), kind, 0);
        }
        Ok(())
    }
}

impl FaultyTax {
    fn before(&self, ctx: &TaxCtx<'_>, lines: &[TaxLine<'_>]) -> Result<(), Error> {
        match self.bug {
            Bug::PanicsOnUnknownCountry if !["DE", "US"].contains(&ctx.country()) => {
                fall_over("no such country")
            }
            Bug::CutsRegionByBytes if ctx.region().len() > 1 && ctx.region()[..2].is_empty() => {
                fall_over("two letters are nothing");
            }
            Bug::LogsAddress => self.host.info(format!("taxing for {}", ctx.postal_code())),
            Bug::FailsOnGross if ctx.prices_include_tax() => {
                return Err(Error::input("prices must not include tax"));
            }
            Bug::Quadratic => {
                let alike = |line: &TaxLine<'_>| {
                    lines.iter().filter(|other| other.category() == line.category()).count()
                };
                if lines.iter().map(alike).max() > Some(lines.len()) {
                    fall_over("more lines than there are");
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn line(
        &self,
        ctx: &TaxCtx<'_>,
        lines: &[TaxLine<'_>],
        index: usize,
        out: &mut TaxOut,
    ) -> Result<(), Error> {
        let line = &lines[index];
        match self.bug {
            Bug::PanicsOnEmptyCategory if line.category().is_empty() => {
                fall_over("a line without a category")
            }
            Bug::LogsEachLine => self.host.debug("a line"),
            _ => {}
        }
        let category =
            if self.bug == Bug::CategoryOfFirstLine { lines[0].category() } else { line.category() };
        let rates: &[(&str, &str, i64)] = match ctx.country() {
            "DE" if category == "books" => &[("VAT", "DE", 50_000)],
            "DE" => &[("VAT", "DE", 200_000)],
            "US" => &[("State tax", "US-TX", 62_500), ("City tax", "US-TX-Austin", 20_000)],
            _ => &[],
        };
        let sum: i64 = rates.iter().map(|(_, _, rate)| rate).sum();
        for (number, (name, jurisdiction, rate)) in rates.iter().enumerate() {
            let amount = self.amount(ctx, line, *rate, sum)?;
            let (name, stated) = match self.bug {
                Bug::RateInPercent => (*name, rate / 10_000),
                Bug::RateAboveAll => (*name, 10_000_001),
                Bug::NegativeRate if line.amount_minor < 0 => (*name, -rate),
                Bug::UnnamedKind => ("", *rate),
                _ => (*name, *rate),
            };
            let kind = out.kind(name, jurisdiction, stated);
            if self.bug == Bug::KindTwice && number == 0 {
                out.add(index, kind, 0);
            }
            out.add(index, kind, amount);
        }
        if self.bug == Bug::PerPieceOnFreeLines {
            let kind = out.kind("Deposit", "DE", 0);
            out.add(index, kind, line.amount_minor.signum() + i64::from(line.amount_minor == 0));
        }
        Ok(())
    }

    fn amount(&self, ctx: &TaxCtx<'_>, line: &TaxLine<'_>, rate: i64, sum: i64) -> Result<i64, Error> {
        let (amount, before) = (line.amount_minor, line.taxed_before_minor);
        let is_gross = ctx.prices_include_tax();
        let (over, under) = match (is_gross, self.bug) {
            (false, _) | (_, Bug::ForgetsGross) => (rate, PPM),
            (true, Bug::GrossPartsAlone) => (rate, PPM + rate),
            (true, _) => (rate, PPM + sum),
        };
        let exact = i128::from(amount) * i128::from(over);
        let (whole, rest) = (exact.div_euclid(i128::from(under)), exact.rem_euclid(i128::from(under)));
        let half = i128::from(under);
        let wide = match self.bug {
            Bug::RoundsDown => exact / half,
            Bug::CarriesRounding => {
                let carried = exact + i128::from(self.total.load(Ordering::Relaxed));
                self.total.store(i64::try_from(carried % half).unwrap_or_default(), Ordering::Relaxed);
                carried / half
            }
            Bug::RoundsUp => whole + i128::from(rest > 0),
            Bug::RoundsHalfUp => whole + i128::from(rest * 2 >= half),
            Bug::RoundsHalfToEven if rest * 2 == half => whole + whole.rem_euclid(2),
            Bug::CalculatesInFloats => (amount as f64 * over as f64 / under as f64).round() as i128,
            Bug::WrapsAround => i128::from(amount.wrapping_mul(over) / under),
            Bug::OverflowPanics => {
                let product = amount.checked_mul(over).expect("an amount that fits");
                i128::from(share(product, 1, under).unwrap_or_default())
            }
            Bug::AddsEarlierTax => {
                i128::from(share(amount, over, under).unwrap_or_default()) + i128::from(before)
            }
            Bug::TaxesEarlierTaxTwice => {
                let base = i128::from(amount) + 2 * i128::from(before);
                i128::from(share(i64::try_from(base).unwrap_or(amount), over, under).unwrap_or_default())
            }
            Bug::AssumesCents if ctx.exponent() != 2 => {
                let cents = share(amount, over, under * 100).unwrap_or_default();
                i128::from(cents) * 100
            }
            Bug::ForgetsSign => i128::from(share(amount.saturating_abs(), over, under).unwrap_or_default()),
            Bug::MoreThanTheLine if is_gross => i128::from(amount) + i128::from(amount.signum()),
            _ => {
                return share(amount, over, under)
                    .ok_or_else(|| Error::input("a line's amount is too large"));
            }
        };
        i64::try_from(wide).map_err(|_| Error::input("a line's amount is too large"))
    }
}
