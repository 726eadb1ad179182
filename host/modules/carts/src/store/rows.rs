//! Rows of the schema `carts`, and their way into the words of the contract and back.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::types::Json;
use uuid::Uuid;
use vectis_contracts::accounts::PostalAddress;
use vectis_contracts::carts::{Cart, CartLine, CartOwner, CartStatus, PackageChoice, PriceOverride};
use vectis_kernel::{Currency, Quantity, UnitPrice};

use super::StoredCart;

pub(super) fn status_text(status: CartStatus) -> &'static str {
    match status {
        CartStatus::Open => "open",
        CartStatus::Submitted => "submitted",
        CartStatus::Blocked => "blocked",
        CartStatus::Placed => "placed",
    }
}

pub(super) fn status_from(text: &str) -> Result<CartStatus, sqlx::Error> {
    match text {
        "open" => Ok(CartStatus::Open),
        "submitted" => Ok(CartStatus::Submitted),
        "blocked" => Ok(CartStatus::Blocked),
        "placed" => Ok(CartStatus::Placed),
        other => Err(undecodable(format!("unknown cart status {other:?}"))),
    }
}

/// A cart with its lines.
pub(super) struct CartRow {
    pub(super) id: Uuid,
    pub(super) channel_id: Uuid,
    pub(super) guest_hash: Option<String>,
    pub(super) customer_id: Option<Uuid>,
    pub(super) account_id: Option<Uuid>,
    pub(super) location_id: Option<Uuid>,
    pub(super) employee_id: Option<Uuid>,
    pub(super) is_implicit: bool,
    pub(super) currency: String,
    pub(super) status: String,
    pub(super) version: i64,
    pub(super) next_position: i32,
    pub(super) po_number: String,
    pub(super) note: String,
    pub(super) shipping_address: Option<Json<PostalAddress>>,
    pub(super) billing_address: Option<Json<PostalAddress>>,
    pub(super) approval_request_id: Option<Uuid>,
    pub(super) order_id: Option<Uuid>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) lines: Option<Vec<LineRow>>,
}

/// A line as a Postgres record: id, position, variant, quantity, package slug and multiplier, shown price, price of the
/// override, and its reason and author. A tuple, because an anonymous record is read without asking the server for types.
pub(super) type LineRow = (
    Uuid,
    i32,
    Uuid,
    i64,
    Option<String>,
    Option<i64>,
    Decimal,
    Option<Decimal>,
    (Option<String>, Option<Uuid>),
);

impl TryFrom<CartRow> for StoredCart {
    type Error = sqlx::Error;

    fn try_from(row: CartRow) -> Result<Self, sqlx::Error> {
        let currency: Currency = row.currency.parse().map_err(undecodable)?;
        let owner = OwnerColumns {
            guest_hash: row.guest_hash,
            customer_id: row.customer_id,
            account_id: row.account_id,
            location_id: row.location_id,
            employee_id: row.employee_id,
        };
        let lines = row.lines.unwrap_or_default().into_iter();
        let mut lines = lines.map(|line| cart_line(line, currency)).collect::<Result<Vec<_>, _>>()?;
        lines.sort_unstable_by_key(|line| line.position);
        Ok(Self {
            next_position: row.next_position,
            is_implicit: row.is_implicit,
            cart: Cart {
                id: row.id.into(),
                channel_id: row.channel_id.into(),
                owner: owner.try_into()?,
                currency,
                status: status_from(&row.status)?,
                version: row.version,
                po_number: row.po_number,
                note: row.note,
                shipping_address: row.shipping_address.map(|address| address.0),
                billing_address: row.billing_address.map(|address| address.0),
                approval_request_id: row.approval_request_id.map(Into::into),
                order_id: row.order_id.map(Into::into),
                created_at: row.created_at,
                updated_at: row.updated_at,
                lines,
            },
        })
    }
}

fn cart_line(row: LineRow, currency: Currency) -> Result<CartLine, sqlx::Error> {
    let (id, position, variant_id, quantity, slug, multiplier, shown, set, (reason, by)) = row;
    let price = |value: Decimal| UnitPrice::from_decimal(value, currency).map_err(undecodable);
    let price_override = set.map(price).transpose()?.map(|unit_price| PriceOverride {
        unit_price,
        reason: reason.unwrap_or_default(),
        by: by.map(Into::into),
    });
    Ok(CartLine {
        id: id.into(),
        position,
        variant_id: variant_id.into(),
        quantity: Quantity::from_milli(quantity),
        package: slug
            .zip(multiplier)
            .map(|(slug, milli)| PackageChoice { slug, multiplier: Quantity::from_milli(milli) }),
        shown_unit_price: price(shown)?,
        price_override,
    })
}

