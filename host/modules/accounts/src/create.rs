//! Creating accounts with all that is in them, a thousand as one.

use std::collections::{BTreeSet, HashSet};

use serde_json::json;
use vectis_contracts::Tx;
use vectis_contracts::accounts::{Account, AccountCode, CreateAccount, Credit};
use vectis_contracts::audit::AuditRecord;
use vectis_db::{idempotency, outbox, retrying};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::{AccountId, CustomerGroupId};
use vectis_kernel::{Ctx, Event, Failure, Money, Refusal};

use crate::model::Refusals;
use crate::people::hire;
use crate::places::Places;
use crate::scope::needs_accounts_write;
use crate::service::{Answer, PgAccounts};
use crate::store::people::NewEmployee;
use crate::{events, store};

const MAX_ACCOUNTS: usize = 1_000;
const MAX_LOCATIONS: usize = 10_000;
pub(crate) const MAX_PEOPLE: usize = 10_000;
const MAX_GROUPS: usize = 100;

pub(crate) async fn accounts(
    accounts: &PgAccounts,
    ctx: &Ctx,
    given: &[CreateAccount],
) -> Answer<Vec<AccountId>> {
    needs_accounts_write(ctx)?;
    refuse_too_many(given)?;
    if given.is_empty() {
        return Ok(Vec::new());
    }
    retrying(|| create(accounts, ctx, given)).await
}

fn refuse_too_many(given: &[CreateAccount]) -> Answer<()> {
    let locations: usize = given.iter().map(|account| account.locations.len()).sum();
    let people: usize =
        given.iter().flat_map(|account| &account.locations).map(|location| location.employees.len()).sum();
    let counts = [
        (given.len(), MAX_ACCOUNTS, "accounts"),
        (locations, MAX_LOCATIONS, "locations"),
        (people, MAX_PEOPLE, "people"),
    ];
    let refusals = counts
        .into_iter()
        .filter(|(count, most, _)| count > most)
        .map(|(count, most, what)| {
            let message = format!("{count} {what}; at most {most} in one call");
            Refusal::at(AccountCode::TooMany, "accounts", message)
        })
        .collect();
    refuse_if_any(refusals)
}

async fn create(accounts: &PgAccounts, ctx: &Ctx, given: &[CreateAccount]) -> Answer<Vec<AccountId>> {
    let mut tx = accounts.deps.db.begin().await?;
    if let Some(ids) = idempotency::find(&mut tx, ctx).await? {
        return Ok(ids);
    }
    let mut refusals = Refusals::default();
    let mut draft = Draft::of(ctx, given, &mut refusals);
    refuse_unknown_groups(&mut tx, given, &mut refusals).await?;
    refuse_taken_references(&mut tx, &draft.accounts, &mut refusals).await?;
    let hired = hire(accounts, &mut tx, ctx, &draft.places.candidates, &mut refusals).await?;
    refuse_if_any(refusals.into_inner())?;

    insert(&mut tx, ctx, &mut draft, &hired).await?;
    let ids: Vec<AccountId> = draft.accounts.iter().map(|account| account.id).collect();
    let records: Vec<AuditRecord> =
        draft.accounts.iter().zip(given).map(|(account, given)| created(account, given)).collect();
    accounts.record_all(&mut tx, ctx, &records).await?;
    let mut events: Vec<Event> = draft.accounts.iter().map(events::account_created).collect();
    events.extend(draft.places.events(&hired));
    outbox::append(&mut tx, ctx, &events).await?;
    idempotency::record(&mut tx, ctx, &ids).await?;
    tx.commit().await?;
    Ok(ids)
}

/// Everything to insert. What is not in order has been refused.
struct Draft<'a> {
    accounts: Vec<Account>,
    credit: Vec<(AccountId, Money)>,
    places: Places<'a>,
}

impl<'a> Draft<'a> {
    fn of(ctx: &Ctx, given: &'a [CreateAccount], refusals: &mut Refusals) -> Self {
        let mut draft = Self { accounts: Vec::new(), credit: Vec::new(), places: Places::default() };
        for (at, account) in given.iter().enumerate() {
            draft.add(ctx, &format!("accounts.{at}"), account, refusals);
        }
        draft
    }

    fn add(&mut self, ctx: &Ctx, path: &str, given: &'a CreateAccount, refusals: &mut Refusals) {
        let at = |field: &str| format!("{path}.{field}");
        let id = ctx.new_id();
        if let Some(limit) = given.credit_limit {
            refusals.limit(&at("creditLimit"), limit);
            self.credit.push((id, limit));
        }
        if given.locations.is_empty() {
            refusals.add(AccountCode::InvalidInput, &at("locations"), "an account has at least one location");
        }
        let group_ids: BTreeSet<CustomerGroupId> = given.group_ids.iter().copied().collect();
        if group_ids.len() > MAX_GROUPS {
            let message = format!("{} groups; an account is in at most {MAX_GROUPS}", group_ids.len());
            refusals.add(AccountCode::TooMany, &at("groupIds"), message);
        }
        let reference = given.external_reference.as_deref();
        let account = Account {
            id,
            number: String::new(),
            name: refusals.text(&at("name"), &given.name, 1..=200),
            legal_name: refusals.text(&at("legalName"), &given.legal_name, 0..=200),
            external_reference: reference
                .map(|reference| refusals.text(&at("externalReference"), reference, 1..=100)),
            status: given.status,
            payment_terms: refusals.payment_terms(&at("paymentTerms"), &given.payment_terms),
            group_ids: group_ids.into_iter().collect(),
            credit: given.credit_limit.map(|limit| Credit { limit, held: Money::zero(limit.currency) }),
            created_at: ctx.now(),
            version: 1,
        };
        self.accounts.push(account);
        for (at, location) in given.locations.iter().enumerate() {
            self.places.add(ctx, &format!("{path}.locations.{at}"), id, location, refusals);
        }
    }
}

