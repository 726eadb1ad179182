//! Accounts, locations, employees, groups: types and queries.

use std::sync::Arc;

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use vectis_contracts::accounts::{self as contract, AccountFilter};
use vectis_kernel::ids::{AccountId, AddressId, CustomerGroupId, EmployeeId, LocationId, RoleId};
use vectis_kernel::permission::{buyer, staff};

use crate::caller::ContextExt;
use crate::error::answer;
use crate::id::GlobalId;
use crate::loaders::{self, AllOf};
use crate::page::{connection, page_request};
use crate::policy::{Access, TypePolicy};
use crate::scalars::Money;
use crate::taxes::TaxExemption;

pub(crate) const POLICY: &[TypePolicy] = &[
    (
        "Query",
        &[
            (Access::BuyerOrStaff(&buyer::BROWSE, &staff::ACCOUNTS_READ), "account"),
            (Access::SignedIn, "roles"),
            (Access::Staff(&staff::ACCOUNTS_READ), "accounts customerGroups"),
        ],
    ),
    (
        "Account",
        &[
            (Access::Owner, "id number name legalName status paymentTerms locations createdAt"),
            (
                Access::BuyerOrStaff(&buyer::MANAGE, &staff::ACCOUNTS_READ),
                "creditLimit creditHeld employees taxExemptions",
            ),
            (Access::Staff(&staff::ACCOUNTS_READ), "externalReference groupIds version"),
        ],
    ),
    ("Location", &[(Access::Owner, "id name addresses defaultAddressId")]),
    ("Address", &[(Access::Owner, "id postal")]),
    ("PostalAddress", &[(Access::Owner, "name street city region postalCode country")]),
    (
        "Employee",
        &[
            (Access::Owner, "id name roleName locationId isActive"),
            (Access::BuyerOrStaff(&buyer::ORDER, &staff::ACCOUNTS_READ), "email orderLimit"),
        ],
    ),
    ("CustomerGroup", &[(Access::Owner, "id name")]),
    ("Role", &[(Access::Owner, "id name permissions")]),
];

/// How far an account has come. Only `ACTIVE` accounts may place orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::AccountStatus")]
#[expect(missing_docs, reason = "documented on the contract's enum")]
pub enum AccountStatus {
    Prospect,
    Applied,
    DocumentsPending,
    UnderReview,
    VerificationIdentity,
    VerificationTax,
    VerificationCredit,
    VerificationCompliance,
    Approved,
    Active,
    Suspended,
    Closed,
}

/// Why an account command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::AccountCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum AccountErrorCode {
    Forbidden,
    AccountNotFound,
    LocationNotFound,
    EmployeeNotFound,
    RoleNotFound,
    GroupNotFound,
    Taken,
    EmailTaken,
    InvalidEmail,
    WeakPassword,
    UnknownPermission,
    InvalidInput,
    TooMany,
    StaleVersion,
    CreditInUse,
}

/// A buying company.
pub struct Account(pub(crate) Arc<contract::Account>);

