use chrono::TimeDelta;
use futures_util::future::join_all;
use sqlx::PgPool;
use vectis_contracts::accounts::Membership;
use vectis_contracts::approvals::{ApprovalStatus, Verdict};
use vectis_contracts::carts::Cart;
use vectis_contracts::orders::{DecideApproval, DecideCode, Decided, Orders};
use vectis_contracts::points::{ApprovalStep, Approver};
use vectis_kernel::ids::ApprovalRequestId;
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Ctx, Failure};

use super::fakes::FakeApproval;
use super::{Room, as_seen, membership, new_id, refused, room, variant, with_key};

/// A step that so many approvers have to agree to.
pub(super) fn step(quorum: u32, approver: Approver) -> ApprovalStep {
    ApprovalStep { name: format!("{quorum} of {approver:?}"), quorum, approvers: vec![approver] }
}

pub(super) fn ask_for(room: &Room, steps: Vec<ApprovalStep>) {
    room.fakes.state().approval = Some(FakeApproval { steps, ..FakeApproval::default() });
}

/// Two hammers, submitted by the buyer, waiting for any approver.
pub(super) async fn submitted(room: &Room) -> (Cart, ApprovalRequestId) {
    if room.fakes.state().approval.as_ref().is_none_or(|approval| approval.steps.is_empty()) {
        ask_for(room, vec![step(1, Approver::AnyApprover)]);
    }
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let cart = room.cart(&[(&hammer, 2)]).await;
    let submitted = room.orders.cart_submit(&room.buyer(), as_seen(&cart)).await.unwrap();
    (cart, submitted.approval_request_id.unwrap())
}

pub(super) fn approve(request_id: ApprovalRequestId) -> DecideApproval {
    DecideApproval { request_id, version: None, verdict: Verdict::Approve, note: String::new() }
}

fn reject(request_id: ApprovalRequestId) -> DecideApproval {
    DecideApproval { verdict: Verdict::Reject, note: "too dear".to_owned(), ..approve(request_id) }
}

pub(super) async fn decide(
    room: &Room,
    ctx: &Ctx,
    decide: DecideApproval,
) -> Result<Decided, Failure<DecideCode>> {
    room.orders.approval_decide(ctx, decide).await
}

#[sqlx::test(migrations = false)]
async fn submitting_freezes_the_cart_and_holds_its_stock_for_a_while(pool: PgPool) {
    let room = room(pool).await;

    let (cart, request_id) = submitted(&room).await;

    assert_eq!(room.cart_status(&cart).await, "submitted");
    let open = room.fakes.state().requests[&request_id].clone();
    assert_eq!((open.cart_id, open.cart_version, open.line_count), (cart.id, cart.version, 1));
    assert_eq!(open.grand_total, super::gbp(612));
    assert_eq!(open.submitted_by, room.buyer.employee.id);
    let until = room.system().now() + TimeDelta::minutes(15);
    assert_eq!(room.fakes.state().holds, [(cart.id.0, Some(until))]);
    assert_eq!(room.number("SELECT COUNT(*) FROM orders.sales_order").await, 0);
    assert_eq!(refused(room.place(&room.buyer(), &cart).await), ["CART_NOT_OPEN"]);
}

#[sqlx::test(migrations = false)]
async fn submitting_places_at_once_when_nobody_has_to_agree(pool: PgPool) {
    let room = room(pool).await;
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let cart = room.cart(&[(&hammer, 2)]).await;

    let submitted = room.orders.cart_submit(&room.buyer(), as_seen(&cart)).await.unwrap();

    assert!(submitted.order_id.is_some());
    assert_eq!(submitted.approval_request_id, None);
}

#[sqlx::test(migrations = false)]
async fn submitting_without_stock_is_refused_and_leaves_nothing(pool: PgPool) {
    let room = room(pool).await;
    ask_for(&room, vec![step(1, Approver::AnyApprover)]);
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    room.set_stock(&hammer, 1).await;
    let cart = room.cart(&[(&hammer, 2)]).await;
    let before = room.written().await;

    let outcome = room.orders.cart_submit(&room.buyer(), as_seen(&cart)).await;

    assert_eq!(refused(outcome), ["INSUFFICIENT_STOCK lines.0"]);
    assert_eq!(room.written().await, before);
}

