//! What happened to orders.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::orders::OrderHistoryEntry;
use vectis_kernel::ids::OrderId;

struct HistoryRow {
    order_id: Uuid,
    at: DateTime<Utc>,
    actor: String,
    kind: String,
    from_state: String,
    to_state: String,
    note: String,
}

/// History of orders, oldest first.
#[tracing::instrument(name = "db.orders.history", skip_all)]
pub(crate) async fn of_orders(
    pool: &PgPool,
    order_ids: &[OrderId],
) -> Result<Vec<OrderHistoryEntry>, sqlx::Error> {
    let ids: Vec<Uuid> = order_ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        HistoryRow,
        r#"
        SELECT order_id, at, actor, kind, from_state, to_state, note
        FROM orders.order_history
        WHERE order_id = ANY($1)
        ORDER BY order_id, position
        "#,
        &ids
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(OrderHistoryEntry::from).collect())
}

impl From<HistoryRow> for OrderHistoryEntry {
    fn from(row: HistoryRow) -> Self {
        Self {
            order_id: OrderId(row.order_id),
            at: row.at,
            actor: row.actor,
            kind: row.kind,
            from_state: row.from_state,
            to_state: row.to_state,
            note: row.note,
        }
    }
}
