//! All SQL of the schema `carts`.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::accounts::PostalAddress;
use vectis_contracts::carts::{Cart, CartLine, CartOwner, CartStatus};
use vectis_db::conn;
use vectis_kernel::ids::{ApprovalRequestId, CartId, CartLineId, ChannelId, OrderId};

use crate::owner::owner_key;

mod rows;

use rows::{CartRow, LineColumns, LineRow};

/// A cart with what only this module knows of it.
#[derive(Clone, Debug)]
pub(crate) struct StoredCart {
    /// As others see it. Version 0 means it is not stored yet.
    pub(crate) cart: Cart,
    /// Position of the next new line.
    pub(crate) next_position: i32,
    /// Made by a first line rather than on request.
    pub(crate) is_implicit: bool,
}

/// Carts with their lines, in one statement and so from one instant. A macro, because the two ways to find a cart differ
/// in nothing but their last lines, and checked SQL is a literal.
macro_rules! select_carts {
    ($which:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            CartRow,
            r#"
            SELECT cart.id, cart.channel_id, cart.guest_hash, cart.customer_id, cart.account_id, cart.location_id,
                   cart.employee_id, cart.is_implicit, cart.currency, cart.status, cart.version, cart.next_position,
                   cart.po_number, cart.note,
                   cart.shipping_address AS "shipping_address: Json<PostalAddress>",
                   cart.billing_address AS "billing_address: Json<PostalAddress>",
                   cart.approval_request_id, cart.order_id, cart.created_at, cart.updated_at,
                   line.rows AS "lines: Vec<LineRow>"
            FROM carts.cart
            CROSS JOIN LATERAL (
                SELECT array_agg(ROW(
                           id, position, variant_id, quantity_milli, package_slug, package_multiplier_milli,
                           shown_unit_price, override_unit_price, ROW(override_reason, override_login_id)
                       )) AS rows
                FROM carts.cart_line
                WHERE cart_id = cart.id
            ) AS line
            "# + $which,
            $($argument),+
        )
    };
}

/// A cart by id.
#[tracing::instrument(name = "db.carts.find", skip_all)]
pub(crate) async fn find(pool: &PgPool, id: CartId) -> Result<Option<StoredCart>, sqlx::Error> {
    let row = select_carts!("WHERE cart.id = $1", id.0).fetch_optional(pool).await?;
    row.map(StoredCart::try_from).transpose()
}

/// The newest open cart in the channel of each of these owners.
#[tracing::instrument(name = "db.carts.find_open", skip_all)]
pub(crate) async fn find_open(
    pool: &PgPool,
    channel_id: ChannelId,
    owners: &[&CartOwner],
) -> Result<Vec<StoredCart>, sqlx::Error> {
    let keys: Vec<String> = owners.iter().map(|owner| owner_key(owner)).collect();
    let rows = select_carts!(
        "WHERE cart.id = ANY(ARRAY(
            SELECT DISTINCT ON (owner_key) id
            FROM carts.cart
            WHERE channel_id = $1 AND owner_key = ANY($2) AND status = 'open'
            ORDER BY owner_key, created_at DESC, id DESC
        ))",
        channel_id.0,
        &keys
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(StoredCart::try_from).collect()
}

/// What a command makes of a cart's lines.
#[derive(Clone, Copy)]
pub(crate) struct LineChange<'a> {
    /// Lines that go.
    pub(crate) remove: &'a [CartLineId],
    /// Lines that come or change, as they shall be.
    pub(crate) upsert: &'a [CartLine],
    /// Position of the next new line afterwards.
    pub(crate) next_position: i32,
}

