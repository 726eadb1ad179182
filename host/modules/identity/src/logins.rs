//! Making logins, many at once, and switching them on and off.

use std::collections::{HashMap, HashSet};

use futures_util::future::try_join_all;
use serde_json::json;
use vectis_contracts::Tx;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::identity::{CreateLogin, LoginCode, LoginKind, Principal};
use vectis_db::{idempotency, outbox, retrying};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::LoginId;
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Ctx, Failure, Refusal};

use crate::refusal::needs_staff_write;
use crate::service::PgIdentity;
use crate::store::logins::NewLogin;
use crate::{email, events, password, store};

/// Different passwords in one call. They are hashed while the caller's transaction is open, and that takes seconds.
const MAX_DIFFERENT_PASSWORDS: usize = 500;

type Answer<T> = Result<T, Failure<LoginCode>>;

pub(crate) async fn create(
    identity: &PgIdentity,
    tx: &mut Tx,
    ctx: &Ctx,
    logins: &[CreateLogin],
) -> Answer<Vec<LoginId>> {
    if logins.is_empty() {
        return Ok(Vec::new());
    }
    may_create(ctx, logins)?;
    let mut refusals = Vec::new();
    let drafts: Vec<Draft<'_>> =
        logins.iter().enumerate().map(|(at, login)| Draft::of(at, login, &mut refusals)).collect();
    refuse_taken(tx, &drafts, &mut refusals).await?;
    refuse_too_many_passwords(&drafts, &mut refusals);
    refuse_if_any(refusals)?;

    let new = hashed(identity, ctx, drafts).await?;
    let inserted = store::logins::insert(tx, ctx, &new).await?;
    let lost = new.iter().enumerate().filter(|(_, login)| !inserted.contains(&login.id.0));
    refuse_if_any(lost.map(|(at, login)| taken(at, &login.email)).collect())?;
    let records: Vec<AuditRecord> = new.iter().map(created).collect();
    identity.record_all(tx, ctx, &records).await?;
    let events: Vec<_> = new.iter().map(|login| events::login_created(login.id, login.kind)).collect();
    outbox::append(tx, ctx, &events).await?;
    Ok(new.iter().map(|login| login.id).collect())
}

/// Staff are made by those who manage staff, buyers by those who manage accounts or their own account; anybody may
/// become a customer.
fn may_create(ctx: &Ctx, logins: &[CreateLogin]) -> Answer<()> {
    let may = |kind| match kind {
        LoginKind::Staff => ctx.is_staff() && ctx.may(&staff::STAFF_WRITE),
        LoginKind::Buyer if ctx.buyer().is_some() => ctx.may(&buyer::MANAGE),
        LoginKind::Buyer => ctx.is_staff() && ctx.may(&staff::ACCOUNTS_WRITE),
        LoginKind::Customer => true,
    };
    if logins.iter().all(|login| may(login.kind)) {
        Ok(())
    } else {
        Err(Failure::refused(LoginCode::Forbidden, "you may not make logins of this kind"))
    }
}

/// A login whose fields are in order, as far as one can tell without the database. What is not has been refused.
struct Draft<'a> {
    at: usize,
    email: String,
    name: &'a str,
    kind: LoginKind,
    password: Option<String>,
}

impl<'a> Draft<'a> {
    fn of(at: usize, login: &'a CreateLogin, refusals: &mut Vec<Refusal<LoginCode>>) -> Self {
        let email = email::normalized(&login.email).unwrap_or_else(|| {
            let shown: String = login.email.chars().take(100).collect();
            let message = format!("{shown:?} is not an e-mail address");
            refusals.push(Refusal::at(LoginCode::InvalidEmail, &format!("logins.{at}.email"), message));
            String::new()
        });
        let name = login.name.trim();
        if !(1..=200).contains(&name.chars().count()) || name.contains(char::is_control) {
            let message = "a name has 1 to 200 characters, none of them a control character";
            refusals.push(Refusal::at(LoginCode::InvalidInput, &format!("logins.{at}.name"), message));
        }
        let password = match login.password.as_deref().map(|given| password::checked(given, &email)) {
            Some(Err(rule)) => {
                let field = format!("logins.{at}.password");
                refusals.push(Refusal::at(LoginCode::WeakPassword, &field, rule));
                None
            }
            Some(Ok(password)) => Some(password.into_owned()),
            None => None,
        };
        Self { at, email, name, kind: login.kind, password }
    }
}

fn taken(at: usize, email: &str) -> Refusal<LoginCode> {
    let message = format!("{email} has a login already");
    Refusal::at(LoginCode::EmailTaken, &format!("logins.{at}.email"), message)
}

