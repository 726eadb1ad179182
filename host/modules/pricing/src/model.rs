//! From stored prices to a question for the strategy, and from its answers to quotes. Pure.

use std::ops::Range;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use vectis_contracts::points::{
    PointError, PriceCandidate, PriceLevel, PricedAnswer, PricingLine, PricingQuestion,
};
use vectis_contracts::price_candidates::PriceCandidates;
use vectis_contracts::pricing::{PriceQuery, PriceQueryLine, PriceTier, QuotedPrice};
use vectis_kernel::ids::{PriceListId, VariantId};
use vectis_kernel::unit_price::round_half_away;
use vectis_kernel::{Currency, Quantity, UnitPrice};

/// Prices that share everything but variant, minimum quantity and price: a list at the level it reaches the buyer, or
/// managed prices of one validity. The three vectors are equally long, one element per price.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) level: PriceLevel,
    pub(crate) price_list_id: Option<PriceListId>,
    pub(crate) priority: i32,
    pub(crate) valid_from: Option<DateTime<Utc>>,
    pub(crate) valid_to: Option<DateTime<Utc>>,
    /// Set when the prices are of another currency: what one unit of it is worth in the currency asked for.
    pub(crate) rate: Option<Decimal>,
    pub(crate) variant_ids: Vec<VariantId>,
    pub(crate) min_quantities: Vec<Quantity>,
    pub(crate) price_micros: Vec<i64>,
}

/// All candidates of a query, variant after variant, most specific level first.
#[derive(Debug)]
pub(crate) struct Candidates {
    all: PriceCandidates,
    /// Sorted by variant.
    ranges: Vec<(VariantId, Range<usize>)>,
}

impl Candidates {
    /// Sorts the prices of all sources under their variants. A price that leaves the range of prices by conversion is left
    /// out.
    pub(crate) fn new(mut sources: Vec<Source>, currency: Currency) -> Self {
        sources.sort_by_key(|source| (source.level, -i64::from(source.priority), source.price_list_id));
        let count = sources.iter().map(|source| source.variant_ids.len()).sum();
        let mut keys = Vec::with_capacity(count);
        for (index, source) in sources.iter().enumerate() {
            let rows = source.variant_ids.iter().zip(&source.min_quantities).enumerate();
            keys.extend(rows.map(|(row, (variant_id, min))| (*variant_id, index, *min, row)));
        }
        keys.sort_unstable();
        let mut all = PriceCandidates::with_capacity(currency, count);
        let mut ranges: Vec<(VariantId, Range<usize>)> = Vec::new();
        for (variant_id, index, min_quantity, row) in keys {
            let source = &sources[index];
            let Some(unit_price) = price_in(currency, source.price_micros[row], source.rate) else {
                continue;
            };
            match ranges.last_mut() {
                Some((last, range)) if *last == variant_id => range.end += 1,
                _ => ranges.push((variant_id, all.len()..all.len() + 1)),
            }
            all.push(&PriceCandidate {
                level: source.level,
                price_list_id: source.price_list_id,
                priority: source.priority,
                min_quantity,
                unit_price,
                converted: source.rate.is_some(),
                valid_from: source.valid_from,
                valid_to: source.valid_to,
            });
        }
        Self { all, ranges }
    }

    fn range_of(&self, variant_id: VariantId) -> Range<usize> {
        match self.ranges.binary_search_by_key(&variant_id, |(variant, _)| *variant) {
            Ok(index) => self.ranges[index].1.clone(),
            Err(_) => 0..0,
        }
    }
}

/// A stored price in the currency asked for, converted when a rate is given: rounded to six places, half away from zero.
pub(crate) fn price_in(currency: Currency, micros: i64, rate: Option<Decimal>) -> Option<UnitPrice> {
    let micros = match rate {
        None => micros,
        Some(rate) => {
            let exact = i128::from(micros).checked_mul(rate.mantissa())?;
            i64::try_from(round_half_away(exact, 10i128.pow(rate.scale()))).ok()?
        }
    };
    Some(UnitPrice::from_micros(micros, currency))
}

/// The question of a quote: the lines as they are. Lines of one variant share its candidates.
pub(crate) fn quote_question(
    query: &PriceQuery,
    candidates: Candidates,
    at: DateTime<Utc>,
) -> PricingQuestion {
    let lines = query
        .lines
        .iter()
        .map(|line| pricing_line(line, line.quantity, candidates.range_of(line.variant_id)))
        .collect();
    question(query, lines, candidates, at)
}

