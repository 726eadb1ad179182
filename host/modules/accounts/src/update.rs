//! Changing an account itself.

use serde_json::json;
use vectis_contracts::Tx;
use vectis_contracts::accounts::{Account, AccountCode, UpdateAccount};
use vectis_db::{conn, idempotency, outbox, retrying};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::AccountId;
use vectis_kernel::{Ctx, Failure, Money};

use crate::create::unknown_groups;
use crate::model::Refusals;
use crate::scope::{Scope, needs_accounts_write};
use crate::service::{Answer, PgAccounts};
use crate::store::accounts::Columns;
use crate::{events, store};

pub(crate) async fn account(
    accounts: &PgAccounts,
    ctx: &Ctx,
    id: AccountId,
    version: i64,
    changes: &UpdateAccount,
) -> Answer<()> {
    needs_accounts_write(ctx)?;
    retrying(|| update(accounts, ctx, id, version, changes)).await
}

async fn update(
    accounts: &PgAccounts,
    ctx: &Ctx,
    id: AccountId,
    version: i64,
    changes: &UpdateAccount,
) -> Answer<()> {
    let mut tx = accounts.deps.db.begin().await?;
    if let Some(()) = idempotency::find(&mut tx, ctx).await? {
        return Ok(());
    }
    let mut refusals = Refusals::default();
    let columns = columns(changes, &mut refusals);
    if let Some(group_ids) = &changes.group_ids {
        unknown_groups(&mut tx, group_ids, &mut refusals).await?;
    }
    refuse_if_any(refusals.into_inner())?;

    if !store::accounts::update(&mut tx, ctx, id, version, &columns).await? {
        return Err(missing_or_stale(&mut tx, id, version).await?);
    }
    if let Some(group_ids) = &changes.group_ids {
        store::accounts::set_groups(&mut tx, ctx, id, group_ids).await?;
    }
    if let Some(limit) = changes.credit_limit {
        set_credit(&mut tx, ctx, id, limit).await?;
    }
    let after = store::accounts::by_id(conn(&mut tx), Scope::All, &[id]).await?.pop();
    let after = after.ok_or_else(|| Failure::internal("an account vanished while it was updated"))?;
    let (subject, detail) = (("account", id.0), detail(&after));
    accounts.record(&mut tx, ctx, "account.update", subject, Some(id), detail).await?;
    outbox::append(&mut tx, ctx, &[events::account_changed(&after)]).await?;
    idempotency::record(&mut tx, ctx, &()).await?;
    Ok(tx.commit().await?)
}

fn columns(changes: &UpdateAccount, refusals: &mut Refusals) -> Columns {
    if let Some(Some(limit)) = changes.credit_limit {
        refusals.limit("creditLimit", limit);
    }
    Columns {
        name: changes.name.as_deref().map(|name| refusals.text("name", name, 1..=200)),
        legal_name: changes.legal_name.as_deref().map(|name| refusals.text("legalName", name, 0..=200)),
        status: changes.status.map(|status| status as i16),
        payment_terms: changes
            .payment_terms
            .as_deref()
            .map(|terms| refusals.payment_terms("paymentTerms", terms)),
    }
}

async fn missing_or_stale(tx: &mut Tx, id: AccountId, version: i64) -> Answer<Failure<AccountCode>> {
    Ok(if store::accounts::exists(tx, Scope::All, id).await? {
        let message = format!("somebody has changed the account since version {version}; read it again");
        Failure::at(AccountCode::StaleVersion, "version", message)
    } else {
        Failure::at(AccountCode::AccountNotFound, "id", format!("there is no account {id}"))
    })
}

async fn set_credit(tx: &mut Tx, ctx: &Ctx, id: AccountId, limit: Option<Money>) -> Answer<()> {
    let in_use = |message: String| Err(Failure::at(AccountCode::CreditInUse, "creditLimit", message));
    match limit {
        Some(limit) if !store::credit::set_limit(tx, ctx, id, limit).await? => {
            in_use(format!("more than {limit} is held for orders, or in another currency"))
        }
        None if !store::credit::delete(tx, id).await? => {
            in_use("some of the credit is held for orders".to_owned())
        }
        _ => Ok(()),
    }
}

fn detail(after: &Account) -> serde_json::Value {
    json!({
        "version": after.version,
        "status": after.status as i16,
        "paymentTerms": after.payment_terms,
        "groupIds": after.group_ids,
        "creditLimit": after.credit.map(|credit| credit.limit.to_string()),
    })
}
