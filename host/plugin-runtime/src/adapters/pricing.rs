//! `vectis.pricing`.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;
use vectis_contracts::points::{
    PointError, PriceCandidate, PriceLevel, PricedAnswer, PricingLine, PricingPoint, PricingQuestion,
};
use vectis_contracts::price_candidates::PriceCandidates;
use vectis_kernel::ids::{ChannelId, VariantId};
use vectis_kernel::{Currency, Quantity, UnitPrice};
use vectis_plugin_api::Error;
use vectis_plugin_api::abi::host::HostObj;
use vectis_plugin_api::abi::module::PluginModRef;
use vectis_plugin_api::abi::pricing::{PricingCall, PricingObj, candidates_of, price};
use vectis_plugin_api::abi::remote;
use vectis_plugin_api::pricing::{Line, Priced};

use crate::adapters::{Adapter, id, id_if_any};
use crate::lifecycle::{Construct, Instance, Recipe};
use crate::point::Point;
use crate::refusal::Fault;
use crate::shadow::Question;

/// A thousand thousand million of the major unit: nothing sold costs more, and any mistake in powers of ten shows.
pub(super) const MAX_UNIT_PRICE_MICROS: i64 = 1_000_000_000_000_000_000;

pub(crate) struct PricingAdapter(Instance<PricingObj>);

/// The object behind the wire.
const CONSTRUCT: Construct<PricingObj> =
    Construct { here: construct, apart: |remote| remote::pricing(remote) };

pub(crate) fn construct(
    module: PluginModRef,
    name: &str,
    config_json: &str,
    host: HostObj,
) -> Result<PricingObj, Error> {
    Ok(module.new_pricing()(name.into(), config_json.into(), host).into_result()?)
}

impl Adapter for PricingAdapter {
    const POINT: Point = Point::Pricing;

    fn start(recipe: Recipe) -> Result<Self, Fault> {
        let adapter = Self(Instance::start(Self::POINT, recipe, CONSTRUCT)?);
        adapter.0.passed(adapter.price(&first_question()))?;
        Ok(adapter)
    }

    fn has_given_up(&self) -> bool {
        self.0.has_given_up()
    }

    fn given_up(&self) -> Option<String> {
        self.0.given_up()
    }

    fn instance_name(&self) -> &str {
        self.0.name()
    }
}

impl PricingPoint for PricingAdapter {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn price(&self, question: &PricingQuestion) -> Result<Vec<Option<PricedAnswer>>, PointError> {
        // Plugins are promised at least one line.
        if question.lines.is_empty() {
            return Ok(Vec::new());
        }
        self.0.remember(|| Question::Price(question.clone()));
        let candidates = candidates_of(question.candidates.as_records());
        let lines: Vec<Line<'_>> = question.lines.iter().map(line).collect();
        let call = PricingCall {
            account_id: id_if_any(question.account_id),
            location_id: id_if_any(question.location_id),
            now_ms: question.at.timestamp_millis(),
            budget_ns: self.0.budget_ns(),
            ..PricingCall::new(question.currency.code(), id(question.channel_id), candidates)
        };
        let priced = self.0.ask(|plugin| price(plugin, &call, &lines))?;
        let mut answers = Vec::with_capacity(priced.len());
        for (line, priced) in question.lines.iter().zip(&priced) {
            if let Some(lie) = lie(line, priced) {
                return Err(self.0.lied(format!("line {} {lie}", answers.len())));
            }
            answers.push(answer(line, priced, question.currency));
        }
        Ok(answers)
    }
}

#[inline]
fn line(line: &PricingLine) -> Line<'_> {
    // Invariant: a question's candidates fit 32 bits; 10,000 lines with a thousand each do.
    let first = u32::try_from(line.candidates.start).unwrap_or(u32::MAX);
    let count = u32::try_from(line.candidates.len()).unwrap_or(u32::MAX);
    Line::new(id(line.variant_id), &line.sku, line.quantity.milli()).with_candidates(first, count)
}

/// What no plugin may answer for a line.
pub(super) enum Lie {
    Status(u32),
    Negative(i64),
    TooMuch(i64),
    Candidate { index: u32, count: usize },
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "has the unknown status {status}"),
            Self::Negative(micros) => write!(f, "has the negative unit price {micros} millionths"),
            Self::TooMuch(micros) => {
                write!(f, "has the unit price {micros} millionths, more than anything costs")
            }
            Self::Candidate { index, count } => write!(f, "names candidate {index} of {count}"),
        }
    }
}

/// A named candidate is where a price *comes from*: the plugin may have taken something off it, so the two need not be
/// equal.
#[inline]
pub(super) fn lie(line: &PricingLine, priced: &Priced) -> Option<Lie> {
    let (micros, index, count) = (priced.unit_price_micros, priced.candidate, line.candidates.len());
    match priced.status {
        Priced::NO_PRICE => None,
        Priced::PRICED if micros < 0 => Some(Lie::Negative(micros)),
        Priced::PRICED if micros > MAX_UNIT_PRICE_MICROS => Some(Lie::TooMuch(micros)),
        Priced::PRICED if index != Priced::NO_CANDIDATE && index as usize >= count => {
            Some(Lie::Candidate { index, count })
        }
        Priced::PRICED => None,
        other => Some(Lie::Status(other)),
    }
}

/// In domain words, once it is known to be no lie.
#[inline]
pub(super) fn answer(line: &PricingLine, priced: &Priced, currency: Currency) -> Option<PricedAnswer> {
    let is_from_one = priced.candidate != Priced::NO_CANDIDATE;
    priced.has_price().then(|| PricedAnswer {
        unit_price: UnitPrice::from_micros(priced.unit_price_micros, currency),
        candidate: is_from_one.then(|| line.candidates.start + priced.candidate as usize),
    })
}

/// One piece with one list price.
fn first_question() -> PricingQuestion {
    let one = Quantity::from_milli(1_000);
    let candidate = PriceCandidate {
        level: PriceLevel::Default,
        price_list_id: None,
        priority: 0,
        min_quantity: one,
        unit_price: UnitPrice::from_micros(1_000_000, Currency::EUR),
        converted: false,
        valid_from: None,
        valid_to: None,
    };
    let line = PricingLine {
        variant_id: VariantId(Uuid::from_u128(2)),
        sku: "SELF-TEST".to_owned(),
        quantity: one,
        candidates: 0..1,
    };
    PricingQuestion {
        channel_id: ChannelId(Uuid::from_u128(1)),
        account_id: None,
        location_id: None,
        currency: Currency::EUR,
        at: DateTime::<Utc>::UNIX_EPOCH,
        lines: vec![line],
        candidates: PriceCandidates::of(Currency::EUR, [candidate]),
    }
}
