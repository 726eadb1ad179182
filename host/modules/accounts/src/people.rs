//! Employees: where they get their logins and roles, and what may change of them.

use serde_json::json;
use vectis_contracts::Tx;
use vectis_contracts::accounts::{AccountCode, CreateEmployee, Employee, Role, UpdateEmployee};
use vectis_contracts::identity::{CreateLogin, LoginCode, LoginKind};
use vectis_db::{conn, idempotency, outbox, retrying};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::{AccountId, EmployeeId, LocationId, LoginId};
use vectis_kernel::{Ctx, Failure, Money, Refusal};

use crate::model::{Refusals, join};
use crate::scope::Scope;
use crate::service::{Answer, PgAccounts};
use crate::store::people::NewEmployee;
use crate::{events, store};

/// Somebody about to be hired, and where in the input it stands.
pub(crate) struct Candidate<'a> {
    path: String,
    account_id: AccountId,
    location_id: LocationId,
    role: &'a str,
    order_limit: Option<Money>,
    login: CreateLogin,
}

impl<'a> Candidate<'a> {
    pub(crate) fn of(
        path: String,
        account_id: AccountId,
        location_id: LocationId,
        given: &'a CreateEmployee,
        refusals: &mut Refusals,
    ) -> Self {
        if let Some(limit) = given.order_limit {
            refusals.limit(&join(&path, "orderLimit"), limit);
        }
        let login = CreateLogin {
            email: given.email.clone(),
            name: given.name.clone(),
            password: given.password.clone(),
            kind: LoginKind::Buyer,
        };
        Self { path, account_id, location_id, role: &given.role, order_limit: given.order_limit, login }
    }
}

/// Finds the roles and makes the logins of all candidates. What stands against it is added to the refusals; only when
/// there are none is the answer complete.
pub(crate) async fn hire(
    accounts: &PgAccounts,
    tx: &mut Tx,
    ctx: &Ctx,
    candidates: &[Candidate<'_>],
    refusals: &mut Refusals,
) -> Answer<Vec<NewEmployee>> {
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = candidates.iter().map(|candidate| candidate.role).filter(is_storable).collect();
    let roles = store::roles::by_name(tx, &names).await?;
    let given: Vec<Option<&Role>> = candidates
        .iter()
        .map(|candidate| giveable(ctx, roles.get(candidate.role), candidate.role, &candidate.path, refusals))
        .collect();
    let logins = make_logins(accounts, tx, ctx, candidates, refusals).await?;
    let hired = candidates.iter().zip(given).zip(logins).filter_map(|((candidate, role), login_id)| {
        Some(NewEmployee {
            id: ctx.new_id(),
            login_id,
            account_id: candidate.account_id,
            location_id: candidate.location_id,
            name: candidate.login.name.trim().to_owned(),
            email: candidate.login.email.trim().to_lowercase(),
            role_id: role?.id,
            order_limit: candidate.order_limit,
        })
    });
    Ok(hired.collect())
}

fn is_storable(text: &&str) -> bool {
    !text.contains('\0')
}

/// The role, if there is one and the acting employee holds all it allows: nobody gives what one does not have.
fn giveable<'r>(
    ctx: &Ctx,
    role: Option<&'r Role>,
    name: &str,
    path: &str,
    refusals: &mut Refusals,
) -> Option<&'r Role> {
    let field = join(path, "role");
    let Some(role) = role else {
        let shown: String = name.chars().take(100).collect();
        refusals.add(AccountCode::RoleNotFound, &field, format!("there is no role {shown:?}"));
        return None;
    };
    if ctx.buyer().is_some_and(|buyer| !role.permissions.is_subset(&buyer.permissions)) {
        let message = format!("{} allows more than you may yourself", role.name);
        refusals.add(AccountCode::Forbidden, &field, message);
        return None;
    }
    Some(role)
}

