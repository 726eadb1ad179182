//! Orders as rows: read, locked, written down after a change together with the history.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgExecutor;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::carts::CartOwner;
use vectis_contracts::orders::{Order, OrderTotals};
use vectis_db::conn;
use vectis_kernel::ids::{
    AccountId, ApprovalRequestId, CartId, ChannelId, EmployeeId, LocationId, LoginId, OrderId,
};
use vectis_kernel::{Ctx, Money};

use crate::model::{StockState, StoredOrder};
use crate::store::StoreError;

struct OrderRow {
    id: Uuid,
    number: String,
    channel_id: Uuid,
    cart_id: Uuid,
    approval_request_id: Option<Uuid>,
    account_id: Option<Uuid>,
    location_id: Option<Uuid>,
    employee_id: Option<Uuid>,
    customer_id: Option<Uuid>,
    guest_key: Option<String>,
    currency: String,
    process: String,
    state: String,
    po_number: String,
    note: String,
    payment_terms: String,
    shipping_address: Option<Value>,
    billing_address: Option<Value>,
    prices_include_tax: bool,
    line_count: i32,
    lines_net_minor: i64,
    charges_net_minor: i64,
    tax_total_minor: i64,
    grand_total_minor: i64,
    paid_minor: i64,
    credited_minor: i64,
    stock: String,
    credit_held_minor: i64,
    placed_at: DateTime<Utc>,
    version: i64,
}

/// Orders by id, in no order; missing ones are left out.
#[tracing::instrument(name = "db.orders.load", skip_all)]
pub(crate) async fn load(
    executor: impl PgExecutor<'_>,
    ids: &[OrderId],
) -> Result<Vec<StoredOrder>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        OrderRow,
        r#"
        SELECT id, number, channel_id, cart_id, approval_request_id, account_id, location_id, employee_id,
               customer_id, guest_key, currency, process, state, po_number, note, payment_terms,
               shipping_address, billing_address, prices_include_tax, line_count, lines_net_minor,
               charges_net_minor, tax_total_minor, grand_total_minor, paid_minor, credited_minor, stock,
               credit_held_minor, placed_at, version
        FROM orders.sales_order
        WHERE id = ANY($1)
        "#,
        &ids
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(StoredOrder::try_from).collect()
}

/// One order, if it is there.
pub(crate) async fn find(
    executor: impl PgExecutor<'_>,
    id: OrderId,
) -> Result<Option<StoredOrder>, StoreError> {
    Ok(load(executor, &[id]).await?.pop())
}

impl TryFrom<OrderRow> for StoredOrder {
    type Error = StoreError;

    fn try_from(row: OrderRow) -> Result<Self, StoreError> {
        let currency = row.currency.parse()?;
        let money = |minor| Money::new(minor, currency);
        let stock = StockState::from_name(&row.stock)
            .ok_or_else(|| StoreError::Unknown { column: "stock", value: row.stock.clone() })?;
        let buyer = buyer_of(&row)?;
        let order = Order {
            id: OrderId(row.id),
            number: row.number,
            channel_id: ChannelId(row.channel_id),
            buyer,
            cart_id: CartId(row.cart_id),
            approval_request_id: row.approval_request_id.map(ApprovalRequestId),
            currency,
            state: row.state,
            process: row.process,
            po_number: row.po_number,
            note: row.note,
            payment_terms: row.payment_terms,
            shipping_address: row.shipping_address.map(serde_json::from_value).transpose()?,
            billing_address: row.billing_address.map(serde_json::from_value).transpose()?,
            prices_include_tax: row.prices_include_tax,
            line_count: row.line_count,
            totals: OrderTotals {
                lines_net: money(row.lines_net_minor),
                charges_net: money(row.charges_net_minor),
                tax_total: money(row.tax_total_minor),
                grand_total: money(row.grand_total_minor),
                paid: money(row.paid_minor),
                credited: money(row.credited_minor),
            },
            placed_at: row.placed_at,
            version: row.version,
        };
        Ok(Self { order, stock, credit_held: money(row.credit_held_minor) })
    }
}

fn buyer_of(row: &OrderRow) -> Result<CartOwner, StoreError> {
    if let (Some(account_id), Some(location_id), Some(employee_id)) =
        (row.account_id, row.location_id, row.employee_id)
    {
        return Ok(CartOwner::Employee {
            account_id: AccountId(account_id),
            location_id: LocationId(location_id),
            employee_id: EmployeeId(employee_id),
        });
    }
    if let Some(login_id) = row.customer_id {
        return Ok(CartOwner::Customer(LoginId(login_id)));
    }
    let guest = row
        .guest_key
        .clone()
        .ok_or_else(|| StoreError::Unknown { column: "buyer of order", value: row.number.clone() })?;
    Ok(CartOwner::Guest(guest))
}

/// Locks an order for this unit of work and moves its version on; false when it is not at `version` any more.
#[tracing::instrument(name = "db.orders.claim", skip_all)]
pub(crate) async fn claim(
    tx: &mut Tx,
    ctx: &Ctx,
    id: OrderId,
    version: Option<i64>,
) -> Result<bool, sqlx::Error> {
    let claimed = sqlx::query!(
        "UPDATE orders.sales_order \
         SET version = version + 1, updated_at = $3 \
         WHERE id = $1 AND version = COALESCE($2, version)",
        id.0,
        version,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(claimed.rows_affected() == 1)
}

/// What happened to an order, for its history.
pub(crate) struct Happened<'a> {
    /// `transition`, `edited`, `charged`, `returned`.
    pub(crate) kind: &'static str,
    /// State before.
    pub(crate) from_state: &'a str,
    /// Reason or summary.
    pub(crate) note: &'a str,
}

/// Everything of an order that may change, as it is now, and an entry of its history. The order has been claimed.
#[tracing::instrument(name = "db.orders.write_down", skip_all)]
pub(crate) async fn write_down(
    tx: &mut Tx,
    ctx: &Ctx,
    stored: &StoredOrder,
    happened: &Happened<'_>,
) -> Result<(), sqlx::Error> {
    let totals = &stored.order.totals;
    sqlx::query!(
        r#"
        WITH changed AS (
            UPDATE orders.sales_order
            SET state = $2, line_count = $3, lines_net_minor = $4, charges_net_minor = $5, tax_total_minor = $6,
                grand_total_minor = $7, paid_minor = $8, credited_minor = $9, stock = $10, credit_held_minor = $11
            WHERE id = $1
            RETURNING id, state
        )
        INSERT INTO orders.order_history (id, order_id, at, actor, kind, from_state, to_state, note)
        SELECT $12, id, $13, $14, $15, $16, state, $17
        FROM changed
        "#,
        stored.order.id.0,
        stored.order.state,
        stored.order.line_count,
        totals.lines_net.minor,
        totals.charges_net.minor,
        totals.tax_total.minor,
        totals.grand_total.minor,
        totals.paid.minor,
        totals.credited.minor,
        stored.stock.name(),
        stored.credit_held.minor,
        ctx.new_id::<Uuid>(),
        ctx.now(),
        ctx.actor_key(),
        happened.kind,
        happened.from_state,
        happened.note
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}
