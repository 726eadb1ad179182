use std::collections::{BTreeSet, HashSet};

use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::identity::{StaffMember, StaffRole};
use vectis_db::{Db, conn};
use vectis_kernel::ids::{LoginId, StaffRoleId};
use vectis_kernel::{Ctx, PageRequest, Permission};

use super::permissions_of;

/// Lets one command at a time take rights away: the last of two managers cannot leave while the other does.
#[tracing::instrument(name = "db.identity.lock_staff", skip_all)]
pub(crate) async fn lock(tx: &mut Tx) -> Result<(), sqlx::Error> {
    sqlx::query!("LOCK TABLE identity.staff_role_member IN SHARE ROW EXCLUSIVE MODE")
        .execute(conn(tx))
        .await?;
    Ok(())
}

/// Whether an active login holds the permission.
#[tracing::instrument(name = "db.identity.somebody_may", skip_all)]
pub(crate) async fn somebody_may(tx: &mut Tx, permission: &Permission) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT
            FROM identity.staff_role AS role
            JOIN identity.staff_role_member AS member ON member.role_id = role.id
            JOIN identity.login AS login ON login.id = member.login_id
            WHERE login.is_active AND $1 = ANY(role.permissions)
        ) AS "exists!"
        "#,
        permission.key()
    )
    .fetch_one(conn(tx))
    .await
}

/// Which of the roles there are.
#[tracing::instrument(name = "db.identity.existing_staff_roles", skip_all)]
pub(crate) async fn existing_roles(tx: &mut Tx, ids: &[StaffRoleId]) -> Result<HashSet<Uuid>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let existing = sqlx::query_scalar!(
        "SELECT id \
         FROM identity.staff_role \
         WHERE id = ANY($1)",
        &ids
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(existing.into_iter().collect())
}

/// Whether the login is a member of staff.
#[tracing::instrument(name = "db.identity.is_staff", skip_all)]
pub(crate) async fn is_staff(tx: &mut Tx, id: LoginId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM identity.login WHERE id = $1 AND kind = 'staff') AS "exists!""#,
        id.0
    )
    .fetch_one(conn(tx))
    .await
}

/// Gives the login exactly these roles.
#[tracing::instrument(name = "db.identity.set_staff_roles", skip_all)]
pub(crate) async fn set_roles(
    tx: &mut Tx,
    ctx: &Ctx,
    id: LoginId,
    roles: &[StaffRoleId],
) -> Result<(), sqlx::Error> {
    let roles: Vec<Uuid> = roles.iter().map(|id| id.0).collect();
    sqlx::query!(
        "WITH dropped AS ( \
             DELETE FROM identity.staff_role_member \
             WHERE login_id = $1 AND role_id <> ALL($2) \
         ) \
         INSERT INTO identity.staff_role_member (login_id, role_id, created_at) \
         SELECT $1, role_id, $3 \
         FROM UNNEST($2::uuid[]) AS role_id \
         ON CONFLICT (login_id, role_id) DO NOTHING",
        id.0,
        &roles,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Creates the role, or replaces the permissions of the one with this name.
#[tracing::instrument(name = "db.identity.upsert_staff_role", skip_all)]
pub(crate) async fn upsert_role(
    tx: &mut Tx,
    ctx: &Ctx,
    name: &str,
    permissions: &BTreeSet<Permission>,
) -> Result<StaffRoleId, sqlx::Error> {
    let keys: Vec<&str> = permissions.iter().map(Permission::key).collect();
    let id = sqlx::query_scalar!(
        "INSERT INTO identity.staff_role (id, name, permissions, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $4) \
         ON CONFLICT (name) DO UPDATE \
         SET permissions = EXCLUDED.permissions, updated_at = EXCLUDED.updated_at \
         RETURNING id",
        ctx.new_id::<StaffRoleId>().0,
        name,
        &keys as &[&str],
        ctx.now()
    )
    .fetch_one(conn(tx))
    .await?;
    Ok(id.into())
}

struct RoleRow {
    id: Uuid,
    name: String,
    permissions: Vec<String>,
}

impl From<RoleRow> for StaffRole {
    fn from(row: RoleRow) -> Self {
        Self { id: row.id.into(), name: row.name, permissions: permissions_of(&row.permissions) }
    }
}

/// By name.
#[tracing::instrument(name = "db.identity.staff_roles", skip_all)]
pub(crate) async fn roles(db: &Db) -> Result<Vec<StaffRole>, sqlx::Error> {
    let rows = sqlx::query_as!(
        RoleRow,
        "SELECT id, name, permissions \
         FROM identity.staff_role \
         ORDER BY name \
         LIMIT 200"
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

struct MemberRow {
    id: Uuid,
    email: String,
    name: String,
    is_active: bool,
    role_ids: Vec<Uuid>,
}

impl From<MemberRow> for StaffMember {
    fn from(row: MemberRow) -> Self {
        Self {
            login_id: row.id.into(),
            email: row.email,
            name: row.name,
            is_active: row.is_active,
            role_ids: row.role_ids.into_iter().map(Into::into).collect(),
        }
    }
}

/// Newest first, one more than the page asks for.
#[tracing::instrument(name = "db.identity.staff_members", skip_all)]
pub(crate) async fn members(db: &Db, page: PageRequest) -> Result<Vec<StaffMember>, sqlx::Error> {
    let rows = sqlx::query_as!(
        MemberRow,
        r#"
        SELECT login.id, login.email, login.name, login.is_active,
               ARRAY(
                   SELECT member.role_id
                   FROM identity.staff_role_member AS member
                   WHERE member.login_id = login.id
                   ORDER BY member.role_id
               ) AS "role_ids!"
        FROM identity.login AS login
        WHERE login.kind = 'staff' AND ($1::uuid IS NULL OR login.id < $1)
        ORDER BY login.id DESC
        LIMIT $2
        "#,
        page.after,
        page.fetch_limit()
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
