//! Returns with their lines.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::orders::{OrderReturn, Restock, ReturnLine};
use vectis_db::conn;
use vectis_kernel::ids::{CreditNoteId, OrderId, OrderLineId, ReturnId};
use vectis_kernel::{Money, Quantity};

use crate::store::{Currencies, StoreError};

/// A return with its lines, in one statement; its number. `given_back.number` is not read.
#[tracing::instrument(name = "db.orders.insert_return", skip_all)]
pub(crate) async fn insert(
    tx: &mut Tx,
    given_back: &OrderReturn,
    restock: Restock,
) -> Result<String, sqlx::Error> {
    let restock = match restock {
        Restock::OnHand => "on_hand",
        Restock::WriteOff => "write_off",
    };
    let line_ids: Vec<Uuid> = given_back.lines.iter().map(|line| line.order_line_id.0).collect();
    let quantities: Vec<i64> = given_back.lines.iter().map(|line| line.quantity.milli()).collect();
    let nets: Vec<i64> = given_back.lines.iter().map(|line| line.net.minor).collect();
    let taxes: Vec<i64> = given_back.lines.iter().map(|line| line.tax.minor).collect();
    sqlx::query_scalar!(
        r#"
        WITH given_back AS (
            INSERT INTO orders.order_return
                (id, number, order_id, credit_note_id, reason, restock, net_minor, tax_minor,
                 returned_at, created_at, updated_at)
            VALUES
                ($1, 'RMA-' || nextval('orders.return_number'), $2, $3, $4, $5, $6, $7, $8, $8, $8)
            RETURNING number
        ),
        line AS (
            INSERT INTO orders.order_return_line (return_id, order_line_id, quantity_milli, net_minor, tax_minor)
            SELECT $1, given.order_line_id, given.quantity_milli, given.net_minor, given.tax_minor
            FROM UNNEST($9::uuid[], $10::int8[], $11::int8[], $12::int8[])
                AS given (order_line_id, quantity_milli, net_minor, tax_minor)
        )
        SELECT number AS "number!"
        FROM given_back
        "#,
        given_back.id.0,
        given_back.order_id.0,
        given_back.credit_note_id.0,
        given_back.reason,
        restock,
        given_back.net.minor,
        given_back.tax.minor,
        given_back.at,
        &line_ids,
        &quantities,
        &nets,
        &taxes
    )
    .fetch_one(conn(tx))
    .await
}

struct ReturnRow {
    id: Uuid,
    number: String,
    order_id: Uuid,
    currency: String,
    credit_note_id: Uuid,
    reason: String,
    net_minor: i64,
    tax_minor: i64,
    returned_at: DateTime<Utc>,
}

struct ReturnLineRow {
    return_id: Uuid,
    order_line_id: Uuid,
    quantity_milli: i64,
    net_minor: i64,
    tax_minor: i64,
}

/// Returns of orders with their lines, oldest first. Two statements.
#[tracing::instrument(name = "db.orders.returns", skip_all)]
pub(crate) async fn returns(pool: &PgPool, order_ids: &[OrderId]) -> Result<Vec<OrderReturn>, StoreError> {
    let ids: Vec<Uuid> = order_ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        ReturnRow,
        r#"
        SELECT given_back.id, given_back.number, given_back.order_id, sale.currency, given_back.credit_note_id,
               given_back.reason, given_back.net_minor, given_back.tax_minor, given_back.returned_at
        FROM orders.order_return AS given_back
        JOIN orders.sales_order AS sale ON sale.id = given_back.order_id
        WHERE given_back.order_id = ANY($1)
        ORDER BY given_back.order_id, given_back.position
        "#,
        &ids
    )
    .fetch_all(pool)
    .await?;
    let mut lines = return_lines(pool, &ids).await?;
    let mut currencies = Currencies::default();
    let mut returns = Vec::with_capacity(rows.len());
    for row in rows {
        let currency = currencies.parse(&row.currency)?;
        let money = |minor| Money::new(minor, currency);
        let of_return = lines.remove(&row.id).unwrap_or_default();
        returns.push(OrderReturn {
            id: ReturnId(row.id),
            number: row.number,
            order_id: OrderId(row.order_id),
            at: row.returned_at,
            reason: row.reason,
            lines: of_return
                .into_iter()
                .map(|line| ReturnLine {
                    order_line_id: OrderLineId(line.order_line_id),
                    quantity: Quantity::from_milli(line.quantity_milli),
                    net: money(line.net_minor),
                    tax: money(line.tax_minor),
                })
                .collect(),
            net: money(row.net_minor),
            tax: money(row.tax_minor),
            credit_note_id: CreditNoteId(row.credit_note_id),
        });
    }
    Ok(returns)
}

async fn return_lines(
    pool: &PgPool,
    order_ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<ReturnLineRow>>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ReturnLineRow,
        r#"
        SELECT line.return_id, line.order_line_id, line.quantity_milli, line.net_minor, line.tax_minor
        FROM orders.order_return_line AS line
        JOIN orders.order_return AS given_back ON given_back.id = line.return_id
        JOIN orders.order_line AS bought ON bought.id = line.order_line_id
        WHERE given_back.order_id = ANY($1)
        ORDER BY line.return_id, bought.position
        "#,
        order_ids
    )
    .fetch_all(pool)
    .await?;
    let mut by_return: HashMap<Uuid, Vec<ReturnLineRow>> = HashMap::new();
    for row in rows {
        by_return.entry(row.return_id).or_default().push(row);
    }
    Ok(by_return)
}