async fn make_logins(
    accounts: &PgAccounts,
    tx: &mut Tx,
    ctx: &Ctx,
    candidates: &[Candidate<'_>],
    refusals: &mut Refusals,
) -> Answer<Vec<LoginId>> {
    let logins: Vec<CreateLogin> = candidates.iter().map(|candidate| candidate.login.clone()).collect();
    match accounts.deps.identity.logins_create(tx, ctx, &logins).await {
        Ok(ids) => Ok(ids),
        Err(Failure::Internal(error)) => Err(Failure::Internal(error)),
        Err(Failure::Refused(more)) => {
            refusals.extend(more.into_iter().map(|refusal| at_candidate(refusal, candidates)));
            Ok(Vec::new())
        }
    }
}

/// `logins.17.email` is the e-mail of the 17th candidate, wherever that stands.
fn at_candidate(refusal: Refusal<LoginCode>, candidates: &[Candidate<'_>]) -> Refusal<AccountCode> {
    let number = refusal.field.get(1).and_then(|number| number.parse::<usize>().ok());
    let field = match (number.and_then(|number| candidates.get(number)), refusal.field.get(2)) {
        (Some(candidate), Some(field)) => {
            join(&candidate.path, field).split('.').map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    Refusal { code: of_login(refusal.code), field, message: refusal.message }
}

fn of_login(code: LoginCode) -> AccountCode {
    match code {
        LoginCode::Forbidden => AccountCode::Forbidden,
        LoginCode::EmailTaken => AccountCode::EmailTaken,
        LoginCode::InvalidEmail => AccountCode::InvalidEmail,
        LoginCode::WeakPassword => AccountCode::WeakPassword,
        LoginCode::UnknownPermission => AccountCode::UnknownPermission,
        LoginCode::RoleNotFound => AccountCode::RoleNotFound,
        LoginCode::InvalidInput
        | LoginCode::LoginNotFound
        | LoginCode::LastManager
        | LoginCode::TooManyAttempts => AccountCode::InvalidInput,
    }
}

pub(crate) async fn create(
    accounts: &PgAccounts,
    ctx: &Ctx,
    location_id: LocationId,
    given: &CreateEmployee,
) -> Answer<EmployeeId> {
    let scope = Scope::of_manager(ctx)?;
    retrying(|| async {
        let mut tx = accounts.deps.db.begin().await?;
        if let Some(id) = idempotency::find(&mut tx, ctx).await? {
            return Ok(id);
        }
        let account_id = store::places::account_of(conn(&mut tx), scope, location_id)
            .await?
            .ok_or_else(|| no_location("locationId", location_id))?;
        let mut refusals = Refusals::default();
        let candidate = Candidate::of(String::new(), account_id, location_id, given, &mut refusals);
        let hired = hire(accounts, &mut tx, ctx, &[candidate], &mut refusals).await?;
        refuse_if_any(refusals.into_inner())?;
        store::people::insert(&mut tx, ctx, &hired).await?;
        let id = hired[0].id;
        let detail = json!({"locationId": location_id, "role": given.role});
        accounts
            .record(&mut tx, ctx, "employee.create", ("employee", id.0), Some(account_id), detail)
            .await?;
        outbox::append(&mut tx, ctx, &[events::employee_created(&hired[0])]).await?;
        idempotency::record(&mut tx, ctx, &id).await?;
        tx.commit().await?;
        Ok(id)
    })
    .await
}

pub(crate) fn no_location(field: &str, id: LocationId) -> Failure<AccountCode> {
    Failure::at(AccountCode::LocationNotFound, field, format!("there is no location {id}"))
}

pub(crate) async fn update(
    accounts: &PgAccounts,
    ctx: &Ctx,
    id: EmployeeId,
    changes: &UpdateEmployee,
) -> Answer<()> {
    let scope = Scope::of_manager(ctx)?;
    retrying(|| async {
        let mut tx = accounts.deps.db.begin().await?;
        if let Some(()) = idempotency::find(&mut tx, ctx).await? {
            return Ok(());
        }
        let not_found =
            || Failure::at(AccountCode::EmployeeNotFound, "id", format!("there is no employee {id}"));
        let before = store::people::lock(&mut tx, scope, id).await?.ok_or_else(not_found)?;
        let after = changed(&mut tx, ctx, &before, changes).await?;
        store::people::update(&mut tx, ctx, &after).await?;
        let detail = json!({
            "role": after.role_name,
            "orderLimit": after.order_limit.map(|limit| limit.to_string()),
            "isActive": after.is_active,
        });
        let account_id = Some(after.account_id);
        accounts.record(&mut tx, ctx, "employee.update", ("employee", id.0), account_id, detail).await?;
        outbox::append(&mut tx, ctx, &[events::employee_changed(&after)]).await?;
        idempotency::record(&mut tx, ctx, &()).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// The employee as it will be, or all that stands against it.
async fn changed(tx: &mut Tx, ctx: &Ctx, before: &Employee, changes: &UpdateEmployee) -> Answer<Employee> {
    let mut refusals = Refusals::default();
    let mut after = before.clone();
    refuse_own_rights(ctx, before, changes, &mut refusals);
    if let Some(name) = &changes.name {
        after.name = refusals.text("name", name, 1..=200);
    }
    if let Some(name) = &changes.role {
        let roles =
            store::roles::by_name(tx, &[name.as_str()].into_iter().filter(is_storable).collect::<Vec<_>>())
                .await?;
        if let Some(role) = giveable(ctx, roles.get(name), name, "", &mut refusals) {
            after.role_id = role.id;
            after.role_name.clone_from(&role.name);
        }
    }
    if let Some(limit) = changes.order_limit {
        if let Some(limit) = limit {
            refusals.limit("orderLimit", limit);
        }
        after.order_limit = limit;
    }
    after.is_active = changes.is_active.unwrap_or(before.is_active);
    refuse_if_any(refusals.into_inner())?;
    Ok(after)
}

/// Nobody decides over the own rights.
fn refuse_own_rights(ctx: &Ctx, employee: &Employee, changes: &UpdateEmployee, refusals: &mut Refusals) {
    if ctx.login_id() != Some(employee.login_id) {
        return;
    }
    for (field, is_given) in [("role", changes.role.is_some()), ("orderLimit", changes.order_limit.is_some())]
    {
        if is_given {
            refusals.add(AccountCode::Forbidden, field, "nobody changes the own role or order limit");
        }
    }
}
