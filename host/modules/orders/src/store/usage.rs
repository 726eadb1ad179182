//! What customers have used of 30-day caps, by days of the channel's calendar.

use std::collections::HashMap;

use sqlx::PgExecutor;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_db::conn;
use vectis_kernel::Quantity;
use vectis_kernel::ids::{OrderId, VariantId};

use crate::place::UsageWindow;

/// Bought by a customer within the last 30 days, today among them.
#[tracing::instrument(name = "db.orders.usage", skip_all)]
pub(crate) async fn used(
    executor: impl PgExecutor<'_>,
    window: &UsageWindow,
) -> Result<HashMap<VariantId, Quantity>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        SELECT variant_id, SUM(quantity_milli)::int8 AS "used!"
        FROM orders.quantity_usage
        WHERE customer_key = $1
          AND variant_id = ANY($2)
          AND used_on > ($3::timestamptz AT TIME ZONE $4)::date - 30
        GROUP BY variant_id
        "#,
        window.customer_key,
        &window.variant_ids,
        window.now,
        window.time_zone
    )
    .fetch_all(executor)
    .await?;
    let used = rows.into_iter().map(|row| (VariantId(row.variant_id), Quantity::from_milli(row.used)));
    Ok(used.collect())
}

/// Waits until no other unit of work counts or adds for this customer; held to the end of this one.
#[tracing::instrument(name = "db.orders.lock_usage", skip_all)]
pub(crate) async fn lock(tx: &mut Tx, window: &UsageWindow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended('orders.quantity_usage ' || $1::text, 0)) AS \"locked!: ()\"",
        window.customer_key
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Adds what an order uses; `quantities` go with the window's variants.
#[tracing::instrument(name = "db.orders.add_usage", skip_all)]
pub(crate) async fn add(
    tx: &mut Tx,
    order_id: OrderId,
    window: &UsageWindow,
    quantities: &[i64],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        INSERT INTO orders.quantity_usage
            (order_id, variant_id, customer_key, used_on, quantity_milli, created_at, updated_at)
        SELECT $1, given.variant_id, $2, ($3::timestamptz AT TIME ZONE $4)::date, given.quantity_milli, $3, $3
        FROM UNNEST($5::uuid[], $6::int8[]) AS given (variant_id, quantity_milli)
        "#,
        order_id.0,
        window.customer_key,
        window.now,
        window.time_zone,
        &window.variant_ids,
        quantities
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Lets usage follow an edited order; variants that are not capped have none.
#[tracing::instrument(name = "db.orders.follow_usage", skip_all)]
pub(crate) async fn follow(
    tx: &mut Tx,
    order_id: OrderId,
    variant_ids: &[Uuid],
    deltas: &[i64],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        UPDATE orders.quantity_usage AS used
        SET quantity_milli = used.quantity_milli + changed.delta
        FROM (
            SELECT given.variant_id, SUM(given.delta)::int8 AS delta
            FROM UNNEST($2::uuid[], $3::int8[]) AS given (variant_id, delta)
            GROUP BY given.variant_id
        ) AS changed
        WHERE used.order_id = $1 AND used.variant_id = changed.variant_id
        "#,
        order_id.0,
        variant_ids,
        deltas
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Gives back what a canceled order has used.
#[tracing::instrument(name = "db.orders.forget_usage", skip_all)]
pub(crate) async fn forget(tx: &mut Tx, order_id: OrderId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM orders.quantity_usage WHERE order_id = $1", order_id.0)
        .execute(conn(tx))
        .await?;
    Ok(())
}
