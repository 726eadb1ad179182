//! The merchant's staff and their roles.

use std::collections::BTreeSet;

use serde_json::json;
use vectis_contracts::Tx;
use vectis_contracts::identity::{CreateLogin, LoginCode, LoginKind, StaffMember, StaffRole};
use vectis_db::{idempotency, outbox, retrying};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::{LoginId, StaffRoleId};
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure, Page, PageRequest, Permission, Refusal};

use crate::refusal::needs_staff_write;
use crate::service::PgIdentity;
use crate::{events, logins, store};

/// Roles of one member.
const MAX_ROLES: usize = 50;

type Answer<T> = Result<T, Failure<LoginCode>>;

/// Sees to it that somebody who could manage staff before a command is still there after it.
pub(crate) struct ManagerWatch {
    had_one: bool,
}

impl ManagerWatch {
    pub(crate) async fn begin(tx: &mut Tx) -> Answer<Self> {
        store::staff::lock(tx).await?;
        Ok(Self { had_one: store::staff::somebody_may(tx, &staff::STAFF_WRITE).await? })
    }

    pub(crate) async fn end(self, tx: &mut Tx) -> Answer<()> {
        if self.had_one && !store::staff::somebody_may(tx, &staff::STAFF_WRITE).await? {
            let message =
                "nobody could manage staff any more; give staff.write to another active login first";
            return Err(Failure::refused(LoginCode::LastManager, message));
        }
        Ok(())
    }
}

pub(crate) async fn create(
    identity: &PgIdentity,
    ctx: &Ctx,
    login: CreateLogin,
    role_ids: Vec<StaffRoleId>,
) -> Answer<LoginId> {
    needs_staff_write(ctx)?;
    if login.kind != LoginKind::Staff {
        return Err(Failure::at(LoginCode::InvalidInput, "kind", "a member of staff has a staff login"));
    }
    let logins = [login];
    retrying(|| async {
        let mut tx = identity.db.begin().await?;
        if let Some(id) = idempotency::find(&mut tx, ctx).await? {
            return Ok(id);
        }
        let mut refusals = unknown_roles(&mut tx, &role_ids).await?;
        let created = logins::create(identity, &mut tx, ctx, &logins).await.map_err(logins::of_single);
        let created = collected(created, &mut refusals)?;
        refuse_if_any(refusals)?;
        let id = created[0];
        give_roles(identity, &mut tx, ctx, id, &role_ids).await?;
        idempotency::record(&mut tx, ctx, &id).await?;
        tx.commit().await?;
        Ok(id)
    })
    .await
}

/// Adds a call's refusals to those already there; an internal failure ends it.
fn collected<T: Default>(answer: Answer<T>, refusals: &mut Vec<Refusal<LoginCode>>) -> Answer<T> {
    match answer {
        Err(Failure::Refused(more)) => {
            refusals.extend(more);
            Ok(T::default())
        }
        other => other,
    }
}

pub(crate) async fn roles_set(
    identity: &PgIdentity,
    ctx: &Ctx,
    id: LoginId,
    role_ids: Vec<StaffRoleId>,
) -> Answer<()> {
    needs_staff_write(ctx)?;
    retrying(|| async {
        let mut tx = identity.db.begin().await?;
        if let Some(()) = idempotency::find(&mut tx, ctx).await? {
            return Ok(());
        }
        let watch = ManagerWatch::begin(&mut tx).await?;
        let mut refusals = unknown_roles(&mut tx, &role_ids).await?;
        if !store::staff::is_staff(&mut tx, id).await? {
            let message = format!("there is no member of staff {id}");
            refusals.push(Refusal::at(LoginCode::LoginNotFound, "id", message));
        }
        refuse_if_any(refusals)?;
        give_roles(identity, &mut tx, ctx, id, &role_ids).await?;
        watch.end(&mut tx).await?;
        idempotency::record(&mut tx, ctx, &()).await?;
        Ok(tx.commit().await?)
    })
    .await
}

