//! Employees that the test made, and credit in a table.

use std::collections::BTreeSet;

use async_trait::async_trait;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::accounts::{
    Account, AccountCode, AccountFilter, AccountStatus, Accounts, Address, AddressUse, CreateAccount,
    CreateEmployee, CreateLocation, CreditCode, CustomerGroup, Employee, Location, Membership, PostalAddress,
    Role, UpdateAccount, UpdateEmployee,
};
use vectis_db::conn;
use vectis_kernel::ids::{AccountId, AddressId, CustomerGroupId, EmployeeId, LocationId, LoginId, RoleId};
use vectis_kernel::{Ctx, Currency, Failure, Money, Page, PageRequest, Permission};

use super::{Fakes, never};

#[async_trait]
impl Accounts for Fakes {
    async fn memberships(&self, ids: &[EmployeeId]) -> Result<Vec<Membership>, Failure<AccountCode>> {
        let state = self.state();
        let found = state.memberships.iter().filter(|member| ids.contains(&member.employee.id));
        Ok(found.cloned().collect())
    }

    async fn get_many(&self, ctx: &Ctx, ids: &[AccountId]) -> Result<Vec<Account>, Failure<AccountCode>> {
        let known = self.state().account_id;
        let account = Account {
            id: known,
            number: "AC-1".to_owned(),
            name: "Buyers Ltd".to_owned(),
            legal_name: String::new(),
            external_reference: None,
            status: AccountStatus::Active,
            payment_terms: String::new(),
            group_ids: Vec::new(),
            credit: None,
            created_at: ctx.now(),
            version: 1,
        };
        Ok(ids.iter().filter(|id| **id == known).map(|_| account.clone()).collect())
    }

    async fn credit_hold(
        &self,
        tx: &mut Tx,
        _ctx: &Ctx,
        account_id: AccountId,
        owner: Uuid,
        amount: Money,
    ) -> Result<(), Failure<CreditCode>> {
        let held = sqlx::query(
            "UPDATE fakes.credit SET available = available - $2 WHERE account_id = $1 AND available >= $2",
        )
        .bind(account_id.0)
        .bind(amount.minor)
        .execute(conn(tx))
        .await?;
        if held.rows_affected() == 0 {
            return Err(Failure::refused(CreditCode::InsufficientCredit, "not enough credit"));
        }
        sqlx::query("INSERT INTO fakes.credit_hold (owner_id, account_id, amount) VALUES ($1, $2, $3)")
            .bind(owner)
            .bind(account_id.0)
            .bind(amount.minor)
            .execute(conn(tx))
            .await?;
        Ok(())
    }

    async fn credit_release(
        &self,
        tx: &mut Tx,
        _ctx: &Ctx,
        account_id: AccountId,
        owner: Uuid,
    ) -> Result<(), Failure<CreditCode>> {
        sqlx::query(
            "WITH gone AS (DELETE FROM fakes.credit_hold WHERE owner_id = $2 RETURNING amount) \
             UPDATE fakes.credit SET available = available + (SELECT COALESCE(SUM(amount), 0)::int8 FROM gone) \
             WHERE account_id = $1",
        )
        .bind(account_id.0)
        .bind(owner)
        .execute(conn(tx))
        .await?;
        Ok(())
    }

    async fn find_membership(&self, _login_id: LoginId) -> Result<Option<Membership>, Failure<AccountCode>> {
        never()
    }
    async fn list(
        &self,
        _ctx: &Ctx,
        _filter: &AccountFilter,
        _page: PageRequest,
    ) -> Result<Page<Account>, Failure<AccountCode>> {
        never()
    }
    async fn locations(
        &self,
        _ctx: &Ctx,
        _account_ids: &[AccountId],
    ) -> Result<Vec<Location>, Failure<AccountCode>> {
        never()
    }
    async fn locations_by_id(
        &self,
        _ctx: &Ctx,
        _ids: &[LocationId],
    ) -> Result<Vec<Location>, Failure<AccountCode>> {
        never()
    }
    async fn addresses(
        &self,
        _ctx: &Ctx,
        _location_ids: &[LocationId],
    ) -> Result<Vec<Address>, Failure<AccountCode>> {
        never()
    }
    async fn find_address(
        &self,
        _ctx: &Ctx,
        _id: AddressId,
    ) -> Result<Option<Address>, Failure<AccountCode>> {
        never()
    }
    async fn employees_by_id(
        &self,
        _ctx: &Ctx,
        _ids: &[EmployeeId],
    ) -> Result<Vec<Employee>, Failure<AccountCode>> {
        never()
    }
    async fn employees_of(
        &self,
        _ctx: &Ctx,
        _account_ids: &[AccountId],
    ) -> Result<Vec<Employee>, Failure<AccountCode>> {
        never()
    }
    async fn roles(&self, _ctx: &Ctx) -> Result<Vec<Role>, Failure<AccountCode>> {
        never()
    }
    async fn groups(&self, _ctx: &Ctx) -> Result<Vec<CustomerGroup>, Failure<AccountCode>> {
        never()
    }
    async fn accounts_create(
        &self,
        _ctx: &Ctx,
        _accounts: Vec<CreateAccount>,
    ) -> Result<Vec<AccountId>, Failure<AccountCode>> {
        never()
    }
    async fn account_update(
        &self,
        _ctx: &Ctx,
        _id: AccountId,
        _version: i64,
        _changes: UpdateAccount,
    ) -> Result<(), Failure<AccountCode>> {
        never()
    }
    async fn location_create(
        &self,
        _ctx: &Ctx,
        _account_id: AccountId,
        _location: CreateLocation,
    ) -> Result<LocationId, Failure<AccountCode>> {
        never()
    }
    async fn address_create(
        &self,
        _ctx: &Ctx,
        _location_id: LocationId,
        _postal: PostalAddress,
        _as_default: AddressUse,
    ) -> Result<AddressId, Failure<AccountCode>> {
        never()
    }
    async fn employee_create(
        &self,
        _ctx: &Ctx,
        _location_id: LocationId,
        _employee: CreateEmployee,
    ) -> Result<EmployeeId, Failure<AccountCode>> {
        never()
    }
    async fn employee_update(
        &self,
        _ctx: &Ctx,
        _id: EmployeeId,
        _changes: UpdateEmployee,
    ) -> Result<(), Failure<AccountCode>> {
        never()
    }
    async fn role_upsert(
        &self,
        _ctx: &Ctx,
        _name: &str,
        _permissions: BTreeSet<Permission>,
    ) -> Result<RoleId, Failure<AccountCode>> {
        never()
    }
    async fn group_upsert(&self, _ctx: &Ctx, _name: &str) -> Result<CustomerGroupId, Failure<AccountCode>> {
        never()
    }
    async fn credit_available(
        &self,
        _account_id: AccountId,
        _currency: Currency,
    ) -> Result<Option<Money>, Failure<CreditCode>> {
        never()
    }
}
