use std::fmt::Display;

use super::{LogLine, TestHost, construct};
use crate::abi::approval::{self as wire, ApprovalObj, build};
use crate::abi::id::Id;
use crate::error::Error;
use crate::points::approval::{Approval, ApprovalFacts, ApprovalStep, Approver, DecisionFacts};

/// An approval strategy behind its vtable.
pub struct ApprovalHarness {
    object: ApprovalObj,
    host: TestHost,
}

/// Constructs an approval strategy from its configuration, a JSON text or a [`serde_json::Value`].
///
/// # Errors
/// What the host would be told: the configuration is wrong, or the constructor failed or panicked.
pub fn approval<T: Approval>(config_json: impl Display) -> Result<ApprovalHarness, Error> {
    let host = TestHost::default();
    Ok(ApprovalHarness { object: construct(build::<T>, config_json, &host)?, host })
}

/// Facts of a submitted cart: three lines, 100.00 EUR, no categories, no limit; change what matters to the test. Account,
/// location and employee are `Id([1; 16])`, `Id([2; 16])`, `Id([3; 16])`.
pub fn approval_facts<'a>(change: impl FnOnce(&mut ApprovalFacts<'a>)) -> ApprovalFacts<'a> {
    let mut facts = ApprovalFacts {
        account_id: Id([1; 16]),
        location_id: Id([2; 16]),
        employee_id: Id([3; 16]),
        employee_role: "buyer",
        currency: "EUR",
        exponent: 2,
        grand_total_minor: 10_000,
        line_count: 3,
        ..ApprovalFacts::default()
    };
    change(&mut facts);
    facts
}

/// Facts of a decision: `Id([3; 16])` submitted 100.00 EUR, `Id([4; 16])` decides as the first of one; change what matters to
/// the test.
pub fn decision_facts<'a>(change: impl FnOnce(&mut DecisionFacts<'a>)) -> DecisionFacts<'a> {
    let mut facts = DecisionFacts {
        submitted_by: Id([3; 16]),
        decided_by: Id([4; 16]),
        decider_role: "approver",
        step: ApprovalStep::new("test", 1, [Approver::AnyApprover]),
        currency: "EUR",
        exponent: 2,
        grand_total_minor: 10_000,
        ..DecisionFacts::default()
    };
    change(&mut facts);
    facts
}

impl ApprovalHarness {
    /// The steps a cart needs.
    ///
    /// # Errors
    /// What the host would be told.
    pub fn plan(&self, facts: &ApprovalFacts<'_>) -> Result<Vec<ApprovalStep>, Error> {
        wire::plan(&self.object, &facts.into())
    }

    /// The strategy's objection to a decision.
    ///
    /// # Errors
    /// What the host would be told.
    pub fn may_decide(&self, facts: &DecisionFacts<'_>) -> Result<Option<String>, Error> {
        wire::may_decide(&self.object, &facts.into())
    }

    /// What the strategy logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.host.logs()
    }
}
