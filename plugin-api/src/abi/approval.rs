//! Approvals on the wire.

#![expect(
    unsafe_code,
    unused_qualifications,
    non_local_definitions,
    reason = "what #[sabi_trait] and derive(StableAbi) generate"
)]

use abi_stable::StableAbi;
use abi_stable::sabi_trait;
use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RBox, ROption, RResult, RSlice, RStr, RString, RVec};

use crate::abi::contain::Guarded;
use crate::abi::error::WireError;
use crate::abi::id::Id;
use crate::abi::module::read_config;
use crate::error::{Error, ErrorCode};
use crate::host::Host;
use crate::points::approval::{Approval, ApprovalFacts, ApprovalStep, Approver, DecisionFacts};

#[repr(C)]
#[derive(StableAbi, Clone, Debug)]
pub struct ApprovalFactsRecord<'a> {
    pub account_id: Id,
    pub location_id: Id,
    pub employee_id: Id,
    pub employee_role: RStr<'a>,
    /// ISO 4217.
    pub currency: RStr<'a>,
    pub grand_total_minor: i64,
    pub order_limit_minor: ROption<i64>,
    pub line_count: u32,
    /// Digits after the point of the currency.
    pub exponent: u32,
    pub categories: RVec<RStr<'a>>,
    /// A JSON object or empty.
    pub ext: RStr<'a>,
}

#[repr(C)]
#[derive(StableAbi, Clone, Debug)]
pub struct ApproverRecord {
    /// [`Self::EMPLOYEE`], [`Self::ROLE`] or [`Self::ANY`].
    pub kind: u32,
    /// Nil unless the kind is `EMPLOYEE`.
    pub employee_id: Id,
    /// Empty unless the kind is `ROLE`.
    pub role: RString,
}

impl ApproverRecord {
    pub const EMPLOYEE: u32 = 1;
    pub const ROLE: u32 = 2;
    pub const ANY: u32 = 3;
}

#[repr(C)]
#[derive(StableAbi, Clone, Debug)]
pub struct ApprovalStepRecord {
    pub name: RString,
    pub quorum: u32,
    pub approvers: RVec<ApproverRecord>,
    /// A JSON object or empty.
    pub ext: RString,
}

#[repr(C)]
#[derive(StableAbi, Clone, Debug)]
pub struct DecisionFactsRecord<'a> {
    pub submitted_by: Id,
    pub decided_by: Id,
    pub decider_role: RStr<'a>,
    pub approved_by: RSlice<'a, Id>,
    pub step: ApprovalStepRecord,
    /// ISO 4217.
    pub currency: RStr<'a>,
    pub grand_total_minor: i64,
    /// Digits after the point of the currency.
    pub exponent: u32,
    /// A JSON object or empty.
    pub ext: RStr<'a>,
}

#[sabi_trait]
pub trait ApprovalWire: Send + Sync {
    fn plan<'a>(&self, facts: &ApprovalFactsRecord<'a>) -> RResult<RVec<ApprovalStepRecord>, WireError>;
    #[sabi(last_prefix_field)]
    fn may_decide<'a>(&self, facts: &DecisionFactsRecord<'a>) -> RResult<ROption<RString>, WireError>;
}

pub type ApprovalObj = ApprovalWire_TO<'static, RBox<()>>;

impl<T: Approval> ApprovalWire for Guarded<T> {
    fn plan<'a>(&self, facts: &ApprovalFactsRecord<'a>) -> RResult<RVec<ApprovalStepRecord>, WireError> {
        self.call(|strategy| {
            let steps = strategy.plan(&ApprovalFacts::from(facts))?;
            Ok(steps.into_iter().map(ApprovalStepRecord::from).collect())
        })
    }

    fn may_decide<'a>(&self, facts: &DecisionFactsRecord<'a>) -> RResult<ROption<RString>, WireError> {
        self.call(|strategy| {
            let objection = strategy.may_decide(&DecisionFacts::try_from(facts)?)?;
            Ok(objection.map(RString::from).into())
        })
    }
}

/// Puts a strategy behind its vtable and guard.
pub fn build<T: Approval>(config_json: &str, host: Host) -> Result<ApprovalObj, Error> {
    let strategy = T::new(read_config(config_json)?, host)?;
    Ok(ApprovalWire_TO::from_value(Guarded::new(strategy), TD_Opaque))
}

/// Asks a plugin which steps a cart needs.
pub fn plan(plugin: &ApprovalObj, facts: &ApprovalFactsRecord<'_>) -> Result<Vec<ApprovalStep>, Error> {
    plugin.plan(facts).into_result()?.into_iter().map(ApprovalStep::try_from).collect()
}

