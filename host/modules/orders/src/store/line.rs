//! Lines of placed orders: read whole for callers, and with what was frozen of the variant for edits and returns.

use std::collections::HashMap;

use rust_decimal::Decimal;
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::carts::{PackageChoice, PriceOverride};
use vectis_contracts::orders::{OrderLine, OrderLineTax};
use vectis_contracts::points::TaxKind;
use vectis_db::conn;
use vectis_kernel::ids::{LoginId, OrderId, OrderLineId, VariantId};
use vectis_kernel::{Ctx, Currency, Money, MoneyError, Quantity, UnitPrice};

use crate::store::placed::TaxPartColumns;
use crate::store::{Currencies, StoreError};

struct LineRow {
    id: Uuid,
    order_id: Uuid,
    currency: String,
    position: i32,
    variant_id: Uuid,
    sku: String,
    name: String,
    tax_category: String,
    quantity_milli: i64,
    package_slug: Option<String>,
    package_multiplier_milli: Option<i64>,
    unit_price: Decimal,
    list_unit_price: Option<Decimal>,
    override_reason: Option<String>,
    override_by: Option<Uuid>,
    net_minor: i64,
    tax_minor: i64,
    gross_minor: i64,
    returned_milli: i64,
}

/// Lines of orders with their taxes, by order and position. Two statements.
#[tracing::instrument(name = "db.orders.lines", skip_all)]
pub(crate) async fn of_orders(pool: &PgPool, order_ids: &[OrderId]) -> Result<Vec<OrderLine>, StoreError> {
    let ids: Vec<Uuid> = order_ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        LineRow,
        r#"
        SELECT line.id, line.order_id, sale.currency, line.position, line.variant_id, line.sku, line.name,
               line.tax_category, line.quantity_milli, line.package_slug, line.package_multiplier_milli,
               line.unit_price, line.list_unit_price, line.override_reason, line.override_by, line.net_minor,
               line.tax_minor, line.gross_minor, line.returned_milli
        FROM orders.order_line AS line
        JOIN orders.sales_order AS sale ON sale.id = line.order_id
        WHERE line.order_id = ANY($1)
        ORDER BY line.order_id, line.position
        "#,
        &ids
    )
    .fetch_all(pool)
    .await?;
    let mut taxes = taxes_of_orders(pool, &ids).await?;
    let mut currencies = Currencies::default();
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        let currency = currencies.parse(&row.currency)?;
        let parts = taxes.remove(&row.id).unwrap_or_default();
        lines.push(row.into_line(currency, parts)?);
    }
    Ok(lines)
}

struct TaxRow {
    order_line_id: Uuid,
    name: String,
    jurisdiction: String,
    rate_ppm: i64,
    amount_minor: i64,
}

async fn taxes_of_orders(pool: &PgPool, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<TaxRow>>, sqlx::Error> {
    let rows = sqlx::query_as!(
        TaxRow,
        r#"
        SELECT part.order_line_id, part.name, part.jurisdiction, part.rate_ppm, part.amount_minor
        FROM orders.order_line_tax AS part
        JOIN orders.order_line AS line ON line.id = part.order_line_id
        WHERE line.order_id = ANY($1)
        ORDER BY part.order_line_id, part.ordinal
        "#,
        ids
    )
    .fetch_all(pool)
    .await?;
    let mut by_line: HashMap<Uuid, Vec<TaxRow>> = HashMap::new();
    for row in rows {
        by_line.entry(row.order_line_id).or_default().push(row);
    }
    Ok(by_line)
}

impl LineRow {
    fn into_line(self, currency: Currency, taxes: Vec<TaxRow>) -> Result<OrderLine, MoneyError> {
        let money = |minor| Money::new(minor, currency);
        let unit_price = UnitPrice::from_decimal(self.unit_price, currency)?;
        let package = self.package_slug.zip(self.package_multiplier_milli);
        let by = self.override_by.map(LoginId);
        let list_unit_price = self.list_unit_price.map(|price| UnitPrice::from_decimal(price, currency));
        Ok(OrderLine {
            id: OrderLineId(self.id),
            order_id: OrderId(self.order_id),
            position: self.position,
            variant_id: VariantId(self.variant_id),
            sku: self.sku,
            name: self.name,
            tax_category: self.tax_category,
            quantity: Quantity::from_milli(self.quantity_milli),
            package: package.map(|(slug, multiplier)| PackageChoice {
                slug,
                multiplier: Quantity::from_milli(multiplier),
            }),
            unit_price,
            list_unit_price: list_unit_price.transpose()?,
            price_override: self.override_reason.map(|reason| PriceOverride { unit_price, reason, by }),
            net: money(self.net_minor),
            tax: money(self.tax_minor),
            gross: money(self.gross_minor),
            taxes: taxes
                .into_iter()
                .map(|tax| OrderLineTax {
                    name: tax.name,
                    jurisdiction: tax.jurisdiction,
                    rate_ppm: tax.rate_ppm,
                    amount: money(tax.amount_minor),
                })
                .collect(),
            returned: Quantity::from_milli(self.returned_milli),
        })
    }
}

/// A line as writers of this module need it.
#[derive(Clone, Debug)]
pub(crate) struct FrozenLine {
    pub(crate) id: OrderLineId,
    pub(crate) variant_id: VariantId,
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) tax_category: String,
    pub(crate) precision: u32,
    pub(crate) is_stocked: bool,
    pub(crate) allows_backorder: bool,
    pub(crate) quantity: Quantity,
    pub(crate) unit_price: UnitPrice,
    pub(crate) net: Money,
    pub(crate) tax: Money,
    pub(crate) returned: Quantity,
}