/// E-mails that have a login, and all but the first of those that come twice.
async fn refuse_taken(
    tx: &mut Tx,
    drafts: &[Draft<'_>],
    refusals: &mut Vec<Refusal<LoginCode>>,
) -> Answer<()> {
    let emails: Vec<&str> =
        drafts.iter().map(|draft| draft.email.as_str()).filter(|email| !email.is_empty()).collect();
    let mut seen = store::logins::taken(tx, &emails).await?;
    for draft in drafts.iter().filter(|draft| !draft.email.is_empty()) {
        if !seen.insert(draft.email.clone()) {
            refusals.push(taken(draft.at, &draft.email));
        }
    }
    Ok(())
}

fn refuse_too_many_passwords(drafts: &[Draft<'_>], refusals: &mut Vec<Refusal<LoginCode>>) {
    let different: HashSet<&str> = drafts.iter().filter_map(|draft| draft.password.as_deref()).collect();
    if different.len() > MAX_DIFFERENT_PASSWORDS {
        let message = format!(
            "{} different passwords in one call; at most {MAX_DIFFERENT_PASSWORDS} are taken",
            different.len()
        );
        refusals.push(Refusal { code: LoginCode::InvalidInput, field: vec!["logins".to_owned()], message });
    }
}

/// Each password hashed once, however many share it.
async fn hashed(identity: &PgIdentity, ctx: &Ctx, drafts: Vec<Draft<'_>>) -> Answer<Vec<NewLogin>> {
    let different: HashSet<&String> = drafts.iter().filter_map(|draft| draft.password.as_ref()).collect();
    let hashes: HashMap<String, String> = try_join_all(different.into_iter().map(|password| async {
        Ok::<_, Failure<LoginCode>>((password.clone(), identity.hasher.hash(password.clone()).await?))
    }))
    .await?
    .into_iter()
    .collect();
    let new = drafts.into_iter().map(|draft| NewLogin {
        id: ctx.new_id(),
        password_hash: draft.password.and_then(|password| hashes.get(&password).cloned()),
        email: draft.email,
        name: draft.name.to_owned(),
        kind: draft.kind,
    });
    Ok(new.collect())
}

fn created(login: &NewLogin) -> AuditRecord {
    AuditRecord {
        action: "login.create",
        subject_kind: "login",
        subject_id: login.id.0,
        account_id: None,
        detail: json!({"kind": store::kind_text(login.kind), "hasPassword": login.password_hash.is_some()}),
    }
}

/// For commands that make one login: `logins.0.email` is their `email`.
pub(crate) fn of_single(failure: Failure<LoginCode>) -> Failure<LoginCode> {
    match failure {
        Failure::Refused(refusals) => Failure::Refused(
            refusals
                .into_iter()
                .map(|refusal| Refusal { field: refusal.field.into_iter().skip(2).collect(), ..refusal })
                .collect(),
        ),
        internal @ Failure::Internal(_) => internal,
    }
}

pub(crate) async fn customer_register(
    identity: &PgIdentity,
    ctx: &Ctx,
    login: CreateLogin,
) -> Answer<LoginId> {
    if login.kind != LoginKind::Customer {
        return Err(Failure::at(LoginCode::InvalidInput, "kind", "only customers register themselves"));
    }
    if login.password.is_none() {
        return Err(Failure::at(LoginCode::InvalidInput, "password", "a customer needs a password"));
    }
    let too_many = || {
        Failure::refused(LoginCode::TooManyAttempts, "too many registrations; wait a minute and try again")
    };
    let address = ctx.remote.as_deref();
    if !address.is_none_or(|address| identity.registrations.attempt(address, ctx.now())) {
        return Err(too_many());
    }
    let _admission = identity.hasher.admit().map_err(|_busy| too_many())?;
    let logins = [login];
    retrying(|| async {
        let mut tx = identity.db.begin().await?;
        if let Some(id) = idempotency::find(&mut tx, ctx).await? {
            return Ok(id);
        }
        let ids = create(identity, &mut tx, ctx, &logins).await.map_err(of_single)?;
        idempotency::record(&mut tx, ctx, &ids[0]).await?;
        tx.commit().await?;
        Ok(ids[0])
    })
    .await
}

pub(crate) async fn activate(identity: &PgIdentity, ctx: &Ctx, id: LoginId, is_active: bool) -> Answer<()> {
    needs_staff_write(ctx)?;
    retrying(|| async {
        let mut tx = identity.db.begin().await?;
        if let Some(()) = idempotency::find(&mut tx, ctx).await? {
            return Ok(());
        }
        let watch = crate::staff::ManagerWatch::begin(&mut tx).await?;
        if !store::logins::set_active(&mut tx, ctx, id, is_active).await? {
            return Err(Failure::at(LoginCode::LoginNotFound, "id", format!("there is no login {id}")));
        }
        watch.end(&mut tx).await?;
        if !is_active {
            store::sessions::revoke_all(&mut tx, ctx, id, None).await?;
        }
        let detail = json!({"isActive": is_active});
        identity.record(&mut tx, ctx, "login.activate", ("login", id.0), detail).await?;
        outbox::append(&mut tx, ctx, &[events::login_activated(id, is_active)]).await?;
        idempotency::record(&mut tx, ctx, &()).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Staff see everybody; others themselves.
pub(crate) async fn by_id(identity: &PgIdentity, ctx: &Ctx, ids: &[LoginId]) -> Answer<Vec<Principal>> {
    let is_visible = |id: &&LoginId| ctx.is_staff() || ctx.login_id() == Some(**id);
    let visible: Vec<LoginId> = ids.iter().filter(is_visible).copied().collect();
    if visible.is_empty() {
        return Ok(Vec::new());
    }
    Ok(store::logins::principals(&identity.db, &visible).await?)
}
