//! Roles of employees, and groups of accounts.

use std::collections::BTreeSet;

use serde_json::json;
use vectis_contracts::accounts::{AccountCode, CustomerGroup, Role};
use vectis_db::{idempotency, outbox, retrying};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::{CustomerGroupId, RoleId};
use vectis_kernel::{Ctx, Permission};

use crate::model::Refusals;
use crate::scope::{Scope, forbidden, needs_accounts_write};
use crate::service::{Answer, PgAccounts};
use crate::{events, store};

/// Staff see the roles because they give them, employees because they have one.
pub(crate) async fn list(accounts: &PgAccounts, ctx: &Ctx) -> Answer<Vec<Role>> {
    if Scope::of_reader(ctx) == Scope::Nothing {
        return Err(forbidden("roles are for staff and employees"));
    }
    Ok(store::roles::all(&accounts.deps.db).await?)
}

/// What groups there are, and so which prices, is the merchant's business.
pub(crate) async fn groups(accounts: &PgAccounts, ctx: &Ctx) -> Answer<Vec<CustomerGroup>> {
    if Scope::of_reader(ctx) != Scope::All {
        return Err(forbidden("groups are for staff"));
    }
    Ok(store::roles::groups(&accounts.deps.db).await?)
}

pub(crate) async fn upsert(
    accounts: &PgAccounts,
    ctx: &Ctx,
    name: &str,
    permissions: &BTreeSet<Permission>,
) -> Answer<RoleId> {
    needs_accounts_write(ctx)?;
    let mut refusals = Refusals::default();
    let name = refusals.text("name", name, 1..=100);
    for permission in permissions.iter().filter(|permission| !accounts.is_declared(permission)) {
        let message = format!("nobody has declared the permission {permission}");
        refusals.add(AccountCode::UnknownPermission, "permissions", message);
    }
    refuse_if_any(refusals.into_inner())?;
    retrying(|| async {
        let mut tx = accounts.deps.db.begin().await?;
        if let Some(id) = idempotency::find(&mut tx, ctx).await? {
            return Ok(id);
        }
        let id = store::roles::upsert(&mut tx, ctx, &name, permissions).await?;
        let detail = json!({"name": name, "permissions": permissions});
        accounts.record(&mut tx, ctx, "role.upsert", ("role", id.0), None, detail).await?;
        outbox::append(&mut tx, ctx, &[events::role_changed(id, &name, permissions)]).await?;
        idempotency::record(&mut tx, ctx, &id).await?;
        tx.commit().await?;
        Ok(id)
    })
    .await
}

pub(crate) async fn group_upsert(accounts: &PgAccounts, ctx: &Ctx, name: &str) -> Answer<CustomerGroupId> {
    needs_accounts_write(ctx)?;
    let mut refusals = Refusals::default();
    let name = refusals.text("name", name, 1..=200);
    refuse_if_any(refusals.into_inner())?;
    retrying(|| async {
        let mut tx = accounts.deps.db.begin().await?;
        if let Some(id) = idempotency::find(&mut tx, ctx).await? {
            return Ok(id);
        }
        let id = match store::roles::insert_group(&mut tx, ctx, &name).await? {
            Some(id) => {
                let detail = json!({"name": name});
                accounts.record(&mut tx, ctx, "group.create", ("group", id.0), None, detail).await?;
                outbox::append(&mut tx, ctx, &[events::group_created(id, &name)]).await?;
                id
            }
            None => store::roles::group_by_name(&mut tx, &name).await?,
        };
        idempotency::record(&mut tx, ctx, &id).await?;
        tx.commit().await?;
        Ok(id)
    })
    .await
}
