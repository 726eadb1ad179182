use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::accounts::{Account, AccountFilter, Credit};
use vectis_db::{Db, conn};
use vectis_kernel::ids::{AccountId, CustomerGroupId};
use vectis_kernel::{Ctx, PageRequest};

use super::{money, status};
use crate::scope::Scope;

struct AccountRow {
    id: Uuid,
    number: String,
    name: String,
    legal_name: String,
    external_reference: Option<String>,
    status: i16,
    payment_terms: String,
    group_ids: Vec<Uuid>,
    currency: Option<String>,
    limit_minor: Option<i64>,
    held_minor: Option<i64>,
    created_at: DateTime<Utc>,
    version: i64,
}

impl TryFrom<AccountRow> for Account {
    type Error = sqlx::Error;

    fn try_from(row: AccountRow) -> Result<Self, sqlx::Error> {
        let credit = match (row.currency, row.limit_minor, row.held_minor) {
            (Some(currency), Some(limit), Some(held)) => {
                Some(Credit { limit: money(limit, &currency)?, held: money(held, &currency)? })
            }
            _ => None,
        };
        Ok(Self {
            id: row.id.into(),
            number: row.number,
            name: row.name,
            legal_name: row.legal_name,
            external_reference: row.external_reference,
            status: status(row.status)?,
            payment_terms: row.payment_terms,
            group_ids: row.group_ids.into_iter().map(Into::into).collect(),
            credit,
            created_at: row.created_at,
            version: row.version,
        })
    }
}

#[tracing::instrument(name = "db.accounts.accounts_by_id", skip_all)]
pub(crate) async fn by_id(
    executor: impl PgExecutor<'_>,
    scope: Scope,
    ids: &[AccountId],
) -> Result<Vec<Account>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        AccountRow,
        r#"
        SELECT account.id, account.number, account.name, account.legal_name, account.external_reference,
               account.status, account.payment_terms, account.created_at, account.version,
               ARRAY(
                   SELECT member.group_id
                   FROM accounts.account_group AS member
                   WHERE member.account_id = account.id
                   ORDER BY member.group_id
               ) AS "group_ids!",
               credit.currency AS "currency?", credit.limit_minor AS "limit_minor?",
               credit.held_minor AS "held_minor?"
        FROM accounts.account AS account
        LEFT JOIN accounts.credit AS credit ON credit.account_id = account.id
        WHERE account.id = ANY($1) AND ($2::uuid IS NULL OR account.id = $2)
        "#,
        &ids,
        scope.only_account()
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(Account::try_from).collect()
}

/// Newest first, one more than the page asks for. `text` is looked for as it is, in any case.
#[tracing::instrument(name = "db.accounts.list_accounts", skip_all)]
pub(crate) async fn list(
    db: &Db,
    filter: &AccountFilter,
    page: PageRequest,
) -> Result<Vec<Account>, sqlx::Error> {
    let rows = sqlx::query_as!(
        AccountRow,
        r#"
        SELECT account.id, account.number, account.name, account.legal_name, account.external_reference,
               account.status, account.payment_terms, account.created_at, account.version,
               ARRAY(
                   SELECT member.group_id
                   FROM accounts.account_group AS member
                   WHERE member.account_id = account.id
                   ORDER BY member.group_id
               ) AS "group_ids!",
               credit.currency AS "currency?", credit.limit_minor AS "limit_minor?",
               credit.held_minor AS "held_minor?"
        FROM accounts.account AS account
        LEFT JOIN accounts.credit AS credit ON credit.account_id = account.id
        WHERE ($1::text IS NULL
               OR STRPOS(LOWER(account.name), LOWER($1)) > 0
               OR STRPOS(LOWER(account.legal_name), LOWER($1)) > 0
               OR STRPOS(LOWER(account.number), LOWER($1)) > 0)
          AND ($2::smallint IS NULL OR account.status = $2)
          AND ($3::uuid IS NULL OR EXISTS (
                   SELECT
                   FROM accounts.account_group AS member
                   WHERE member.account_id = account.id AND member.group_id = $3
              ))
          AND ($4::text IS NULL OR account.external_reference = $4)
          AND ($5::uuid IS NULL OR account.id < $5)
        ORDER BY account.id DESC
        LIMIT $6
        "#,
        filter.text,
        filter.status.map(|status| status as i16),
        filter.group_id.map(|id| id.0),
        filter.external_reference,
        page.after,
        page.fetch_limit()
    )
    .fetch_all(db.pool())
    .await?;
    rows.into_iter().map(Account::try_from).collect()
}

/// Whether the account is there and in scope.
#[tracing::instrument(name = "db.accounts.account_exists", skip_all)]
pub(crate) async fn exists(tx: &mut Tx, scope: Scope, id: AccountId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT
            FROM accounts.account
            WHERE id = $1 AND ($2::uuid IS NULL OR id = $2)
        ) AS "exists!"
        "#,
        id.0,
        scope.only_account()
    )
    .fetch_one(conn(tx))
    .await
}