/// An owner, spread over the columns.
pub(super) struct OwnerColumns {
    pub(super) guest_hash: Option<String>,
    pub(super) customer_id: Option<Uuid>,
    pub(super) account_id: Option<Uuid>,
    pub(super) location_id: Option<Uuid>,
    pub(super) employee_id: Option<Uuid>,
}

impl From<&CartOwner> for OwnerColumns {
    fn from(owner: &CartOwner) -> Self {
        let (mut guest_hash, mut customer_id) = (None, None);
        let mut employee = (None, None, None);
        match owner {
            CartOwner::Guest(hash) => guest_hash = Some(hash.clone()),
            CartOwner::Customer(login_id) => customer_id = Some(login_id.0),
            CartOwner::Employee { account_id, location_id, employee_id } => {
                employee = (Some(account_id.0), Some(location_id.0), Some(employee_id.0))
            }
        }
        let (account_id, location_id, employee_id) = employee;
        Self { guest_hash, customer_id, account_id, location_id, employee_id }
    }
}

impl TryFrom<OwnerColumns> for CartOwner {
    type Error = sqlx::Error;

    fn try_from(columns: OwnerColumns) -> Result<Self, sqlx::Error> {
        let employee = columns.account_id.zip(columns.location_id).zip(columns.employee_id);
        match (columns.guest_hash, columns.customer_id, employee) {
            (Some(hash), None, None) => Ok(Self::Guest(hash)),
            (None, Some(login_id), None) => Ok(Self::Customer(login_id.into())),
            (None, None, Some(((account_id, location_id), employee_id))) => Ok(Self::Employee {
                account_id: account_id.into(),
                location_id: location_id.into(),
                employee_id: employee_id.into(),
            }),
            _ => Err(undecodable("a cart has one owner")),
        }
    }
}

/// Lines, column by column.
pub(super) struct LineColumns<'a> {
    pub(super) ids: Vec<Uuid>,
    pub(super) positions: Vec<i32>,
    pub(super) variant_ids: Vec<Uuid>,
    pub(super) quantities_milli: Vec<i64>,
    pub(super) package_slugs: Vec<Option<&'a str>>,
    pub(super) package_multipliers_milli: Vec<Option<i64>>,
    pub(super) shown_unit_prices: Vec<Decimal>,
    pub(super) override_unit_prices: Vec<Option<Decimal>>,
    pub(super) override_reasons: Vec<Option<&'a str>>,
    pub(super) override_login_ids: Vec<Option<Uuid>>,
}

impl<'a> From<&'a [CartLine]> for LineColumns<'a> {
    fn from(lines: &'a [CartLine]) -> Self {
        let package = |line: &'a CartLine| line.package.as_ref();
        let set = |line: &'a CartLine| line.price_override.as_ref();
        Self {
            ids: lines.iter().map(|line| line.id.0).collect(),
            positions: lines.iter().map(|line| line.position).collect(),
            variant_ids: lines.iter().map(|line| line.variant_id.0).collect(),
            quantities_milli: lines.iter().map(|line| line.quantity.milli()).collect(),
            package_slugs: lines
                .iter()
                .map(|line| package(line).map(|package| package.slug.as_str()))
                .collect(),
            package_multipliers_milli: lines
                .iter()
                .map(|line| package(line).map(|package| package.multiplier.milli()))
                .collect(),
            shown_unit_prices: lines.iter().map(|line| line.shown_unit_price.to_decimal()).collect(),
            override_unit_prices: lines
                .iter()
                .map(|line| set(line).map(|set| set.unit_price.to_decimal()))
                .collect(),
            override_reasons: lines.iter().map(|line| set(line).map(|set| set.reason.as_str())).collect(),
            override_login_ids: lines
                .iter()
                .map(|line| set(line).and_then(|set| set.by).map(|login_id| login_id.0))
                .collect(),
        }
    }
}

fn undecodable(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Decode(reason.into())
}
