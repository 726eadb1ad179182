use sqlx::PgExecutor;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::accounts::{Address, Location, PostalAddress};
use vectis_db::{Db, conn};
use vectis_kernel::Ctx;
use vectis_kernel::ids::{AccountId, AddressId, LocationId};

use crate::scope::Scope;

/// A site as it is stored.
pub(crate) struct NewLocation {
    pub(crate) id: LocationId,
    pub(crate) account_id: AccountId,
    pub(crate) name: String,
    pub(crate) default_address_id: Option<AddressId>,
}

#[tracing::instrument(name = "db.accounts.insert_locations", skip_all, fields(count = locations.len()))]
pub(crate) async fn insert_locations(
    tx: &mut Tx,
    ctx: &Ctx,
    locations: &[NewLocation],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = locations.iter().map(|location| location.id.0).collect();
    let accounts: Vec<Uuid> = locations.iter().map(|location| location.account_id.0).collect();
    let names: Vec<&str> = locations.iter().map(|location| location.name.as_str()).collect();
    sqlx::query!(
        "INSERT INTO accounts.location (id, account_id, name, created_at, updated_at) \
         SELECT id, account_id, name, $4, $4 \
         FROM UNNEST($1::uuid[], $2::uuid[], $3::text[]) AS given (id, account_id, name)",
        &ids,
        &accounts,
        &names as &[&str],
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// An address as it is stored.
pub(crate) struct NewAddress {
    pub(crate) id: AddressId,
    pub(crate) account_id: AccountId,
    pub(crate) location_id: LocationId,
    pub(crate) postal: PostalAddress,
}

#[tracing::instrument(name = "db.accounts.insert_addresses", skip_all, fields(count = addresses.len()))]
pub(crate) async fn insert_addresses(
    tx: &mut Tx,
    ctx: &Ctx,
    addresses: &[NewAddress],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = addresses.iter().map(|address| address.id.0).collect();
    let accounts: Vec<Uuid> = addresses.iter().map(|address| address.account_id.0).collect();
    let locations: Vec<Uuid> = addresses.iter().map(|address| address.location_id.0).collect();
    let column = |of: fn(&PostalAddress) -> &String| -> Vec<&str> {
        addresses.iter().map(|address| of(&address.postal).as_str()).collect()
    };
    sqlx::query!(
        "INSERT INTO accounts.address \
             (id, account_id, location_id, name, street, city, region, postal_code, country, created_at, updated_at) \
         SELECT id, account_id, location_id, name, street, city, region, postal_code, country, $10, $10 \
         FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], \
                     $8::text[], $9::text[]) \
             AS given (id, account_id, location_id, name, street, city, region, postal_code, country)",
        &ids,
        &accounts,
        &locations,
        &column(|postal| &postal.name) as &[&str],
        &column(|postal| &postal.street) as &[&str],
        &column(|postal| &postal.city) as &[&str],
        &column(|postal| &postal.region) as &[&str],
        &column(|postal| &postal.postal_code) as &[&str],
        &column(|postal| &postal.country) as &[&str],
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Makes addresses the defaults of their locations.
#[tracing::instrument(name = "db.accounts.set_default_addresses", skip_all, fields(count = addresses.len()))]
pub(crate) async fn set_defaults(
    tx: &mut Tx,
    ctx: &Ctx,
    addresses: &[NewAddress],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = addresses.iter().map(|address| address.id.0).collect();
    let locations: Vec<Uuid> = addresses.iter().map(|address| address.location_id.0).collect();
    sqlx::query!(
        "UPDATE accounts.location AS location \
         SET default_address_id = given.id, updated_at = $3 \
         FROM UNNEST($1::uuid[], $2::uuid[]) AS given (id, location_id) \
         WHERE location.id = given.location_id",
        &ids,
        &locations,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

struct LocationRow {
    id: Uuid,
    account_id: Uuid,
    name: String,
    default_address_id: Option<Uuid>,
}

impl From<LocationRow> for Location {
    fn from(row: LocationRow) -> Self {
        Self {
            id: row.id.into(),
            account_id: row.account_id.into(),
            name: row.name,
            default_address_id: row.default_address_id.map(Into::into),
        }
    }
}

/// Oldest first.
#[tracing::instrument(name = "db.accounts.locations_of", skip_all)]
pub(crate) async fn locations_of(
    db: &Db,
    scope: Scope,
    account_ids: &[AccountId],
) -> Result<Vec<Location>, sqlx::Error> {
    let account_ids: Vec<Uuid> = account_ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        LocationRow,
        "SELECT id, account_id, name, default_address_id \
         FROM accounts.location \
         WHERE account_id = ANY($1) AND ($2::uuid IS NULL OR account_id = $2) \
         ORDER BY id",
        &account_ids,
        scope.only_account()
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

#[tracing::instrument(name = "db.accounts.locations_by_id", skip_all)]
pub(crate) async fn locations_by_id(
    db: &Db,
    scope: Scope,
    ids: &[LocationId],
) -> Result<Vec<Location>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        LocationRow,
        "SELECT id, account_id, name, default_address_id \
         FROM accounts.location \
         WHERE id = ANY($1) AND ($2::uuid IS NULL OR account_id = $2) \
         ORDER BY id",
        &ids,
        scope.only_account()
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Whose site it is, if it is there and in scope.
#[tracing::instrument(name = "db.accounts.account_of_location", skip_all)]
pub(crate) async fn account_of(
    executor: impl PgExecutor<'_>,
    scope: Scope,
    id: LocationId,
) -> Result<Option<AccountId>, sqlx::Error> {
    let account_id = sqlx::query_scalar!(
        "SELECT account_id \
         FROM accounts.location \
         WHERE id = $1 AND ($2::uuid IS NULL OR account_id = $2)",
        id.0,
        scope.only_account()
    )
    .fetch_optional(executor)
    .await?;
    Ok(account_id.map(Into::into))
}

struct AddressRow {
    id: Uuid,
    account_id: Uuid,
    location_id: Uuid,
    name: String,
    street: String,
    city: String,
    region: String,
    postal_code: String,
    country: String,
}

impl From<AddressRow> for Address {
    fn from(row: AddressRow) -> Self {
        Self {
            id: row.id.into(),
            account_id: row.account_id.into(),
            location_id: row.location_id.into(),
            postal: PostalAddress {
                name: row.name,
                street: row.street,
                city: row.city,
                region: row.region,
                postal_code: row.postal_code,
                country: row.country,
            },
        }
    }
}

/// Oldest first.
#[tracing::instrument(name = "db.accounts.addresses_of", skip_all)]
pub(crate) async fn addresses_of(
    db: &Db,
    scope: Scope,
    location_ids: &[LocationId],
) -> Result<Vec<Address>, sqlx::Error> {
    let location_ids: Vec<Uuid> = location_ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        AddressRow,
        "SELECT id, account_id, location_id, name, street, city, region, postal_code, country \
         FROM accounts.address \
         WHERE location_id = ANY($1) AND ($2::uuid IS NULL OR account_id = $2) \
         ORDER BY id",
        &location_ids,
        scope.only_account()
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

#[tracing::instrument(name = "db.accounts.address", skip_all)]
pub(crate) async fn address(db: &Db, scope: Scope, id: AddressId) -> Result<Option<Address>, sqlx::Error> {
    let row = sqlx::query_as!(
        AddressRow,
        "SELECT id, account_id, location_id, name, street, city, region, postal_code, country \
         FROM accounts.address \
         WHERE id = $1 AND ($2::uuid IS NULL OR account_id = $2)",
        id.0,
        scope.only_account()
    )
    .fetch_optional(db.pool())
    .await?;
    Ok(row.map(Into::into))
}
