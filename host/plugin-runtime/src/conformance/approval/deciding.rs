//! Plans that can be carried out, by others than who submitted.

use std::collections::BTreeSet;

use vectis_contracts::points::{ApprovalFacts, ApprovalStep, Approver, DecisionFacts};
use vectis_kernel::ids::EmployeeId;

use super::questions::{carts, employee};
use super::{Answer, ApprovalExam, DISTINCT, NOT_OWN, NOT_TWICE, Question, REACHABLE};
use crate::conformance::exam::{Broken, Sitting, must};

/// Larger quorums are not played through.
const MOST_QUORUM: u32 = 200;

/// Rules of a plan by itself.
pub(super) fn judge_plan(facts: &ApprovalFacts, steps: &[ApprovalStep]) -> Result<(), Broken> {
    for (index, step) in steps.iter().enumerate() {
        if steps[..index].contains(step) {
            return Err((DISTINCT, format!("the step {:?} twice", step.name)));
        }
        let named: Option<BTreeSet<EmployeeId>> = step.approvers.iter().map(employee_of).collect();
        let others = named.map(|named| named.iter().filter(|id| **id != facts.employee_id).count());
        if let Some(others) = others.filter(|others| *others < step.quorum as usize) {
            let found = format!("the step {:?} takes {} of {others} others", step.name, step.quorum);
            return Err((REACHABLE, found));
        }
    }
    Ok(())
}

/// Rules of a consent by itself.
pub(super) fn judge_consent(facts: &DecisionFacts) -> Result<(), Broken> {
    if facts.decided_by == facts.submitted_by {
        return Err((NOT_OWN, "who submitted may decide".to_owned()));
    }
    if facts.approved_by.contains(&facts.decided_by) {
        return Err((NOT_TWICE, "who has approved may approve again".to_owned()));
    }
    Ok(())
}

/// Plays every different step through that the carts need.
pub(super) fn put(sitting: &Sitting<'_, ApprovalExam>) {
    let mut played: Vec<ApprovalStep> = Vec::new();
    for (name, facts) in carts(&sitting.words) {
        let Ok(Answer::Steps(steps)) = sitting.answer(&Question::Plan(facts.clone())) else { continue };
        for step in steps {
            if !played.contains(&step) {
                play(sitting, &format!("{:?} for a cart {name}", step.name), &facts, &step);
                played.push(step);
            }
        }
    }
}

fn play(sitting: &Sitting<'_, ApprovalExam>, name: &str, facts: &ApprovalFacts, step: &ApprovalStep) {
    let deciders = deciders(facts.employee_id, step);
    let decision = |decided_by, role: &str, approved_by: Vec<EmployeeId>| DecisionFacts {
        submitted_by: facts.employee_id,
        decided_by,
        decider_role: role.to_owned(),
        approved_by,
        step: step.clone(),
        grand_total: facts.grand_total,
    };
    let question = |facts: DecisionFacts| Question::Decide(facts);
    let any_role = deciders.first().map_or("approver", |(_, role)| role.as_str());
    let own = question(decision(facts.employee_id, any_role, Vec::new()));
    sitting.case(format!("the own order at the step {name}"), NOT_OWN, &own, || {
        must(objects(sitting, &own)?, || "who submitted may decide".to_owned())
    });
    let quorum = step.quorum.min(MOST_QUORUM) as usize;
    let mut approved = Vec::new();
    let reached = || {
        for (decider, role) in &deciders {
            if approved.len() < quorum
                && !objects(sitting, &question(decision(*decider, role, approved.clone())))?
            {
                approved.push(*decider);
            }
        }
        must(approved.len() == quorum, || {
            format!("{} of {} who may approve, of {} there are", approved.len(), quorum, deciders.len())
        })
    };
    let first = question(decision(employee(1), any_role, Vec::new()));
    sitting.case(format!("the quorum of the step {name}"), REACHABLE, &first, reached);
    let Some(first) = approved.first() else { return };
    let again = question(decision(*first, any_role, approved.clone()));
    sitting.case(format!("a second approval at the step {name}"), NOT_TWICE, &again, || {
        must(objects(sitting, &again)?, || "who has approved may approve again".to_owned())
    });
}

fn objects(sitting: &Sitting<'_, ApprovalExam>, question: &Question) -> Result<bool, String> {
    Ok(matches!(sitting.answer(question)?, Answer::Objection(Some(_))))
}

/// People who are approvers of a step, with their roles; enough of them when roles or everybody may.
fn deciders(submitter: EmployeeId, step: &ApprovalStep) -> Vec<(EmployeeId, String)> {
    let mut deciders = Vec::new();
    let mut number = 1;
    for approver in &step.approvers {
        let role = match approver {
            Approver::Employee(id) => {
                if *id != submitter {
                    deciders.push((*id, "approver".to_owned()));
                }
                continue;
            }
            Approver::Role(role) => role.clone(),
            Approver::AnyApprover => "approver".to_owned(),
        };
        for _ in 0..step.quorum.min(MOST_QUORUM) {
            deciders.push((employee(number), role.clone()));
            number += 1;
        }
    }
    deciders
}

fn employee_of(approver: &Approver) -> Option<EmployeeId> {
    match approver {
        Approver::Employee(id) => Some(*id),
        Approver::Role(_) | Approver::AnyApprover => None,
    }
}
