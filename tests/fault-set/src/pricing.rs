//! Prices: of the candidates that apply, the most specific level's largest tier.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use vectis_plugin_api::pricing::{Candidate, Ctx, Line, Priced, Pricing};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::{Error, ErrorCode, Host};

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
    TierOneTooEarly,
    TierOneTooLate,
    IgnoresQuantity,
    ReadsExpired,
    ReadsFuture,
    EndsTooLate,
    StartsTooLate,
    UsesHostClock,
    GuessesZero,
    GuessesLastPrice,
    PricesAnythingAtOne,
    CandidatesOfFirstLine,
    CandidatesOfNextLine,
    DropsLastLine,
    DropsAfterThousand,
    RebateBelowZero,
    WrapsAround,
    OverflowPanics,
    SumOverflowPanics,
    PanicsOnEmptySku,
    CutsSkuByBytes,
    PanicsWithoutCompany,
    PanicsWithoutCandidates,
    CountsCalls,
    RemembersPrices,
    RemembersLastLine,
    PerThread,
    PerInstance,
    FirstCandidate,
    FirstLineCheaper,
    Quadratic,
    TooSlow,
    NeverAnswers,
    SwallowsDeadline,
    DeadlineNotRetryable,
    FailsOnUnknownLine,
    FailsInYen,
    EmptyError,
    LogsEachLine,
    CandidateOfBatch,
    UnknownStatus,
    StartsOnce,
    SilentOnHugeQuantity,
}

pub(crate) struct FaultyPricing {
    bug: Bug,
    host: Host,
    calls: AtomicU32,
    instance: i64,
    seen: Mutex<HashMap<String, i64>>,
    last: AtomicI64,
}

static INSTANCES: AtomicI64 = AtomicI64::new(0);

thread_local! {
    static CALLS_OF_THREAD: Cell<i64> = const { Cell::new(0) };
}

impl Pricing for FaultyPricing {
    type Config = Config;

    fn new(Config { bug }: Config, host: Host) -> Result<Self, Error> {
        let instance = INSTANCES.fetch_add(1, Ordering::Relaxed);
        if bug == Bug::StartsOnce && instance % 7 == 6 {
            return Err(Error::new(ErrorCode::UNAVAILABLE, "the price file is locked by another instance"));
        }
        let (calls, seen, last) = (AtomicU32::new(0), Mutex::default(), AtomicI64::new(0));
        Ok(Self { bug, host, calls, instance, seen, last })
    }

    fn price(&self, ctx: &Ctx<'_>, lines: &[Line<'_>], out: &mut [Priced]) -> Result<(), Error> {
        self.before(ctx, lines)?;
        for (index, line) in lines.iter().enumerate() {
            if index % 256 == 0 && !self.may_go_on(ctx)? {
                return Ok(());
            }
            out[index] = self.line(ctx, lines, index, line)?;
        }
        self.after(lines, out);
        Ok(())
    }
}

