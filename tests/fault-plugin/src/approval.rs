//! One manager, unless something else is asked for.

use vectis_plugin_api::approval::{Approval, ApprovalFacts, ApprovalStep, Approver, DecisionFacts};
use vectis_plugin_api::{Error, Host, Id};

use crate::{Config, fall_over};

pub(crate) struct FaultApproval(Config);

impl Approval for FaultApproval {
    type Config = Config;

    fn new(config: Config, _host: Host) -> Result<Self, Error> {
        Ok(Self(config))
    }

    fn plan(&self, facts: &ApprovalFacts<'_>) -> Result<Vec<ApprovalStep>, Error> {
        let manager = || [Approver::Role("manager".to_owned())];
        Ok(match self.0.fault(facts.employee_role) {
            "panic" => fall_over("the managers are gone"),
            "no quorum" => vec![ApprovalStep::new("free", 0, manager())],
            "nobody" => vec![ApprovalStep::new("alone", 1, [])],
            "nil employee" => vec![ApprovalStep::new("nil", 1, [Approver::Employee(Id::NIL)])],
            "nameless role" => vec![ApprovalStep::new("role", 1, [Approver::Role(String::new())])],
            "unnamed" => vec![ApprovalStep::new("", 1, manager())],
            "unreachable" => {
                let same = [Approver::Employee(facts.account_id), Approver::Employee(facts.account_id)];
                vec![ApprovalStep::new("both", 2, same)]
            }
            "many" => (0..21).map(|number| ApprovalStep::new(format!("{number}"), 1, manager())).collect(),
            _ => vec![ApprovalStep::new(
                format!("over {}", facts.order_limit_minor.unwrap_or_default()),
                1,
                [Approver::Employee(facts.employee_id), Approver::AnyApprover, manager()[0].clone()],
            )],
        })
    }

    fn may_decide(&self, facts: &DecisionFacts<'_>) -> Result<Option<String>, Error> {
        Ok(match facts.decider_role {
            "no reason" => Some(String::new()),
            _ if facts.approved_by.contains(&facts.decided_by) => Some("once is enough".to_owned()),
            _ => None,
        })
    }
}
