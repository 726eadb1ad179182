//! The SQL of [`super::place`]: first what a real order has written, then the same written again.

pub(super) const LINES_LIKE: &str = "
    SELECT array_agg(position ORDER BY position) AS positions,
           array_agg(variant_id ORDER BY position) AS variants,
           array_agg(sku ORDER BY position) AS skus,
           array_agg(name ORDER BY position) AS names,
           array_agg(tax_category ORDER BY position) AS tax_categories,
           array_agg(precision ORDER BY position) AS precisions,
           array_agg(is_stocked ORDER BY position) AS stocked,
           array_agg(allows_backorder ORDER BY position) AS backorders,
           array_agg(quantity_milli ORDER BY position) AS quantities,
           array_agg(unit_price ORDER BY position) AS unit_prices,
           array_agg(net_minor ORDER BY position) AS nets,
           array_agg(tax_minor ORDER BY position) AS taxes,
           array_agg(gross_minor ORDER BY position) AS grosses
    FROM orders.order_line
    WHERE order_id = $1";

pub(super) const TAXES_LIKE: &str = "
    SELECT array_agg(line.number ORDER BY number, ordinal) AS lines,
           array_agg(tax.ordinal ORDER BY number, ordinal) AS ordinals,
           array_agg(tax.name ORDER BY number, ordinal) AS names,
           array_agg(tax.jurisdiction ORDER BY number, ordinal) AS jurisdictions,
           array_agg(tax.rate_ppm ORDER BY number, ordinal) AS rates,
           array_agg(tax.amount_minor ORDER BY number, ordinal) AS amounts
    FROM (
        SELECT id, row_number() OVER (ORDER BY position) AS number
        FROM orders.order_line
        WHERE order_id = $1
    ) AS line
    JOIN orders.order_line_tax AS tax ON tax.order_line_id = line.id";

pub(super) const STOCK_LIKE: &str = "
    SELECT array_agg(variant_id ORDER BY id) AS variants,
           array_agg(warehouse_id ORDER BY id) AS warehouses,
           array_agg(allocated_delta_milli ORDER BY id) AS allocated
    FROM inventory.stock_movement
    WHERE kind = 'allocated' AND reason = $1::text";

pub(super) const RESERVED_LIKE: &str = "
    SELECT array_agg(line.variant_id ORDER BY line.id) AS variants,
           array_agg(line.warehouse_id ORDER BY line.id) AS warehouses,
           array_agg(line.quantity_milli ORDER BY line.id) AS quantities
    FROM inventory.reservation
    JOIN inventory.reservation_line AS line ON line.reservation_id = reservation.id
    WHERE reservation.owner_id = $1";

/// All facts of the request that placed the order.
pub(super) const FACTS_LIKE: &str = "
    SELECT array_agg(event_type ORDER BY position) AS types,
           array_agg(topic ORDER BY position) AS topics,
           array_agg(aggregate_kind ORDER BY position) AS kinds,
           array_agg(sequence ORDER BY position) AS sequences,
           array_agg(payload::text ORDER BY position) AS payloads
    FROM events.outbox
    WHERE trace_id = (
        SELECT trace_id
        FROM events.outbox
        WHERE aggregate_id = $1 AND event_type LIKE '%.order_placed.%'
    )";

/// How many rows of each kind an order has.
pub(super) const WRITTEN: &str = "
    SELECT (SELECT count(*) FROM orders.order_line WHERE order_id = $1) AS lines,
           (SELECT count(*)
            FROM orders.order_line_tax AS tax
            JOIN orders.order_line AS line ON line.id = tax.order_line_id
            WHERE line.order_id = $1) AS taxes,
           (SELECT count(*) FROM orders.order_history WHERE order_id = $1) AS history,
           (SELECT count(*)
            FROM inventory.reservation_line AS line
            JOIN inventory.reservation ON reservation.id = line.reservation_id
            WHERE reservation.owner_id = $1) AS reserved,
           (SELECT count(*) FROM inventory.stock_movement WHERE reason = $1::text) AS movements,
           (SELECT count(*) FROM accounts.credit_hold WHERE owner_id = $1) AS credit_holds,
           (SELECT count(*) FROM audit.entry WHERE subject_id = $1) AS audit";

/// `$1` the real order, `$2` the new cart.
pub(super) const OPEN_CART: &str = "
    INSERT INTO carts.cart
        (id, channel_id, account_id, location_id, employee_id, is_implicit, currency, status, version, next_position,
         po_number, note, created_at, updated_at)
    SELECT $2, channel_id, account_id, location_id, employee_id, false, currency, 'open', version, next_position,
           po_number, note, now(), now()
    FROM carts.cart
    WHERE order_id = $1";

pub(super) const PLACE_CART: &str = "
    UPDATE carts.cart
    SET status = 'placed', order_id = $2, updated_at = now()
    WHERE id = $1 AND status = 'open'";

pub(super) const STOCK: &str = "
    WITH level AS (
        UPDATE inventory.stock_level AS level
        SET allocated_milli = level.allocated_milli + delta.allocated, updated_at = now()
        FROM UNNEST($1::uuid[], $2::uuid[], $3::bigint[]) AS delta (variant_id, warehouse_id, allocated)
        WHERE level.variant_id = delta.variant_id AND level.warehouse_id = delta.warehouse_id
    ),
    reservation AS (
        INSERT INTO inventory.reservation (id, owner_id, status, created_at, updated_at)
        VALUES ($4, $5, 'CONFIRMED', now(), now())
    ),
    line AS (
        INSERT INTO inventory.reservation_line
            (id, reservation_id, variant_id, warehouse_id, quantity_milli, created_at)
        SELECT id, $4, variant_id, warehouse_id, quantity_milli, now()
        FROM UNNEST($6::uuid[], $7::uuid[], $8::uuid[], $9::bigint[])
            AS line (id, variant_id, warehouse_id, quantity_milli)
    )
    INSERT INTO inventory.stock_movement
        (id, variant_id, warehouse_id, kind, on_hand_delta_milli, allocated_delta_milli, reason, created_at)
    SELECT id, variant_id, warehouse_id, 'allocated', 0, allocated, $5::text, now()
    FROM UNNEST($10::uuid[], $1::uuid[], $2::uuid[], $3::bigint[])
        AS movement (id, variant_id, warehouse_id, allocated)";