#[sqlx::test(migrations = false)]
async fn the_last_approval_places_the_order_for_the_submitter(pool: PgPool) {
    let room = room(pool).await;
    let (cart, request_id) = submitted(&room).await;
    let process = room.fakes.state().process.clone().unwrap();

    let decided = decide(&room, &room.acting(&room.approver), approve(request_id)).await.unwrap();

    assert_eq!((decided.status, decided.is_blocked), (ApprovalStatus::Approved, false));
    let order = room.order(decided.order_id.unwrap()).await;
    assert_eq!((order.buyer.clone(), order.approval_request_id), (room.owner(), Some(request_id)));
    assert_eq!(order.totals.grand_total, super::gbp(612));
    assert!(process.seen.lock().unwrap().last().unwrap().was_approved);
    assert_eq!(room.cart_status(&cart).await, "placed");
    // What was held for the cart is now the order's, once.
    let owners =
        "SELECT STRING_AGG(owner_id::text || ' ' || quantity, ',') FROM fakes.promise WHERE $1 IS NOT NULL";
    assert_eq!(room.text(owners, order.id.0).await, format!("{} 2000", order.id));
}

#[sqlx::test(migrations = false)]
async fn every_step_needs_its_quorum_of_its_approvers(pool: PgPool) {
    let room = room(pool).await;
    let second = membership(room.buyer.employee.account_id, "Approver", &[buyer::APPROVE]);
    let director = membership(room.buyer.employee.account_id, "Director", &[buyer::APPROVE]);
    room.fakes.state().memberships.extend([second.clone(), director.clone()]);
    let role = Approver::Role("Approver".to_owned());
    ask_for(&room, vec![step(2, role), step(1, Approver::Employee(director.employee.id))]);
    let (_, request_id) = submitted(&room).await;
    let as_member = |member: &Membership| room.acting(member);

    let outsider = decide(&room, &as_member(&director), approve(request_id)).await;
    assert_eq!(refused(outsider), ["NOT_AN_APPROVER"]);
    let first = decide(&room, &as_member(&room.approver), approve(request_id)).await.unwrap();
    assert_eq!((first.status, first.order_id), (ApprovalStatus::Pending, None));
    let again = decide(&room, &as_member(&room.approver), approve(request_id)).await;
    assert_eq!(refused(again), ["ALREADY_DECIDED"]);
    let half = decide(&room, &as_member(&second), approve(request_id)).await.unwrap();
    assert_eq!((half.status, half.order_id), (ApprovalStatus::Pending, None));
    let last = decide(&room, &as_member(&director), approve(request_id)).await.unwrap();
    assert_eq!(last.status, ApprovalStatus::Approved);
    assert!(last.order_id.is_some());
}

#[sqlx::test(migrations = false)]
async fn the_strategy_keeps_submitters_from_their_own_orders(pool: PgPool) {
    let room = room(pool).await;
    let mut powerful = room.buyer.clone();
    powerful.permissions = room.approver.permissions.clone();
    room.fakes.state().memberships[0] = powerful.clone();
    let (_, request_id) = submitted(&room).await;

    let failure = decide(&room, &room.acting(&powerful), approve(request_id)).await.unwrap_err();

    assert_eq!(failure.refusals()[0].code, DecideCode::NotAnApprover);
    assert_eq!(failure.refusals()[0].message, "nobody approves the own order");
}

#[sqlx::test(migrations = false)]
async fn a_rejection_reopens_the_cart_and_lets_its_stock_go(pool: PgPool) {
    let room = room(pool).await;
    let (cart, request_id) = submitted(&room).await;

    let decided = decide(&room, &room.acting(&room.approver), reject(request_id)).await.unwrap();

    assert_eq!((decided.status, decided.order_id), (ApprovalStatus::Rejected, None));
    assert!(!decided.is_blocked);
    assert_eq!(room.cart_status(&cart).await, "open");
    assert_eq!(room.number("SELECT COUNT(*) FROM fakes.promise").await, 0);
}

#[sqlx::test(migrations = false)]
async fn decisions_that_cannot_be_made_are_refused_and_leave_nothing(pool: PgPool) {
    let room = room(pool).await;
    let (cart, request_id) = submitted(&room).await;
    let approver = room.acting(&room.approver);
    let before = room.written().await;
    let stranger = membership(new_id(), "Approver", &[buyer::APPROVE]);
    room.fakes.state().memberships.push(stranger.clone());
    let stale = DecideApproval { version: Some(9), ..approve(request_id) };
    let silent = DecideApproval { note: "  ".to_owned(), ..reject(request_id) };
    let unkeepable = DecideApproval { note: "\0".to_owned(), ..approve(request_id) };
    let wordy = DecideApproval { note: "x".repeat(2_001), ..approve(request_id) };

    let cases = [
        (room.buyer(), approve(request_id), "FORBIDDEN"),
        (room.staff(&[staff::APPROVALS_READ]), approve(request_id), "FORBIDDEN"),
        (approver.clone(), approve(new_id()), "REQUEST_NOT_FOUND"),
        (room.acting(&stranger), approve(request_id), "REQUEST_NOT_FOUND"),
        (approver.clone(), stale, "STALE_VERSION"),
        (approver.clone(), silent, "INVALID_INPUT note"),
        (approver.clone(), wordy, "INVALID_INPUT note"),
        (approver.clone(), unkeepable, "INVALID_INPUT note"),
    ];
    for (ctx, input, expected) in cases {
        assert_eq!(refused(decide(&room, &ctx, input).await), [expected]);
    }
    assert_eq!(room.written().await, before);

    sqlx::query("UPDATE fakes.cart SET version = version + 1").execute(&room.fakes.pool).await.unwrap();
    assert_eq!(refused(decide(&room, &approver, approve(request_id)).await), ["CART_CHANGED"]);
    assert_eq!(room.written().await, before);
    assert_eq!(room.cart_status(&cart).await, "submitted");
}

