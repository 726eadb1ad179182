use std::fmt::Display;

use super::{LogLine, NOW_MS, TestHost, construct};
use crate::abi::id::Id;
use crate::abi::pricing::{PricingCall, PricingObj, build, price};
use crate::error::Error;
use crate::points::pricing::{Candidate, Line, Priced, Pricing};

/// A pricing strategy behind its vtable.
pub struct PricingHarness {
    object: PricingObj,
    host: TestHost,
}

/// Constructs a pricing strategy from its configuration, a JSON text or a [`serde_json::Value`].
///
/// # Errors
/// What the host would be told: the configuration is wrong, or the constructor failed or panicked.
pub fn pricing<T: Pricing>(config_json: impl Display) -> Result<PricingHarness, Error> {
    let host = TestHost::default();
    Ok(PricingHarness { object: construct(build::<T>, config_json, &host)?, host })
}

impl PricingHarness {
    /// Prices a cart: one answer per line.
    ///
    /// # Errors
    /// What the host would be told.
    pub fn price(&self, cart: &PricingCart) -> Result<Vec<Priced>, Error> {
        let call = PricingCall {
            account_id: cart.account_id,
            location_id: cart.location_id,
            now_ms: cart.now_ms,
            budget_ns: cart.budget_ns,
            ..PricingCall::new(&cart.currency, cart.channel_id, &cart.candidates)
        };
        let lines: Vec<_> = cart.lines.iter().map(CartLine::record).collect();
        price(&self.object, &call, &lines)
    }

    /// What the strategy logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.host.logs()
    }
}

/// A batch to price, built line by line.
#[derive(Clone, Debug)]
pub struct PricingCart {
    currency: String,
    channel_id: Id,
    account_id: Id,
    location_id: Id,
    now_ms: i64,
    budget_ns: u64,
    lines: Vec<CartLine>,
    candidates: Vec<Candidate>,
}

#[derive(Clone, Debug)]
struct CartLine {
    sku: String,
    quantity_milli: i64,
    first_candidate: u32,
    candidate_count: u32,
}

impl CartLine {
    fn record(&self) -> Line<'_> {
        Line::new(Id::NIL, &self.sku, self.quantity_milli)
            .with_candidates(self.first_candidate, self.candidate_count)
    }
}

impl PricingCart {
    /// An empty cart of nobody in particular at [`NOW_MS`].
    pub fn new(currency: &str) -> Self {
        Self {
            currency: currency.to_owned(),
            channel_id: Id::NIL,
            account_id: Id::NIL,
            location_id: Id::NIL,
            now_ms: NOW_MS,
            budget_ns: 0,
            lines: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// The same with one more line and the prices that could apply to it.
    #[must_use]
    pub fn line(mut self, sku: &str, quantity_milli: i64, candidates: &[Candidate]) -> Self {
        self.lines.push(CartLine {
            sku: sku.to_owned(),
            quantity_milli,
            first_candidate: index(self.candidates.len()),
            candidate_count: index(candidates.len()),
        });
        self.candidates.extend_from_slice(candidates);
        self
    }

    /// The same, bought by a company.
    #[must_use]
    pub fn for_company(mut self, account_id: Id, location_id: Id) -> Self {
        self.account_id = account_id;
        self.location_id = location_id;
        self
    }

    /// The same in this channel.
    #[must_use]
    pub fn in_channel(mut self, channel_id: Id) -> Self {
        self.channel_id = channel_id;
        self
    }

    /// The same at this instant, milliseconds since 1970.
    #[must_use]
    pub fn at_ms(mut self, now_ms: i64) -> Self {
        self.now_ms = now_ms;
        self
    }

    /// The same with a time budget.
    #[must_use]
    pub fn within_ns(mut self, budget_ns: u64) -> Self {
        self.budget_ns = budget_ns;
        self
    }
}

fn index(position: usize) -> u32 {
    u32::try_from(position).expect("a test cart has fewer than four thousand million candidates")
}
