use std::collections::HashSet;
use std::sync::Arc;

use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::identity::{AccessClaims, LoginKind, Principal};
use vectis_db::{Db, conn};
use vectis_kernel::Ctx;
use vectis_kernel::ids::LoginId;

use super::{kind_of, kind_text, permissions_of};

/// What is needed to check a password.
pub(crate) struct Credentials {
    pub(crate) login_id: LoginId,
    pub(crate) email: String,
    pub(crate) password_hash: Option<String>,
    pub(crate) is_active: bool,
}

/// By e-mail in its one spelling.
#[tracing::instrument(name = "db.identity.credentials_by_email", skip_all)]
pub(crate) async fn credentials_by_email(db: &Db, email: &str) -> Result<Option<Credentials>, sqlx::Error> {
    sqlx::query_as!(
        Credentials,
        "SELECT id AS login_id, email, password_hash, is_active \
         FROM identity.login \
         WHERE email = $1",
        email
    )
    .fetch_optional(db.pool())
    .await
}

#[tracing::instrument(name = "db.identity.credentials", skip_all)]
pub(crate) async fn credentials(db: &Db, id: LoginId) -> Result<Option<Credentials>, sqlx::Error> {
    sqlx::query_as!(
        Credentials,
        "SELECT id AS login_id, email, password_hash, is_active \
         FROM identity.login \
         WHERE id = $1",
        id.0
    )
    .fetch_optional(db.pool())
    .await
}

/// Which of the e-mails have a login.
#[tracing::instrument(name = "db.identity.taken", skip_all)]
pub(crate) async fn taken(tx: &mut Tx, emails: &[&str]) -> Result<HashSet<String>, sqlx::Error> {
    let taken = sqlx::query_scalar!(
        "SELECT email \
         FROM identity.login \
         WHERE email = ANY($1)",
        emails as &[&str]
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(taken.into_iter().collect())
}

/// A login as it is stored.
pub(crate) struct NewLogin {
    pub(crate) id: LoginId,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) kind: LoginKind,
    pub(crate) password_hash: Option<String>,
}

/// Inserts those whose e-mail is free and answers which those are.
#[tracing::instrument(name = "db.identity.insert_logins", skip_all, fields(count = logins.len()))]
pub(crate) async fn insert(
    tx: &mut Tx,
    ctx: &Ctx,
    logins: &[NewLogin],
) -> Result<HashSet<Uuid>, sqlx::Error> {
    let ids: Vec<Uuid> = logins.iter().map(|login| login.id.0).collect();
    let emails: Vec<&str> = logins.iter().map(|login| login.email.as_str()).collect();
    let names: Vec<&str> = logins.iter().map(|login| login.name.as_str()).collect();
    let kinds: Vec<&str> = logins.iter().map(|login| kind_text(login.kind)).collect();
    let hashes: Vec<Option<&str>> = logins.iter().map(|login| login.password_hash.as_deref()).collect();
    // In the order of the e-mails: two such calls that share some wait for one another instead of deadlocking.
    let inserted = sqlx::query_scalar!(
        "INSERT INTO identity.login (id, email, name, kind, password_hash, is_active, created_at, updated_at) \
         SELECT id, email, name, kind, password_hash, TRUE, $6, $6 \
         FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) \
             AS given (id, email, name, kind, password_hash) \
         ORDER BY email \
         ON CONFLICT (email) DO NOTHING \
         RETURNING id",
        &ids,
        &emails as &[&str],
        &names as &[&str],
        &kinds as &[&str],
        &hashes as &[Option<&str>],
        ctx.now()
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(inserted.into_iter().collect())
}

/// False when there is no such login.
#[tracing::instrument(name = "db.identity.set_active", skip_all)]
pub(crate) async fn set_active(
    tx: &mut Tx,
    ctx: &Ctx,
    id: LoginId,
    is_active: bool,
) -> Result<bool, sqlx::Error> {
    let updated = sqlx::query!(
        "UPDATE identity.login \
         SET is_active = $2, updated_at = $3 \
         WHERE id = $1",
        id.0,
        is_active,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Replaces the hash that was checked; false when another has taken its place since.
#[tracing::instrument(name = "db.identity.set_password", skip_all)]
pub(crate) async fn set_password(
    tx: &mut Tx,
    ctx: &Ctx,
    checked: &Credentials,
    password_hash: &str,
) -> Result<bool, sqlx::Error> {
    let updated = sqlx::query!(
        "UPDATE identity.login \
         SET password_hash = $3, updated_at = $4 \
         WHERE id = $1 AND is_active AND password_hash IS NOT DISTINCT FROM $2",
        checked.login_id.0,
        checked.password_hash,
        password_hash,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(updated.rows_affected() == 1)
}

struct PrincipalRow {
    id: Uuid,
    email: String,
    name: String,
    kind: String,
    permissions: Vec<String>,
}

impl From<PrincipalRow> for Principal {
    fn from(row: PrincipalRow) -> Self {
        Self {
            login_id: row.id.into(),
            email: row.email,
            name: row.name,
            kind: kind_of(&row.kind),
            staff_permissions: Arc::new(permissions_of(&row.permissions)),
        }
    }
}

/// The active login of a session that was not ended, with the permissions of all its staff roles.
#[tracing::instrument(name = "db.identity.principal", skip_all)]
pub(crate) async fn principal(db: &Db, claims: AccessClaims) -> Result<Option<Principal>, sqlx::Error> {
    let row = sqlx::query_as!(
        PrincipalRow,
        r#"
        SELECT login.id, login.email, login.name, login.kind,
               ARRAY(
                   SELECT permission
                   FROM identity.staff_role_member AS member
                   JOIN identity.staff_role AS role ON role.id = member.role_id
                   CROSS JOIN UNNEST(role.permissions) AS permission
                   WHERE member.login_id = login.id
               ) AS "permissions!"
        FROM identity.session AS session
        JOIN identity.login AS login ON login.id = session.login_id
        WHERE session.id = $2 AND session.revoked_at IS NULL AND login.id = $1 AND login.is_active
        "#,
        claims.login_id.0,
        claims.session_id.0
    )
    .fetch_optional(db.pool())
    .await?;
    Ok(row.map(Into::into))
}

#[tracing::instrument(name = "db.identity.principals", skip_all)]
pub(crate) async fn principals(db: &Db, ids: &[LoginId]) -> Result<Vec<Principal>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        PrincipalRow,
        r#"
        SELECT login.id, login.email, login.name, login.kind,
               ARRAY(
                   SELECT permission
                   FROM identity.staff_role_member AS member
                   JOIN identity.staff_role AS role ON role.id = member.role_id
                   CROSS JOIN UNNEST(role.permissions) AS permission
                   WHERE member.login_id = login.id
               ) AS "permissions!"
        FROM identity.login AS login
        WHERE login.id = ANY($1)
        "#,
        &ids
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
