//! Carts above the order limit need any approver; carts above 5,000.00 need two managers.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

use vectis_plugin_api::approval::{Approval, ApprovalFacts, ApprovalStep, Approver, DecisionFacts};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::{Error, Host, Id};

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
    NoQuorum,
    NobodyApproves,
    SubmitterAlone,
    OwnOrder,
    OwnOrderAfterOthers,
    ApprovesTwice,
    SeesLastApproverOnly,
    ObjectsToAll,
    ObjectsToManagers,
    StepTwice,
    OrderOfStepsAlternates,
    PanicsWithoutCategories,
    PanicsWithoutLimit,
    LimitOverflows,
    BlankObjection,
    BlankStep,
    TooManySteps,
    FailsAboveLimit,
    EveryThirdFree,
    TooFewNamed,
    CutsRoleByBytes,
    UsesHostClock,
    NilEmployee,
    RemembersSubmitters,
    PerThread,
    BlankRole,
    EmptyError,
}

pub(crate) struct FaultyApproval {
    bug: Bug,
    host: Host,
    calls: AtomicU32,
}

const LARGE: i64 = 500_000;

thread_local! {
    static CALLS_OF_THREAD: Cell<u32> = const { Cell::new(0) };
}

impl Approval for FaultyApproval {
    type Config = Config;

    fn new(Config { bug }: Config, host: Host) -> Result<Self, Error> {
        Ok(Self { bug, host, calls: AtomicU32::new(0) })
    }

    fn plan(&self, facts: &ApprovalFacts<'_>) -> Result<Vec<ApprovalStep>, Error> {
        let is_above = self.is_above_limit(facts)?;
        let any = is_above.then(|| ApprovalStep::new("over the limit", 1, [Approver::AnyApprover]));
        let large = (facts.grand_total_minor > LARGE).then(|| self.large(facts));
        let mut steps: Vec<_> = any.into_iter().chain(large).collect();
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        match self.bug {
            Bug::StepTwice => steps.extend(steps.clone()),
            Bug::OrderOfStepsAlternates if call % 2 == 1 => steps.reverse(),
            Bug::EveryThirdFree if call % 3 == 2 => steps.clear(),
            Bug::UsesHostClock if self.host.now_ms() / 86_400_000 % 7 >= 5 => steps.clear(),
            Bug::RemembersSubmitters if call > 100 => steps.clear(),
            Bug::PerThread => {
                CALLS_OF_THREAD.set(CALLS_OF_THREAD.get() + 1);
                if CALLS_OF_THREAD.get() < 100 {
                    steps.clear();
                }
            }
            Bug::TooManySteps if facts.line_count > 5_000 => {
                let manager = || [Approver::Role("manager".to_owned())];
                steps = (0..21).map(|number| ApprovalStep::new(format!("{number}"), 1, manager())).collect();
            }
            _ => {}
        }
        Ok(steps)
    }

    fn may_decide(&self, facts: &DecisionFacts<'_>) -> Result<Option<String>, Error> {
        let is_own = facts.decided_by == facts.submitted_by;
        let has_approved = facts.approved_by.contains(&facts.decided_by);
        let is_objected = match self.bug {
            Bug::OwnOrder => has_approved,
            Bug::OwnOrderAfterOthers => has_approved || is_own && facts.approved_by.is_empty(),
            Bug::ApprovesTwice => is_own,
            Bug::SeesLastApproverOnly => is_own || facts.approved_by.last() == Some(&facts.decided_by),
            Bug::ObjectsToAll => true,
            Bug::ObjectsToManagers => is_own || has_approved || facts.decider_role == "manager",
            _ => is_own || has_approved,
        };
        let reason = if self.bug == Bug::BlankObjection { " " } else { "Somebody else has to decide." };
        Ok(is_objected.then(|| reason.to_owned()))
    }
}

impl FaultyApproval {
    fn is_above_limit(&self, facts: &ApprovalFacts<'_>) -> Result<bool, Error> {
        let total = facts.grand_total_minor;
        match self.bug {
            Bug::PanicsWithoutCategories if facts.categories[0].is_empty() => return Ok(false),
            Bug::PanicsWithoutLimit => {
                return Ok(total > facts.order_limit_minor.expect("everybody has a limit"));
            }
            Bug::CutsRoleByBytes if facts.employee_role.len() > 1 && facts.employee_role[..2].is_empty() => {
                fall_over("two letters are nothing");
            }
            _ => {}
        }
        let Some(limit) = facts.order_limit_minor else { return Ok(false) };
        let is_above = match self.bug {
            Bug::LimitOverflows => total.checked_sub(limit).expect("a difference that fits") > 0,
            _ => total > limit,
        };
        match self.bug {
            Bug::FailsAboveLimit if is_above => Err(Error::input("the cart is above the order limit")),
            Bug::EmptyError if is_above => Err(Error::input(" ")),
            _ => Ok(is_above),
        }
    }

    fn large(&self, facts: &ApprovalFacts<'_>) -> ApprovalStep {
        let employee = |number: u8| Approver::Employee(Id([number; 16]));
        let (name, quorum, approvers) = match self.bug {
            Bug::NoQuorum => ("large", 0, vec![employee(1)]),
            Bug::NobodyApproves => ("large", 1, Vec::new()),
            Bug::SubmitterAlone => ("large", 1, vec![Approver::Employee(facts.employee_id)]),
            Bug::BlankStep => (" ", 1, vec![employee(1)]),
            Bug::TooFewNamed => ("large", 3, vec![employee(1), employee(2)]),
            Bug::NilEmployee => ("large", 1, vec![Approver::Employee(Id::NIL)]),
            Bug::BlankRole => ("large", 1, vec![Approver::Role(" ".to_owned())]),
            _ => ("large", 2, vec![Approver::Role("manager".to_owned())]),
        };
        ApprovalStep::new(name, quorum, approvers)
    }
}
