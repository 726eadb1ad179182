//! What holds in the database whatever happened before, over all schemas together: nothing is sold twice, lost, doubled or
//! half-written. For shops whose orders were placed and not edited since.

use sqlx::PgConnection;

/// What holds, and a statement that finds what breaks it: a text for each offender.
pub const RULES: [(&str, &str); 17] = [
    (
        "stock is never promised twice",
        "SELECT variant_id::text FROM inventory.stock_level \
         WHERE on_hand_milli - reserved_milli - allocated_milli < 0 \
            OR LEAST(on_hand_milli, reserved_milli, allocated_milli) < 0",
    ),
    (
        "the stock ledger adds up to the levels",
        "SELECT variant_id::text FROM inventory.stock_level AS level \
         FULL JOIN (SELECT variant_id, warehouse_id, SUM(on_hand_delta_milli) AS on_hand, \
                           SUM(allocated_delta_milli) AS allocated \
                    FROM inventory.stock_movement GROUP BY variant_id, warehouse_id) AS moved \
            USING (variant_id, warehouse_id) \
         WHERE COALESCE(level.on_hand_milli, 0) <> COALESCE(moved.on_hand, 0) \
            OR COALESCE(level.allocated_milli, 0) <> COALESCE(moved.allocated, 0)",
    ),
    (
        "reservations add up to the levels",
        "SELECT variant_id::text FROM inventory.stock_level AS level \
         FULL JOIN (SELECT line.variant_id, line.warehouse_id, \
                           SUM(line.quantity_milli) FILTER (WHERE reservation.status = 'HELD') AS held, \
                           SUM(line.quantity_milli) FILTER (WHERE reservation.status = 'CONFIRMED') AS confirmed \
                    FROM inventory.reservation_line AS line \
                    JOIN inventory.reservation AS reservation ON reservation.id = line.reservation_id \
                    WHERE line.warehouse_id IS NOT NULL \
                    GROUP BY line.variant_id, line.warehouse_id) AS kept \
            USING (variant_id, warehouse_id) \
         WHERE COALESCE(level.reserved_milli, 0) <> COALESCE(kept.held, 0) \
            OR COALESCE(level.allocated_milli, 0) <> COALESCE(kept.confirmed, 0)",
    ),
    (
        "an order has exactly its goods allocated",
        "SELECT owner_id::text \
         FROM (SELECT line.order_id AS owner_id, line.variant_id, SUM(line.quantity_milli) AS milli \
               FROM orders.order_line AS line \
               JOIN orders.sales_order AS placed ON placed.id = line.order_id \
               WHERE line.is_stocked AND placed.stock = 'allocated' \
               GROUP BY line.order_id, line.variant_id) AS bought \
         FULL JOIN (SELECT reservation.owner_id, line.variant_id, SUM(line.quantity_milli) AS milli \
                    FROM inventory.reservation AS reservation \
                    JOIN inventory.reservation_line AS line ON line.reservation_id = reservation.id \
                    WHERE reservation.status = 'CONFIRMED' \
                    GROUP BY reservation.owner_id, line.variant_id) AS kept USING (owner_id, variant_id) \
         WHERE bought.milli IS DISTINCT FROM kept.milli",
    ),
    (
        "a cart is placed exactly when it has its one order",
        "SELECT COALESCE(cart.id, placed.cart_id)::text \
         FROM (SELECT id, order_id FROM carts.cart WHERE status = 'placed') AS cart \
         FULL JOIN orders.sales_order AS placed ON placed.cart_id = cart.id AND placed.id = cart.order_id \
         WHERE cart.id IS NULL OR placed.id IS NULL",
    ),
    (
        "an order has the lines of its cart",
        "SELECT placed.number FROM orders.sales_order AS placed \
         LEFT JOIN (SELECT order_id, ARRAY_AGG(variant_id || ' ' || quantity_milli ORDER BY position) AS lines \
                    FROM orders.order_line GROUP BY order_id) AS ordered ON ordered.order_id = placed.id \
         LEFT JOIN (SELECT cart_id, ARRAY_AGG(variant_id || ' ' || quantity_milli ORDER BY position) AS lines \
                    FROM carts.cart_line GROUP BY cart_id) AS wanted ON wanted.cart_id = placed.cart_id \
         WHERE ordered.lines IS NULL OR ordered.lines IS DISTINCT FROM wanted.lines",
    ),
    (
        "an order's lines are all there and add up to its totals",
        "SELECT placed.number FROM orders.sales_order AS placed \
         LEFT JOIN (SELECT order_id, COUNT(*) AS count, MIN(position) AS first, MAX(position) AS last, \
                           SUM(net_minor) AS net, SUM(tax_minor) AS tax, SUM(gross_minor) AS gross \
                    FROM orders.order_line GROUP BY order_id) AS line ON line.order_id = placed.id \
         WHERE (line.count, line.first, line.last, line.net, line.tax, line.gross) IS DISTINCT FROM \
               (placed.line_count::bigint, 1, placed.line_count, placed.lines_net_minor::numeric, \
                placed.tax_total_minor::numeric, placed.grand_total_minor::numeric)",
    ),
    (
        "a line's taxes add up",
        "SELECT line.id::text FROM orders.order_line AS line \
         LEFT JOIN (SELECT order_line_id, SUM(amount_minor) AS amount \
                    FROM orders.order_line_tax GROUP BY order_line_id) AS tax ON tax.order_line_id = line.id \
         WHERE line.tax_minor <> COALESCE(tax.amount, 0)",
    ),
    (
        "an order's history begins once",
        "SELECT placed.number FROM orders.sales_order AS placed \
         WHERE (SELECT COUNT(*) FROM orders.order_history AS entry \
                WHERE entry.order_id = placed.id AND entry.kind = 'placed' AND entry.from_state = '') <> 1",
    ),
    (
        "an order is in the audit trail once",
        "SELECT placed.number FROM orders.sales_order AS placed \
         WHERE (SELECT COUNT(*) FROM audit.entry AS entry \
                WHERE entry.subject_id = placed.id AND entry.action = 'order.place') <> 1",
    ),
    (
        "an order is told once, with its lines and its total",
        "SELECT COALESCE(placed.number, told.aggregate_id::text) FROM orders.sales_order AS placed \
         FULL JOIN (SELECT aggregate_id, payload -> 'data' AS data, COUNT(*) OVER (PARTITION BY aggregate_id) AS times \
                    FROM events.outbox WHERE event_type = 'vectis.orders.order_placed.v1') AS told \
            ON told.aggregate_id = placed.id \
         WHERE placed.id IS NULL OR told.times IS DISTINCT FROM 1 \
            OR JSONB_ARRAY_LENGTH(told.data -> 'lines') <> placed.line_count \
            OR (told.data #>> '{totals,grandTotal,amount}')::numeric * 100 IS DISTINCT FROM placed.grand_total_minor",
    ),
    (
        "the events of an aggregate count without gaps",
        "SELECT aggregate_id::text FROM events.aggregate_sequence AS known \
         FULL JOIN (SELECT aggregate_id, aggregate_kind, COUNT(*) AS count, MIN(sequence) AS first, \
                           MAX(sequence) AS last \
                    FROM events.outbox WHERE aggregate_kind <> 'foreign' \
                    GROUP BY aggregate_id, aggregate_kind) AS told \
            USING (aggregate_id, aggregate_kind) \
         WHERE (told.count, told.first, told.last) IS DISTINCT FROM \
               (known.last_sequence, 1::bigint, known.last_sequence)",
    ),
    (
        "holds add up to the credit held, within the limit",
        "SELECT account_id::text FROM accounts.credit AS credit \
         LEFT JOIN (SELECT account_id, SUM(amount_minor) AS amount \
                    FROM accounts.credit_hold GROUP BY account_id) AS hold USING (account_id) \
         WHERE credit.held_minor <> COALESCE(hold.amount, 0) OR credit.held_minor > credit.limit_minor",
    ),
    (
        "a hold is what its order says is held",
        "SELECT COALESCE(placed.number, hold.owner_id::text) FROM orders.sales_order AS placed \
         FULL JOIN accounts.credit_hold AS hold ON hold.owner_id = placed.id \
         WHERE COALESCE(placed.credit_held_minor, 0) <> COALESCE(hold.amount_minor, 0)",
    ),
    (
        "caps count what was bought, and hold",
        "SELECT variant.sku FROM products.variant AS variant \
         LEFT JOIN (SELECT line.variant_id, SUM(line.quantity_milli) AS milli \
                    FROM orders.order_line AS line GROUP BY line.variant_id) AS bought ON bought.variant_id = variant.id \
         LEFT JOIN (SELECT variant_id, SUM(milli) AS milli, MAX(milli) AS most \
                    FROM (SELECT variant_id, customer_key, SUM(quantity_milli) AS milli \
                          FROM orders.quantity_usage GROUP BY variant_id, customer_key) AS customer \
                    GROUP BY variant_id) AS used ON used.variant_id = variant.id \
         WHERE variant.max_per_customer_30_days_milli IS NOT NULL \
           AND (COALESCE(bought.milli, 0) <> COALESCE(used.milli, 0) \
                OR used.most > variant.max_per_customer_30_days_milli)",
    ),
    (
        "an approval is pending exactly while its cart waits",
        "SELECT COALESCE(cart.id, request.cart_id)::text \
         FROM (SELECT id, approval_request_id FROM carts.cart WHERE status = 'submitted') AS cart \
         FULL JOIN (SELECT id, cart_id FROM approvals.request WHERE status = 'pending') AS request \
            ON request.cart_id = cart.id AND request.id = cart.approval_request_id \
         WHERE cart.id IS NULL OR request.id IS NULL",
    ),
    ("every idempotency key taken has its answer", "SELECT key FROM events.idempotency WHERE answer IS NULL"),
];

/// A rule that does not hold, with what breaks it.
pub type Broken = (&'static str, Vec<String>);

/// The rules that do not hold.
pub async fn broken(connection: &mut PgConnection) -> Result<Vec<Broken>, sqlx::Error> {
    let mut broken = Vec::new();
    for (rule, sql) in RULES {
        let offenders: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *connection).await?;
        if !offenders.is_empty() {
            broken.push((rule, offenders));
        }
    }
    Ok(broken)
}