#[sqlx::test(migrations = false)]
async fn a_decided_request_is_not_decided_again_but_the_same_request_gets_its_answer(pool: PgPool) {
    let room = room(pool).await;
    let (_, request_id) = submitted(&room).await;
    let approver = with_key(&room.acting(&room.approver), "k1");
    let first = decide(&room, &approver, approve(request_id)).await.unwrap();

    let again = decide(&room, &approver, approve(request_id)).await.unwrap();

    assert_eq!(first, again);
    let other = decide(&room, &room.acting(&room.approver), approve(request_id)).await;
    assert_eq!(refused(other), ["NOT_PENDING"]);
}

#[sqlx::test(migrations = false)]
async fn nothing_is_decided_while_a_strategy_gives_no_answer(pool: PgPool) {
    let room = room(pool).await;
    let (_, request_id) = submitted(&room).await;
    let approver = room.acting(&room.approver);
    let before = room.written().await;

    room.fakes.state().tax_fails = true;
    assert_eq!(refused(decide(&room, &approver, approve(request_id)).await), ["STRATEGY_FAILED"]);
    room.fakes.state().approval = None;
    assert_eq!(refused(decide(&room, &approver, approve(request_id)).await), ["STRATEGY_FAILED"]);
    assert_eq!(room.written().await, before);
}

#[sqlx::test(migrations = false)]
async fn withdrawing_reopens_the_cart_and_cancels_the_request(pool: PgPool) {
    let room = room(pool).await;
    let (cart, request_id) = submitted(&room).await;
    let orders: &dyn Orders = &*room.orders;

    orders.cart_withdraw(&room.buyer(), cart.id).await.unwrap();

    assert_eq!(room.cart_status(&cart).await, "open");
    let status = "SELECT status FROM fakes.request WHERE id = $1";
    assert_eq!(room.text(status, request_id.0).await, "canceled");
    assert_eq!(room.number("SELECT COUNT(*) FROM fakes.promise").await, 0);
    assert_eq!(refused(orders.cart_withdraw(&room.buyer(), cart.id).await), ["NOT_PENDING"]);
}

#[sqlx::test(migrations = false)]
async fn only_the_submitter_or_a_manager_withdraws(pool: PgPool) {
    let room = room(pool).await;
    let (cart, _) = submitted(&room).await;
    let account_id = room.buyer.employee.account_id;
    let manager = membership(account_id, "Manager", &[buyer::MANAGE, buyer::ORDERS_READ_ALL]);
    let stranger = membership(new_id(), "Manager", &[buyer::MANAGE, buyer::ORDERS_READ_ALL]);
    let withdraw = async |ctx: Ctx| room.orders.cart_withdraw(&ctx, cart.id).await;

    assert_eq!(refused(withdraw(room.acting(&room.approver)).await), ["FORBIDDEN"]);
    assert_eq!(refused(withdraw(room.acting(&stranger)).await), ["REQUEST_NOT_FOUND"]);
    withdraw(room.acting(&manager)).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn a_cart_submitted_many_times_at_once_waits_for_one_approval(pool: PgPool) {
    let room = room(pool).await;
    ask_for(&room, vec![step(1, Approver::AnyApprover)]);
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let cart = room.cart(&[(&hammer, 2)]).await;
    let ctx = room.buyer();

    let attempts = join_all((0..20).map(|_| room.orders.cart_submit(&ctx, as_seen(&cart)))).await;

    assert_eq!(attempts.iter().filter(|attempt| attempt.is_ok()).count(), 1);
    for attempt in attempts.into_iter().filter(Result::is_err) {
        assert_eq!(refused(attempt), ["CART_NOT_OPEN"]);
    }
    assert_eq!(room.number("SELECT COUNT(*) FROM fakes.request").await, 1);
    assert_eq!(room.number("SELECT SUM(quantity)::int8 FROM fakes.promise").await, 2_000);
}
