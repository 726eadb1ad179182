//! Host side: a strategy that lives in another process, behind the same vtable as one that was mapped. What asks it cannot
//! tell the two apart.

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{ROption, RResult, RSlice, RSliceMut, RStr, RString, RVec};

use crate::abi::approval::{
    ApprovalFactsRecord, ApprovalObj, ApprovalStepRecord, ApprovalWire, ApprovalWire_TO, DecisionFactsRecord,
};
use crate::abi::contain::contain;
use crate::abi::error::WireError;
use crate::abi::fields::{FieldsObj, FieldsWire, FieldsWire_TO};
use crate::abi::order_process::{
    OrderFactsRecord, OrderProcessObj, OrderProcessWire, OrderProcessWire_TO, StateRecord, StepRecord,
    TransitionRecord,
};
use crate::abi::pricing::{Line, Priced, PricingCall, PricingObj, PricingWire, PricingWire_TO};
use crate::abi::tax::{TaxAnswer, TaxCall, TaxLine, TaxObj, TaxWire, TaxWire_TO};
use crate::error::Error;
use crate::points::approval::ApprovalStep;
use crate::points::order_process::{State, Step, Transition};

/// Prices elsewhere.
pub trait RemotePricing: Send + Sync + 'static {
    /// `out` is as long as `lines`.
    fn price(&self, call: &PricingCall<'_>, lines: &[Line<'_>], out: &mut [Priced]) -> Result<(), Error>;
}

/// Taxes elsewhere.
pub trait RemoteTax: Send + Sync + 'static {
    fn stage(&self) -> Result<u32, Error>;
    fn tax(&self, call: &TaxCall<'_>, lines: &[TaxLine<'_>]) -> Result<TaxAnswer, Error>;
}

/// Moves orders elsewhere.
pub trait RemoteOrderProcess: Send + Sync + 'static {
    fn states(&self) -> Result<Vec<State>, Error>;
    fn transitions(&self) -> Result<Vec<Transition>, Error>;
    fn place(&self, facts: &OrderFactsRecord<'_>) -> Result<Step, Error>;
    fn step(&self, facts: &OrderFactsRecord<'_>, to: &str) -> Result<Step, Error>;
}

/// Plans approvals elsewhere.
pub trait RemoteApproval: Send + Sync + 'static {
    fn plan(&self, facts: &ApprovalFactsRecord<'_>) -> Result<Vec<ApprovalStep>, Error>;
    fn may_decide(&self, facts: &DecisionFactsRecord<'_>) -> Result<Option<String>, Error>;
}

/// Answers added fields elsewhere.
pub trait RemoteFields: Send + Sync + 'static {
    /// Question and answers as JSON.
    fn answer(&self, budget_ns: u64, question_json: &str) -> Result<String, Error>;
}

/// Puts a strategy of another process behind the vtable.
pub fn pricing(remote: impl RemotePricing) -> PricingObj {
    PricingWire_TO::from_value(Remote(remote), TD_Opaque)
}

/// Puts a strategy of another process behind the vtable.
pub fn tax(remote: impl RemoteTax) -> TaxObj {
    TaxWire_TO::from_value(Remote(remote), TD_Opaque)
}

/// Puts a strategy of another process behind the vtable.
pub fn order_process(remote: impl RemoteOrderProcess) -> OrderProcessObj {
    OrderProcessWire_TO::from_value(Remote(remote), TD_Opaque)
}

/// Puts a strategy of another process behind the vtable.
pub fn approval(remote: impl RemoteApproval) -> ApprovalObj {
    ApprovalWire_TO::from_value(Remote(remote), TD_Opaque)
}

/// Puts a strategy of another process behind the vtable.
pub fn fields(remote: impl RemoteFields) -> FieldsObj {
    FieldsWire_TO::from_value(Remote(remote), TD_Opaque)
}

/// Contained like a plugin's own code: a panic that reaches a vtable ends the program.
struct Remote<T>(T);

impl<T: RemotePricing> PricingWire for Remote<T> {
    fn price<'a>(
        &self,
        call: &PricingCall<'a>,
        lines: RSlice<'a, Line<'a>>,
        mut out: RSliceMut<'a, Priced>,
    ) -> RResult<(), WireError> {
        contain(|| self.0.price(call, lines.as_slice(), out.as_mut_slice()))
    }
}

impl<T: RemoteTax> TaxWire for Remote<T> {
    fn stage(&self) -> RResult<u32, WireError> {
        contain(|| self.0.stage())
    }

    fn tax<'a>(&self, call: &TaxCall<'a>, lines: RSlice<'a, TaxLine<'a>>) -> RResult<TaxAnswer, WireError> {
        contain(|| self.0.tax(call, lines.as_slice()))
    }
}

impl<T: RemoteOrderProcess> OrderProcessWire for Remote<T> {
    fn states(&self) -> RResult<RVec<StateRecord>, WireError> {
        contain(|| Ok(self.0.states()?.into_iter().map(StateRecord::from).collect()))
    }

    fn transitions(&self) -> RResult<RVec<TransitionRecord>, WireError> {
        contain(|| Ok(self.0.transitions()?.into_iter().map(TransitionRecord::from).collect()))
    }

    fn place<'a>(&self, facts: &OrderFactsRecord<'a>) -> RResult<StepRecord, WireError> {
        contain(|| self.0.place(facts).map(StepRecord::from))
    }

    fn step<'a>(&self, facts: &OrderFactsRecord<'a>, to: RStr<'a>) -> RResult<StepRecord, WireError> {
        contain(|| self.0.step(facts, to.as_str()).map(StepRecord::from))
    }
}

impl<T: RemoteApproval> ApprovalWire for Remote<T> {
    fn plan<'a>(&self, facts: &ApprovalFactsRecord<'a>) -> RResult<RVec<ApprovalStepRecord>, WireError> {
        contain(|| Ok(self.0.plan(facts)?.into_iter().map(ApprovalStepRecord::from).collect()))
    }

    fn may_decide<'a>(&self, facts: &DecisionFactsRecord<'a>) -> RResult<ROption<RString>, WireError> {
        contain(|| Ok(self.0.may_decide(facts)?.map(RString::from).into()))
    }
}

impl<T: RemoteFields> FieldsWire for Remote<T> {
    fn answer(&self, budget_ns: u64, question_json: RStr<'_>) -> RResult<RString, WireError> {
        contain(|| Ok(self.0.answer(budget_ns, question_json.as_str())?.into()))
    }
}
