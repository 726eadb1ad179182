//! Reading a cart: its rows, those of its variants and of their prices, and every byte of them copied once.

use anyhow::{Result, ensure};
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Postgres, Row as _, ValueRef as _};
use uuid::Uuid;

use crate::measure::Operation;
use crate::shop::uuid_of;

pub(crate) struct ReadFloor {
    connection: PoolConnection<Postgres>,
    cart_id: Uuid,
    variant_ids: Vec<Uuid>,
    price_list_ids: Vec<Uuid>,
}

impl ReadFloor {
    /// Of a cart, by its global id.
    pub(crate) async fn of_cart(pool: &PgPool, cart: &str) -> Result<Self> {
        let cart_id = uuid_of(cart)?;
        let mut connection = pool.acquire().await?;
        let variants = "SELECT DISTINCT variant_id FROM carts.cart_line WHERE cart_id = $1";
        let variant_ids = sqlx::query_scalar(variants).bind(cart_id).fetch_all(&mut *connection).await?;
        let lists = "SELECT audience.price_list_id
                     FROM pricing.price_list_audience AS audience
                     JOIN carts.cart ON cart.channel_id = audience.audience_id
                     WHERE cart.id = $1";
        let price_list_ids = sqlx::query_scalar(lists).bind(cart_id).fetch_all(&mut *connection).await?;
        Ok(Self { connection, cart_id, variant_ids, price_list_ids })
    }
}

impl Operation for ReadFloor {
    type Ready = ();
    type Answer = Vec<u8>;

    async fn prepare(&mut self) -> Result<()> {
        Ok(())
    }

    async fn run(&mut self, (): ()) -> Result<Vec<u8>> {
        let connection = &mut *self.connection;
        let mut bytes = Vec::new();
        let cart = sqlx::query(CART).bind(self.cart_id).fetch_all(&mut *connection).await?;
        copy(&cart, &mut bytes)?;
        let lines = sqlx::query(LINES).bind(self.cart_id).fetch_all(&mut *connection).await?;
        copy(&lines, &mut bytes)?;
        let variants = sqlx::query(VARIANTS).bind(&self.variant_ids).fetch_all(&mut *connection).await?;
        copy(&variants, &mut bytes)?;
        let tiers = sqlx::query(TIERS).bind(&self.price_list_ids).bind(&self.variant_ids);
        copy(&tiers.fetch_all(&mut *connection).await?, &mut bytes)?;
        Ok(bytes)
    }

    fn check(&self, bytes: Vec<u8>) -> Result<()> {
        ensure!(bytes.len() > self.variant_ids.len() * 100, "only {} bytes were read", bytes.len());
        Ok(())
    }
}

fn copy(rows: &[PgRow], bytes: &mut Vec<u8>) -> Result<()> {
    for row in rows {
        for column in 0..row.len() {
            let value = row.try_get_raw(column)?;
            if !value.is_null() {
                bytes.extend_from_slice(value.as_bytes().map_err(anyhow::Error::from_boxed)?);
            }
        }
    }
    Ok(())
}

const CART: &str = "
    SELECT id, channel_id, account_id, location_id, employee_id, currency, status, version, po_number, note,
           shipping_address, billing_address, approval_request_id, order_id, created_at, updated_at
    FROM carts.cart
    WHERE id = $1";

const LINES: &str = "
    SELECT id, position, variant_id, quantity_milli, package_slug, package_multiplier_milli, shown_unit_price,
           override_unit_price, override_reason, override_login_id
    FROM carts.cart_line
    WHERE cart_id = $1
    ORDER BY position";

const VARIANTS: &str = "
    SELECT variant.id, variant.product_id, variant.sku, variant.name, variant.quantity_precision,
           variant.min_quantity_milli, variant.max_quantity_milli, variant.step_quantity_milli, variant.is_stocked,
           variant.allows_backorder, variant.weight_g, variant.is_active, product.name, product.tax_category
    FROM products.variant
    JOIN products.product ON product.id = variant.product_id
    WHERE variant.id = ANY ($1)";

const TIERS: &str = "
    SELECT price_list_id, variant_id, min_quantity_milli, unit_price
    FROM pricing.price_tier
    WHERE price_list_id = ANY ($1) AND variant_id = ANY ($2)";
