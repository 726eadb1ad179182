use chrono::{DateTime, Utc};
use vectis_contracts::Tx;
use vectis_db::{Db, conn};

use crate::keys::StoredKey;

#[tracing::instrument(name = "db.identity.signing_keys", skip_all)]
pub(crate) async fn list(db: &Db) -> Result<Vec<StoredKey>, sqlx::Error> {
    sqlx::query_as!(
        StoredKey,
        "SELECT id, private_key, signs_from \
         FROM identity.signing_key"
    )
    .fetch_all(db.pool())
    .await
}

/// Lets one process at a time add keys; readers are not held up.
#[tracing::instrument(name = "db.identity.lock_signing_keys", skip_all)]
pub(crate) async fn lock(tx: &mut Tx) -> Result<(), sqlx::Error> {
    sqlx::query!("LOCK TABLE identity.signing_key IN EXCLUSIVE MODE").execute(conn(tx)).await?;
    Ok(())
}

/// Whether there is any key.
#[tracing::instrument(name = "db.identity.has_signing_key", skip_all)]
pub(crate) async fn exist(tx: &mut Tx) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM identity.signing_key) AS "exist!""#)
        .fetch_one(conn(tx))
        .await
}

#[tracing::instrument(name = "db.identity.insert_signing_key", skip_all)]
pub(crate) async fn insert(tx: &mut Tx, key: &StoredKey, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO identity.signing_key (id, private_key, signs_from, created_at) \
         VALUES ($1, $2, $3, $4)",
        key.id,
        key.private_key,
        key.signs_from,
        now
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}
