//! Charges: amounts on an order that are not goods.

use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::orders::{ChargeKind, OrderCharge};
use vectis_db::conn;
use vectis_kernel::ids::{OrderChargeId, OrderId};
use vectis_kernel::{Ctx, Money};

use crate::store::{Currencies, StoreError};

/// A charge to write.
pub(crate) struct NewCharge<'a> {
    pub(crate) id: OrderChargeId,
    pub(crate) kind: ChargeKind,
    pub(crate) label: &'a str,
    pub(crate) tax_category: Option<&'a str>,
    pub(crate) net: Money,
    pub(crate) tax: Money,
}

/// The kind as stored and as events say it.
pub(crate) fn kind_name(kind: ChargeKind) -> &'static str {
    let named = ChargeKind::ALL.iter().find(|(_, known)| *known == kind);
    named.map_or("manual", |(name, _)| name)
}

/// Adds charges to an order, in one statement.
#[tracing::instrument(name = "db.orders.insert_charges", skip_all)]
pub(crate) async fn insert(
    tx: &mut Tx,
    ctx: &Ctx,
    order_id: OrderId,
    charges: &[NewCharge<'_>],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = charges.iter().map(|charge| charge.id.0).collect();
    let kinds: Vec<&str> = charges.iter().map(|charge| kind_name(charge.kind)).collect();
    let labels: Vec<&str> = charges.iter().map(|charge| charge.label).collect();
    let categories: Vec<Option<&str>> = charges.iter().map(|charge| charge.tax_category).collect();
    let nets: Vec<i64> = charges.iter().map(|charge| charge.net.minor).collect();
    let taxes: Vec<i64> = charges.iter().map(|charge| charge.tax.minor).collect();
    sqlx::query!(
        r#"
        INSERT INTO orders.order_charge
            (id, order_id, kind, label, tax_category, net_minor, tax_minor, created_at, updated_at)
        SELECT given.id, $1, given.kind, given.label, given.tax_category, given.net_minor, given.tax_minor, $2, $2
        FROM UNNEST($3::uuid[], $4::text[], $5::text[], $6::text[], $7::int8[], $8::int8[]) WITH ORDINALITY
            AS given (id, kind, label, tax_category, net_minor, tax_minor, number)
        ORDER BY given.number
        "#,
        order_id.0,
        ctx.now(),
        &ids,
        &kinds as &[&str],
        &labels as &[&str],
        &categories as &[Option<&str>],
        &nets,
        &taxes
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

struct ChargeRow {
    id: Uuid,
    order_id: Uuid,
    currency: String,
    kind: String,
    label: String,
    net_minor: i64,
    tax_minor: i64,
}

/// Charges of orders, oldest first.
#[tracing::instrument(name = "db.orders.charges", skip_all)]
pub(crate) async fn of_orders(pool: &PgPool, order_ids: &[OrderId]) -> Result<Vec<OrderCharge>, StoreError> {
    let ids: Vec<Uuid> = order_ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        ChargeRow,
        r#"
        SELECT charge.id, charge.order_id, sale.currency, charge.kind, charge.label, charge.net_minor,
               charge.tax_minor
        FROM orders.order_charge AS charge
        JOIN orders.sales_order AS sale ON sale.id = charge.order_id
        WHERE charge.order_id = ANY($1)
        ORDER BY charge.order_id, charge.position
        "#,
        &ids
    )
    .fetch_all(pool)
    .await?;
    let mut currencies = Currencies::default();
    let charges = rows.into_iter().map(|row| {
        let currency = currencies.parse(&row.currency)?;
        let known = ChargeKind::ALL.iter().find(|(name, _)| *name == row.kind);
        let (_, kind) = known.ok_or(StoreError::Unknown { column: "charge kind", value: row.kind })?;
        Ok(OrderCharge {
            id: OrderChargeId(row.id),
            order_id: OrderId(row.order_id),
            kind: *kind,
            label: row.label,
            net: Money::new(row.net_minor, currency),
            tax: Money::new(row.tax_minor, currency),
        })
    });
    charges.collect()
}
