use sqlx::PgPool;
use tokio::task::JoinSet;
use vectis_contracts::approvals::{ApprovalCode, ApprovalStatus, Verdict};

use super::fixture::{Fixture, code};

#[sqlx::test(migrations = false)]
async fn every_step_needs_its_quorum_before_the_request_is_approved(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let request = fixture.open(fixture.plan(fixture.id(), &[2, 1])).await;
    let (ann, bob) = (fixture.id(), fixture.id());

    let first = fixture.decide(&request, ann, Verdict::Approve).await.unwrap();
    let after_first = fixture.read(request.id).await;
    let second = fixture.decide(&after_first, bob, Verdict::Approve).await.unwrap();
    let after_second = fixture.read(request.id).await;
    let third = fixture.decide(&after_second, ann, Verdict::Approve).await.unwrap();
    let done = fixture.read(request.id).await;

    assert_eq!((first, after_first.current_step), (ApprovalStatus::Pending, 0));
    assert_eq!((second, after_second.current_step), (ApprovalStatus::Pending, 1));
    assert_eq!((third, done.current_step), (ApprovalStatus::Approved, 2));
    assert_eq!((done.status, done.version), (ApprovalStatus::Approved, 4));
    let who: Vec<_> = done.decisions.iter().map(|decision| (decision.step, decision.employee_id)).collect();
    assert_eq!(who, [(0, ann), (0, bob), (1, ann)]);
    assert_eq!(done.decisions[0].note, "seen");
    let last = fixture.events().pop().unwrap();
    assert_eq!(last.event_type, "vectis.approvals.approval_decided.v1");
    assert_eq!(last.payload["status"], "approved");
    assert_eq!(fixture.audited().last(), Some(&"approval.decide"));
}

#[sqlx::test(migrations = false)]
async fn one_rejection_ends_the_request(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let request = fixture.open(fixture.plan(fixture.id(), &[3, 1])).await;

    let status = fixture.decide(&request, fixture.id(), Verdict::Reject).await.unwrap();

    assert_eq!(status, ApprovalStatus::Rejected);
    let rejected = fixture.read(request.id).await;
    assert_eq!((rejected.status, rejected.current_step), (ApprovalStatus::Rejected, 0));
    let more = fixture.decide(&rejected, fixture.id(), Verdict::Approve).await;
    assert_eq!(code(more), ApprovalCode::NotPending);
}

#[sqlx::test(migrations = false)]
async fn nobody_decides_a_step_twice(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let unread = fixture.open(fixture.plan(fixture.id(), &[2])).await;
    let ann = fixture.id();
    fixture.decide(&unread, ann, Verdict::Approve).await.unwrap();
    let read = fixture.read(unread.id).await;

    let with_old_copy = fixture.decide(&unread, ann, Verdict::Approve).await;
    let with_new_copy = fixture.decide(&read, ann, Verdict::Approve).await;
    let mut hidden = read.clone();
    hidden.decisions.clear();
    let with_doctored_copy = fixture.decide(&hidden, ann, Verdict::Approve).await;

    assert_eq!(code(with_old_copy), ApprovalCode::AlreadyDecided);
    assert_eq!(code(with_new_copy), ApprovalCode::AlreadyDecided);
    assert_eq!(code(with_doctored_copy), ApprovalCode::AlreadyDecided);
    assert_eq!(fixture.read(unread.id).await.decisions.len(), 1);
}

#[sqlx::test(migrations = false)]
async fn of_two_who_decide_the_same_version_one_counts_and_the_other_reads_again(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let request = fixture.open(fixture.plan(fixture.id(), &[2])).await;

    let (one, two) = tokio::join!(
        fixture.decide(&request, fixture.id(), Verdict::Approve),
        fixture.decide(&request, fixture.id(), Verdict::Approve)
    );

    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(won.unwrap(), ApprovalStatus::Pending);
    assert_eq!(code(lost), ApprovalCode::StaleVersion);
    let now = fixture.read(request.id).await;
    assert_eq!((now.decisions.len(), now.version), (1, 2));
}

#[sqlx::test(migrations = false)]
async fn a_double_click_of_thirty_counts_once(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let request = fixture.open(fixture.plan(fixture.id(), &[2])).await;
    let ann = fixture.id();

    let mut clicks = JoinSet::new();
    for _ in 0..30 {
        let (fixture, request) = (fixture.clone(), request.clone());
        clicks.spawn(async move { fixture.decide(&request, ann, Verdict::Approve).await });
    }
    let outcomes = clicks.join_all().await;

    let (counted, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(counted.len(), 1);
    assert!(refused.into_iter().all(|lost| code(lost) == ApprovalCode::AlreadyDecided));
    let now = fixture.read(request.id).await;
    assert_eq!((now.decisions.len(), now.status), (1, ApprovalStatus::Pending));
    assert_eq!(fixture.event_types().len(), 2);
}

#[sqlx::test(migrations = false)]
async fn a_request_nobody_knows_cannot_be_decided(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let mut request = fixture.open(fixture.plan(fixture.id(), &[1])).await;
    request.id = fixture.id();

    let refused = fixture.decide(&request, fixture.id(), Verdict::Approve).await;

    assert_eq!(code(refused), ApprovalCode::RequestNotFound);
}

#[sqlx::test(migrations = false)]
async fn a_note_beyond_its_length_is_refused_and_nothing_decided(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let request = fixture.open(fixture.plan(fixture.id(), &[1])).await;
    let mut tx = fixture.db.begin().await.unwrap();

    for note in ["é".repeat(2_001), "a\0b".to_owned()] {
        let (by, ctx) = (fixture.id(), &fixture.ctx);
        let refused = fixture.approvals.decide(&mut tx, ctx, &request, by, Verdict::Approve, &note).await;
        assert_eq!(code(refused), ApprovalCode::InvalidInput);
    }
    let longest = "é".repeat(2_000);
    let (by, ctx) = (fixture.id(), &fixture.ctx);
    fixture.approvals.decide(&mut tx, ctx, &request, by, Verdict::Approve, &longest).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(fixture.read(request.id).await.decisions[0].note, longest);
}

#[sqlx::test(migrations = false)]
async fn a_canceled_request_is_told_and_takes_no_decision(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let request = fixture.open(fixture.plan(fixture.id(), &[1])).await;

    fixture.cancel(&request).await.unwrap();

    let late = fixture.decide(&request, fixture.id(), Verdict::Approve).await;
    assert_eq!(code(late), ApprovalCode::NotPending);
    assert_eq!(code(fixture.cancel(&request).await), ApprovalCode::NotPending);
    assert_eq!(fixture.read(request.id).await.status, ApprovalStatus::Canceled);
    let told = fixture.event_types();
    assert_eq!(told[1..], ["vectis.approvals.approval_canceled.v1"]);
    assert_eq!(fixture.audited(), ["approval.request", "approval.cancel"]);
}

#[sqlx::test(migrations = false)]
async fn a_request_that_moved_on_is_not_canceled_unread(pool: PgPool) {
    let fixture = Fixture::new(pool).await;
    let request = fixture.open(fixture.plan(fixture.id(), &[2])).await;
    fixture.decide(&request, fixture.id(), Verdict::Approve).await.unwrap();

    let refused = fixture.cancel(&request).await;

    assert_eq!(code(refused), ApprovalCode::StaleVersion);
    assert_eq!(fixture.read(request.id).await.status, ApprovalStatus::Pending);
}