/// Claims the row of a cart and writes its lines behind that, in one statement. A macro, because a new cart and a known one
/// differ in nothing but the claim, and checked SQL is a literal.
macro_rules! write_cart {
    ($claim:tt, $cart_id:expr, $change:expr, $now:expr, $($argument:expr),+) => {{
        let change: LineChange<'_> = $change;
        let remove: Vec<Uuid> = change.remove.iter().map(|id| id.0).collect();
        let columns = LineColumns::from(change.upsert);
        sqlx::query_scalar!(
            "WITH claimed AS ( " + $claim + " RETURNING id \
             ), \
             removed AS ( \
                 DELETE FROM carts.cart_line AS line \
                 USING claimed \
                 WHERE line.cart_id = claimed.id AND line.id = ANY($4) \
             ), \
             written AS ( \
                 INSERT INTO carts.cart_line \
                     (id, cart_id, position, variant_id, quantity_milli, package_slug, package_multiplier_milli, \
                      shown_unit_price, override_unit_price, override_reason, override_login_id, created_at, updated_at) \
                 SELECT line.id, claimed.id, position, variant_id, quantity_milli, package_slug, \
                        package_multiplier_milli, shown_unit_price, override_unit_price, override_reason, \
                        override_login_id, $2, $2 \
                 FROM claimed \
                 CROSS JOIN UNNEST($5::uuid[], $6::int[], $7::uuid[], $8::bigint[], $9::text[], $10::bigint[], \
                                   $11::numeric[], $12::numeric[], $13::text[], $14::uuid[]) \
                     AS line (id, position, variant_id, quantity_milli, package_slug, package_multiplier_milli, \
                              shown_unit_price, override_unit_price, override_reason, override_login_id) \
                 ON CONFLICT (id) DO UPDATE \
                 SET quantity_milli = EXCLUDED.quantity_milli, \
                     shown_unit_price = EXCLUDED.shown_unit_price, \
                     override_unit_price = EXCLUDED.override_unit_price, \
                     override_reason = EXCLUDED.override_reason, \
                     override_login_id = EXCLUDED.override_login_id, \
                     updated_at = EXCLUDED.updated_at \
             ) \
             SELECT EXISTS (SELECT FROM claimed) AS \"is_ours!\"",
            $cart_id,
            $now,
            change.next_position,
            &remove,
            &columns.ids,
            &columns.positions,
            &columns.variant_ids,
            &columns.quantities_milli,
            &columns.package_slugs as &[Option<&str>],
            &columns.package_multipliers_milli as &[Option<i64>],
            &columns.shown_unit_prices,
            &columns.override_unit_prices as &[Option<Decimal>],
            &columns.override_reasons as &[Option<&str>],
            &columns.override_login_ids as &[Option<Uuid>],
            $($argument),+
        )
    }};
}

/// Stores a new cart at version 1 with its lines. False, and nothing written, when it is an implicit one and its owner has
/// another such open by now.
#[tracing::instrument(name = "db.carts.insert", skip_all)]
pub(crate) async fn insert(
    tx: &mut Tx,
    stored: &StoredCart,
    change: LineChange<'_>,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let owner = rows::OwnerColumns::from(&stored.cart.owner);
    write_cart!(
        "INSERT INTO carts.cart \
             (id, channel_id, guest_hash, customer_id, account_id, location_id, employee_id, is_implicit, currency, \
              status, version, next_position, po_number, note, created_at, updated_at) \
         VALUES ($1, $15, $16, $17, $18, $19, $20, $21, $22, 'open', 1, $3, '', '', $2, $2) \
         ON CONFLICT (channel_id, owner_key) WHERE status = 'open' AND is_implicit DO NOTHING",
        stored.cart.id.0,
        change,
        now,
        stored.cart.channel_id.0,
        owner.guest_hash,
        owner.customer_id,
        owner.account_id,
        owner.location_id,
        owner.employee_id,
        stored.is_implicit,
        stored.cart.currency.code()
    )
    .fetch_one(conn(tx))
    .await
}

/// Raises the version of an open cart, so locks it, and writes its lines. False, and nothing written, when it is not at this
/// version, or not open, any more.
#[tracing::instrument(name = "db.carts.change", skip_all)]
pub(crate) async fn change(
    tx: &mut Tx,
    stored: &StoredCart,
    change: LineChange<'_>,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    write_cart!(
        "UPDATE carts.cart \
         SET version = version + 1, next_position = $3, updated_at = $2 \
         WHERE id = $1 AND version = $15 AND status = 'open'",
        stored.cart.id.0,
        change,
        now,
        stored.cart.version
    )
    .fetch_one(conn(tx))
    .await
}

