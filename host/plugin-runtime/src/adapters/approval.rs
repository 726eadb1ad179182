//! `vectis.approval`.

use std::collections::BTreeSet;

use uuid::Uuid;
use vectis_contracts::points::{
    ApprovalFacts, ApprovalPoint, ApprovalStep, Approver, DecisionFacts, PointError,
};
use vectis_kernel::ids::{AccountId, EmployeeId, LocationId};
use vectis_kernel::{Currency, Money};
use vectis_plugin_api::abi::approval::{
    ApprovalFactsRecord, ApprovalObj, DecisionFactsRecord, may_decide, plan,
};
use vectis_plugin_api::abi::host::HostObj;
use vectis_plugin_api::abi::module::PluginModRef;
use vectis_plugin_api::abi::remote;
use vectis_plugin_api::approval::{ApprovalStep as WireStep, Approver as WireApprover};
use vectis_plugin_api::{Error, Id};

use crate::adapters::{Adapter, MAX_NAME_BYTES, id};
use crate::lifecycle::{Construct, Instance, Recipe};
use crate::point::Point;
use crate::refusal::{Fault, cut};

/// Nobody waits for more.
const MAX_STEPS: usize = 20;
/// More people than anybody names one by one.
const MAX_APPROVERS: usize = 1_000;

pub(crate) struct ApprovalAdapter(Instance<ApprovalObj>);

/// The object behind the wire.
const CONSTRUCT: Construct<ApprovalObj> =
    Construct { here: construct, apart: |remote| remote::approval(remote) };

pub(crate) fn construct(
    module: PluginModRef,
    name: &str,
    config_json: &str,
    host: HostObj,
) -> Result<ApprovalObj, Error> {
    Ok(module.new_approval()(name.into(), config_json.into(), host).into_result()?)
}

impl Adapter for ApprovalAdapter {
    const POINT: Point = Point::Approval;

    fn start(recipe: Recipe) -> Result<Self, Fault> {
        let adapter = Self(Instance::start(Self::POINT, recipe, CONSTRUCT)?);
        adapter.0.passed(adapter.plan(&first_facts()))?;
        Ok(adapter)
    }

    fn has_given_up(&self) -> bool {
        self.0.has_given_up()
    }
}

impl ApprovalPoint for ApprovalAdapter {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn plan(&self, facts: &ApprovalFacts) -> Result<Vec<ApprovalStep>, PointError> {
        let record = ApprovalFactsRecord {
            account_id: id(facts.account_id),
            location_id: id(facts.location_id),
            employee_id: id(facts.employee_id),
            employee_role: facts.employee_role.as_str().into(),
            currency: facts.grand_total.currency.code().into(),
            grand_total_minor: facts.grand_total.minor,
            order_limit_minor: facts.order_limit.map(|limit| limit.minor).into(),
            line_count: facts.line_count,
            exponent: facts.grand_total.currency.exponent(),
            categories: facts.categories.iter().map(|category| category.as_str().into()).collect(),
            ext: "".into(),
        };
        let steps = self.0.ask(|plugin| plan(plugin, &record))?;
        if steps.len() > MAX_STEPS {
            return Err(self
                .0
                .lied(format!("it plans {} steps, at most {MAX_STEPS} are taken", steps.len())));
        }
        steps.into_iter().map(|step| answer(step).map_err(|what| self.0.lied(what))).collect()
    }

    fn may_decide(&self, facts: &DecisionFacts) -> Result<Option<String>, PointError> {
        let approved_by: Vec<Id> = facts.approved_by.iter().copied().map(id).collect();
        let record = DecisionFactsRecord {
            submitted_by: id(facts.submitted_by),
            decided_by: id(facts.decided_by),
            decider_role: facts.decider_role.as_str().into(),
            approved_by: approved_by.as_slice().into(),
            step: wire_step(&facts.step).into(),
            currency: facts.grand_total.currency.code().into(),
            grand_total_minor: facts.grand_total.minor,
            exponent: facts.grand_total.currency.exponent(),
            ext: "".into(),
        };
        match self.0.ask(|plugin| may_decide(plugin, &record))? {
            Some(reason) if reason.trim().is_empty() => {
                Err(self.0.lied("it objects to a decision without a reason".to_owned()))
            }
            objection => Ok(objection.map(cut)),
        }
    }
}

pub(super) fn answer(step: WireStep) -> Result<ApprovalStep, String> {
    let WireStep { name, quorum, approvers, .. } = step;
    if name.trim().is_empty() {
        return Err("a step has no name".to_owned());
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(format!("the step {name:?} has a name of more than {MAX_NAME_BYTES} bytes"));
    }
    if approvers.len() > MAX_APPROVERS {
        let there = approvers.len();
        return Err(format!("the step {name:?} names {there} approvers, at most {MAX_APPROVERS} are taken"));
    }
    if quorum == 0 {
        return Err(format!("the step {name:?} needs no approvals"));
    }
    let approvers = approvers.into_iter().map(approver).collect::<Result<Vec<_>, _>>();
    let approvers = approvers.map_err(|what| format!("the step {name:?} {what}"))?;
    if approvers.is_empty() {
        return Err(format!("the step {name:?} has nobody to approve it"));
    }
    let employees: Option<BTreeSet<EmployeeId>> = approvers.iter().map(employee).collect();
    if let Some(employees) = employees
        && quorum as usize > employees.len()
    {
        let there = employees.len();
        return Err(format!("the step {name:?} needs {quorum} approvals and names {there} employees"));
    }
    Ok(ApprovalStep { name, quorum, approvers })
}

fn approver(approver: WireApprover) -> Result<Approver, String> {
    match approver {
        WireApprover::Employee(employee) if employee.is_nil() => {
            Err("names nobody as an employee".to_owned())
        }
        WireApprover::Employee(employee) => Ok(Approver::Employee(EmployeeId(Uuid::from_bytes(employee.0)))),
        WireApprover::Role(role) if role.trim().is_empty() => Err("names a role without a name".to_owned()),
        WireApprover::Role(role) if role.len() > MAX_NAME_BYTES => {
            Err(format!("names a role of more than {MAX_NAME_BYTES} bytes"))
        }
        WireApprover::Role(role) => Ok(Approver::Role(role)),
        WireApprover::AnyApprover => Ok(Approver::AnyApprover),
    }
}

fn employee(approver: &Approver) -> Option<EmployeeId> {
    match approver {
        Approver::Employee(employee) => Some(*employee),
        Approver::Role(_) | Approver::AnyApprover => None,
    }
}

fn wire_step(step: &ApprovalStep) -> WireStep {
    let approvers = step.approvers.iter().map(|approver| match approver {
        Approver::Employee(employee) => WireApprover::Employee(id(*employee)),
        Approver::Role(role) => WireApprover::Role(role.clone()),
        Approver::AnyApprover => WireApprover::AnyApprover,
    });
    WireStep::new(&step.name, step.quorum, approvers)
}

/// A large cart of somebody without a limit.
fn first_facts() -> ApprovalFacts {
    ApprovalFacts {
        account_id: AccountId(Uuid::from_u128(1)),
        location_id: LocationId(Uuid::from_u128(2)),
        employee_id: EmployeeId(Uuid::from_u128(3)),
        employee_role: "buyer".to_owned(),
        grand_total: Money::new(100_000_000, Currency::EUR),
        line_count: 1,
        categories: Vec::new(),
        order_limit: None,
    }
}
