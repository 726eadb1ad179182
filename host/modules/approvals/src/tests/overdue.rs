use sqlx::PgPool;
use vectis_contracts::approvals::{ApprovalCode, ApprovalRequest, ApprovalStatus, Overdue, Verdict};
use vectis_kernel::Failure;
use vectis_kernel::ids::CartId;

use super::fixture::{Fixture, code};

async fn pass(
    fixture: &Fixture,
    request: &ApprovalRequest,
    overdue: Overdue,
) -> Result<CartId, Failure<ApprovalCode>> {
    let mut tx = fixture.db.begin().await.unwrap();
    let cart = fixture.approvals.overdue(&mut tx, &fixture.ctx, request.id, overdue).await?;
    tx.commit().await.unwrap();
    Ok(cart)
}

#[sqlx::test(migrations = false)]
async fn reminders_are_counted_and_told_and_who_read_the_request_may_still_decide(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let request = fixture.open(fixture.plan(fixture.id(), &[1, 1])).await;

    for overdue in [Overdue::Remind, Overdue::Remind, Overdue::Escalate] {
        assert_eq!(pass(&fixture, &request, overdue).await.unwrap(), request.cart_id);
    }

    let now = fixture.read(request.id).await;
    assert_eq!((now.status, now.version), (ApprovalStatus::Pending, request.version));
    assert_eq!((now.reminders, now.reminded_at.is_some(), now.escalated_at.is_some()), (2, true, true));
    let told: Vec<_> = fixture.events().into_iter().skip(1).collect();
    let types: Vec<_> = told.iter().map(|event| event.event_type.rsplit('.').nth(1).unwrap()).collect();
    assert_eq!(types, ["approval_reminded", "approval_reminded", "approval_escalated"]);
    assert_eq!((&told[1].payload["reminders"], &told[1].payload["step"]), (&2.into(), &0.into()));
    assert!(told[1].payload["waitsFor"]["approvers"].is_array());
    fixture.decide(&now, fixture.id(), Verdict::Approve).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn an_expired_request_is_over(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let request = fixture.open(fixture.plan(fixture.id(), &[1])).await;

    pass(&fixture, &request, Overdue::Expire).await.unwrap();

    assert_eq!(fixture.read(request.id).await.status, ApprovalStatus::Expired);
    let last = fixture.events().pop().unwrap();
    assert_eq!(last.event_type, "vectis.approvals.approval_expired.v1");
    assert_eq!(fixture.audited().last(), Some(&"approval.expire"));
    let late = fixture.decide(&request, fixture.id(), Verdict::Approve).await;
    assert_eq!(code(late), ApprovalCode::NotPending);
    assert_eq!(code(pass(&fixture, &request, Overdue::Remind).await), ApprovalCode::NotPending);
    // The cart can be submitted anew.
    let again = fixture.open(fixture.plan(request.cart_id, &[1])).await;
    assert_eq!(again.status, ApprovalStatus::Pending);
}