struct FrozenRow {
    id: Uuid,
    variant_id: Uuid,
    sku: String,
    name: String,
    tax_category: String,
    precision: i16,
    is_stocked: bool,
    allows_backorder: bool,
    quantity_milli: i64,
    unit_price: Decimal,
    net_minor: i64,
    tax_minor: i64,
    returned_milli: i64,
}

/// Lines of an order by position: those named, or all.
#[tracing::instrument(name = "db.orders.frozen_lines", skip_all)]
pub(crate) async fn frozen(
    executor: impl PgExecutor<'_>,
    order_id: OrderId,
    currency: Currency,
    named: Option<&[Uuid]>,
) -> Result<Vec<FrozenLine>, StoreError> {
    let rows = sqlx::query_as!(
        FrozenRow,
        r#"
        SELECT id, variant_id, sku, name, tax_category, precision, is_stocked, allows_backorder, quantity_milli,
               unit_price, net_minor, tax_minor, returned_milli
        FROM orders.order_line
        WHERE order_id = $1
          AND ($2::uuid[] IS NULL OR id = ANY($2))
        ORDER BY position
        "#,
        order_id.0,
        named
    )
    .fetch_all(executor)
    .await?;
    let lines = rows.into_iter().map(|row| {
        Ok(FrozenLine {
            id: OrderLineId(row.id),
            variant_id: VariantId(row.variant_id),
            sku: row.sku,
            name: row.name,
            tax_category: row.tax_category,
            precision: u32::from(row.precision.unsigned_abs()),
            is_stocked: row.is_stocked,
            allows_backorder: row.allows_backorder,
            quantity: Quantity::from_milli(row.quantity_milli),
            unit_price: UnitPrice::from_decimal(row.unit_price, currency)?,
            net: Money::new(row.net_minor, currency),
            tax: Money::new(row.tax_minor, currency),
            returned: Quantity::from_milli(row.returned_milli),
        })
    });
    lines.collect()
}

/// Edited lines, column by column. A line of quantity 0 goes.
#[derive(Default)]
pub(crate) struct EditedColumns {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) quantities: Vec<i64>,
    pub(crate) unit_prices: Vec<Decimal>,
    /// Whether staff set the price in this edit.
    pub(crate) priced: Vec<bool>,
    pub(crate) nets: Vec<i64>,
    pub(crate) taxes: Vec<i64>,
    pub(crate) parts: TaxPartColumns,
}

/// Who edits, and why.
pub(crate) struct EditedBy<'a> {
    pub(crate) reason: &'a str,
    pub(crate) login_id: Option<LoginId>,
}

