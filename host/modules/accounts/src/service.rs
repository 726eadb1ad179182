//! The contract, and what its use cases share.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::accounts::{
    Account, AccountCode, AccountFilter, Accounts, Address, AddressUse, CreateAccount, CreateEmployee,
    CreateLocation, CreditCode, CustomerGroup, Employee, Location, Membership, PostalAddress, Role,
    UpdateAccount, UpdateEmployee,
};
use vectis_contracts::audit::{AuditCode, AuditRecord};
use vectis_kernel::ids::{AccountId, AddressId, CustomerGroupId, EmployeeId, LocationId, LoginId, RoleId};
use vectis_kernel::{Ctx, Currency, Failure, Money, Page, PageRequest, Permission};

use crate::scope::{Scope, needs_accounts_read};
use crate::{Deps, create, credit, people, places, roles, store, update};

pub(crate) type Answer<T> = Result<T, Failure<AccountCode>>;

/// Accounts over Postgres.
pub(crate) struct PgAccounts {
    pub(crate) deps: Deps,
}

impl PgAccounts {
    /// One audit record about something in an account.
    pub(crate) async fn record(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        action: &'static str,
        (subject_kind, subject_id): (&'static str, Uuid),
        account_id: Option<AccountId>,
        detail: Value,
    ) -> Answer<()> {
        let record = AuditRecord { action, subject_kind, subject_id, account_id, detail };
        self.record_all(tx, ctx, &[record]).await
    }

    /// Audit records, in one statement.
    pub(crate) async fn record_all(&self, tx: &mut Tx, ctx: &Ctx, records: &[AuditRecord]) -> Answer<()> {
        self.deps.audit.record(tx, ctx, records).await.map_err(|failure| match failure {
            Failure::Internal(error) => Failure::Internal(error),
            Failure::Refused(refusals) => {
                let codes: Vec<AuditCode> = refusals.iter().map(|refusal| refusal.code).collect();
                Failure::internal(format!("the audit trail refused an entry: {codes:?}"))
            }
        })
    }

    /// Whether roles of employees may hold the key.
    pub(crate) fn is_declared(&self, permission: &Permission) -> bool {
        vectis_kernel::permission::buyer::ALL.contains(permission)
            || (self.deps.declared_permissions)().contains(permission)
    }
}

/// What no stored text contains; Postgres would take it for an error.
fn has_nul(text: Option<&String>) -> bool {
    text.is_some_and(|text| text.contains('\0'))
}

#[async_trait]
impl Accounts for PgAccounts {
    async fn find_membership(&self, login_id: LoginId) -> Answer<Option<Membership>> {
        Ok(store::memberships::active(&self.deps.db, &[], Some(login_id)).await?.pop())
    }

    async fn memberships(&self, ids: &[EmployeeId]) -> Answer<Vec<Membership>> {
        Ok(store::memberships::active(&self.deps.db, ids, None).await?)
    }

    async fn get_many(&self, ctx: &Ctx, ids: &[AccountId]) -> Answer<Vec<Account>> {
        Ok(store::accounts::by_id(self.deps.db.pool(), Scope::of_reader(ctx), ids).await?)
    }

    async fn list(&self, ctx: &Ctx, filter: &AccountFilter, page: PageRequest) -> Answer<Page<Account>> {
        needs_accounts_read(ctx)?;
        if has_nul(filter.text.as_ref()) || has_nul(filter.external_reference.as_ref()) {
            return Ok(Page { items: Vec::new(), has_next: false });
        }
        Ok(Page::from_fetched(store::accounts::list(&self.deps.db, filter, page).await?, &page))
    }

    async fn locations(&self, ctx: &Ctx, account_ids: &[AccountId]) -> Answer<Vec<Location>> {
        Ok(store::places::locations_of(&self.deps.db, Scope::of_reader(ctx), account_ids).await?)
    }

