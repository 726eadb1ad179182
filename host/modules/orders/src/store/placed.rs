//! Writing a placed order: one statement, whatever the number of lines.

use std::borrow::Cow;
use std::num::TryFromIntError;

use rust_decimal::Decimal;
use sqlx::types::Json;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::accounts::PostalAddress;
use vectis_contracts::carts::CartOwner;
use vectis_contracts::points::TaxKind;
use vectis_db::conn;
use vectis_kernel::{Ctx, Money};

use crate::model::StoredOrder;

/// Why an order was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    /// The cart has become an order before.
    #[error("the cart has been placed")]
    CartPlaced,
    #[error("database: {0}")]
    Db(#[source] sqlx::Error),
}

impl From<sqlx::Error> for PlaceError {
    fn from(error: sqlx::Error) -> Self {
        let constraint = error.as_database_error().and_then(|error| error.constraint());
        match constraint {
            Some("sales_order_once_per_cart") => Self::CartPlaced,
            _ => Self::Db(error),
        }
    }
}

/// Lines to write, column by column.
#[derive(Default)]
pub(crate) struct LineColumns<'a> {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) positions: Vec<i32>,
    pub(crate) variant_ids: Vec<Uuid>,
    pub(crate) skus: Vec<&'a str>,
    pub(crate) names: Vec<Cow<'a, str>>,
    pub(crate) tax_categories: Vec<&'a str>,
    pub(crate) precisions: Vec<i16>,
    pub(crate) stocked: Vec<bool>,
    pub(crate) backorders: Vec<bool>,
    pub(crate) quantities: Vec<i64>,
    pub(crate) package_slugs: Vec<Option<&'a str>>,
    pub(crate) package_multipliers: Vec<Option<i64>>,
    pub(crate) unit_prices: Vec<Decimal>,
    pub(crate) list_unit_prices: Vec<Option<Decimal>>,
    pub(crate) override_reasons: Vec<Option<&'a str>>,
    pub(crate) override_logins: Vec<Option<Uuid>>,
    pub(crate) nets: Vec<i64>,
    pub(crate) taxes: Vec<i64>,
    pub(crate) grosses: Vec<i64>,
    pub(crate) parts: TaxPartColumns,
}

/// Taxes of lines, column by column. `kinds` count from 1.
#[derive(Default)]
pub(crate) struct TaxPartColumns {
    pub(crate) line_ids: Vec<Uuid>,
    pub(crate) ordinals: Vec<i32>,
    pub(crate) kinds: Vec<i64>,
    pub(crate) amounts: Vec<i64>,
}

impl TaxPartColumns {
    /// Adds the taxes of a line: index of the kind, counted from 0, and amount.
    pub(crate) fn extend(&mut self, line_id: Uuid, parts: &[(usize, Money)]) -> Result<(), TryFromIntError> {
        for (ordinal, (kind, amount)) in parts.iter().enumerate() {
            self.line_ids.push(line_id);
            self.ordinals.push(i32::try_from(ordinal)?);
            self.kinds.push(i64::try_from(*kind)? + 1);
            self.amounts.push(amount.minor);
        }
        Ok(())
    }
}

impl LineColumns<'_> {
    /// Room for so many lines, with one kind of tax each.
    pub(crate) fn with_capacity(lines: usize) -> Self {
        Self {
            ids: Vec::with_capacity(lines),
            positions: Vec::with_capacity(lines),
            variant_ids: Vec::with_capacity(lines),
            skus: Vec::with_capacity(lines),
            names: Vec::with_capacity(lines),
            tax_categories: Vec::with_capacity(lines),
            precisions: Vec::with_capacity(lines),
            stocked: Vec::with_capacity(lines),
            backorders: Vec::with_capacity(lines),
            quantities: Vec::with_capacity(lines),
            package_slugs: Vec::with_capacity(lines),
            package_multipliers: Vec::with_capacity(lines),
            unit_prices: Vec::with_capacity(lines),
            list_unit_prices: Vec::with_capacity(lines),
            override_reasons: Vec::with_capacity(lines),
            override_logins: Vec::with_capacity(lines),
            nets: Vec::with_capacity(lines),
            taxes: Vec::with_capacity(lines),
            grosses: Vec::with_capacity(lines),
            parts: TaxPartColumns {
                line_ids: Vec::with_capacity(lines),
                ordinals: Vec::with_capacity(lines),
                kinds: Vec::with_capacity(lines),
                amounts: Vec::with_capacity(lines),
            },
        }
    }
}

