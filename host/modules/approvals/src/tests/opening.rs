use sqlx::PgPool;
use vectis_contracts::approvals::{ApprovalCode, ApprovalStatus};

use super::fixture::{Fixture, code};

#[sqlx::test(migrations = false)]
async fn an_opened_request_is_read_back_as_it_was_planned_and_told(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let open = fixture.plan(fixture.id(), &[1, 2]);

    let request = fixture.open(open.clone()).await;

    assert_eq!(request.steps, open.steps);
    assert_eq!(request.grand_total, open.grand_total);
    assert_eq!((request.cart_id, request.cart_version, request.line_count), (open.cart_id, 7, 3));
    assert_eq!(request.status, ApprovalStatus::Pending);
    assert_eq!((request.current_step, request.version), (0, 1));
    assert_eq!(fixture.audited(), ["approval.request"]);
    let events = fixture.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event_type, "vectis.approvals.approval_requested.v1");
    let total = &events[0].payload["grandTotal"];
    assert_eq!(total, &serde_json::json!({ "amount": "500.00", "currency": "EUR" }));
    assert_eq!(events[0].payload["steps"][1]["quorum"], 2);
    assert_eq!(events[0].payload["steps"][0]["approvers"][1]["role"], "Boss");
}

#[sqlx::test(migrations = false)]
async fn opening_anew_cancels_what_waited_for_the_cart(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let cart_id = fixture.id();
    let older = fixture.open(fixture.plan(cart_id, &[1])).await;
    let other_cart = fixture.open(fixture.plan(fixture.id(), &[1])).await;

    let newer = fixture.open(fixture.plan(cart_id, &[1])).await;

    assert_eq!(fixture.read(older.id).await.status, ApprovalStatus::Canceled);
    assert_eq!(fixture.read(other_cart.id).await.status, ApprovalStatus::Pending);
    assert_eq!(newer.status, ApprovalStatus::Pending);
    let told = fixture.event_types();
    assert_eq!(
        told[2..],
        ["vectis.approvals.approval_canceled.v1", "vectis.approvals.approval_requested.v1"]
    );
}

#[sqlx::test(migrations = false)]
async fn of_two_that_open_for_one_cart_at_once_one_is_refused(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let cart_id = fixture.id();
    let mut first = fixture.db.begin().await.unwrap();
    let open = fixture.plan(cart_id, &[1]);
    fixture.approvals.open(&mut first, &fixture.ctx, open.clone()).await.unwrap();

    let opening = fixture.try_open(open);
    let committing = async {
        fixture.until_somebody_waits().await;
        first.commit().await
    };
    let (refused, committed) = tokio::join!(opening, committing);

    committed.unwrap();
    assert_eq!(code(refused), ApprovalCode::NotPending);
    let pending = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM approvals.request")
        .fetch_one(fixture.db.pool())
        .await;
    assert_eq!(pending.unwrap(), 1);
}

#[sqlx::test(migrations = false)]
async fn a_request_without_steps_is_refused(pool: PgPool) {
    let fixture = Fixture::new(pool).await;

    let refused = fixture.try_open(fixture.plan(fixture.id(), &[])).await;

    assert_eq!(code(refused), ApprovalCode::InvalidInput);
    assert!(fixture.events().is_empty());
}
