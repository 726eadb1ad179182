//! Facts about accounts. No names of people, no e-mails, no streets.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::Serialize;
use vectis_contracts::accounts::{Account, Employee};
use vectis_kernel::ids::{AccountId, AddressId, CustomerGroupId, EmployeeId, LocationId, LoginId, RoleId};
use vectis_kernel::{Currency, Event, Money, Permission};

use crate::store::people::NewEmployee;
use crate::store::places::{NewAddress, NewLocation};

/// All of an account's facts are in one sequence, those of its sites and people too.
const ACCOUNT: &str = "account";

#[derive(Serialize)]
struct Amount {
    amount: Decimal,
    currency: Currency,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self { amount: money.to_decimal(), currency: money.currency }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountFacts<'a> {
    account_id: AccountId,
    version: i64,
    number: &'a str,
    name: &'a str,
    legal_name: &'a str,
    external_reference: Option<&'a str>,
    status: i16,
    payment_terms: &'a str,
    group_ids: &'a [CustomerGroupId],
    credit_limit: Option<Amount>,
}

fn facts(account: &Account) -> AccountFacts<'_> {
    AccountFacts {
        account_id: account.id,
        version: account.version,
        number: &account.number,
        name: &account.name,
        legal_name: &account.legal_name,
        external_reference: account.external_reference.as_deref(),
        status: account.status as i16,
        payment_terms: &account.payment_terms,
        group_ids: &account.group_ids,
        credit_limit: account.credit.map(|credit| credit.limit.into()),
    }
}

pub(crate) fn account_created(account: &Account) -> Event {
    Event::new("vectis.accounts.account_created.v1", ACCOUNT, account.id.0, facts(account))
}

pub(crate) fn account_changed(account: &Account) -> Event {
    Event::new("vectis.accounts.account_changed.v1", ACCOUNT, account.id.0, facts(account))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LocationCreated<'a> {
    account_id: AccountId,
    location_id: LocationId,
    name: &'a str,
    default_address_id: Option<AddressId>,
}

pub(crate) fn location_created(location: &NewLocation) -> Event {
    let payload = LocationCreated {
        account_id: location.account_id,
        location_id: location.id,
        name: &location.name,
        default_address_id: location.default_address_id,
    };
    Event::new("vectis.accounts.location_created.v1", ACCOUNT, location.account_id.0, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AddressCreated<'a> {
    account_id: AccountId,
    location_id: LocationId,
    address_id: AddressId,
    is_default: bool,
    country: &'a str,
}

pub(crate) fn address_created(address: &NewAddress, is_default: bool) -> Event {
    let payload = AddressCreated {
        account_id: address.account_id,
        location_id: address.location_id,
        address_id: address.id,
        is_default,
        country: &address.postal.country,
    };
    Event::new("vectis.accounts.address_created.v1", ACCOUNT, address.account_id.0, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EmployeeFacts {
    account_id: AccountId,
    employee_id: EmployeeId,
    location_id: LocationId,
    login_id: LoginId,
    role_id: RoleId,
    order_limit: Option<Amount>,
    is_active: bool,
}

pub(crate) fn employee_created(employee: &NewEmployee) -> Event {
    let payload = EmployeeFacts {
        account_id: employee.account_id,
        employee_id: employee.id,
        location_id: employee.location_id,
        login_id: employee.login_id,
        role_id: employee.role_id,
        order_limit: employee.order_limit.map(Amount::from),
        is_active: true,
    };
    Event::new("vectis.accounts.employee_created.v1", ACCOUNT, employee.account_id.0, payload)
}

pub(crate) fn employee_changed(employee: &Employee) -> Event {
    let payload = EmployeeFacts {
        account_id: employee.account_id,
        employee_id: employee.id,
        location_id: employee.location_id,
        login_id: employee.login_id,
        role_id: employee.role_id,
        order_limit: employee.order_limit.map(Amount::from),
        is_active: employee.is_active,
    };
    Event::new("vectis.accounts.employee_changed.v1", ACCOUNT, employee.account_id.0, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoleChanged<'a> {
    role_id: RoleId,
    name: &'a str,
    permissions: &'a BTreeSet<Permission>,
}

pub(crate) fn role_changed(id: RoleId, name: &str, permissions: &BTreeSet<Permission>) -> Event {
    let payload = RoleChanged { role_id: id, name, permissions };
    Event::new("vectis.accounts.role_changed.v1", "role", id.0, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupCreated<'a> {
    group_id: CustomerGroupId,
    name: &'a str,
}

pub(crate) fn group_created(id: CustomerGroupId, name: &str) -> Event {
    let payload = GroupCreated { group_id: id, name };
    Event::new("vectis.accounts.group_created.v1", "group", id.0, payload)
}