impl FaultyPricing {
    fn before(&self, ctx: &Ctx<'_>, lines: &[Line<'_>]) -> Result<(), Error> {
        match self.bug {
            Bug::Quadratic => {
                let same = |line: &Line<'_>| lines.iter().filter(|other| other.sku() == line.sku()).count();
                let doubled = lines.iter().filter(|line| same(line) > 1).count();
                if doubled > lines.len() {
                    fall_over("more lines than there are");
                }
            }
            Bug::TooSlow if lines.len() > 5_000 => std::thread::sleep(Duration::from_millis(1_100)),
            Bug::NeverAnswers if lines.len() > 5_000 => std::thread::sleep(Duration::from_secs(60)),
            Bug::PanicsWithoutCompany if ctx.account_id().is_none() => fall_over("who buys"),
            Bug::FailsInYen if ctx.currency() == "JPY" => return Err(Error::input("no prices in JPY")),
            Bug::SumOverflowPanics => {
                let add = |sum: i64, line: &Line<'_>| {
                    sum.checked_add(line.quantity_milli).expect("a sum that fits")
                };
                self.last.store(lines.iter().fold(0, add), Ordering::Relaxed);
            }
            Bug::SilentOnHugeQuantity if lines.iter().any(|line| line.quantity_milli > i64::MAX / 2) => {
                return Err(Error::new(ErrorCode::INTERNAL, ""));
            }
            _ => {}
        }
        Ok(())
    }

    fn may_go_on(&self, ctx: &Ctx<'_>) -> Result<bool, Error> {
        match (self.bug, ctx.check()) {
            (Bug::SwallowsDeadline, Err(_)) => Ok(false),
            (Bug::DeadlineNotRetryable, Err(error)) => Err(Error::internal(error.message)),
            (_, checked) => checked.map(|()| true),
        }
    }

    fn line(
        &self,
        ctx: &Ctx<'_>,
        lines: &[Line<'_>],
        index: usize,
        line: &Line<'_>,
    ) -> Result<Priced, Error> {
        self.read_sku(line);
        let source = match self.bug {
            Bug::CandidatesOfFirstLine => &lines[0],
            Bug::CandidatesOfNextLine => lines.get(index + 1).unwrap_or(line),
            _ => line,
        };
        let candidates = ctx.candidates(source);
        if self.bug == Bug::PanicsWithoutCandidates && candidates[0].unit_price_micros < 0 {
            return Ok(Priced::none());
        }
        let Some(best) = self.best(ctx, candidates, line.quantity_milli) else { return self.unknown(line) };
        let price = self.changed(candidates[best].unit_price_micros, line, index);
        self.last.store(price, Ordering::Relaxed);
        let priced = Priced::at(price);
        Ok(match self.bug {
            Bug::CandidatesOfFirstLine | Bug::CandidatesOfNextLine => priced,
            Bug::CandidateOfBatch => priced.from_candidate(line.first_candidate as usize + best),
            Bug::UnknownStatus if price == 0 => Priced { status: 2, ..priced },
            _ => priced.from_candidate(best),
        })
    }

    fn read_sku(&self, line: &Line<'_>) {
        match self.bug {
            Bug::PanicsOnEmptySku if line.sku().is_empty() => fall_over("a line without a SKU"),
            Bug::CutsSkuByBytes if line.sku().len() > 1 && line.sku()[..2].is_empty() => {
                fall_over("two letters are nothing");
            }
            Bug::LogsEachLine => self.host.debug("a line"),
            _ => {}
        }
    }

    fn best(&self, ctx: &Ctx<'_>, candidates: &[Candidate], quantity: i64) -> Option<usize> {
        let now = if self.bug == Bug::UsesHostClock { self.host.now_ms() } else { ctx.now_ms() };
        let applies = |candidate: &Candidate| {
            let Candidate { min_quantity_milli: min, valid_from_ms: from, valid_to_ms: to, .. } = *candidate;
            let is_reached = match self.bug {
                Bug::TierOneTooEarly => min <= quantity.saturating_add(1),
                Bug::TierOneTooLate => min < quantity && min != quantity,
                Bug::IgnoresQuantity => true,
                _ => min <= quantity,
            };
            let is_valid = match self.bug {
                Bug::ReadsExpired => from <= now,
                Bug::ReadsFuture => now < to,
                Bug::EndsTooLate => from <= now && now <= to,
                Bug::StartsTooLate => from < now && now < to,
                _ => candidate.is_valid_at(now),
            };
            is_reached && is_valid
        };
        let mut found = candidates.iter().enumerate().filter(|(_, candidate)| applies(candidate));
        if self.bug == Bug::FirstCandidate {
            return found.next().map(|(index, _)| index);
        }
        let key = |candidate: &Candidate| {
            (candidate.level, -candidate.min_quantity_milli, candidate.unit_price_micros)
        };
        found.min_by_key(|(_, candidate)| key(candidate)).map(|(index, _)| index)
    }

    /// A line that no candidate applies to.
    fn unknown(&self, line: &Line<'_>) -> Result<Priced, Error> {
        match self.bug {
            Bug::GuessesZero => Ok(Priced::at(0)),
            Bug::GuessesLastPrice => Ok(Priced::at(self.last.load(Ordering::Relaxed))),
            Bug::PricesAnythingAtOne => Ok(Priced::at(1_000_000)),
            Bug::FailsOnUnknownLine => Err(Error::input(format!("{} has no price", line.sku()))),
            Bug::EmptyError => Err(Error::input("")),
            _ => Ok(Priced::none()),
        }
    }

    fn changed(&self, price: i64, line: &Line<'_>, index: usize) -> i64 {
        match self.bug {
            Bug::RebateBelowZero => price - 1_000,
            Bug::WrapsAround => price.wrapping_mul(90) / 100,
            Bug::OverflowPanics => price.checked_mul(1_000).expect("a price that fits") / 1_000,
            Bug::CountsCalls => price + i64::from(self.calls.fetch_add(1, Ordering::Relaxed) % 2),
            Bug::RemembersPrices => {
                let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                *seen.entry(line.sku().to_owned()).or_insert(price)
            }
            Bug::RemembersLastLine if self.last.load(Ordering::Relaxed) > price => price / 2,
            Bug::PerThread => {
                CALLS_OF_THREAD.set(CALLS_OF_THREAD.get() + 1);
                if CALLS_OF_THREAD.get() > 2_000 { price } else { price / 2 }
            }
            Bug::PerInstance => price + self.instance % 2,
            Bug::FirstLineCheaper if index == 0 => price / 2,
            _ => price,
        }
    }

    fn after(&self, lines: &[Line<'_>], out: &mut [Priced]) {
        match self.bug {
            Bug::DropsLastLine if lines.len() > 1 => out[lines.len() - 1] = Priced::none(),
            Bug::DropsAfterThousand => out.iter_mut().skip(1_000).for_each(|priced| *priced = Priced::none()),
            _ => {}
        }
    }
}