    async fn locations_by_id(&self, ctx: &Ctx, ids: &[LocationId]) -> Answer<Vec<Location>> {
        Ok(store::places::locations_by_id(&self.deps.db, Scope::of_reader(ctx), ids).await?)
    }

    async fn addresses(&self, ctx: &Ctx, location_ids: &[LocationId]) -> Answer<Vec<Address>> {
        Ok(store::places::addresses_of(&self.deps.db, Scope::of_reader(ctx), location_ids).await?)
    }

    async fn find_address(&self, ctx: &Ctx, id: AddressId) -> Answer<Option<Address>> {
        Ok(store::places::address(&self.deps.db, Scope::of_reader(ctx), id).await?)
    }

    async fn employees_by_id(&self, ctx: &Ctx, ids: &[EmployeeId]) -> Answer<Vec<Employee>> {
        Ok(store::people::by_id(&self.deps.db, Scope::of_reader(ctx), ids).await?)
    }

    async fn employees_of(&self, ctx: &Ctx, account_ids: &[AccountId]) -> Answer<Vec<Employee>> {
        Ok(store::people::of_accounts(&self.deps.db, Scope::of_reader(ctx), account_ids).await?)
    }

    async fn roles(&self, ctx: &Ctx) -> Answer<Vec<Role>> {
        roles::list(self, ctx).await
    }

    async fn groups(&self, ctx: &Ctx) -> Answer<Vec<CustomerGroup>> {
        roles::groups(self, ctx).await
    }

    async fn accounts_create(&self, ctx: &Ctx, accounts: Vec<CreateAccount>) -> Answer<Vec<AccountId>> {
        create::accounts(self, ctx, &accounts).await
    }

    async fn account_update(
        &self,
        ctx: &Ctx,
        id: AccountId,
        version: i64,
        changes: UpdateAccount,
    ) -> Answer<()> {
        update::account(self, ctx, id, version, &changes).await
    }

    async fn location_create(
        &self,
        ctx: &Ctx,
        account_id: AccountId,
        location: CreateLocation,
    ) -> Answer<LocationId> {
        places::location_create(self, ctx, account_id, &location).await
    }

    async fn address_create(
        &self,
        ctx: &Ctx,
        location_id: LocationId,
        postal: PostalAddress,
        as_default: AddressUse,
    ) -> Answer<AddressId> {
        places::address_create(self, ctx, location_id, &postal, as_default).await
    }

    async fn employee_create(
        &self,
        ctx: &Ctx,
        location_id: LocationId,
        employee: CreateEmployee,
    ) -> Answer<EmployeeId> {
        people::create(self, ctx, location_id, &employee).await
    }

    async fn employee_update(&self, ctx: &Ctx, id: EmployeeId, changes: UpdateEmployee) -> Answer<()> {
        people::update(self, ctx, id, &changes).await
    }

    async fn role_upsert(&self, ctx: &Ctx, name: &str, permissions: BTreeSet<Permission>) -> Answer<RoleId> {
        roles::upsert(self, ctx, name, &permissions).await
    }

    async fn group_upsert(&self, ctx: &Ctx, name: &str) -> Answer<CustomerGroupId> {
        roles::group_upsert(self, ctx, name).await
    }

    async fn credit_hold(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        account_id: AccountId,
        owner: Uuid,
        amount: Money,
    ) -> Result<(), Failure<CreditCode>> {
        credit::hold(tx, ctx, account_id, owner, amount).await
    }

    async fn credit_release(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        account_id: AccountId,
        owner: Uuid,
    ) -> Result<(), Failure<CreditCode>> {
        Ok(store::credit::release(tx, ctx, account_id, owner).await?)
    }

    async fn credit_available(
        &self,
        account_id: AccountId,
        currency: Currency,
    ) -> Result<Option<Money>, Failure<CreditCode>> {
        Ok(store::credit::left(self.deps.db.pool(), account_id, currency).await?)
    }
}