/// The question of a ladder: each line once per minimum quantity among its candidates. Also says where each rung begins;
/// one list per line.
pub(crate) fn ladder_question(
    query: &PriceQuery,
    candidates: Candidates,
    at: DateTime<Utc>,
) -> (PricingQuestion, Vec<Vec<Quantity>>) {
    let mut lines = Vec::new();
    let mut rungs = Vec::with_capacity(query.lines.len());
    for line in &query.lines {
        let range = candidates.range_of(line.variant_id);
        let mut begins: Vec<Quantity> =
            candidates.all.range(range.clone()).map(|candidate| candidate.min_quantity).collect();
        begins.sort_unstable();
        begins.dedup();
        lines.extend(begins.iter().map(|begin| pricing_line(line, askable(*begin), range.clone())));
        rungs.push(begins);
    }
    (question(query, lines, candidates, at), rungs)
}

/// Nobody buys nothing: a rung from zero on is asked for the smallest quantity there is.
fn askable(begin: Quantity) -> Quantity {
    begin.max(Quantity::from_milli(1))
}

fn pricing_line(line: &PriceQueryLine, quantity: Quantity, candidates: Range<usize>) -> PricingLine {
    PricingLine { variant_id: line.variant_id, sku: line.sku.clone(), quantity, candidates }
}

fn question(
    query: &PriceQuery,
    lines: Vec<PricingLine>,
    candidates: Candidates,
    at: DateTime<Utc>,
) -> PricingQuestion {
    PricingQuestion {
        channel_id: query.channel_id,
        account_id: query.account_id,
        location_id: query.location_id,
        currency: query.currency,
        at,
        lines,
        candidates: candidates.all,
    }
}

/// The strategy's answers as quotes, one per line of the question; or the rule they broke.
pub(crate) fn quotes(
    question: &PricingQuestion,
    answers: &[Option<PricedAnswer>],
    strategy: &str,
) -> Result<Vec<Option<QuotedPrice>>, PointError> {
    let invalid = |what: String| PointError::InvalidAnswer {
        point: "vectis.pricing",
        plugin: strategy.to_owned(),
        what,
    };
    if answers.len() != question.lines.len() {
        let what = format!("{} answers for {} lines", answers.len(), question.lines.len());
        return Err(invalid(what));
    }
    let quoted = question.lines.iter().zip(answers).enumerate().map(|(index, (line, answer))| {
        let quote = answer.as_ref().map(|answer| quote(question, line, answer)).transpose();
        quote.map_err(|what| invalid(format!("line {index}: {what}")))
    });
    quoted.collect()
}

fn quote(
    question: &PricingQuestion,
    line: &PricingLine,
    answer: &PricedAnswer,
) -> Result<QuotedPrice, String> {
    let unit_price = answer.unit_price;
    if unit_price.currency != question.currency {
        return Err(format!("a price in {} instead of {}", unit_price.currency, question.currency));
    }
    if unit_price.micros < 0 {
        return Err(format!("the price {} is negative", unit_price.to_decimal()));
    }
    let candidate = match answer.candidate {
        None => None,
        Some(index) if line.candidates.contains(&index) => question.candidates.get(index),
        Some(index) => return Err(format!("candidate {index} is not among {:?}", line.candidates)),
    };
    Ok(QuotedPrice {
        unit_price,
        level: candidate.as_ref().map(|candidate| candidate.level),
        price_list_id: candidate.as_ref().and_then(|candidate| candidate.price_list_id),
        min_quantity: candidate.map_or(Quantity::ZERO, |candidate| candidate.min_quantity),
    })
}

/// One ladder per line: rungs without a price are left out, rungs that change nothing are merged into the one before.
/// `quoted` holds one quote per rung, line after line.
pub(crate) fn ladders(rungs: &[Vec<Quantity>], quoted: &[Option<QuotedPrice>]) -> Vec<Vec<PriceTier>> {
    let mut rest = quoted;
    let mut ladders = Vec::with_capacity(rungs.len());
    for begins in rungs {
        let (own, others) = rest.split_at(begins.len());
        rest = others;
        let mut ladder: Vec<PriceTier> = begins
            .iter()
            .zip(own)
            .filter_map(|(begin, quote)| {
                quote.map(|quote| PriceTier { min_quantity: *begin, unit_price: quote.unit_price })
            })
            .collect();
        ladder.dedup_by_key(|tier| tier.unit_price);
        ladders.push(ladder);
    }
    ladders
}

/// Why a price cannot be stored. Precision and range are the same in every currency.
pub(crate) fn price_fault(price: Decimal) -> Option<String> {
    if price < Decimal::ZERO {
        return Some(format!("the price {price} is negative"));
    }
    UnitPrice::from_decimal(price, Currency::EUR).err().map(|error| format!("the price {price}: {error}"))
}

/// Why a period cannot be: it must have a length (in microseconds, which is what is stored).
pub(crate) fn period_fault(from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> Option<String> {
    let (from, to) = (from?, to?);
    (from.timestamp_micros() >= to.timestamp_micros())
        .then(|| format!("the end {} is not after the beginning {}", to.to_rfc3339(), from.to_rfc3339()))
}
