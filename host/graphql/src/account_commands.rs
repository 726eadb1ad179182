//! What staff (and account managers, within their own account) do with accounts.

use async_graphql::{Context, InputObject, MaybeUndefined, Object, SimpleObject};
use vectis_contracts::accounts::{
    self as contract, AddressUse, CreateAccount, CreateEmployee, CreateLocation, UpdateAccount,
    UpdateEmployee,
};
use vectis_kernel::ids::{AccountId, AddressId, CustomerGroupId, EmployeeId, LocationId, RoleId};
use vectis_kernel::permission::{buyer, staff};

use crate::accounts::{Account, AccountErrorCode, AccountStatus, PostalAddressInput};
use crate::caller::ContextExt;
use crate::error::{UserError, bad_input, outcome};
use crate::id::GlobalId;
use crate::loaders;
use crate::paths::below;
use crate::policy::{Access, TypePolicy};
use crate::scalars::MoneyInput;

pub(crate) const POLICY: &[TypePolicy] = &[(
    "Mutation",
    &[
        (
            Access::Staff(&staff::ACCOUNTS_WRITE),
            "accountsCreate accountUpdate roleUpsert customerGroupUpsert",
        ),
        (
            Access::BuyerOrStaff(&buyer::MANAGE, &staff::ACCOUNTS_WRITE),
            "locationCreate addressCreate employeeCreate employeeUpdate",
        ),
    ],
)];

/// A person to make.
#[derive(InputObject)]
pub struct EmployeeInput {
    /// E-mail, becomes the login.
    pub email: String,
    /// For people.
    pub name: String,
    /// First password; none until one is set when left out.
    #[graphql(secret)]
    pub password: Option<String>,
    /// Name of the role: `Buyer`, `Approver`, `Admin` or one of your own.
    pub role: String,
    /// Most the employee may order at once without an approval.
    pub order_limit: Option<MoneyInput>,
}

/// A site to make.
#[derive(InputObject)]
pub struct LocationInput {
    /// For people.
    pub name: String,
    /// Becomes the default address.
    pub address: Option<PostalAddressInput>,
    /// Its people.
    #[graphql(default)]
    pub employees: Vec<EmployeeInput>,
}

/// An account to make, with its sites and people.
#[derive(InputObject)]
pub struct AccountInput {
    /// Trading name.
    pub name: String,
    /// Registered name; the trading name when left out.
    pub legal_name: Option<String>,
    /// An outside system's own key, unique.
    pub external_reference: Option<String>,
    /// Where to start.
    #[graphql(default_with = "AccountStatus::Prospect")]
    pub status: AccountStatus,
    /// `Net30`; empty when orders are paid at once.
    #[graphql(default)]
    pub payment_terms: String,
    /// Most it may owe.
    pub credit_limit: Option<MoneyInput>,
    /// Groups.
    #[graphql(default)]
    pub group_ids: Vec<GlobalId<CustomerGroupId>>,
    /// Sites, at least one.
    pub locations: Vec<LocationInput>,
}

/// Accounts to make, at most 1,000 with 10,000 people, all or nothing.
#[derive(InputObject)]
pub struct AccountsCreateInput {
    /// The accounts.
    pub accounts: Vec<AccountInput>,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: Option<String>,
}

/// What to change of an account; what is left out stays, null takes away.
#[derive(InputObject)]
pub struct AccountUpdateInput {
    /// Which.
    pub id: GlobalId<AccountId>,
    /// Its version as last seen.
    pub version: i64,
    /// Trading name.
    pub name: Option<String>,
    /// Registered name.
    pub legal_name: Option<String>,
    /// How far it has come.
    pub status: Option<AccountStatus>,
    /// Payment terms.
    pub payment_terms: Option<String>,
    /// Groups, all of them.
    pub group_ids: Option<Vec<GlobalId<CustomerGroupId>>>,
    /// Most it may owe; null takes credit away.
    pub credit_limit: MaybeUndefined<MoneyInput>,
}

/// A site to add.
#[derive(InputObject)]
pub struct LocationCreateInput {
    /// To which account.
    pub account_id: GlobalId<AccountId>,
    /// The site.
    pub location: LocationInput,
}

/// An address to add.
#[derive(InputObject)]
pub struct AddressCreateInput {
    /// To which location.
    pub location_id: GlobalId<LocationId>,
    /// As written.
    pub address: PostalAddressInput,
    /// Whether it becomes the default.
    #[graphql(default)]
    pub as_default: bool,
}