async fn refuse_unknown_groups(tx: &mut Tx, given: &[CreateAccount], refusals: &mut Refusals) -> Answer<()> {
    let wanted: Vec<CustomerGroupId> = given
        .iter()
        .flat_map(|account| &account.group_ids)
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let existing = store::roles::existing_groups(tx, &wanted).await?;
    for (account, given) in given.iter().enumerate() {
        for (at, id) in given.group_ids.iter().enumerate().filter(|(_, id)| !existing.contains(id)) {
            let field = format!("accounts.{account}.groupIds.{at}");
            refusals.add(AccountCode::GroupNotFound, &field, format!("there is no group {id}"));
        }
    }
    Ok(())
}

/// Keys that an account has, and all but the first of those that come twice.
async fn refuse_taken_references(tx: &mut Tx, accounts: &[Account], refusals: &mut Refusals) -> Answer<()> {
    let wanted: Vec<&str> = accounts
        .iter()
        .filter_map(|account| account.external_reference.as_deref())
        .filter(|reference| !reference.contains('\0'))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut seen: HashSet<String> = store::accounts::taken_references(tx, &wanted).await?;
    for (at, account) in accounts.iter().enumerate() {
        if let Some(reference) = &account.external_reference
            && !seen.insert(reference.clone())
        {
            refusals.extend([taken(at, reference)]);
        }
    }
    Ok(())
}

fn taken(at: usize, reference: &str) -> Refusal<AccountCode> {
    let message = format!("an account has the external reference {reference:?} already");
    Refusal::at(AccountCode::Taken, &format!("accounts.{at}.externalReference"), message)
}

async fn insert(tx: &mut Tx, ctx: &Ctx, draft: &mut Draft<'_>, hired: &[NewEmployee]) -> Answer<()> {
    let mut numbers = store::accounts::insert(tx, ctx, &draft.accounts).await?;
    let mut lost = Vec::new();
    for (at, account) in draft.accounts.iter_mut().enumerate() {
        match numbers.remove(&account.id.0) {
            Some(number) => account.number = number,
            // Taken since it was looked for.
            None => lost.push(taken(at, account.external_reference.as_deref().unwrap_or_default())),
        }
    }
    refuse_if_any(lost)?;
    let groups: Vec<(AccountId, CustomerGroupId)> = draft
        .accounts
        .iter()
        .flat_map(|account| account.group_ids.iter().map(|group| (account.id, *group)))
        .collect();
    store::accounts::insert_groups(tx, ctx, &groups).await?;
    store::credit::insert(tx, ctx, &draft.credit).await?;
    store::places::insert_locations(tx, ctx, &draft.places.locations).await?;
    store::places::insert_addresses(tx, ctx, &draft.places.addresses).await?;
    store::places::set_defaults(tx, ctx, &draft.places.addresses).await?;
    Ok(store::people::insert(tx, ctx, hired).await?)
}

fn created(account: &Account, given: &CreateAccount) -> AuditRecord {
    let people: usize = given.locations.iter().map(|location| location.employees.len()).sum();
    AuditRecord {
        action: "account.create",
        subject_kind: "account",
        subject_id: account.id.0,
        account_id: Some(account.id),
        detail: json!({
            "number": account.number,
            "status": account.status as i16,
            "creditLimit": account.credit.map(|credit| credit.limit.to_string()),
            "locations": given.locations.len(),
            "employees": people,
        }),
    }
}

/// Groups that do not exist, for commands on one account.
pub(crate) async fn unknown_groups(
    tx: &mut Tx,
    group_ids: &[CustomerGroupId],
    refusals: &mut Refusals,
) -> Answer<()> {
    if group_ids.len() > MAX_GROUPS {
        let message = format!("{} groups; an account is in at most {MAX_GROUPS}", group_ids.len());
        return Err(Failure::at(AccountCode::TooMany, "groupIds", message));
    }
    let existing = store::roles::existing_groups(tx, group_ids).await?;
    for (at, id) in group_ids.iter().enumerate().filter(|(_, id)| !existing.contains(id)) {
        let field = format!("groupIds.{at}");
        refusals.add(AccountCode::GroupNotFound, &field, format!("there is no group {id}"));
    }
    Ok(())
}
