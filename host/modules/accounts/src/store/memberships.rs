use std::sync::Arc;

use uuid::Uuid;
use vectis_contracts::accounts::{Employee, Membership, PostalAddress};
use vectis_db::Db;
use vectis_kernel::Permission;
use vectis_kernel::ids::{EmployeeId, LoginId};

use super::{optional_money, status};

struct MembershipRow {
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
    permissions: Vec<String>,
    account_status: i16,
    payment_terms: String,
    group_ids: Vec<Uuid>,
    recipient: Option<String>,
    street: Option<String>,
    city: Option<String>,
    region: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
}

impl TryFrom<MembershipRow> for Membership {
    type Error = sqlx::Error;

    fn try_from(row: MembershipRow) -> Result<Self, sqlx::Error> {
        let default_address = row.country.map(|country| PostalAddress {
            name: row.recipient.unwrap_or_default(),
            street: row.street.unwrap_or_default(),
            city: row.city.unwrap_or_default(),
            region: row.region.unwrap_or_default(),
            postal_code: row.postal_code.unwrap_or_default(),
            country,
        });
        Ok(Self {
            employee: Employee {
                id: row.id.into(),
                login_id: row.login_id.into(),
                account_id: row.account_id.into(),
                location_id: row.location_id.into(),
                name: row.name,
                email: row.email,
                role_id: row.role_id.into(),
                role_name: row.role_name,
                order_limit: optional_money(row.order_limit_minor, row.order_limit_currency.as_deref())?,
                is_active: true,
            },
            permissions: Arc::new(row.permissions.iter().filter_map(|key| Permission::parse(key)).collect()),
            account_status: status(row.account_status)?,
            payment_terms: row.payment_terms,
            group_ids: row.group_ids.into_iter().map(Into::into).collect(),
            default_address,
        })
    }
}

/// Active employees, by id or by login, with all a request needs to know of them.
#[tracing::instrument(name = "db.accounts.memberships", skip_all)]
pub(crate) async fn active(
    db: &Db,
    ids: &[EmployeeId],
    login_id: Option<LoginId>,
) -> Result<Vec<Membership>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        MembershipRow,
        r#"
        SELECT employee.id, employee.login_id, employee.account_id, employee.location_id, employee.name,
               employee.email, employee.role_id, role.name AS role_name, employee.order_limit_minor,
               employee.order_limit_currency, role.permissions, account.status AS account_status,
               account.payment_terms,
               ARRAY(
                   SELECT member.group_id
                   FROM accounts.account_group AS member
                   WHERE member.account_id = employee.account_id
                   ORDER BY member.group_id
               ) AS "group_ids!",
               address.name AS "recipient?", address.street AS "street?", address.city AS "city?",
               address.region AS "region?", address.postal_code AS "postal_code?",
               address.country AS "country?"
        FROM accounts.employee AS employee
        JOIN accounts.role AS role ON role.id = employee.role_id
        JOIN accounts.account AS account ON account.id = employee.account_id
        JOIN accounts.location AS location ON location.id = employee.location_id
        LEFT JOIN accounts.address AS address ON address.id = location.default_address_id
        WHERE employee.id = ANY($1::uuid[] || ARRAY(
                  SELECT own.id
                  FROM accounts.employee AS own
                  WHERE own.login_id = $2
              ))
          AND employee.is_active
        "#,
        &ids,
        login_id.map(|id| id.0)
    )
    .fetch_all(db.pool())
    .await?;
    rows.into_iter().map(Membership::try_from).collect()
}
