//! The siblings: what they know is written by the test, what they change is in tables of their own, so that it stands
//! and falls with the unit of work.

mod accounts;
mod approvals;
mod carts;
mod catalogue;
mod channels;
mod inventory;
mod strategies;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::accounts::Membership;
use vectis_contracts::approvals::OpenApproval;
use vectis_contracts::carts::Cart;
use vectis_contracts::channels::Channel;
use vectis_contracts::points::Jurisdiction;
use vectis_contracts::products::Variant;
use vectis_kernel::UnitPrice;
use vectis_kernel::ids::{AccountId, ApprovalRequestId, CartId, VariantId, WarehouseId};

pub(crate) use strategies::{FakeApproval, FakeProcess};

/// All siblings in one.
pub(crate) struct Fakes {
    pub(crate) pool: PgPool,
    state: Mutex<State>,
}

/// What the siblings know.
pub(crate) struct State {
    pub(crate) account_id: AccountId,
    pub(crate) channel: Channel,
    pub(crate) memberships: Vec<Membership>,
    pub(crate) variants: HashMap<VariantId, Variant>,
    pub(crate) prices: HashMap<VariantId, UnitPrice>,
    pub(crate) carts: HashMap<CartId, Cart>,
    pub(crate) requests: HashMap<ApprovalRequestId, OpenApproval>,
    pub(crate) process: Option<Arc<FakeProcess>>,
    pub(crate) approval: Option<FakeApproval>,
    pub(crate) pricing_fails: bool,
    pub(crate) tax_fails: bool,
    /// Carts then let themselves be placed twice.
    pub(crate) carts_are_careless: bool,
    pub(crate) holds: Vec<(Uuid, Option<DateTime<Utc>>)>,
    pub(crate) taken_into: Vec<WarehouseId>,
    pub(crate) taxed_to: Vec<Jurisdiction>,
}

impl Fakes {
    pub(crate) async fn new(pool: PgPool, channel: Channel, account_id: AccountId) -> Self {
        sqlx::raw_sql(
            "CREATE SCHEMA fakes; \
             CREATE TABLE fakes.cart (id uuid PRIMARY KEY, status text, version bigint, request_id uuid); \
             CREATE TABLE fakes.request (id uuid PRIMARY KEY, cart_id uuid, cart_version bigint, status text, \
                 version bigint, current_step int); \
             CREATE UNIQUE INDEX ON fakes.request (cart_id, cart_version) WHERE status = 'pending'; \
             CREATE TABLE fakes.decision (request_id uuid, step int, employee_id uuid); \
             CREATE TABLE fakes.stock (variant_id uuid PRIMARY KEY, available bigint); \
             CREATE TABLE fakes.promise (owner_id uuid, variant_id uuid, quantity bigint); \
             CREATE TABLE fakes.stock_log (what text, owner_id uuid, variant_id uuid, quantity bigint); \
             CREATE TABLE fakes.credit (account_id uuid PRIMARY KEY, available bigint); \
             CREATE TABLE fakes.credit_hold (owner_id uuid, account_id uuid, amount bigint); \
             CREATE TABLE fakes.audit (action text, subject_id uuid, actor text, detail jsonb);",
        )
        .execute(&pool)
        .await
        .unwrap();
        let state = State {
            account_id,
            channel,
            memberships: Vec::new(),
            variants: HashMap::new(),
            prices: HashMap::new(),
            carts: HashMap::new(),
            requests: HashMap::new(),
            process: Some(Arc::new(FakeProcess::company())),
            approval: Some(FakeApproval::default()),
            pricing_fails: false,
            tax_fails: false,
            carts_are_careless: false,
            holds: Vec::new(),
            taken_into: Vec::new(),
            taxed_to: Vec::new(),
        };
        Self { pool, state: Mutex::new(state) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// The body of everything that the orders never ask of a sibling.
fn never<T>() -> T {
    unreachable!("the orders never ask this of a sibling")
}
