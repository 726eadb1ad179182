//! The rules that every race ends with can be broken, each of them.

use sqlx::Connection as _;
use vectis_tests::TestHost;
use vectis_tests::books::{RULES, broken};
use vectis_tests::shop::lines;

use super::ready_cart;

/// A rule's beginning, and what breaks it in a shop with two orders and a cart that waits.
const BREAKS: [(&str, &str); RULES.len()] = [
    (
        "stock is never",
        "ALTER TABLE inventory.stock_level DROP CONSTRAINT stock_level_not_oversold; \
         UPDATE inventory.stock_level SET allocated_milli = on_hand_milli + 1",
    ),
    ("the stock ledger", "UPDATE inventory.stock_level SET on_hand_milli = on_hand_milli + 1000"),
    ("reservations add up", "UPDATE inventory.reservation_line SET quantity_milli = quantity_milli + 1000"),
    ("an order has exactly its goods", "DELETE FROM inventory.reservation_line"),
    (
        "a cart is placed exactly",
        "UPDATE carts.cart SET status = 'open', order_id = NULL WHERE status = 'placed'",
    ),
    ("an order has the lines", "UPDATE orders.order_line SET quantity_milli = quantity_milli + 1000"),
    ("an order's lines are all there", "DELETE FROM orders.order_line WHERE position = 2"),
    ("a line's taxes", "UPDATE orders.order_line_tax SET amount_minor = amount_minor + 1"),
    ("an order's history", "DELETE FROM orders.order_history"),
    (
        "an order is in the audit trail",
        "ALTER TABLE audit.entry DISABLE TRIGGER entry_append_only; DELETE FROM audit.entry",
    ),
    ("an order is told once", "UPDATE events.outbox SET payload = jsonb_set(payload, '{data,lines}', '[]')"),
    ("the events of an aggregate", "DELETE FROM events.outbox WHERE sequence = 1"),
    ("holds add up", "UPDATE accounts.credit SET held_minor = held_minor + 1"),
    (
        "a hold is what its order says",
        "UPDATE orders.sales_order SET credit_held_minor = credit_held_minor + 1",
    ),
    ("caps count", "UPDATE products.variant SET max_per_customer_30_days_milli = 1000"),
    ("an approval is pending exactly", "UPDATE approvals.request SET status = 'canceled'"),
    ("every idempotency key", "UPDATE events.idempotency SET answer = NULL"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_books_notice_whatever_does_not_fit() {
    let host = TestHost::demo().await;
    let buyer = host.buyer().await;
    for quantity in [2, 3] {
        let cart = ready_cart(&buyer, lines(3, quantity)).await;
        cart.place(&cart.id).await.ok();
    }
    ready_cart(&buyer, lines(3, 20_000)).await.submit("large").await.ok();
    host.assert_books_balance().await;

    let mut connection = host.db.pool().acquire().await.unwrap();
    for ((rule, _), (begins, sql)) in RULES.iter().zip(BREAKS) {
        assert!(rule.starts_with(begins), "{rule} is not {begins}");
        let mut tx = connection.begin().await.unwrap();
        sqlx::raw_sql(sql).execute(&mut *tx).await.unwrap_or_else(|error| panic!("{rule}: {error}"));

        let noticed = broken(&mut tx).await.unwrap();

        assert!(noticed.iter().any(|(broken, _)| broken == rule), "{rule}: {noticed:?}");
        tx.rollback().await.unwrap();
    }
    // A host waits for its connections when it stops.
    drop(connection);
    host.stop().await;
}
