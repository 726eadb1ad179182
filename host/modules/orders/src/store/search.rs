//! Which orders and credit notes a caller's list shows: ids, newest first, by keyset.

use sqlx::{PgPool, Postgres, QueryBuilder};
use uuid::Uuid;
use vectis_contracts::orders::OrderFilter;
use vectis_kernel::PageRequest;
use vectis_kernel::ids::{AccountId, CreditNoteId, OrderId};

/// Whose orders a caller sees.
pub(crate) enum Scope<'a> {
    /// Everybody's.
    All,
    /// An account's.
    Account(Uuid),
    /// An employee's own.
    Employee(Uuid),
    /// A retail customer's own.
    Customer(Uuid),
    /// A guest's own.
    Guest(&'a str),
}

/// One page of order ids, and one more.
#[tracing::instrument(name = "db.orders.list", skip_all)]
pub(crate) async fn orders(
    pool: &PgPool,
    scope: &Scope<'_>,
    filter: &OrderFilter,
    page: &PageRequest,
) -> Result<Vec<OrderId>, sqlx::Error> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT id FROM orders.sales_order WHERE TRUE");
    match scope {
        Scope::All => &mut query,
        Scope::Account(id) => query.push(" AND account_id = ").push_bind(*id),
        Scope::Employee(id) => query.push(" AND employee_id = ").push_bind(*id),
        Scope::Customer(id) => query.push(" AND customer_id = ").push_bind(*id),
        Scope::Guest(hash) => query.push(" AND guest_key = ").push_bind((*hash).to_owned()),
    };
    if let Some(state) = &filter.state {
        query.push(" AND state = ").push_bind(state.clone());
    }
    if let Some(account_id) = filter.account_id {
        query.push(" AND account_id = ").push_bind(account_id.0);
    }
    if let Some(po_number) = &filter.po_number {
        query.push(" AND po_number <> '' AND po_number = ").push_bind(po_number.clone());
    }
    if let Some(channel_id) = filter.channel_id {
        query.push(" AND channel_id = ").push_bind(channel_id.0);
    }
    if let Some(after) = page.after {
        query
            .push(" AND (placed_at, id) < (SELECT placed_at, id FROM orders.sales_order WHERE id = ")
            .push_bind(after)
            .push(")");
    }
    query.push(" ORDER BY placed_at DESC, id DESC LIMIT ").push_bind(page.fetch_limit());
    let ids: Vec<Uuid> = query.build_query_scalar().fetch_all(pool).await?;
    Ok(ids.into_iter().map(OrderId).collect())
}

/// The id behind an order's number.
#[tracing::instrument(name = "db.orders.find_number", skip_all)]
pub(crate) async fn order_by_number(pool: &PgPool, number: &str) -> Result<Option<OrderId>, sqlx::Error> {
    let id = sqlx::query_scalar!("SELECT id FROM orders.sales_order WHERE number = $1", number)
        .fetch_optional(pool)
        .await?;
    Ok(id.map(OrderId))
}

/// One page of credit note ids, and one more.
#[tracing::instrument(name = "db.orders.list_credit_notes", skip_all)]
pub(crate) async fn credit_notes(
    pool: &PgPool,
    account_id: Option<AccountId>,
    page: &PageRequest,
) -> Result<Vec<CreditNoteId>, sqlx::Error> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT id FROM orders.credit_note WHERE TRUE");
    if let Some(account_id) = account_id {
        query.push(" AND account_id = ").push_bind(account_id.0);
    }
    if let Some(after) = page.after {
        query
            .push(" AND (issued_at, id) < (SELECT issued_at, id FROM orders.credit_note WHERE id = ")
            .push_bind(after)
            .push(")");
    }
    query.push(" ORDER BY issued_at DESC, id DESC LIMIT ").push_bind(page.fetch_limit());
    let ids: Vec<Uuid> = query.build_query_scalar().fetch_all(pool).await?;
    Ok(ids.into_iter().map(CreditNoteId).collect())
}
