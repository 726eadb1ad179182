use chrono::{DateTime, Utc};
use vectis_contracts::Tx;
use vectis_contracts::identity::AccessClaims;
use vectis_db::conn;
use vectis_kernel::Ctx;
use vectis_kernel::ids::{LoginId, SessionId};

use super::logins::Credentials;

/// A new session with its first refresh token.
pub(crate) struct NewSession {
    pub(crate) session_id: SessionId,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) token_hash: [u8; 32],
    pub(crate) token_expires_at: DateTime<Utc>,
}

/// False when the login was deactivated or got another password since its credentials were checked: a change of the
/// password ends all sessions opened with the old one, this one too.
#[tracing::instrument(name = "db.identity.open_session", skip_all)]
pub(crate) async fn open(
    tx: &mut Tx,
    ctx: &Ctx,
    checked: &Credentials,
    new: &NewSession,
) -> Result<bool, sqlx::Error> {
    let opened = sqlx::query!(
        "WITH login AS ( \
             SELECT id \
             FROM identity.login \
             WHERE id = $1 AND is_active AND password_hash IS NOT DISTINCT FROM $2 \
             FOR SHARE \
         ), \
         opened AS ( \
             INSERT INTO identity.session (id, login_id, expires_at, created_at, updated_at) \
             SELECT $3, id, $4, $7, $7 \
             FROM login \
             RETURNING id \
         ) \
         INSERT INTO identity.refresh_token (token_hash, session_id, expires_at, created_at) \
         SELECT $5, id, $6, $7 \
         FROM opened",
        checked.login_id.0,
        checked.password_hash,
        new.session_id.0,
        new.expires_at,
        &new.token_hash[..],
        new.token_expires_at,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(opened.rows_affected() == 1)
}

/// Forgets sessions of the login that have expired, with their tokens.
#[tracing::instrument(name = "db.identity.delete_expired_sessions", skip_all)]
pub(crate) async fn delete_expired(tx: &mut Tx, ctx: &Ctx, login_id: LoginId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM identity.session \
         WHERE login_id = $1 AND expires_at < $2",
        login_id.0,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// A refresh token with everything that decides whether it is good.
pub(crate) struct RefreshToken {
    pub(crate) session_id: SessionId,
    pub(crate) login_id: LoginId,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) used_at: Option<DateTime<Utc>>,
    pub(crate) session_expires_at: DateTime<Utc>,
    pub(crate) session_revoked_at: Option<DateTime<Utc>>,
    pub(crate) login_is_active: bool,
}

/// Locks the token, then its session: of two that bring the same token, the second sees what the first has done.
#[tracing::instrument(name = "db.identity.lock_refresh_token", skip_all)]
pub(crate) async fn lock_token(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<RefreshToken>, sqlx::Error> {
    sqlx::query_as!(
        RefreshToken,
        "SELECT token.session_id, session.login_id, token.expires_at, token.used_at, \
                session.expires_at AS session_expires_at, session.revoked_at AS session_revoked_at, \
                login.is_active AS login_is_active \
         FROM identity.refresh_token AS token \
         JOIN identity.session AS session ON session.id = token.session_id \
         JOIN identity.login AS login ON login.id = session.login_id \
         WHERE token.token_hash = $1 \
         FOR UPDATE OF token, session",
        &hash[..]
    )
    .fetch_optional(conn(tx))
    .await
}

/// Uses one token up and adds the next of its session.
#[tracing::instrument(name = "db.identity.rotate_refresh_token", skip_all)]
pub(crate) async fn rotate_token(
    tx: &mut Tx,
    ctx: &Ctx,
    used: &[u8; 32],
    next: &[u8; 32],
    next_expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH used AS ( \
             UPDATE identity.refresh_token \
             SET used_at = $4 \
             WHERE token_hash = $1 \
             RETURNING session_id \
         ) \
         INSERT INTO identity.refresh_token (token_hash, session_id, expires_at, created_at) \
         SELECT $2, session_id, $3, $4 \
         FROM used",
        &used[..],
        &next[..],
        next_expires_at,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Ends a session.
#[tracing::instrument(name = "db.identity.revoke_session", skip_all)]
pub(crate) async fn revoke(tx: &mut Tx, ctx: &Ctx, id: SessionId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE identity.session \
         SET revoked_at = $2, updated_at = $2 \
         WHERE id = $1 AND revoked_at IS NULL",
        id.0,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Ends the session a token belongs to, whether the token is good or not; answers which that was, unless it had ended.
#[tracing::instrument(name = "db.identity.revoke_session_of_token", skip_all)]
pub(crate) async fn revoke_by_token(
    tx: &mut Tx,
    ctx: &Ctx,
    hash: &[u8; 32],
) -> Result<Option<AccessClaims>, sqlx::Error> {
    sqlx::query_as!(
        AccessClaims,
        "UPDATE identity.session AS session \
         SET revoked_at = $2, updated_at = $2 \
         FROM identity.refresh_token AS token \
         WHERE token.token_hash = $1 AND session.id = token.session_id AND session.revoked_at IS NULL \
         RETURNING session.login_id, session.id AS session_id",
        &hash[..],
        ctx.now()
    )
    .fetch_optional(conn(tx))
    .await
}

/// Ends all sessions of a login but the one to keep; answers how many.
#[tracing::instrument(name = "db.identity.revoke_sessions", skip_all)]
pub(crate) async fn revoke_all(
    tx: &mut Tx,
    ctx: &Ctx,
    login_id: LoginId,
    keep: Option<SessionId>,
) -> Result<u64, sqlx::Error> {
    let revoked = sqlx::query!(
        "UPDATE identity.session \
         SET revoked_at = $3, updated_at = $3 \
         WHERE login_id = $1 AND id IS DISTINCT FROM $2 AND revoked_at IS NULL",
        login_id.0,
        keep.map(|id| id.0),
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(revoked.rows_affected())
}