/// Takes these lines out of another open cart, if it is still at this version; its version rises. False when it is not.
#[tracing::instrument(name = "db.carts.take_lines", skip_all)]
pub(crate) async fn take_lines(
    tx: &mut Tx,
    from: &Cart,
    line_ids: &[CartLineId],
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let line_ids: Vec<Uuid> = line_ids.iter().map(|id| id.0).collect();
    let taken = sqlx::query!(
        "WITH touched AS ( \
             UPDATE carts.cart \
             SET version = version + 1, updated_at = $3 \
             WHERE id = $1 AND version = $2 AND status = 'open' \
             RETURNING id \
         ) \
         DELETE FROM carts.cart_line \
         USING touched \
         WHERE cart_line.cart_id = touched.id AND cart_line.id = ANY($4)",
        from.id.0,
        from.version,
        now,
        &line_ids
    )
    .execute(conn(tx))
    .await?;
    Ok(taken.rows_affected() > 0)
}

/// Writes the details as the given cart has them.
#[tracing::instrument(name = "db.carts.set_details", skip_all)]
pub(crate) async fn set_details(tx: &mut Tx, cart: &Cart) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE carts.cart \
         SET po_number = $2, note = $3, shipping_address = $4, billing_address = $5 \
         WHERE id = $1",
        cart.id.0,
        cart.po_number,
        cart.note,
        cart.shipping_address.as_ref().map(Json) as Option<Json<&PostalAddress>>,
        cart.billing_address.as_ref().map(Json) as Option<Json<&PostalAddress>>
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Where a cart goes in its life.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// To be approved.
    Submit(ApprovalRequestId),
    /// It became this order.
    Place(OrderId),
    /// Approved, but not placeable now.
    Block,
}

/// Moves a cart on, if it is still in the status and at the version given. The version stays. False when it is not.
#[tracing::instrument(name = "db.carts.step", skip_all)]
pub(crate) async fn step(
    tx: &mut Tx,
    cart: &Cart,
    step: Step,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let (to, request_id, order_id) = match step {
        Step::Submit(request_id) => (CartStatus::Submitted, Some(request_id.0), None),
        Step::Place(order_id) => (CartStatus::Placed, None, Some(order_id.0)),
        Step::Block => (CartStatus::Blocked, None, None),
    };
    let moved = sqlx::query!(
        "UPDATE carts.cart \
         SET status = $4, \
             approval_request_id = COALESCE($5, approval_request_id), \
             order_id = COALESCE($6, order_id), \
             updated_at = $7 \
         WHERE id = $1 AND version = $2 AND status = $3",
        cart.id.0,
        cart.version,
        rows::status_text(cart.status),
        rows::status_text(to),
        request_id,
        order_id,
        now
    )
    .execute(conn(tx))
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Opens a submitted or blocked cart again; its version rises. False when it is neither. It stands beside a cart that was
/// begun meanwhile, so it is not the implicit one any more.
#[tracing::instrument(name = "db.carts.reopen", skip_all)]
pub(crate) async fn reopen(tx: &mut Tx, cart_id: CartId, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let reopened = sqlx::query!(
        "UPDATE carts.cart \
         SET status = 'open', is_implicit = false, version = version + 1, updated_at = $2 \
         WHERE id = $1 AND status IN ('submitted', 'blocked')",
        cart_id.0,
        now
    )
    .execute(conn(tx))
    .await?;
    Ok(reopened.rows_affected() == 1)
}

/// The status of a cart, for the reason of a refusal.
#[tracing::instrument(name = "db.carts.find_status", skip_all)]
pub(crate) async fn find_status(tx: &mut Tx, cart_id: CartId) -> Result<Option<CartStatus>, sqlx::Error> {
    let status = sqlx::query_scalar!("SELECT status FROM carts.cart WHERE id = $1", cart_id.0)
        .fetch_optional(conn(tx))
        .await?;
    status.map(|text| rows::status_from(&text)).transpose()
}
