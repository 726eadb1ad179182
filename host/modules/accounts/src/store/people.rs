use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::accounts::Employee;
use vectis_db::{Db, conn};
use vectis_kernel::ids::{AccountId, EmployeeId, LocationId, LoginId, RoleId};
use vectis_kernel::{Ctx, Money};

use super::optional_money;
use crate::scope::Scope;

/// An employee as it is stored.
pub(crate) struct NewEmployee {
    pub(crate) id: EmployeeId,
    pub(crate) login_id: LoginId,
    pub(crate) account_id: AccountId,
    pub(crate) location_id: LocationId,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) role_id: RoleId,
    pub(crate) order_limit: Option<Money>,
}

#[tracing::instrument(name = "db.accounts.insert_employees", skip_all, fields(count = employees.len()))]
pub(crate) async fn insert(tx: &mut Tx, ctx: &Ctx, employees: &[NewEmployee]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = employees.iter().map(|employee| employee.id.0).collect();
    let logins: Vec<Uuid> = employees.iter().map(|employee| employee.login_id.0).collect();
    let accounts: Vec<Uuid> = employees.iter().map(|employee| employee.account_id.0).collect();
    let locations: Vec<Uuid> = employees.iter().map(|employee| employee.location_id.0).collect();
    let names: Vec<&str> = employees.iter().map(|employee| employee.name.as_str()).collect();
    let emails: Vec<&str> = employees.iter().map(|employee| employee.email.as_str()).collect();
    let roles: Vec<Uuid> = employees.iter().map(|employee| employee.role_id.0).collect();
    let limits: Vec<Option<i64>> =
        employees.iter().map(|employee| employee.order_limit.map(|limit| limit.minor)).collect();
    let currencies: Vec<Option<String>> = employees
        .iter()
        .map(|employee| employee.order_limit.map(|limit| limit.currency.code().to_owned()))
        .collect();
    sqlx::query!(
        "INSERT INTO accounts.employee \
             (id, login_id, account_id, location_id, name, email, role_id, order_limit_minor, order_limit_currency, \
              is_active, created_at, updated_at) \
         SELECT id, login_id, account_id, location_id, name, email, role_id, order_limit_minor, \
                order_limit_currency, TRUE, $10, $10 \
         FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::uuid[], \
                     $8::bigint[], $9::text[]) \
             AS given (id, login_id, account_id, location_id, name, email, role_id, order_limit_minor, \
                       order_limit_currency)",
        &ids,
        &logins,
        &accounts,
        &locations,
        &names as &[&str],
        &emails as &[&str],
        &roles,
        &limits as &[Option<i64>],
        &currencies as &[Option<String>],
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

struct EmployeeRow {
    id: Uuid,
    login_id: Uuid,
    account_id: Uuid,
    location_id: Uuid,
    name: String,
    email: String,
    role_id: Uuid,
    role_name: String,
    order_limit_minor: Option<i64>,
    order_limit_currency: Option<String>,
    is_active: bool,
}

impl TryFrom<EmployeeRow> for Employee {
    type Error = sqlx::Error;

    fn try_from(row: EmployeeRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id.into(),
            login_id: row.login_id.into(),
            account_id: row.account_id.into(),
            location_id: row.location_id.into(),
            name: row.name,
            email: row.email,
            role_id: row.role_id.into(),
            role_name: row.role_name,
            order_limit: optional_money(row.order_limit_minor, row.order_limit_currency.as_deref())?,
            is_active: row.is_active,
        })
    }
}

#[tracing::instrument(name = "db.accounts.employees_by_id", skip_all)]
pub(crate) async fn by_id(db: &Db, scope: Scope, ids: &[EmployeeId]) -> Result<Vec<Employee>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        EmployeeRow,
        "SELECT employee.id, employee.login_id, employee.account_id, employee.location_id, employee.name, \
                employee.email, employee.role_id, role.name AS role_name, employee.order_limit_minor, \
                employee.order_limit_currency, employee.is_active \
         FROM accounts.employee AS employee \
         JOIN accounts.role AS role ON role.id = employee.role_id \
         WHERE employee.id = ANY($1) AND ($2::uuid IS NULL OR employee.account_id = $2)",
        &ids,
        scope.only_account()
    )
    .fetch_all(db.pool())
    .await?;
    rows.into_iter().map(Employee::try_from).collect()
}

/// By name, the first 1,000 of each account.
#[tracing::instrument(name = "db.accounts.employees_of", skip_all)]
pub(crate) async fn of_accounts(
    db: &Db,
    scope: Scope,
    account_ids: &[AccountId],
) -> Result<Vec<Employee>, sqlx::Error> {
    let account_ids: Vec<Uuid> = account_ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        EmployeeRow,
        "SELECT employee.id, employee.login_id, employee.account_id, employee.location_id, employee.name, \
                employee.email, employee.role_id, role.name AS role_name, employee.order_limit_minor, \
                employee.order_limit_currency, employee.is_active \
         FROM (SELECT DISTINCT UNNEST($1::uuid[]) AS id) AS wanted \
         CROSS JOIN LATERAL ( \
             SELECT id, login_id, account_id, location_id, name, email, role_id, order_limit_minor, \
                    order_limit_currency, is_active \
             FROM accounts.employee \
             WHERE account_id = wanted.id AND ($2::uuid IS NULL OR account_id = $2) \
             ORDER BY name, id \
             LIMIT 1000 \
         ) AS employee \
         JOIN accounts.role AS role ON role.id = employee.role_id \
         ORDER BY employee.account_id, employee.name, employee.id",
        &account_ids,
        scope.only_account()
    )
    .fetch_all(db.pool())
    .await?;
    rows.into_iter().map(Employee::try_from).collect()
}

/// Locked until the unit of work ends; `None` when it is not there or out of scope.
#[tracing::instrument(name = "db.accounts.lock_employee", skip_all)]
pub(crate) async fn lock(tx: &mut Tx, scope: Scope, id: EmployeeId) -> Result<Option<Employee>, sqlx::Error> {
    let row = sqlx::query_as!(
        EmployeeRow,
        "SELECT employee.id, employee.login_id, employee.account_id, employee.location_id, employee.name, \
                employee.email, employee.role_id, role.name AS role_name, employee.order_limit_minor, \
                employee.order_limit_currency, employee.is_active \
         FROM accounts.employee AS employee \
         JOIN accounts.role AS role ON role.id = employee.role_id \
         WHERE employee.id = $1 AND ($2::uuid IS NULL OR employee.account_id = $2) \
         FOR UPDATE OF employee",
        id.0,
        scope.only_account()
    )
    .fetch_optional(conn(tx))
    .await?;
    row.map(Employee::try_from).transpose()
}

/// Writes what may change of a locked employee.
#[tracing::instrument(name = "db.accounts.update_employee", skip_all)]
pub(crate) async fn update(tx: &mut Tx, ctx: &Ctx, employee: &Employee) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE accounts.employee \
         SET name = $2, role_id = $3, order_limit_minor = $4, order_limit_currency = $5, is_active = $6, \
             updated_at = $7 \
         WHERE id = $1",
        employee.id.0,
        employee.name,
        employee.role_id.0,
        employee.order_limit.map(|limit| limit.minor),
        employee.order_limit.map(|limit| limit.currency.code().to_owned()),
        employee.is_active,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}