/// Changes lines and removes those of quantity 0. The price before the first edit stays known as the list price.
#[tracing::instrument(name = "db.orders.edit_lines", skip_all)]
pub(crate) async fn edit(
    tx: &mut Tx,
    ctx: &Ctx,
    order_id: OrderId,
    lines: &EditedColumns,
    by: &EditedBy<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        WITH given AS (
            SELECT given.id, given.quantity_milli, given.unit_price, given.is_priced, given.net_minor, given.tax_minor
            FROM UNNEST($2::uuid[], $3::int8[], $4::numeric[], $5::bool[], $6::int8[], $7::int8[])
                AS given (id, quantity_milli, unit_price, is_priced, net_minor, tax_minor)
        ),
        removed AS (
            DELETE FROM orders.order_line AS line
            USING given
            WHERE line.order_id = $1 AND line.id = given.id AND given.quantity_milli = 0
        )
        UPDATE orders.order_line AS line
        SET quantity_milli = given.quantity_milli,
            unit_price = given.unit_price,
            list_unit_price = CASE WHEN given.is_priced THEN COALESCE(line.list_unit_price, line.unit_price)
                                   ELSE line.list_unit_price END,
            override_reason = CASE WHEN given.is_priced THEN $8 ELSE line.override_reason END,
            override_by = CASE WHEN given.is_priced THEN $9 ELSE line.override_by END,
            net_minor = given.net_minor,
            tax_minor = given.tax_minor,
            gross_minor = given.net_minor + given.tax_minor,
            updated_at = $10
        FROM given
        WHERE line.order_id = $1 AND line.id = given.id AND given.quantity_milli > 0
        "#,
        order_id.0,
        &lines.ids,
        &lines.quantities,
        &lines.unit_prices,
        &lines.priced,
        &lines.nets,
        &lines.taxes,
        by.reason,
        by.login_id.map(Uuid::from),
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Forgets the taxes of lines, before others are written.
#[tracing::instrument(name = "db.orders.forget_taxes", skip_all)]
pub(crate) async fn forget_taxes(tx: &mut Tx, line_ids: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM orders.order_line_tax WHERE order_line_id = ANY($1)", line_ids)
        .execute(conn(tx))
        .await?;
    Ok(())
}

/// Writes taxes of lines that are there.
#[tracing::instrument(name = "db.orders.insert_taxes", skip_all)]
pub(crate) async fn insert_taxes(
    tx: &mut Tx,
    parts: &TaxPartColumns,
    kinds: &[TaxKind],
) -> Result<(), sqlx::Error> {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
    let places: Vec<&str> = kinds.iter().map(|kind| kind.jurisdiction.as_str()).collect();
    let rates: Vec<i64> = kinds.iter().map(|kind| kind.rate_ppm).collect();
    sqlx::query!(
        r#"
        INSERT INTO orders.order_line_tax (order_line_id, ordinal, name, jurisdiction, rate_ppm, amount_minor)
        SELECT part.order_line_id, part.ordinal, kind.name, kind.jurisdiction, kind.rate_ppm, part.amount_minor
        FROM UNNEST($1::uuid[], $2::int4[], $3::int8[], $4::int8[])
            AS part (order_line_id, ordinal, kind, amount_minor)
        JOIN UNNEST($5::text[], $6::text[], $7::int8[]) WITH ORDINALITY
            AS kind (name, jurisdiction, rate_ppm, number) ON kind.number = part.kind
        "#,
        &parts.line_ids,
        &parts.ordinals,
        &parts.kinds,
        &parts.amounts,
        &names as &[&str],
        &places as &[&str],
        &rates
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Counts goods as returned, unless that were more than was bought; how many lines were counted.
#[tracing::instrument(name = "db.orders.count_returned", skip_all)]
pub(crate) async fn count_returned(
    tx: &mut Tx,
    ctx: &Ctx,
    order_id: OrderId,
    line_ids: &[Uuid],
    quantities: &[i64],
) -> Result<u64, sqlx::Error> {
    let counted = sqlx::query!(
        r#"
        UPDATE orders.order_line AS line
        SET returned_milli = line.returned_milli + given.quantity_milli,
            updated_at = $4
        FROM UNNEST($2::uuid[], $3::int8[]) AS given (id, quantity_milli)
        WHERE line.order_id = $1
          AND line.id = given.id
          AND line.returned_milli + given.quantity_milli <= line.quantity_milli
        "#,
        order_id.0,
        line_ids,
        quantities,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(counted.rows_affected())
}