/// Asks a plugin for its objection to a decision.
pub fn may_decide(plugin: &ApprovalObj, facts: &DecisionFactsRecord<'_>) -> Result<Option<String>, Error> {
    Ok(plugin.may_decide(facts).into_result()?.into_option().map(String::from))
}

impl<'a> From<&ApprovalFactsRecord<'a>> for ApprovalFacts<'a> {
    fn from(record: &ApprovalFactsRecord<'a>) -> Self {
        Self {
            account_id: record.account_id,
            location_id: record.location_id,
            employee_id: record.employee_id,
            employee_role: record.employee_role.as_str(),
            currency: record.currency.as_str(),
            exponent: record.exponent,
            grand_total_minor: record.grand_total_minor,
            order_limit_minor: record.order_limit_minor.into_option(),
            line_count: record.line_count,
            categories: record.categories.iter().map(|category| category.as_str()).collect(),
        }
    }
}

impl<'a> From<&ApprovalFacts<'a>> for ApprovalFactsRecord<'a> {
    fn from(facts: &ApprovalFacts<'a>) -> Self {
        Self {
            account_id: facts.account_id,
            location_id: facts.location_id,
            employee_id: facts.employee_id,
            employee_role: facts.employee_role.into(),
            currency: facts.currency.into(),
            grand_total_minor: facts.grand_total_minor,
            order_limit_minor: facts.order_limit_minor.into(),
            line_count: facts.line_count,
            exponent: facts.exponent,
            categories: facts.categories.iter().map(|category| RStr::from_str(category)).collect(),
            ext: RStr::empty(),
        }
    }
}

impl<'a> TryFrom<&DecisionFactsRecord<'a>> for DecisionFacts<'a> {
    type Error = Error;

    fn try_from(record: &DecisionFactsRecord<'a>) -> Result<Self, Error> {
        Ok(Self {
            submitted_by: record.submitted_by,
            decided_by: record.decided_by,
            decider_role: record.decider_role.as_str(),
            approved_by: record.approved_by.as_slice(),
            step: record.step.clone().try_into()?,
            currency: record.currency.as_str(),
            exponent: record.exponent,
            grand_total_minor: record.grand_total_minor,
        })
    }
}

impl<'a> From<&DecisionFacts<'a>> for DecisionFactsRecord<'a> {
    fn from(facts: &DecisionFacts<'a>) -> Self {
        Self {
            submitted_by: facts.submitted_by,
            decided_by: facts.decided_by,
            decider_role: facts.decider_role.into(),
            approved_by: facts.approved_by.into(),
            step: facts.step.clone().into(),
            currency: facts.currency.into(),
            grand_total_minor: facts.grand_total_minor,
            exponent: facts.exponent,
            ext: RStr::empty(),
        }
    }
}

impl From<ApprovalStep> for ApprovalStepRecord {
    fn from(step: ApprovalStep) -> Self {
        Self {
            name: step.name.into(),
            quorum: step.quorum,
            approvers: step.approvers.into_iter().map(ApproverRecord::from).collect(),
            ext: RString::new(),
        }
    }
}

impl TryFrom<ApprovalStepRecord> for ApprovalStep {
    type Error = Error;

    fn try_from(record: ApprovalStepRecord) -> Result<Self, Error> {
        let approvers: Result<_, Error> = record.approvers.into_iter().map(Approver::try_from).collect();
        Ok(Self { name: record.name.into(), quorum: record.quorum, approvers: approvers? })
    }
}

impl From<Approver> for ApproverRecord {
    fn from(approver: Approver) -> Self {
        let any = Self { kind: Self::ANY, employee_id: Id::NIL, role: RString::new() };
        match approver {
            Approver::Employee(employee_id) => Self { kind: Self::EMPLOYEE, employee_id, ..any },
            Approver::Role(role) => Self { kind: Self::ROLE, role: role.into(), ..any },
            Approver::AnyApprover => any,
        }
    }
}

impl TryFrom<ApproverRecord> for Approver {
    type Error = Error;

    fn try_from(record: ApproverRecord) -> Result<Self, Error> {
        match record.kind {
            ApproverRecord::EMPLOYEE => Ok(Self::Employee(record.employee_id)),
            ApproverRecord::ROLE => Ok(Self::Role(record.role.into())),
            ApproverRecord::ANY => Ok(Self::AnyApprover),
            other => Err(Error::new(
                ErrorCode::UNSUPPORTED,
                format!("the approver kind {other} is none known here"),
            )),
        }
    }
}