/// The order with its lines, their taxes and the first entry of its history, in one statement; its number.
#[expect(clippy::too_many_lines, reason = "one statement and its columns")]
#[tracing::instrument(name = "db.orders.place", skip_all)]
pub(crate) async fn insert(
    tx: &mut Tx,
    ctx: &Ctx,
    stored: &StoredOrder,
    lines: &LineColumns<'_>,
    kinds: &[TaxKind],
) -> Result<String, PlaceError> {
    let order = &stored.order;
    let buyer = order.buyer_ids();
    let guest_key = match &order.buyer {
        CartOwner::Guest(hash) => Some(hash.as_str()),
        CartOwner::Customer(_) | CartOwner::Employee { .. } => None,
    };
    let names: Vec<&str> = lines.names.iter().map(AsRef::as_ref).collect();
    let kind_names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
    let kind_places: Vec<&str> = kinds.iter().map(|kind| kind.jurisdiction.as_str()).collect();
    let kind_rates: Vec<i64> = kinds.iter().map(|kind| kind.rate_ppm).collect();
    let number = sqlx::query_scalar!(
        r#"
        WITH placed AS (
            INSERT INTO orders.sales_order
                (id, number, channel_id, cart_id, approval_request_id, account_id, location_id, employee_id,
                 customer_id, guest_key, currency, process, state, po_number, note, payment_terms,
                 shipping_address, billing_address, prices_include_tax, line_count, lines_net_minor,
                 tax_total_minor, grand_total_minor, paid_minor, stock, credit_held_minor,
                 placed_at, created_at, updated_at)
            VALUES
                ($1, 'SO-' || nextval('orders.order_number'), $2, $3, $4, $5, $6, $7,
                 $8, $9, $10, $11, $12, $13, $14, $15,
                 $16, $17, $18, $19, $20,
                 $21, $22, $23, $24, $25,
                 $26, $26, $26)
            RETURNING id, number, state
        ),
        noted AS (
            INSERT INTO orders.order_history (id, order_id, at, actor, kind, from_state, to_state, note)
            SELECT $27, id, $26, $28, 'placed', '', state, ''
            FROM placed
        ),
        line AS (
            INSERT INTO orders.order_line
                (id, order_id, position, variant_id, sku, name, tax_category, precision, is_stocked,
                 allows_backorder, quantity_milli, package_slug, package_multiplier_milli, unit_price,
                 list_unit_price, override_reason, override_by, net_minor, tax_minor, gross_minor,
                 created_at, updated_at)
            SELECT given.id, $1, given.position, given.variant_id, given.sku, given.name, given.tax_category,
                   given.precision, given.is_stocked, given.allows_backorder, given.quantity_milli,
                   given.package_slug, given.package_multiplier_milli, given.unit_price, given.list_unit_price,
                   given.override_reason, given.override_by, given.net_minor, given.tax_minor,
                   given.gross_minor, $26, $26
            FROM UNNEST($29::uuid[], $30::int4[], $31::uuid[], $32::text[], $33::text[], $34::text[], $35::int2[],
                        $36::bool[], $37::bool[], $38::int8[], $39::text[], $40::int8[], $41::numeric[],
                        $42::numeric[], $43::text[], $44::uuid[], $45::int8[], $46::int8[], $47::int8[])
                AS given (id, position, variant_id, sku, name, tax_category, precision, is_stocked,
                          allows_backorder, quantity_milli, package_slug, package_multiplier_milli, unit_price,
                          list_unit_price, override_reason, override_by, net_minor, tax_minor, gross_minor)
        ),
        tax AS (
            INSERT INTO orders.order_line_tax (order_line_id, ordinal, name, jurisdiction, rate_ppm, amount_minor)
            SELECT part.order_line_id, part.ordinal, kind.name, kind.jurisdiction, kind.rate_ppm, part.amount_minor
            FROM UNNEST($48::uuid[], $49::int4[], $50::int8[], $51::int8[])
                AS part (order_line_id, ordinal, kind, amount_minor)
            JOIN UNNEST($52::text[], $53::text[], $54::int8[]) WITH ORDINALITY
                AS kind (name, jurisdiction, rate_ppm, number) ON kind.number = part.kind
        )
        SELECT number AS "number!"
        FROM placed
        "#,
        order.id.0,
        order.channel_id.0,
        order.cart_id.0,
        order.approval_request_id.map(Uuid::from),
        buyer.account_id.map(Uuid::from),
        buyer.location_id.map(Uuid::from),
        buyer.employee_id.map(Uuid::from),
        buyer.customer_id.map(Uuid::from),
        guest_key,
        order.currency.code(),
        order.process,
        order.state,
        order.po_number,
        order.note,
        order.payment_terms,
        order.shipping_address.as_ref().map(Json) as Option<Json<&PostalAddress>>,
        order.billing_address.as_ref().map(Json) as Option<Json<&PostalAddress>>,
        order.prices_include_tax,
        order.line_count,
        order.totals.lines_net.minor,
        order.totals.tax_total.minor,
        order.totals.grand_total.minor,
        order.totals.paid.minor,
        stored.stock.name(),
        stored.credit_held.minor,
        order.placed_at,
        ctx.new_id::<Uuid>(),
        ctx.actor_key(),
        &lines.ids,
        &lines.positions,
        &lines.variant_ids,
        &lines.skus as &[&str],
        &names as &[&str],
        &lines.tax_categories as &[&str],
        &lines.precisions,
        &lines.stocked,
        &lines.backorders,
        &lines.quantities,
        &lines.package_slugs as &[Option<&str>],
        &lines.package_multipliers as &[Option<i64>],
        &lines.unit_prices,
        &lines.list_unit_prices as &[Option<Decimal>],
        &lines.override_reasons as &[Option<&str>],
        &lines.override_logins as &[Option<Uuid>],
        &lines.nets,
        &lines.taxes,
        &lines.grosses,
        &lines.parts.line_ids,
        &lines.parts.ordinals,
        &lines.parts.kinds,
        &lines.parts.amounts,
        &kind_names as &[&str],
        &kind_places as &[&str],
        &kind_rates,
    )
    .fetch_one(conn(tx))
    .await?;
    Ok(number)
}
