//! Sites and their addresses.

use serde_json::json;
use vectis_contracts::accounts::{AccountCode, AddressUse, CreateLocation, PostalAddress};
use vectis_db::{conn, idempotency, outbox, retrying};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::{AccountId, AddressId, LocationId};
use vectis_kernel::{Ctx, Event, Failure};

use crate::create::MAX_PEOPLE;
use crate::model::{Refusals, join};
use crate::people::{Candidate, hire, no_location};
use crate::scope::Scope;
use crate::service::{Answer, PgAccounts};
use crate::store::people::NewEmployee;
use crate::store::places::{NewAddress, NewLocation};
use crate::{events, store};

/// Sites with their addresses and people, before they are stored.
#[derive(Default)]
pub(crate) struct Places<'a> {
    pub(crate) locations: Vec<NewLocation>,
    pub(crate) addresses: Vec<NewAddress>,
    pub(crate) candidates: Vec<Candidate<'a>>,
}

impl<'a> Places<'a> {
    pub(crate) fn add(
        &mut self,
        ctx: &Ctx,
        path: &str,
        account_id: AccountId,
        given: &'a CreateLocation,
        refusals: &mut Refusals,
    ) -> LocationId {
        let id = ctx.new_id();
        let name = refusals.text(&join(path, "name"), &given.name, 1..=200);
        let address = given.address.as_ref().map(|postal| NewAddress {
            id: ctx.new_id(),
            account_id,
            location_id: id,
            postal: refusals.postal(&join(path, "address"), postal),
        });
        let default_address_id = address.as_ref().map(|address| address.id);
        self.addresses.extend(address);
        self.locations.push(NewLocation { id, account_id, name, default_address_id });
        for (at, employee) in given.employees.iter().enumerate() {
            let path = join(path, &format!("employees.{at}"));
            self.candidates.push(Candidate::of(path, account_id, id, employee, refusals));
        }
        id
    }

    /// Facts about all of it, sites before what is in them.
    pub(crate) fn events(&self, hired: &[NewEmployee]) -> Vec<Event> {
        let locations = self.locations.iter().map(events::location_created);
        let addresses = self.addresses.iter().map(|address| events::address_created(address, true));
        locations.chain(addresses).chain(hired.iter().map(events::employee_created)).collect()
    }
}

pub(crate) async fn location_create(
    accounts: &PgAccounts,
    ctx: &Ctx,
    account_id: AccountId,
    given: &CreateLocation,
) -> Answer<LocationId> {
    let scope = Scope::of_manager(ctx)?;
    if given.employees.len() > MAX_PEOPLE {
        let message = format!("{} people; at most {MAX_PEOPLE} in one call", given.employees.len());
        return Err(Failure::at(AccountCode::TooMany, "employees", message));
    }
    retrying(|| async {
        let mut tx = accounts.deps.db.begin().await?;
        if let Some(id) = idempotency::find(&mut tx, ctx).await? {
            return Ok(id);
        }
        if !store::accounts::exists(&mut tx, scope, account_id).await? {
            let message = format!("there is no account {account_id}");
            return Err(Failure::at(AccountCode::AccountNotFound, "accountId", message));
        }
        let mut refusals = Refusals::default();
        let mut places = Places::default();
        let id = places.add(ctx, "", account_id, given, &mut refusals);
        let hired = hire(accounts, &mut tx, ctx, &places.candidates, &mut refusals).await?;
        refuse_if_any(refusals.into_inner())?;
        store::places::insert_locations(&mut tx, ctx, &places.locations).await?;
        store::places::insert_addresses(&mut tx, ctx, &places.addresses).await?;
        store::places::set_defaults(&mut tx, ctx, &places.addresses).await?;
        store::people::insert(&mut tx, ctx, &hired).await?;
        let detail = json!({"employees": hired.len()});
        accounts
            .record(&mut tx, ctx, "location.create", ("location", id.0), Some(account_id), detail)
            .await?;
        outbox::append(&mut tx, ctx, &places.events(&hired)).await?;
        idempotency::record(&mut tx, ctx, &id).await?;
        tx.commit().await?;
        Ok(id)
    })
    .await
}

pub(crate) async fn address_create(
    accounts: &PgAccounts,
    ctx: &Ctx,
    location_id: LocationId,
    postal: &PostalAddress,
    address_use: AddressUse,
) -> Answer<AddressId> {
    let scope = Scope::of_manager(ctx)?;
    let mut refusals = Refusals::default();
    let postal = refusals.postal("", postal);
    refuse_if_any(refusals.into_inner())?;
    retrying(|| async {
        let mut tx = accounts.deps.db.begin().await?;
        if let Some(id) = idempotency::find(&mut tx, ctx).await? {
            return Ok(id);
        }
        let account_id = store::places::account_of(conn(&mut tx), scope, location_id)
            .await?
            .ok_or_else(|| no_location("locationId", location_id))?;
        let id = ctx.new_id();
        let address = NewAddress { id, account_id, location_id, postal: postal.clone() };
        store::places::insert_addresses(&mut tx, ctx, std::slice::from_ref(&address)).await?;
        let is_default = address_use == AddressUse::Default;
        if is_default {
            store::places::set_defaults(&mut tx, ctx, std::slice::from_ref(&address)).await?;
        }
        let detail = json!({"locationId": location_id, "isDefault": is_default});
        accounts.record(&mut tx, ctx, "address.create", ("address", id.0), Some(account_id), detail).await?;
        outbox::append(&mut tx, ctx, &[events::address_created(&address, is_default)]).await?;
        idempotency::record(&mut tx, ctx, &id).await?;
        tx.commit().await?;
        Ok(id)
    })
    .await
}