/// A person to add.
#[derive(InputObject)]
pub struct EmployeeCreateInput {
    /// To which location.
    pub location_id: GlobalId<LocationId>,
    /// The person.
    pub employee: EmployeeInput,
}

/// What to change of a person; what is left out stays, null takes away.
#[derive(InputObject)]
pub struct EmployeeUpdateInput {
    /// Which.
    pub id: GlobalId<EmployeeId>,
    /// For people.
    pub name: Option<String>,
    /// Name of the role.
    pub role: Option<String>,
    /// Order limit; null takes it away.
    pub order_limit: MaybeUndefined<MoneyInput>,
    /// Whether it may act.
    pub is_active: Option<bool>,
}

/// A role to make, or to replace the permissions of.
#[derive(InputObject)]
pub struct RoleUpsertInput {
    /// Unique.
    pub name: String,
    /// `area.action` keys for buyers.
    pub permissions: Vec<String>,
}

/// A group to make, or to find.
#[derive(InputObject)]
pub struct CustomerGroupUpsertInput {
    /// Unique.
    pub name: String,
}

macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident { $field:ident: $id:ty };)*) => {$(
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub struct $name {
            /// Its id; null when the command was refused.
            pub $field: Option<GlobalId<$id>>,
            /// Why it was refused; empty when it was not.
            pub user_errors: Vec<UserError<AccountErrorCode>>,
        }
    )*};
}

payloads! {
    /// What a location command left behind.
    LocationPayload { location_id: LocationId };
    /// What an address command left behind.
    AddressPayload { address_id: AddressId };
    /// What an employee command left behind.
    EmployeePayload { employee_id: EmployeeId };
    /// What a role command left behind.
    RolePayload { role_id: RoleId };
    /// What a group command left behind.
    CustomerGroupPayload { group_id: CustomerGroupId };
}

/// Accounts made.
#[derive(SimpleObject)]
pub struct AccountsCreatePayload {
    /// In the order of the input.
    pub account_ids: Vec<GlobalId<AccountId>>,
    /// Why they were refused; empty when they were not.
    pub user_errors: Vec<UserError<AccountErrorCode>>,
}

/// What an account command left behind.
#[derive(SimpleObject)]
pub struct AccountPayload {
    /// The account as it is now.
    pub account: Option<Account>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<AccountErrorCode>>,
}

fn employee(input: EmployeeInput) -> async_graphql::Result<CreateEmployee> {
    Ok(CreateEmployee {
        email: input.email,
        name: input.name,
        password: input.password,
        role: input.role,
        order_limit: input.order_limit.map(|limit| limit.money().map_err(bad_input)).transpose()?,
    })
}

fn location(input: LocationInput) -> async_graphql::Result<CreateLocation> {
    Ok(CreateLocation {
        name: input.name,
        address: input.address.map(Into::into),
        employees: input.employees.into_iter().map(employee).collect::<async_graphql::Result<_>>()?,
    })
}

fn account(input: AccountInput) -> async_graphql::Result<CreateAccount> {
    Ok(CreateAccount {
        legal_name: input.legal_name.unwrap_or_else(|| input.name.clone()),
        name: input.name,
        external_reference: input.external_reference,
        status: input.status.into(),
        payment_terms: input.payment_terms,
        credit_limit: input.credit_limit.map(|limit| limit.money().map_err(bad_input)).transpose()?,
        group_ids: input.group_ids.into_iter().map(|id| id.0).collect(),
        locations: input.locations.into_iter().map(location).collect::<async_graphql::Result<_>>()?,
    })
}

/// Left out, null and a value are three things.
fn changed_money(
    input: MaybeUndefined<MoneyInput>,
) -> async_graphql::Result<Option<Option<vectis_kernel::Money>>> {
    match input {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => Ok(Some(None)),
        MaybeUndefined::Value(money) => Ok(Some(Some(money.money().map_err(bad_input)?))),
    }
}