/// `$1` the real order, `$2` the new one; also below.
pub(super) const CREDIT: &str = "
    WITH held AS (
        SELECT account_id, amount_minor
        FROM accounts.credit_hold
        WHERE owner_id = $1
    ),
    credit AS (
        UPDATE accounts.credit AS credit
        SET held_minor = credit.held_minor + held.amount_minor, updated_at = now()
        FROM held
        WHERE credit.account_id = held.account_id
    )
    INSERT INTO accounts.credit_hold (account_id, owner_id, amount_minor, created_at, updated_at)
    SELECT account_id, $2, amount_minor, now(), now()
    FROM held";

/// `$3` the new cart.
pub(super) const ORDER: &str = "
    WITH placed AS (
        INSERT INTO orders.sales_order
            (id, number, channel_id, cart_id, account_id, location_id, employee_id, currency, process, state,
             po_number, note, payment_terms, shipping_address, billing_address, prices_include_tax, line_count,
             lines_net_minor, tax_total_minor, grand_total_minor, paid_minor, stock, credit_held_minor,
             placed_at, created_at, updated_at)
        SELECT $2, 'SO-' || nextval('orders.order_number'), channel_id, $3, account_id, location_id, employee_id,
               currency, process, state, po_number, note, payment_terms, shipping_address, billing_address,
               prices_include_tax, line_count, lines_net_minor, tax_total_minor, grand_total_minor, paid_minor, stock,
               credit_held_minor, now(), now(), now()
        FROM orders.sales_order
        WHERE id = $1
    )
    INSERT INTO orders.order_history (id, order_id, at, actor, kind, from_state, to_state, note)
    SELECT gen_random_uuid(), $2, now(), actor, kind, from_state, to_state, note
    FROM orders.order_history
    WHERE order_id = $1";

/// Without the columns that are empty where staff set no price and nothing is packed.
pub(super) const LINES: &str = "
    WITH line AS (
        INSERT INTO orders.order_line
            (id, order_id, position, variant_id, sku, name, tax_category, precision, is_stocked, allows_backorder,
             quantity_milli, unit_price, net_minor, tax_minor, gross_minor, created_at, updated_at)
        SELECT id, $1, position, variant_id, sku, name, tax_category, given.precision, is_stocked, allows_backorder,
               quantity_milli, unit_price, net_minor, tax_minor, gross_minor, now(), now()
        FROM UNNEST($2::uuid[], $3::integer[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::smallint[],
                    $9::boolean[], $10::boolean[], $11::bigint[], $12::numeric[], $13::bigint[], $14::bigint[],
                    $15::bigint[])
            AS given (id, position, variant_id, sku, name, tax_category, precision, is_stocked, allows_backorder,
                      quantity_milli, unit_price, net_minor, tax_minor, gross_minor)
    )
    INSERT INTO orders.order_line_tax (order_line_id, ordinal, name, jurisdiction, rate_ppm, amount_minor)
    SELECT order_line_id, ordinal, name, jurisdiction, rate_ppm, amount_minor
    FROM UNNEST($16::uuid[], $17::integer[], $18::text[], $19::text[], $20::bigint[], $21::bigint[])
        AS tax (order_line_id, ordinal, name, jurisdiction, rate_ppm, amount_minor)";

pub(super) const AUDIT: &str = "
    INSERT INTO audit.entry
        (id, created_at, actor, remote, trace_id, action, subject_kind, subject_id, account_id, detail)
    SELECT gen_random_uuid(), now(), actor, remote, trace_id, action, subject_kind, $2, account_id, detail
    FROM audit.entry
    WHERE subject_id = $1 AND action = 'order.place'";

/// All facts become facts of the new order, in the order's own kinds of aggregate.
pub(super) const FACTS: &str = "
    WITH fact AS (
        SELECT id, event_type, topic, aggregate_kind, sequence, payload::jsonb AS payload
        FROM UNNEST($2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[])
            AS given (id, event_type, topic, aggregate_kind, sequence, payload)
    ),
    numbered AS (
        INSERT INTO events.aggregate_sequence (aggregate_id, aggregate_kind, last_sequence, last_transaction_id)
        SELECT $1, aggregate_kind, max(sequence), pg_current_xact_id()
        FROM fact
        GROUP BY aggregate_kind
    )
    INSERT INTO events.outbox
        (id, transaction_id, event_type, topic, aggregate_kind, aggregate_id, sequence, payload, occurred_at, trace_id)
    SELECT id, pg_current_xact_id(), event_type, topic, aggregate_kind, $1, sequence, payload, now(), $1
    FROM fact";

/// The key of the real order is its cart's id.
pub(super) const IDEMPOTENCY: &str = "
    INSERT INTO events.idempotency (actor_key, key, parameters_hash, answer, created_at)
    SELECT held.actor_key, $2::text, held.parameters_hash, held.answer, now()
    FROM carts.cart
    JOIN events.idempotency AS held ON held.key = 'cart:' || cart.id::text
    WHERE cart.order_id = $1";