/// Which of the outside keys are taken.
#[tracing::instrument(name = "db.accounts.taken_references", skip_all)]
pub(crate) async fn taken_references(
    tx: &mut Tx,
    references: &[&str],
) -> Result<HashSet<String>, sqlx::Error> {
    let taken = sqlx::query_scalar!(
        r#"
        SELECT external_reference AS "external_reference!"
        FROM accounts.account
        WHERE external_reference = ANY($1)
        "#,
        references as &[&str]
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(taken.into_iter().collect())
}

/// Inserts accounts whose outside key is free and answers their numbers, given in the order of the input.
#[tracing::instrument(name = "db.accounts.insert_accounts", skip_all, fields(count = accounts.len()))]
pub(crate) async fn insert(
    tx: &mut Tx,
    ctx: &Ctx,
    accounts: &[Account],
) -> Result<HashMap<Uuid, String>, sqlx::Error> {
    let ids: Vec<Uuid> = accounts.iter().map(|account| account.id.0).collect();
    let names: Vec<&str> = accounts.iter().map(|account| account.name.as_str()).collect();
    let legal_names: Vec<&str> = accounts.iter().map(|account| account.legal_name.as_str()).collect();
    let references: Vec<Option<&str>> =
        accounts.iter().map(|account| account.external_reference.as_deref()).collect();
    let statuses: Vec<i16> = accounts.iter().map(|account| account.status as i16).collect();
    let terms: Vec<&str> = accounts.iter().map(|account| account.payment_terms.as_str()).collect();
    let inserted = sqlx::query!(
        "INSERT INTO accounts.account \
             (id, number, name, legal_name, external_reference, status, payment_terms, version, created_at, updated_at) \
         SELECT id, 'AC-' || nextval('accounts.account_number'), name, legal_name, external_reference, status, \
                payment_terms, 1, $7, $7 \
         FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::text[]) \
             WITH ORDINALITY \
             AS given (id, name, legal_name, external_reference, status, payment_terms, ordinal) \
         ORDER BY ordinal \
         ON CONFLICT (external_reference) DO NOTHING \
         RETURNING id, number",
        &ids,
        &names as &[&str],
        &legal_names as &[&str],
        &references as &[Option<&str>],
        &statuses,
        &terms as &[&str],
        ctx.now()
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(inserted.into_iter().map(|row| (row.id, row.number)).collect())
}

/// Puts accounts into groups, beside those they are in.
#[tracing::instrument(name = "db.accounts.insert_account_groups", skip_all, fields(count = members.len()))]
pub(crate) async fn insert_groups(
    tx: &mut Tx,
    ctx: &Ctx,
    members: &[(AccountId, CustomerGroupId)],
) -> Result<(), sqlx::Error> {
    let accounts: Vec<Uuid> = members.iter().map(|(account, _)| account.0).collect();
    let groups: Vec<Uuid> = members.iter().map(|(_, group)| group.0).collect();
    sqlx::query!(
        "INSERT INTO accounts.account_group (account_id, group_id, created_at) \
         SELECT account_id, group_id, $3 \
         FROM UNNEST($1::uuid[], $2::uuid[]) AS given (account_id, group_id) \
         ON CONFLICT (account_id, group_id) DO NOTHING",
        &accounts,
        &groups,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Puts the account into exactly these groups.
#[tracing::instrument(name = "db.accounts.set_account_groups", skip_all)]
pub(crate) async fn set_groups(
    tx: &mut Tx,
    ctx: &Ctx,
    id: AccountId,
    groups: &[CustomerGroupId],
) -> Result<(), sqlx::Error> {
    let groups: Vec<Uuid> = groups.iter().map(|id| id.0).collect();
    sqlx::query!(
        "WITH left_behind AS ( \
             DELETE FROM accounts.account_group \
             WHERE account_id = $1 AND group_id <> ALL($2) \
         ) \
         INSERT INTO accounts.account_group (account_id, group_id, created_at) \
         SELECT $1, group_id, $3 \
         FROM UNNEST($2::uuid[]) AS group_id \
         ON CONFLICT (account_id, group_id) DO NOTHING",
        id.0,
        &groups,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// What an update writes into the account's own row; `None` leaves it.
pub(crate) struct Columns {
    pub(crate) name: Option<String>,
    pub(crate) legal_name: Option<String>,
    pub(crate) status: Option<i16>,
    pub(crate) payment_terms: Option<String>,
}

/// False when there is no such account in this version.
#[tracing::instrument(name = "db.accounts.update_account", skip_all)]
pub(crate) async fn update(
    tx: &mut Tx,
    ctx: &Ctx,
    id: AccountId,
    version: i64,
    columns: &Columns,
) -> Result<bool, sqlx::Error> {
    let updated = sqlx::query!(
        "UPDATE accounts.account \
         SET name = COALESCE($3, name), \
             legal_name = COALESCE($4, legal_name), \
             status = COALESCE($5, status), \
             payment_terms = COALESCE($6, payment_terms), \
             version = version + 1, \
             updated_at = $7 \
         WHERE id = $1 AND version = $2",
        id.0,
        version,
        columns.name,
        columns.legal_name,
        columns.status,
        columns.payment_terms,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(updated.rows_affected() == 1)
}