/// Commands on accounts.
#[derive(Default)]
pub struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Makes accounts with their sites and people, all or nothing.
    async fn accounts_create(
        &self,
        ctx: &Context<'_>,
        input: AccountsCreateInput,
    ) -> async_graphql::Result<AccountsCreatePayload> {
        let command = ctx.command(input.idempotency_key.as_deref())?;
        let accounts = input.accounts.into_iter().map(account).collect::<async_graphql::Result<_>>()?;
        let (ids, user_errors) =
            outcome(ctx, ctx.services().accounts.accounts_create(&command, accounts).await)?;
        let account_ids = ids.unwrap_or_default().into_iter().map(GlobalId).collect();
        Ok(AccountsCreatePayload { account_ids, user_errors })
    }

    /// Changes an account: names, status, terms, groups, credit.
    async fn account_update(
        &self,
        ctx: &Context<'_>,
        input: AccountUpdateInput,
    ) -> async_graphql::Result<AccountPayload> {
        let changes = UpdateAccount {
            name: input.name,
            legal_name: input.legal_name,
            status: input.status.map(Into::into),
            payment_terms: input.payment_terms,
            group_ids: input.group_ids.map(|ids| ids.into_iter().map(|id| id.0).collect()),
            credit_limit: changed_money(input.credit_limit)?,
        };
        let command = ctx.command(None)?;
        let done = ctx.services().accounts.account_update(&command, input.id.0, input.version, changes).await;
        let (done, user_errors) = outcome::<(), contract::AccountCode, _>(ctx, done)?;
        let account = match done {
            Some(()) => loaders::of(ctx).load_one(input.id.0).await?.map(Account),
            None => None,
        };
        Ok(AccountPayload { account, user_errors })
    }

    /// Adds a site with its people.
    async fn location_create(
        &self,
        ctx: &Context<'_>,
        input: LocationCreateInput,
    ) -> async_graphql::Result<LocationPayload> {
        let location = location(input.location)?;
        let command = ctx.command(None)?;
        let done = ctx.services().accounts.location_create(&command, input.account_id.0, location).await;
        let (id, user_errors) = outcome(ctx, below(done, "location", &["accountId"]))?;
        Ok(LocationPayload { location_id: id.map(GlobalId), user_errors })
    }

    /// Adds an address to a site.
    async fn address_create(
        &self,
        ctx: &Context<'_>,
        input: AddressCreateInput,
    ) -> async_graphql::Result<AddressPayload> {
        let as_default = if input.as_default { AddressUse::Default } else { AddressUse::Additional };
        let command = ctx.command(None)?;
        let accounts = &ctx.services().accounts;
        let done =
            accounts.address_create(&command, input.location_id.0, input.address.into(), as_default).await;
        let (id, user_errors) = outcome(ctx, below(done, "address", &["locationId"]))?;
        Ok(AddressPayload { address_id: id.map(GlobalId), user_errors })
    }

    /// Adds a person to a site.
    async fn employee_create(
        &self,
        ctx: &Context<'_>,
        input: EmployeeCreateInput,
    ) -> async_graphql::Result<EmployeePayload> {
        let employee = employee(input.employee)?;
        let command = ctx.command(None)?;
        let done = ctx.services().accounts.employee_create(&command, input.location_id.0, employee).await;
        let (id, user_errors) = outcome(ctx, below(done, "employee", &["locationId"]))?;
        Ok(EmployeePayload { employee_id: id.map(GlobalId), user_errors })
    }

    /// Changes a person. Nobody raises the own role or limit.
    async fn employee_update(
        &self,
        ctx: &Context<'_>,
        input: EmployeeUpdateInput,
    ) -> async_graphql::Result<EmployeePayload> {
        let changes = UpdateEmployee {
            name: input.name,
            role: input.role,
            order_limit: changed_money(input.order_limit)?,
            is_active: input.is_active,
        };
        let command = ctx.command(None)?;
        let done = ctx.services().accounts.employee_update(&command, input.id.0, changes).await;
        let (done, user_errors) = outcome(ctx, done)?;
        Ok(EmployeePayload { employee_id: done.map(|()| input.id), user_errors })
    }

    /// Makes a role of employees, or replaces its permissions.
    async fn role_upsert(
        &self,
        ctx: &Context<'_>,
        input: RoleUpsertInput,
    ) -> async_graphql::Result<RolePayload> {
        let keys = crate::auth::permissions(&input.permissions)?;
        let done = ctx.services().accounts.role_upsert(&ctx.command(None)?, &input.name, keys).await;
        let (id, user_errors) = outcome(ctx, done)?;
        Ok(RolePayload { role_id: id.map(GlobalId), user_errors })
    }

    /// Makes a group of accounts, or finds it.
    async fn customer_group_upsert(
        &self,
        ctx: &Context<'_>,
        input: CustomerGroupUpsertInput,
    ) -> async_graphql::Result<CustomerGroupPayload> {
        let done = ctx.services().accounts.group_upsert(&ctx.command(None)?, &input.name).await;
        let (id, user_errors) = outcome(ctx, done)?;
        Ok(CustomerGroupPayload { group_id: id.map(GlobalId), user_errors })
    }
}
