use std::collections::{BTreeSet, HashMap, HashSet};

use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::accounts::{CustomerGroup, Role};
use vectis_db::{Db, conn};
use vectis_kernel::ids::{CustomerGroupId, RoleId};
use vectis_kernel::{Ctx, Permission};

struct RoleRow {
    id: Uuid,
    name: String,
    permissions: Vec<String>,
}

impl From<RoleRow> for Role {
    fn from(row: RoleRow) -> Self {
        let permissions = row.permissions.iter().filter_map(|key| Permission::parse(key)).collect();
        Self { id: row.id.into(), name: row.name, permissions }
    }
}

/// By name.
#[tracing::instrument(name = "db.accounts.roles", skip_all)]
pub(crate) async fn all(db: &Db) -> Result<Vec<Role>, sqlx::Error> {
    let rows = sqlx::query_as!(
        RoleRow,
        "SELECT id, name, permissions \
         FROM accounts.role \
         ORDER BY name"
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Those of these names there are.
#[tracing::instrument(name = "db.accounts.roles_by_name", skip_all)]
pub(crate) async fn by_name(tx: &mut Tx, names: &[&str]) -> Result<HashMap<String, Role>, sqlx::Error> {
    let rows = sqlx::query_as!(
        RoleRow,
        "SELECT id, name, permissions \
         FROM accounts.role \
         WHERE name = ANY($1)",
        names as &[&str]
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(rows.into_iter().map(|row| (row.name.clone(), row.into())).collect())
}

/// Creates the role, or replaces the permissions of the one with this name.
#[tracing::instrument(name = "db.accounts.upsert_role", skip_all)]
pub(crate) async fn upsert(
    tx: &mut Tx,
    ctx: &Ctx,
    name: &str,
    permissions: &BTreeSet<Permission>,
) -> Result<RoleId, sqlx::Error> {
    let keys: Vec<&str> = permissions.iter().map(Permission::key).collect();
    let id = sqlx::query_scalar!(
        "INSERT INTO accounts.role (id, name, permissions, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $4) \
         ON CONFLICT (name) DO UPDATE \
         SET permissions = EXCLUDED.permissions, updated_at = EXCLUDED.updated_at \
         RETURNING id",
        ctx.new_id::<RoleId>().0,
        name,
        &keys as &[&str],
        ctx.now()
    )
    .fetch_one(conn(tx))
    .await?;
    Ok(id.into())
}

/// By name, the first 1,000.
#[tracing::instrument(name = "db.accounts.groups", skip_all)]
pub(crate) async fn groups(db: &Db) -> Result<Vec<CustomerGroup>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT id, name \
         FROM accounts.customer_group \
         ORDER BY name \
         LIMIT 1000"
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(|row| CustomerGroup { id: row.id.into(), name: row.name }).collect())
}

/// Which of the groups there are.
#[tracing::instrument(name = "db.accounts.existing_groups", skip_all)]
pub(crate) async fn existing_groups(
    tx: &mut Tx,
    ids: &[CustomerGroupId],
) -> Result<HashSet<CustomerGroupId>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let existing = sqlx::query_scalar!(
        "SELECT id \
         FROM accounts.customer_group \
         WHERE id = ANY($1)",
        &ids
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(existing.into_iter().map(Into::into).collect())
}

/// Creates the group; `None` when there is one of this name.
#[tracing::instrument(name = "db.accounts.insert_group", skip_all)]
pub(crate) async fn insert_group(
    tx: &mut Tx,
    ctx: &Ctx,
    name: &str,
) -> Result<Option<CustomerGroupId>, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "INSERT INTO accounts.customer_group (id, name, created_at, updated_at) \
         VALUES ($1, $2, $3, $3) \
         ON CONFLICT (name) DO NOTHING \
         RETURNING id",
        ctx.new_id::<CustomerGroupId>().0,
        name,
        ctx.now()
    )
    .fetch_optional(conn(tx))
    .await?;
    Ok(id.map(Into::into))
}

#[tracing::instrument(name = "db.accounts.group_by_name", skip_all)]
pub(crate) async fn group_by_name(tx: &mut Tx, name: &str) -> Result<CustomerGroupId, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "SELECT id \
         FROM accounts.customer_group \
         WHERE name = $1",
        name
    )
    .fetch_one(conn(tx))
    .await?;
    Ok(id.into())
}
