//! Accounts (buying companies), their locations, addresses, employees, roles and groups; and their credit.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;
use vectis_kernel::ids::{AccountId, AddressId, CustomerGroupId, EmployeeId, LocationId, LoginId, RoleId};
use vectis_kernel::{Ctx, Currency, Failure, Money, Page, PageRequest, Permission};

use crate::Tx;

/// How far an account has come. Steps may be skipped; only [`AccountStatus::Active`] may place orders. The numbers are
/// stored and part of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i16)]
pub enum AccountStatus {
    /// Known, nothing asked yet.
    Prospect = 0,
    /// Has applied.
    Applied = 1,
    /// Papers are missing.
    DocumentsPending = 2,
    /// Papers are being read.
    UnderReview = 3,
    /// First check: identity.
    VerificationIdentity = 4,
    /// Second check: tax number.
    VerificationTax = 5,
    /// Third check: credit.
    VerificationCredit = 6,
    /// Fourth check: compliance.
    VerificationCompliance = 7,
    /// Accepted, not switched on yet.
    Approved = 8,
    /// May order.
    Active = 9,
    /// May not order for now.
    Suspended = 10,
    /// Will not order again.
    Closed = 11,
}

impl AccountStatus {
    /// All, by number.
    pub const ALL: [Self; 12] = [
        Self::Prospect,
        Self::Applied,
        Self::DocumentsPending,
        Self::UnderReview,
        Self::VerificationIdentity,
        Self::VerificationTax,
        Self::VerificationCredit,
        Self::VerificationCompliance,
        Self::Approved,
        Self::Active,
        Self::Suspended,
        Self::Closed,
    ];

    /// From its number.
    pub fn from_number(number: i16) -> Option<Self> {
        usize::try_from(number).ok().and_then(|index| Self::ALL.get(index)).copied()
    }
}

/// A buying company.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// For people: `AC-100007`.
    pub number: String,
    /// Trading name.
    pub name: String,
    /// Registered name.
    pub legal_name: String,
    /// The merchant's or an outside system's own key; unique when set.
    pub external_reference: Option<String>,
    /// How far it has come.
    pub status: AccountStatus,
    /// `Net30`; empty when orders are paid at once.
    pub payment_terms: String,
    /// Groups that drive prices.
    pub group_ids: Vec<CustomerGroupId>,
    /// Credit, if the account has any.
    pub credit: Option<Credit>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Changes with each write.
    pub version: i64,
}

/// How much an account may owe, and how much of it is set aside. Available = limit − held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Most it may owe.
    pub limit: Money,
    /// Set aside for orders.
    pub held: Money,
}

/// A site of an account.
#[derive(Clone, Debug)]
pub struct Location {
    /// Its id.
    pub id: LocationId,
    /// Its account.
    pub account_id: AccountId,
    /// For people.
    pub name: String,
    /// Where goods go by default.
    pub default_address_id: Option<AddressId>,
}

/// An address of a location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Its id.
    pub id: AddressId,
    /// Its account.
    pub account_id: AccountId,
    /// Its location.
    pub location_id: LocationId,
    /// The lines.
    pub postal: PostalAddress,
}

/// An address as written; snapshot on carts and orders.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PostalAddress {
    /// Recipient, at most 200 characters.
    pub name: String,
    /// Street lines, at most 400 characters together.
    pub street: String,
    /// City.
    pub city: String,
    /// State or province; may be empty.
    pub region: String,
    /// Postal code; may be empty where a country has none.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
}

/// A role of employees.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// Unique: `Buyer`, `Approver`, `Admin`.
    pub name: String,
    /// What it allows, from `permission::buyer`.
    pub permissions: BTreeSet<Permission>,
}

/// A person who acts for an account.
#[derive(Clone, Debug)]
pub struct Employee {
    /// Its id.
    pub id: EmployeeId,
    /// The login.
    pub login_id: LoginId,
    /// The account.
    pub account_id: AccountId,
    /// The site.
    pub location_id: LocationId,
    /// For people.
    pub name: String,
    /// E-mail.
    pub email: String,
    /// The role.
    pub role_id: RoleId,
    /// Name of the role.
    pub role_name: String,
    /// Most the employee may order at once without more ado; what happens above is the approval strategy's decision.
    pub order_limit: Option<Money>,
    /// Whether it may act.
    pub is_active: bool,
}

/// Everything one request needs to know of an acting employee; one statement.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The employee.
    pub employee: Employee,
    /// Permissions of the role.
    pub permissions: Arc<BTreeSet<Permission>>,
    /// State of the account.
    pub account_status: AccountStatus,
    /// The account's payment terms.
    pub payment_terms: String,
    /// Groups of the account.
    pub group_ids: Vec<CustomerGroupId>,
    /// Default address of the location.
    pub default_address: Option<PostalAddress>,
}

/// A group of accounts.
#[derive(Clone, Debug)]
pub struct CustomerGroup {
    /// Its id.
    pub id: CustomerGroupId,
    /// Unique.
    pub name: String,
}