/// A buying company.
#[Object]
impl Account {
    /// Its id.
    async fn id(&self) -> GlobalId<AccountId> {
        GlobalId(self.0.id)
    }
    /// For people: `AC-100007`.
    async fn number(&self) -> &str {
        &self.0.number
    }
    /// Trading name.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Registered name.
    async fn legal_name(&self) -> &str {
        &self.0.legal_name
    }
    /// An outside system's own key.
    async fn external_reference(&self) -> Option<&str> {
        self.0.external_reference.as_deref()
    }
    /// How far it has come.
    async fn status(&self) -> AccountStatus {
        self.0.status.into()
    }
    /// `Net30`; empty when orders are paid at once.
    async fn payment_terms(&self) -> &str {
        &self.0.payment_terms
    }
    /// Most it may owe; null without credit.
    async fn credit_limit(&self) -> Option<Money> {
        self.0.credit.map(|credit| credit.limit.into())
    }
    /// Set aside for orders; null without credit.
    async fn credit_held(&self) -> Option<Money> {
        self.0.credit.map(|credit| credit.held.into())
    }
    /// Groups that drive its prices.
    async fn group_ids(&self) -> Vec<GlobalId<CustomerGroupId>> {
        self.0.group_ids.iter().copied().map(GlobalId).collect()
    }
    /// Its sites.
    async fn locations(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Location>> {
        let found = loaders::of(ctx).load_one(AllOf::<_, contract::Location>::new(self.0.id)).await?;
        Ok(found.unwrap_or_default().into_iter().map(Location).collect())
    }
    /// Its people, by name, at most 1,000.
    async fn employees(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Employee>> {
        let found = loaders::of(ctx).load_one(AllOf::<_, contract::Employee>::new(self.0.id)).await?;
        Ok(found.unwrap_or_default().into_iter().map(Employee).collect())
    }
    /// Its freedoms from tax.
    async fn tax_exemptions(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<TaxExemption>> {
        let found = ctx.services().tax.exemptions(&ctx.caller().ctx, &[self.0.id]).await;
        Ok(answer(ctx, found)?.into_iter().map(Into::into).collect())
    }
    /// Since when.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// Changes with each write.
    async fn version(&self) -> i64 {
        self.0.version
    }
}

/// A site.
pub struct Location(Arc<contract::Location>);

/// A site of an account, with its own prices, tax exemption and addresses.
#[Object]
impl Location {
    /// Its id.
    async fn id(&self) -> GlobalId<LocationId> {
        GlobalId(self.0.id)
    }
    /// For people.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Its addresses.
    async fn addresses(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Address>> {
        let found = loaders::of(ctx).load_one(AllOf::<_, contract::Address>::new(self.0.id)).await?;
        let address = |address: &Arc<contract::Address>| Address {
            id: GlobalId(address.id),
            postal: PostalAddress(address.postal.clone()),
        };
        Ok(found.unwrap_or_default().iter().map(address).collect())
    }
    /// Where goods go by default.
    async fn default_address_id(&self) -> Option<GlobalId<AddressId>> {
        self.0.default_address_id.map(GlobalId)
    }
}

/// An address of a location.
#[derive(SimpleObject)]
pub struct Address {
    /// Its id.
    pub id: GlobalId<AddressId>,
    /// As written.
    pub postal: PostalAddress,
}

/// An address as written.
pub struct PostalAddress(pub(crate) contract::PostalAddress);

/// An address as written.
#[Object]
impl PostalAddress {
    /// Recipient.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Street lines.
    async fn street(&self) -> &str {
        &self.0.street
    }
    /// City.
    async fn city(&self) -> &str {
        &self.0.city
    }
    /// State or province.
    async fn region(&self) -> &str {
        &self.0.region
    }
    /// Postal code.
    async fn postal_code(&self) -> &str {
        &self.0.postal_code
    }
    /// ISO 3166-1 alpha-2.
    async fn country(&self) -> &str {
        &self.0.country
    }
}

/// An address as written.
#[derive(InputObject)]
pub struct PostalAddressInput {
    /// Recipient, at most 200 characters.
    #[graphql(default)]
    pub name: String,
    /// Street lines, at most 400 characters together.
    #[graphql(default)]
    pub street: String,
    /// City.
    #[graphql(default)]
    pub city: String,
    /// State or province.
    #[graphql(default)]
    pub region: String,
    /// Postal code.
    #[graphql(default)]
    pub postal_code: String,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
}

impl From<PostalAddressInput> for contract::PostalAddress {
    fn from(input: PostalAddressInput) -> Self {
        Self {
            name: input.name,
            street: input.street,
            city: input.city,
            region: input.region,
            postal_code: input.postal_code,
            country: input.country,
        }
    }
}

/// A person who acts for an account.
pub struct Employee(pub(crate) Arc<contract::Employee>);

/// A person who acts for an account.
#[Object]
impl Employee {
    /// Its id.
    async fn id(&self) -> GlobalId<EmployeeId> {
        GlobalId(self.0.id)
    }
    /// For people.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// E-mail.
    async fn email(&self) -> &str {
        &self.0.email
    }
    /// Name of the role.
    async fn role_name(&self) -> &str {
        &self.0.role_name
    }
    /// The site.
    async fn location_id(&self) -> GlobalId<LocationId> {
        GlobalId(self.0.location_id)
    }
    /// Most the employee may order at once without an approval.
    async fn order_limit(&self) -> Option<Money> {
        self.0.order_limit.map(Into::into)
    }
    /// Whether it may act.
    async fn is_active(&self) -> bool {
        self.0.is_active
    }
}

/// A group of accounts.
#[derive(SimpleObject)]
pub struct CustomerGroup {
    /// Its id.
    pub id: GlobalId<CustomerGroupId>,
    /// Unique.
    pub name: String,
}

/// A role of employees.
#[derive(SimpleObject)]
pub struct Role {
    /// Its id.
    pub id: GlobalId<RoleId>,
    /// Unique.
    pub name: String,
    /// What it allows.
    pub permissions: Vec<String>,
}

/// Queries about accounts.
#[derive(Default)]
pub struct AccountQuery;

#[Object]
impl AccountQuery {
    /// An account the caller may see; null otherwise.
    async fn account(
        &self,
        ctx: &Context<'_>,
        id: GlobalId<AccountId>,
    ) -> async_graphql::Result<Option<Account>> {
        Ok(loaders::of(ctx).load_one(id.0).await?.map(Account))
    }

    /// Accounts, newest first.
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Part of name, legal name or number.")] text: Option<String>,
        status: Option<AccountStatus>,
        group_id: Option<GlobalId<CustomerGroupId>>,
        external_reference: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Account>> {
        let page = page_request(first, after)?;
        let filter = AccountFilter {
            text,
            status: status.map(Into::into),
            group_id: group_id.map(|id| id.0),
            external_reference,
        };
        let found = answer(ctx, ctx.services().accounts.list(&ctx.caller().ctx, &filter, page).await)?;
        Ok(connection(page, found, |account| account.id.0, |account| Account(Arc::new(account))))
    }

    /// All groups.
    async fn customer_groups(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<CustomerGroup>> {
        let found = answer(ctx, ctx.services().accounts.groups(&ctx.caller().ctx).await)?;
        Ok(found
            .into_iter()
            .map(|group| CustomerGroup { id: GlobalId(group.id), name: group.name })
            .collect())
    }

    /// All roles employees may have.
    async fn roles(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Role>> {
        let found = answer(ctx, ctx.services().accounts.roles(&ctx.caller().ctx).await)?;
        let role = |role: contract::Role| Role {
            id: GlobalId(role.id),
            name: role.name,
            permissions: role.permissions.iter().map(ToString::to_string).collect(),
        };
        Ok(found.into_iter().map(role).collect())
    }
}
