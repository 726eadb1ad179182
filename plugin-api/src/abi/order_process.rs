//! Order processes on the wire.

#![expect(
    unsafe_code,
    unused_qualifications,
    non_local_definitions,
    reason = "what #[sabi_trait] and derive(StableAbi) generate"
)]

use std::borrow::Cow;

use abi_stable::StableAbi;
use abi_stable::sabi_trait;
use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RBox, RResult, RStr, RString, RVec};

use crate::abi::contain::Guarded;
use crate::abi::error::WireError;
use crate::abi::module::read_config;
use crate::error::{Error, ErrorCode};
use crate::host::Host;
use crate::points::order_process::{Effect, OrderFacts, OrderProcess, State, Step, Transition};

#[repr(C)]
#[derive(StableAbi, Clone, Debug)]
pub struct StateRecord {
    pub key: RString,
    pub name: RString,
    pub is_editable: bool,
    pub is_final: bool,
    pub is_canceled: bool,
    /// A JSON object or empty.
    pub ext: RString,
}

#[repr(C)]
#[derive(StableAbi, Clone, Debug)]
pub struct TransitionRecord {
    pub name: RString,
    pub from: RString,
    pub to: RString,
    pub buyer_may: bool,
    /// A JSON object or empty.
    pub ext: RString,
}

#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct OrderFactsRecord<'a> {
    pub state: RStr<'a>,
    /// ISO 4217.
    pub currency: RStr<'a>,
    pub payment_terms: RStr<'a>,
    pub grand_total_minor: i64,
    pub paid_minor: i64,
    pub line_count: u32,
    /// Digits after the point of the currency.
    pub exponent: u32,
    pub is_company: bool,
    pub was_approved: bool,
    pub has_shipments: bool,
    pub is_fully_shipped: bool,
    /// A JSON object or empty.
    pub ext: RStr<'a>,
}

/// The answer of a step: go to `state` with `effects` when `refusal` is empty.
#[repr(C)]
#[derive(StableAbi, Clone, Debug)]
pub struct StepRecord {
    /// [`Self::GO`] or [`Self::REFUSE`].
    pub verdict: u32,
    pub state: RString,
    pub effects: RVec<RString>,
    pub reason: RString,
    /// A JSON object or empty.
    pub ext: RString,
}

impl StepRecord {
    pub const GO: u32 = 1;
    pub const REFUSE: u32 = 2;
}

#[sabi_trait]
pub trait OrderProcessWire: Send + Sync {
    fn states(&self) -> RResult<RVec<StateRecord>, WireError>;
    fn transitions(&self) -> RResult<RVec<TransitionRecord>, WireError>;
    fn place<'a>(&self, facts: &OrderFactsRecord<'a>) -> RResult<StepRecord, WireError>;
    #[sabi(last_prefix_field)]
    fn step<'a>(&self, facts: &OrderFactsRecord<'a>, to: RStr<'a>) -> RResult<StepRecord, WireError>;
}

pub type OrderProcessObj = OrderProcessWire_TO<'static, RBox<()>>;

impl<T: OrderProcess> OrderProcessWire for Guarded<T> {
    fn states(&self) -> RResult<RVec<StateRecord>, WireError> {
        self.call(|strategy| Ok(strategy.states().into_iter().map(StateRecord::from).collect()))
    }

    fn transitions(&self) -> RResult<RVec<TransitionRecord>, WireError> {
        self.call(|strategy| Ok(strategy.transitions().into_iter().map(TransitionRecord::from).collect()))
    }

    fn place<'a>(&self, facts: &OrderFactsRecord<'a>) -> RResult<StepRecord, WireError> {
        self.call(|strategy| strategy.place(&OrderFacts::from(facts)).map(StepRecord::from))
    }

    fn step<'a>(&self, facts: &OrderFactsRecord<'a>, to: RStr<'a>) -> RResult<StepRecord, WireError> {
        self.call(|strategy| strategy.step(&OrderFacts::from(facts), to.as_str()).map(StepRecord::from))
    }
}

/// Puts a strategy behind its vtable and guard.
pub fn build<T: OrderProcess>(config_json: &str, host: Host) -> Result<OrderProcessObj, Error> {
    let strategy = T::new(read_config(config_json)?, host)?;
    Ok(OrderProcessWire_TO::from_value(Guarded::new(strategy), TD_Opaque))
}