/// A new account with its first site and people, all or nothing.
#[derive(Clone, Debug)]
pub struct CreateAccount {
    /// Trading name, 1 to 200 characters.
    pub name: String,
    /// Registered name.
    pub legal_name: String,
    /// Own key of an outside system, unique.
    pub external_reference: Option<String>,
    /// Where to start; `Active` may order at once.
    pub status: AccountStatus,
    /// `Net30`, or empty.
    pub payment_terms: String,
    /// Most it may owe.
    pub credit_limit: Option<Money>,
    /// Groups, by id.
    pub group_ids: Vec<CustomerGroupId>,
    /// Sites, at least one.
    pub locations: Vec<CreateLocation>,
}

/// A site with its address and people.
#[derive(Clone, Debug)]
pub struct CreateLocation {
    /// For people.
    pub name: String,
    /// Becomes the default address.
    pub address: Option<PostalAddress>,
    /// People.
    pub employees: Vec<CreateEmployee>,
}

/// A person to make.
#[derive(Clone, Debug)]
pub struct CreateEmployee {
    /// E-mail, becomes the login.
    pub email: String,
    /// For people.
    pub name: String,
    /// First password.
    pub password: Option<String>,
    /// Name of the role.
    pub role: String,
    /// Own order limit.
    pub order_limit: Option<Money>,
}

/// What to change of an account; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct UpdateAccount {
    /// Trading name.
    pub name: Option<String>,
    /// Registered name.
    pub legal_name: Option<String>,
    /// How far it has come.
    pub status: Option<AccountStatus>,
    /// Payment terms.
    pub payment_terms: Option<String>,
    /// Groups, all of them.
    pub group_ids: Option<Vec<CustomerGroupId>>,
    /// Credit limit; `Some(None)` takes credit away (refused while any is held).
    pub credit_limit: Option<Option<Money>>,
}

/// What to change of an employee; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct UpdateEmployee {
    /// For people.
    pub name: Option<String>,
    /// Name of the role.
    pub role: Option<String>,
    /// Own order limit; `Some(None)` takes it away.
    pub order_limit: Option<Option<Money>>,
    /// Whether it may act.
    pub is_active: Option<bool>,
}

/// Which accounts to list.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Part of name, legal name or number.
    pub text: Option<String>,
    /// In this state.
    pub status: Option<AccountStatus>,
    /// In this group.
    pub group_id: Option<CustomerGroupId>,
    /// With this outside key.
    pub external_reference: Option<String>,
}

vectis_kernel::refusal_codes! {
    /// Why an account command was refused.
    AccountCode {
        /// The caller may not do this.
        Forbidden = "FORBIDDEN": Forbidden,
        /// No such account, or not the caller's.
        AccountNotFound = "ACCOUNT_NOT_FOUND": NotFound,
        /// No such location, or not the caller's.
        LocationNotFound = "LOCATION_NOT_FOUND": NotFound,
        /// No such employee, or not the caller's.
        EmployeeNotFound = "EMPLOYEE_NOT_FOUND": NotFound,
        /// No such role.
        RoleNotFound = "ROLE_NOT_FOUND": NotFound,
        /// No such group.
        GroupNotFound = "GROUP_NOT_FOUND": NotFound,
        /// The name or outside key is taken.
        Taken = "TAKEN": Conflict,
        /// The e-mail has a login already.
        EmailTaken = "EMAIL_TAKEN": Conflict,
        /// Not an e-mail address.
        InvalidEmail = "INVALID_EMAIL": Invalid,
        /// The password breaks a rule.
        WeakPassword = "WEAK_PASSWORD": Invalid,
        /// A permission key nobody declared.
        UnknownPermission = "UNKNOWN_PERMISSION": Invalid,
        /// A field is out of its range; the field is named.
        InvalidInput = "INVALID_INPUT": Invalid,
        /// More than the stated maximum in one call.
        TooMany = "TOO_MANY": Invalid,
        /// Somebody else wrote in between.
        StaleVersion = "STALE_VERSION": Conflict,
        /// The limit cannot go below what is held.
        CreditInUse = "CREDIT_IN_USE": Conflict,
    }
    /// Why credit was not set aside.
    CreditCode {
        /// The account has no credit in this currency.
        NoCredit = "NO_CREDIT": Refused,
        /// Not enough is left.
        InsufficientCredit = "INSUFFICIENT_CREDIT": Refused,
    }
}

