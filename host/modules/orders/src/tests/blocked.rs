//! Approved, but stock or prices have moved since.

use sqlx::PgPool;
use vectis_contracts::approvals::ApprovalStatus;
use vectis_contracts::carts::Cart;
use vectis_contracts::points::Approver;
use vectis_kernel::UnitPrice;
use vectis_kernel::ids::ApprovalRequestId;

use super::approving::{approve, ask_for, decide, step, submitted};
use super::{Room, as_seen, price, refused, room};

/// The cart's only price from now on.
fn reprice(room: &Room, cart: &Cart, now: UnitPrice) {
    room.fakes.state().prices.insert(cart.lines[0].variant_id, now);
}

/// The hold has run out, and somebody else has bought everything.
async fn sell_out(room: &Room) {
    for statement in ["DELETE FROM fakes.promise", "UPDATE fakes.stock SET available = 0"] {
        sqlx::query(statement).execute(&room.fakes.pool).await.unwrap();
    }
}

async fn approved_but_blocked(room: &Room, request_id: ApprovalRequestId) {
    let decided = decide(room, &room.acting(&room.approver), approve(request_id)).await.unwrap();
    assert_eq!((decided.status, decided.order_id), (ApprovalStatus::Approved, None));
    assert!(decided.is_blocked);
}

#[sqlx::test(migrations = false)]
async fn an_approval_without_stock_stands_and_the_cart_is_blocked_until_stock_is_back(pool: PgPool) {
    let room = room(pool).await;
    let (cart, request_id) = submitted(&room).await;
    sell_out(&room).await;

    approved_but_blocked(&room, request_id).await;

    assert_eq!(room.cart_status(&cart).await, "blocked");
    assert_eq!(room.number("SELECT COUNT(*) FROM orders.sales_order").await, 0);
    assert_eq!(room.number("SELECT COUNT(*) FROM fakes.stock_log").await, 0);
    assert_eq!(room.number("SELECT COUNT(*) FROM fakes.decision").await, 1);
    assert_eq!(refused(room.place(&room.buyer(), &cart).await), ["INSUFFICIENT_STOCK lines.0"]);

    sqlx::query("UPDATE fakes.stock SET available = 2000").execute(&room.fakes.pool).await.unwrap();
    let placed = room.place(&room.buyer(), &cart).await.unwrap();
    let order = room.order(placed.order_id.unwrap()).await;
    assert_eq!(order.approval_request_id, Some(request_id));
}

#[sqlx::test(migrations = false)]
async fn a_price_that_moved_blocks_the_cart_and_back_again_frees_it(pool: PgPool) {
    let room = room(pool).await;
    let (cart, request_id) = submitted(&room).await;
    reprice(&room, &cart, price("2.56"));

    approved_but_blocked(&room, request_id).await;

    assert_eq!(room.cart_status(&cart).await, "blocked");
    assert_eq!(refused(room.place(&room.buyer(), &cart).await), ["PRICE_CHANGED lines.0"]);
    let reason =
        "SELECT detail ->> 'because' FROM fakes.audit WHERE subject_id = $1 AND action = 'cart.block'";
    assert!(room.text(reason, cart.id.0).await.contains("was 2.55 and is 2.56 now"));
    reprice(&room, &cart, price("2.55"));
    assert!(room.place(&room.buyer(), &cart).await.unwrap().order_id.is_some());
}

#[sqlx::test(migrations = false)]
async fn a_blocked_cart_at_another_total_or_version_needs_a_new_approval(pool: PgPool) {
    let room = room(pool).await;
    let (cart, request_id) = submitted(&room).await;
    sell_out(&room).await;
    approved_but_blocked(&room, request_id).await;
    sqlx::query("UPDATE fakes.stock SET available = 2000").execute(&room.fakes.pool).await.unwrap();

    // Same prices, other total: the goods are not taxed any more.
    let variant_id = cart.lines[0].variant_id;
    room.fakes.state().variants.get_mut(&variant_id).unwrap().tax_category = "zero".to_owned();
    assert_eq!(refused(room.place(&room.buyer(), &cart).await), ["APPROVAL_REQUIRED"]);
    room.fakes.state().variants.get_mut(&variant_id).unwrap().tax_category = "standard".to_owned();

    sqlx::query("UPDATE fakes.cart SET version = 4").execute(&room.fakes.pool).await.unwrap();
    let mut moved = cart.clone();
    moved.version = 4;
    assert_eq!(refused(room.place(&room.buyer(), &moved).await), ["APPROVAL_REQUIRED"]);
}

#[sqlx::test(migrations = false)]
async fn a_blocked_cart_can_be_submitted_again_or_taken_back(pool: PgPool) {
    let room = room(pool).await;
    let (cart, request_id) = submitted(&room).await;
    sell_out(&room).await;
    approved_but_blocked(&room, request_id).await;
    sqlx::query("UPDATE fakes.stock SET available = 2000").execute(&room.fakes.pool).await.unwrap();
    let variant_id = cart.lines[0].variant_id;
    room.fakes.state().variants.get_mut(&variant_id).unwrap().tax_category = "zero".to_owned();
    ask_for(&room, vec![step(1, Approver::Employee(room.approver_id()))]);

    let again = room.orders.cart_submit(&room.buyer(), as_seen(&cart)).await.unwrap();

    assert_ne!(again.approval_request_id.unwrap(), request_id);
    assert_eq!(room.cart_status(&cart).await, "submitted");
    room.orders.cart_withdraw(&room.buyer(), cart.id).await.unwrap();
    assert_eq!(room.cart_status(&cart).await, "open");
}

#[sqlx::test(migrations = false)]
async fn an_account_that_was_suspended_meanwhile_blocks_the_cart(pool: PgPool) {
    let room = room(pool).await;
    let (cart, request_id) = submitted(&room).await;
    let suspended = vectis_contracts::accounts::AccountStatus::Suspended;
    room.fakes.state().memberships[0].account_status = suspended;

    approved_but_blocked(&room, request_id).await;

    assert_eq!(room.cart_status(&cart).await, "blocked");
    assert_eq!(refused(room.place(&room.buyer(), &cart).await), ["ACCOUNT_NOT_ACTIVE"]);
}
