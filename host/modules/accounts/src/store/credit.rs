use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_db::conn;
use vectis_kernel::ids::AccountId;
use vectis_kernel::{Ctx, Currency, Money};

use super::money;

/// Gives accounts that have none their credit.
#[tracing::instrument(name = "db.accounts.insert_credit", skip_all, fields(count = limits.len()))]
pub(crate) async fn insert(tx: &mut Tx, ctx: &Ctx, limits: &[(AccountId, Money)]) -> Result<(), sqlx::Error> {
    let accounts: Vec<Uuid> = limits.iter().map(|(account, _)| account.0).collect();
    let currencies: Vec<&str> = limits.iter().map(|(_, limit)| limit.currency.code()).collect();
    let minors: Vec<i64> = limits.iter().map(|(_, limit)| limit.minor).collect();
    sqlx::query!(
        "INSERT INTO accounts.credit (account_id, currency, limit_minor, held_minor, created_at, updated_at) \
         SELECT account_id, currency, limit_minor, 0, $4, $4 \
         FROM UNNEST($1::uuid[], $2::text[], $3::bigint[]) AS given (account_id, currency, limit_minor)",
        &accounts,
        &currencies as &[&str],
        &minors,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Sets the limit; false when more is held than that, or something in another currency.
#[tracing::instrument(name = "db.accounts.set_credit_limit", skip_all)]
pub(crate) async fn set_limit(
    tx: &mut Tx,
    ctx: &Ctx,
    id: AccountId,
    limit: Money,
) -> Result<bool, sqlx::Error> {
    let set = sqlx::query!(
        "INSERT INTO accounts.credit AS credit \
             (account_id, currency, limit_minor, held_minor, created_at, updated_at) \
         VALUES ($1, $2, $3, 0, $4, $4) \
         ON CONFLICT (account_id) DO UPDATE \
         SET currency = EXCLUDED.currency, limit_minor = EXCLUDED.limit_minor, updated_at = EXCLUDED.updated_at \
         WHERE credit.held_minor <= EXCLUDED.limit_minor \
           AND (credit.held_minor = 0 OR credit.currency = EXCLUDED.currency)",
        id.0,
        limit.currency.code(),
        limit.minor,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(set.rows_affected() == 1)
}

/// Takes the credit away unless some is held; answers whether none is left.
#[tracing::instrument(name = "db.accounts.delete_credit", skip_all)]
pub(crate) async fn delete(tx: &mut Tx, id: AccountId) -> Result<bool, sqlx::Error> {
    sqlx::query!(
        "DELETE FROM accounts.credit \
         WHERE account_id = $1 AND held_minor = 0",
        id.0
    )
    .execute(conn(tx))
    .await?;
    Ok(!has_any(tx, id).await?)
}

#[tracing::instrument(name = "db.accounts.has_credit", skip_all)]
async fn has_any(tx: &mut Tx, id: AccountId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM accounts.credit WHERE account_id = $1) AS "exists!""#,
        id.0
    )
    .fetch_one(conn(tx))
    .await
}

/// Sets `amount` aside for `owner`, beside what is held for it; false when so much is not left in this currency. The
/// condition and the change are one statement: whoever comes second waits and is measured against what the first left.
#[tracing::instrument(name = "db.accounts.hold_credit", skip_all)]
pub(crate) async fn hold(
    tx: &mut Tx,
    ctx: &Ctx,
    id: AccountId,
    owner: Uuid,
    amount: Money,
) -> Result<bool, sqlx::Error> {
    let held = sqlx::query!(
        "WITH credit AS ( \
             UPDATE accounts.credit \
             SET held_minor = held_minor + $4, updated_at = $5 \
             WHERE account_id = $1 AND currency = $3 AND $4 <= limit_minor - held_minor \
             RETURNING account_id \
         ) \
         INSERT INTO accounts.credit_hold AS hold (account_id, owner_id, amount_minor, created_at, updated_at) \
         SELECT account_id, $2, $4, $5, $5 \
         FROM credit \
         ON CONFLICT (account_id, owner_id) DO UPDATE \
         SET amount_minor = hold.amount_minor + EXCLUDED.amount_minor, updated_at = EXCLUDED.updated_at",
        id.0,
        owner,
        amount.currency.code(),
        amount.minor,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(held.rows_affected() == 1)
}

/// Gives back all that is held for `owner`. The credit is locked before the hold, as [`hold`] does it.
#[tracing::instrument(name = "db.accounts.release_credit", skip_all)]
pub(crate) async fn release(tx: &mut Tx, ctx: &Ctx, id: AccountId, owner: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH locked AS ( \
             SELECT account_id \
             FROM accounts.credit \
             WHERE account_id = $1 \
             FOR UPDATE \
         ), \
         released AS ( \
             DELETE FROM accounts.credit_hold AS hold \
             USING locked \
             WHERE hold.account_id = locked.account_id AND hold.owner_id = $2 \
             RETURNING hold.account_id, hold.amount_minor \
         ) \
         UPDATE accounts.credit AS credit \
         SET held_minor = credit.held_minor - released.amount_minor, updated_at = $3 \
         FROM released \
         WHERE credit.account_id = released.account_id",
        id.0,
        owner,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// What is left in the currency; `None` without credit in it. Decides nothing: it may be other already.
#[tracing::instrument(name = "db.accounts.credit_left", skip_all)]
pub(crate) async fn left(
    executor: impl sqlx::PgExecutor<'_>,
    id: AccountId,
    currency: Currency,
) -> Result<Option<Money>, sqlx::Error> {
    let left = sqlx::query_scalar!(
        r#"
        SELECT limit_minor - held_minor AS "left!"
        FROM accounts.credit
        WHERE account_id = $1 AND currency = $2
        "#,
        id.0,
        currency.code()
    )
    .fetch_optional(executor)
    .await?;
    left.map(|minor| money(minor, currency.code())).transpose()
}