/// Accounts and everything in them.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The active employee behind a login, with everything a request needs; `None` when there is none. One statement.
    async fn find_membership(&self, login_id: LoginId) -> Result<Option<Membership>, Failure<AccountCode>>;
    /// The same by employee, for staff who act for one and for approvals. One statement.
    async fn memberships(&self, ids: &[EmployeeId]) -> Result<Vec<Membership>, Failure<AccountCode>>;
    /// By id; missing and foreign ones are left out.
    async fn get_many(&self, ctx: &Ctx, ids: &[AccountId]) -> Result<Vec<Account>, Failure<AccountCode>>;
    /// Newest first. Needs `accounts.read`.
    async fn list(
        &self,
        ctx: &Ctx,
        filter: &AccountFilter,
        page: PageRequest,
    ) -> Result<Page<Account>, Failure<AccountCode>>;
    /// Locations of accounts; foreign ones are left out.
    async fn locations(
        &self,
        ctx: &Ctx,
        account_ids: &[AccountId],
    ) -> Result<Vec<Location>, Failure<AccountCode>>;
    /// Locations by id; missing and foreign ones are left out.
    async fn locations_by_id(
        &self,
        ctx: &Ctx,
        ids: &[LocationId],
    ) -> Result<Vec<Location>, Failure<AccountCode>>;
    /// Addresses of locations; foreign ones are left out.
    async fn addresses(
        &self,
        ctx: &Ctx,
        location_ids: &[LocationId],
    ) -> Result<Vec<Address>, Failure<AccountCode>>;
    /// An address of the caller's account (or any, for staff); `None` otherwise.
    async fn find_address(&self, ctx: &Ctx, id: AddressId) -> Result<Option<Address>, Failure<AccountCode>>;
    /// Employees by id; foreign ones are left out.
    async fn employees_by_id(
        &self,
        ctx: &Ctx,
        ids: &[EmployeeId],
    ) -> Result<Vec<Employee>, Failure<AccountCode>>;
    /// Employees of accounts, by name; foreign ones are left out; at most 1,000 an account.
    async fn employees_of(
        &self,
        ctx: &Ctx,
        account_ids: &[AccountId],
    ) -> Result<Vec<Employee>, Failure<AccountCode>>;
    /// All roles by name.
    async fn roles(&self, ctx: &Ctx) -> Result<Vec<Role>, Failure<AccountCode>>;
    /// All groups by name; at most 1,000.
    async fn groups(&self, ctx: &Ctx) -> Result<Vec<CustomerGroup>, Failure<AccountCode>>;

    /// Creates accounts with sites and people, at most 1,000 (and 10,000 people) a call, all or nothing, in a constant
    /// number of statements.
    async fn accounts_create(
        &self,
        ctx: &Ctx,
        accounts: Vec<CreateAccount>,
    ) -> Result<Vec<AccountId>, Failure<AccountCode>>;
    /// Changes an account.
    async fn account_update(
        &self,
        ctx: &Ctx,
        id: AccountId,
        version: i64,
        changes: UpdateAccount,
    ) -> Result<(), Failure<AccountCode>>;
    /// Adds a site with its people. Staff, or employees with `account.manage` (of their own account).
    async fn location_create(
        &self,
        ctx: &Ctx,
        account_id: AccountId,
        location: CreateLocation,
    ) -> Result<LocationId, Failure<AccountCode>>;
    /// Adds an address; optionally as the default. Staff, or employees with `account.manage`.
    async fn address_create(
        &self,
        ctx: &Ctx,
        location_id: LocationId,
        postal: PostalAddress,
        as_default: AddressUse,
    ) -> Result<AddressId, Failure<AccountCode>>;
    /// Adds a person. Staff, or employees with `account.manage`.
    async fn employee_create(
        &self,
        ctx: &Ctx,
        location_id: LocationId,
        employee: CreateEmployee,
    ) -> Result<EmployeeId, Failure<AccountCode>>;
    /// Changes a person. Staff, or employees with `account.manage`; nobody raises the own role or limit.
    async fn employee_update(
        &self,
        ctx: &Ctx,
        id: EmployeeId,
        changes: UpdateEmployee,
    ) -> Result<(), Failure<AccountCode>>;
    /// Creates a role, or replaces the permissions of the one with this name. Staff only.
    async fn role_upsert(
        &self,
        ctx: &Ctx,
        name: &str,
        permissions: BTreeSet<Permission>,
    ) -> Result<RoleId, Failure<AccountCode>>;
    /// Creates a group, or finds the one with this name. Staff only.
    async fn group_upsert(&self, ctx: &Ctx, name: &str) -> Result<CustomerGroupId, Failure<AccountCode>>;

    /// Sets credit aside in the caller's transaction, by one conditional update. `owner` is the order.
    async fn credit_hold(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        account_id: AccountId,
        owner: Uuid,
        amount: Money,
    ) -> Result<(), Failure<CreditCode>>;
    /// Gives back everything held for `owner`; fine if nothing is.
    async fn credit_release(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        account_id: AccountId,
        owner: Uuid,
    ) -> Result<(), Failure<CreditCode>>;
    /// Whether the account has credit in the currency, and how much is left.
    async fn credit_available(
        &self,
        account_id: AccountId,
        currency: Currency,
    ) -> Result<Option<Money>, Failure<CreditCode>>;
}

/// Whether a new address becomes its location's default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressUse {
    /// It does.
    Default,
    /// It is one more.
    Additional,
}
