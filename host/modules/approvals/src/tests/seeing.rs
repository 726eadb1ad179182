use std::collections::BTreeSet;
use std::sync::Arc;

use sqlx::PgPool;
use vectis_contracts::approvals::{ApprovalCode, ApprovalFilter, ApprovalStatus, OpenApproval, Verdict};
use vectis_kernel::ids::ApprovalRequestId;
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Actor, Ctx, PageRequest, Permission, StaffActor};

use super::fixture::{Fixture, code};

fn staff_ctx(fixture: &Fixture, permissions: &[Permission]) -> Ctx {
    let actor = Actor::Staff(StaffActor {
        login_id: fixture.id(),
        permissions: Arc::new(permissions.iter().cloned().collect::<BTreeSet<_>>()),
    });
    Ctx { actor, ..fixture.ctx.clone() }
}

async fn seen(fixture: &Fixture, ctx: &Ctx, ids: &[ApprovalRequestId]) -> Vec<ApprovalRequestId> {
    let found = fixture.approvals.get_many(ctx, ids).await.unwrap();
    let mut seen: Vec<_> = found.into_iter().map(|request| request.id).collect();
    seen.sort_unstable();
    seen
}

#[sqlx::test(migrations = false)]
async fn callers_see_what_is_theirs_and_nothing_else(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let account_id = fixture.id();
    let author = fixture.employee(account_id, &[buyer::ORDER]);
    let submitted_by = author.buyer().unwrap().employee_id;
    let plan = fixture.plan(fixture.id(), &[1]);
    let own = fixture.open(OpenApproval { account_id, submitted_by, ..plan }).await.id;
    let plan = fixture.plan(fixture.id(), &[1]);
    let colleagues = fixture.open(OpenApproval { account_id, ..plan }).await.id;
    let foreign = fixture.open(fixture.plan(fixture.id(), &[1])).await.id;
    let all = [own, colleagues, foreign];

    let approver = fixture.employee(account_id, &[buyer::APPROVE]);
    let reader = fixture.employee(account_id, &[buyer::ORDERS_READ_ALL]);
    let guest = Ctx { actor: Actor::Anonymous { guest: None }, ..fixture.ctx.clone() };

    assert_eq!(seen(&fixture, &author, &all).await, [own]);
    assert_eq!(seen(&fixture, &approver, &all).await, [own, colleagues]);
    assert_eq!(seen(&fixture, &reader, &all).await, [own, colleagues]);
    assert_eq!(seen(&fixture, &staff_ctx(&fixture, &[staff::APPROVALS_READ]), &all).await, all);
    assert_eq!(seen(&fixture, &staff_ctx(&fixture, &[staff::ORDERS_READ]), &all).await, []);
    assert_eq!(seen(&fixture, &guest, &all).await, []);
}

#[sqlx::test(migrations = false)]
async fn lists_are_newest_first_and_page_by_page(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let account_id = fixture.id();
    let mut ids = Vec::new();
    for _ in 0..5 {
        let plan = fixture.plan(fixture.id(), &[1]);
        ids.push(fixture.open(OpenApproval { account_id, ..plan }).await.id);
    }
    fixture.open(fixture.plan(fixture.id(), &[1])).await;
    ids.reverse();
    let approver = fixture.employee(account_id, &[buyer::APPROVE]);
    let everything = ApprovalFilter::default();

    let first = fixture.approvals.list(&approver, &everything, PageRequest::first(3)).await.unwrap();
    let after = PageRequest { first: 3, after: Some(first.items[2].id.0) };
    let second = fixture.approvals.list(&approver, &everything, after).await.unwrap();

    let listed: Vec<_> = first.items.iter().chain(&second.items).map(|request| request.id).collect();
    assert_eq!(listed, ids);
    assert_eq!((first.has_next, second.has_next), (true, false));
}

#[sqlx::test(migrations = false)]
async fn lists_are_filtered_by_state_and_account_and_carry_their_decisions(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let rejected = fixture.open(fixture.plan(fixture.id(), &[1])).await;
    fixture.decide(&rejected, fixture.id(), Verdict::Reject).await.unwrap();
    let pending = fixture.open(fixture.plan(fixture.id(), &[1])).await;
    let list = async |filter: ApprovalFilter| {
        let listed = fixture.approvals.list(&fixture.ctx, &filter, PageRequest::first(10)).await;
        listed.unwrap().items
    };

    let by_status = list(ApprovalFilter { status: Some(ApprovalStatus::Rejected), account_id: None }).await;
    let by_account = list(ApprovalFilter { status: None, account_id: Some(pending.account_id) }).await;

    assert_eq!(by_status.iter().map(|request| request.id).collect::<Vec<_>>(), [rejected.id]);
    assert_eq!(by_status[0].decisions.len(), 1);
    assert_eq!(by_account.iter().map(|request| request.id).collect::<Vec<_>>(), [pending.id]);
}

#[sqlx::test(migrations = false)]
async fn who_belongs_to_no_account_may_not_list(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let customer = Ctx { actor: Actor::Customer { login_id: fixture.id() }, ..fixture.ctx.clone() };
    let page = PageRequest::first(10);

    for ctx in [customer, staff_ctx(&fixture, &[staff::ORDERS_READ])] {
        let refused = fixture.approvals.list(&ctx, &ApprovalFilter::default(), page).await;
        assert_eq!(code(refused), ApprovalCode::Forbidden);
    }
}