/// Asks a plugin for its states.
pub fn states(plugin: &OrderProcessObj) -> Result<Vec<State>, Error> {
    Ok(plugin.states().into_result()?.into_iter().map(State::from).collect())
}

/// Asks a plugin for its transitions.
pub fn transitions(plugin: &OrderProcessObj) -> Result<Vec<Transition>, Error> {
    Ok(plugin.transitions().into_result()?.into_iter().map(Transition::from).collect())
}

/// Asks a plugin where a new order starts.
pub fn place(plugin: &OrderProcessObj, facts: &OrderFactsRecord<'_>) -> Result<Step, Error> {
    Step::try_from(plugin.place(facts).into_result()?)
}

/// Asks a plugin whether an order may go to the state `to`.
pub fn step(plugin: &OrderProcessObj, facts: &OrderFactsRecord<'_>, to: &str) -> Result<Step, Error> {
    Step::try_from(plugin.step(facts, to.into()).into_result()?)
}

impl From<State> for StateRecord {
    fn from(state: State) -> Self {
        Self {
            key: state.key.into(),
            name: state.name.into(),
            is_editable: state.is_editable,
            is_final: state.is_final,
            is_canceled: state.is_canceled,
            ext: RString::new(),
        }
    }
}

impl From<StateRecord> for State {
    fn from(record: StateRecord) -> Self {
        Self {
            key: record.key.into(),
            name: record.name.into(),
            is_editable: record.is_editable,
            is_final: record.is_final,
            is_canceled: record.is_canceled,
        }
    }
}

impl From<Transition> for TransitionRecord {
    fn from(transition: Transition) -> Self {
        Self {
            name: transition.name.into(),
            from: transition.from.into(),
            to: transition.to.into(),
            buyer_may: transition.buyer_may,
            ext: RString::new(),
        }
    }
}

impl From<TransitionRecord> for Transition {
    fn from(record: TransitionRecord) -> Self {
        Self {
            name: record.name.into(),
            from: record.from.into(),
            to: record.to.into(),
            buyer_may: record.buyer_may,
        }
    }
}

impl<'a> From<&OrderFactsRecord<'a>> for OrderFacts<'a> {
    fn from(record: &OrderFactsRecord<'a>) -> Self {
        Self {
            state: record.state.as_str(),
            currency: record.currency.as_str(),
            exponent: record.exponent,
            grand_total_minor: record.grand_total_minor,
            paid_minor: record.paid_minor,
            payment_terms: record.payment_terms.as_str(),
            line_count: record.line_count,
            is_company: record.is_company,
            was_approved: record.was_approved,
            has_shipments: record.has_shipments,
            is_fully_shipped: record.is_fully_shipped,
        }
    }
}

impl<'a> From<&OrderFacts<'a>> for OrderFactsRecord<'a> {
    fn from(facts: &OrderFacts<'a>) -> Self {
        Self {
            state: facts.state.into(),
            currency: facts.currency.into(),
            payment_terms: facts.payment_terms.into(),
            grand_total_minor: facts.grand_total_minor,
            paid_minor: facts.paid_minor,
            line_count: facts.line_count,
            exponent: facts.exponent,
            is_company: facts.is_company,
            was_approved: facts.was_approved,
            has_shipments: facts.has_shipments,
            is_fully_shipped: facts.is_fully_shipped,
            ext: RStr::empty(),
        }
    }
}

impl From<Step> for StepRecord {
    fn from(step: Step) -> Self {
        let empty = Self {
            verdict: Self::GO,
            state: RString::new(),
            effects: RVec::new(),
            reason: RString::new(),
            ext: RString::new(),
        };
        match step {
            Step::Go { state, effects } => Self {
                state: state.into(),
                effects: effects.into_iter().map(|effect| RString::from(effect.0.into_owned())).collect(),
                ..empty
            },
            Step::Refuse { reason } => Self { verdict: Self::REFUSE, reason: reason.into(), ..empty },
        }
    }
}

impl TryFrom<StepRecord> for Step {
    type Error = Error;

    fn try_from(record: StepRecord) -> Result<Self, Error> {
        match record.verdict {
            StepRecord::GO => Ok(Self::Go {
                state: record.state.into(),
                effects: record.effects.into_iter().map(|name| Effect(Cow::Owned(name.into()))).collect(),
            }),
            StepRecord::REFUSE => Ok(Self::Refuse { reason: record.reason.into() }),
            other => Err(Error::new(
                ErrorCode::UNSUPPORTED,
                format!("the verdict {other} is none this host knows"),
            )),
        }
    }
}