async fn unknown_roles(tx: &mut Tx, role_ids: &[StaffRoleId]) -> Answer<Vec<Refusal<LoginCode>>> {
    if role_ids.len() > MAX_ROLES {
        let message = format!("{} roles; a member of staff holds at most {MAX_ROLES}", role_ids.len());
        return Err(Failure::at(LoginCode::InvalidInput, "roleIds", message));
    }
    let existing = store::staff::existing_roles(tx, role_ids).await?;
    let unknown = role_ids.iter().enumerate().filter(|(_, id)| !existing.contains(&id.0));
    let refusals = unknown.map(|(at, id)| {
        let message = format!("there is no staff role {id}");
        Refusal::at(LoginCode::RoleNotFound, &format!("roleIds.{at}"), message)
    });
    Ok(refusals.collect())
}

async fn give_roles(
    identity: &PgIdentity,
    tx: &mut Tx,
    ctx: &Ctx,
    id: LoginId,
    role_ids: &[StaffRoleId],
) -> Answer<()> {
    let role_ids: Vec<StaffRoleId> = role_ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    store::staff::set_roles(tx, ctx, id, &role_ids).await?;
    let detail = json!({"roleIds": role_ids});
    identity.record(tx, ctx, "staff.roles_set", ("login", id.0), detail).await?;
    Ok(outbox::append(tx, ctx, &[events::staff_roles_set(id, &role_ids)]).await?)
}

pub(crate) async fn role_upsert(
    identity: &PgIdentity,
    ctx: &Ctx,
    name: &str,
    permissions: BTreeSet<Permission>,
) -> Answer<StaffRoleId> {
    needs_staff_write(ctx)?;
    let name = name.trim();
    refuse_if_any(role_refusals(identity, name, &permissions))?;
    retrying(|| async {
        let mut tx = identity.db.begin().await?;
        if let Some(id) = idempotency::find(&mut tx, ctx).await? {
            return Ok(id);
        }
        let watch = ManagerWatch::begin(&mut tx).await?;
        let id = store::staff::upsert_role(&mut tx, ctx, name, &permissions).await?;
        watch.end(&mut tx).await?;
        let detail = json!({"name": name, "permissions": permissions});
        identity.record(&mut tx, ctx, "staff.role_upsert", ("staffrole", id.0), detail).await?;
        outbox::append(&mut tx, ctx, &[events::staff_role_changed(id, name, &permissions)]).await?;
        idempotency::record(&mut tx, ctx, &id).await?;
        tx.commit().await?;
        Ok(id)
    })
    .await
}

fn role_refusals(
    identity: &PgIdentity,
    name: &str,
    permissions: &BTreeSet<Permission>,
) -> Vec<Refusal<LoginCode>> {
    let mut refusals = Vec::new();
    if !(1..=100).contains(&name.chars().count()) || name.contains(char::is_control) {
        let message = "the name of a role has 1 to 100 characters, none of them a control character";
        refusals.push(Refusal::at(LoginCode::InvalidInput, "name", message));
    }
    let unknown = permissions.iter().filter(|permission| !identity.is_declared(permission));
    refusals.extend(unknown.map(|permission| {
        let message = format!("nobody has declared the permission {permission}");
        Refusal::at(LoginCode::UnknownPermission, "permissions", message)
    }));
    refusals
}

pub(crate) async fn list(identity: &PgIdentity, ctx: &Ctx, page: PageRequest) -> Answer<Page<StaffMember>> {
    needs_staff_write(ctx)?;
    Ok(Page::from_fetched(store::staff::members(&identity.db, page).await?, &page))
}

pub(crate) async fn roles(identity: &PgIdentity, ctx: &Ctx) -> Answer<Vec<StaffRole>> {
    needs_staff_write(ctx)?;
    Ok(store::staff::roles(&identity.db).await?)
}
