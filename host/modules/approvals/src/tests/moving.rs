//! The rules by which decisions move a request, against a plain recount.

use proptest::prelude::*;
use vectis_contracts::approvals::{ApprovalDecision, ApprovalRequest, ApprovalStatus, Verdict};
use vectis_contracts::points::{ApprovalStep, Approver};
use vectis_kernel::{Ctx, Currency, Money};

use crate::model;

fn request(quorums: &[u32]) -> ApprovalRequest {
    let ctx = Ctx::system("test");
    let step = |quorum: &u32| ApprovalStep {
        name: String::new(),
        quorum: *quorum,
        approvers: vec![Approver::AnyApprover],
    };
    ApprovalRequest {
        id: ctx.new_id(),
        channel_id: ctx.new_id(),
        cart_id: ctx.new_id(),
        cart_version: 1,
        grand_total: Money::zero(Currency::EUR),
        line_count: 1,
        account_id: ctx.new_id(),
        location_id: ctx.new_id(),
        submitted_by: ctx.new_id(),
        status: ApprovalStatus::Pending,
        steps: quorums.iter().map(step).collect(),
        current_step: 0,
        decisions: Vec::new(),
        reminders: 0,
        reminded_at: None,
        escalated_at: None,
        created_at: ctx.now(),
        version: 1,
    }
}

/// Decides by a new person each time until the request ends; answers how many decisions it took.
fn run(mut request: ApprovalRequest, verdicts: &[Verdict]) -> (ApprovalRequest, usize) {
    let ctx = Ctx::system("test");
    for (taken, verdict) in verdicts.iter().enumerate() {
        if request.status != ApprovalStatus::Pending {
            return (request, taken);
        }
        let standing = model::after(&request, *verdict);
        request.decisions.push(ApprovalDecision {
            step: request.current_step,
            employee_id: ctx.new_id(),
            verdict: *verdict,
            note: String::new(),
            at: ctx.now(),
        });
        (request.status, request.current_step) = (standing.status, standing.current_step);
    }
    (request, verdicts.len())
}

proptest! {
    #[test]
    fn approval_takes_exactly_the_sum_of_the_quorums(quorums in prop::collection::vec(1u32..5, 1..6)) {
        let needed: u32 = quorums.iter().sum();

        let (done, taken) = run(request(&quorums), &[Verdict::Approve; 40]);

        prop_assert_eq!(done.status, ApprovalStatus::Approved);
        prop_assert_eq!(taken, needed as usize);
        prop_assert_eq!(done.current_step as usize, quorums.len());
    }

    #[test]
    fn a_rejection_ends_it_wherever_it_stands(quorums in prop::collection::vec(1u32..5, 1..6), before in 0usize..30) {
        let needed: u32 = quorums.iter().sum();
        let before = before % needed as usize;
        let mut verdicts = vec![Verdict::Approve; before];
        verdicts.push(Verdict::Reject);

        let (done, taken) = run(request(&quorums), &verdicts);

        prop_assert_eq!(done.status, ApprovalStatus::Rejected);
        prop_assert_eq!(taken, before + 1);
        prop_assert!((done.current_step as usize) < quorums.len());
    }
}
