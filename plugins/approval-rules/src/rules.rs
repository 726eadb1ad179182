//! Which steps a cart needs.

use std::collections::HashSet;

use vectis_plugin_api::approval::{ApprovalFacts, ApprovalStep, Approver};
use vectis_plugin_api::{Error, Id};

use crate::condition::{Condition, is_above_order_limit};
use crate::config::{Config, RuleConfig, StepConfig};

/// All rules, in their order.
pub(crate) struct Rules {
    rules: Vec<Rule>,
    order_limit_needs_approval: bool,
}

struct Rule {
    when: Condition,
    steps: Vec<ApprovalStep>,
}

impl Rules {
    pub(crate) fn new(config: Config) -> Result<Self, Error> {
        let rules = config.rules.into_iter().enumerate();
        let rules = rules.map(|(index, rule)| Rule::new(rule, &format!("/rules/{index}")));
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
            order_limit_needs_approval: config.order_limit_needs_approval,
        })
    }

    /// The order limit first, then the steps of all rules that the cart meets. Steps that are alike are one.
    pub(crate) fn plan(&self, facts: &ApprovalFacts<'_>) -> Result<Vec<ApprovalStep>, Error> {
        let is_known = self.rules.iter().any(|rule| rule.when.currency() == Some(facts.currency));
        let limit = (self.order_limit_needs_approval && is_above_order_limit(facts)).then(over_order_limit);
        let of_rules = self
            .rules
            .iter()
            .filter(|rule| rule.when.is_met(facts, is_known))
            .flat_map(|rule| rule.steps.iter().cloned());
        let mut steps: Vec<ApprovalStep> = Vec::new();
        for step in limit.into_iter().chain(of_rules) {
            check_others_can_decide(&step, facts.employee_id)?;
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
        Ok(steps)
    }
}

fn over_order_limit() -> ApprovalStep {
    ApprovalStep::new("over the order limit", 1, [Approver::AnyApprover])
}

/// A step that waits for its own submitter would wait for ever.
fn check_others_can_decide(step: &ApprovalStep, submitter: Id) -> Result<(), Error> {
    let others = named_employees(&step.approvers)
        .map(|employees| employees.iter().filter(|employee| **employee != submitter).count());
    match others {
        Some(others) if others < step.quorum as usize => Err(Error::input(format!(
            "the approval step {:?} takes {} approvals and names {others} employees beside the one who submits; \
             name more approvers in the configuration of approval-rules",
            step.name, step.quorum
        ))),
        _ => Ok(()),
    }
}

/// The employees when nobody else may decide; `None` when a role or any approver may.
fn named_employees(approvers: &[Approver]) -> Option<HashSet<Id>> {
    let named = |approver: &Approver| match approver {
        Approver::Employee(id) => Some(*id),
        Approver::Role(_) | Approver::AnyApprover => None,
    };
    approvers.iter().map(named).collect()
}

impl Rule {
    fn new(config: RuleConfig, pointer: &str) -> Result<Self, Error> {
        check_name(&config.name, pointer)?;
        if config.steps.is_empty() {
            let message = "is empty, so the rule would do nothing; add a step or remove the rule";
            return Err(Error::config(&format!("{pointer}/steps"), message));
        }
        let steps = config.steps.into_iter().enumerate();
        let steps = steps.map(|(index, step)| read_step(step, &format!("{pointer}/steps/{index}")));
        Ok(Self {
            when: Condition::new(config.when, &format!("{pointer}/when"))?,
            steps: steps.collect::<Result<_, _>>()?,
        })
    }
}

fn read_step(config: StepConfig, pointer: &str) -> Result<ApprovalStep, Error> {
    check_name(&config.name, pointer)?;
    let at = |key: &str| format!("{pointer}/{key}");
    if config.quorum == 0 {
        return Err(Error::config(&at("quorum"), "must be at least 1"));
    }
    if config.approvers.is_empty() {
        let message = "is empty, so nobody could decide; name approvers, or \"any\"";
        return Err(Error::config(&at("approvers"), message));
    }
    let mut approvers = Vec::with_capacity(config.approvers.len());
    for (index, text) in config.approvers.iter().enumerate() {
        let approver = read_approver(text, &at(&format!("approvers/{index}")))?;
        if approvers.contains(&approver) {
            let message = "is named for the second time; remove it";
            return Err(Error::config(&at(&format!("approvers/{index}")), message));
        }
        approvers.push(approver);
    }
    let named = named_employees(&approvers).map(|employees| employees.len());
    if named.is_some_and(|named| named < config.quorum as usize) {
        let message = "is more than the employees named as approvers; lower it or name more";
        return Err(Error::config(&at("quorum"), message));
    }
    Ok(ApprovalStep::new(config.name, config.quorum, approvers))
}

fn read_approver(text: &str, pointer: &str) -> Result<Approver, Error> {
    let approver = match text.split_once(':') {
        None if text == "any" => Some(Approver::AnyApprover),
        Some(("role", role)) if !role.trim().is_empty() => Some(Approver::Role(role.to_owned())),
        Some(("employee", id)) => id.parse().ok().map(Approver::Employee),
        _ => None,
    };
    approver.ok_or_else(|| {
        let message = format!(
            "must be \"any\", \"role:\" and a role's name, or \"employee:\" and an employee's id, not {text:?}"
        );
        Error::config(pointer, message)
    })
}

fn check_name(name: &str, pointer: &str) -> Result<(), Error> {
    if name.trim().is_empty() {
        let message = "is empty; say what it is for, people will read it";
        return Err(Error::config(&format!("{pointer}/name"), message));
    }
    Ok(())
}
