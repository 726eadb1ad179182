mod approving;
mod blocked;
mod bulk;
mod caps;
mod charging;
mod crediting;
mod editing;
mod fakes;
mod model;
mod moving;
mod once;
mod overdue;
mod placing;
mod reading;
mod refusing;
mod returning;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::accounts::{AccountStatus, Employee, Membership, PostalAddress};
use vectis_contracts::carts::{Cart, CartLine, CartOwner, CartStatus};
use vectis_contracts::channels::{Channel, CommerceMode};
use vectis_contracts::orders::{Order, OrderLine, Orders, PlaceCode, PlaceOrder, Submitted};
use vectis_contracts::ports::process::Process;
use vectis_contracts::priced_cart::CartPricer;
use vectis_contracts::products::{QuantityLimits, Variant};
use vectis_db::{Db, testing};
use vectis_kernel::ids::{
    AccountId, ChannelId, EmployeeId, LocationId, LoginId, OrderId, RoleId, VariantId, WarehouseId,
};
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{
    Actor, BuyerActor, Ctx, Currency, Failure, FixedClock, IdSource, IdempotencyKey, Money, Permission,
    Quantity, RefusalCode, StaffActor, SystemIds, UnitPrice,
};

use crate::Config;
use fakes::Fakes;

/// The module among fake siblings, on a database of its own: a hybrid channel in pounds, one company with a buyer and
/// an approver.
struct Room {
    db: Db,
    fakes: Arc<Fakes>,
    orders: Arc<dyn Orders>,
    approval_process: Arc<dyn Process>,
    clock: Arc<FixedClock>,
    buyer: Membership,
    approver: Membership,
}

/// An event in the outbox.
#[derive(sqlx::FromRow)]
struct Written {
    event_type: String,
    aggregate_id: Uuid,
    sequence: i64,
    payload: serde_json::Value,
}

async fn room(pool: PgPool) -> Room {
    let db = testing::db(pool.clone(), &[&crate::MIGRATIONS]).await;
    let account_id: AccountId = new_id();
    let fakes = Arc::new(Fakes::new(pool, channel(), account_id).await);
    let buyer = membership(account_id, "Buyer", &[buyer::ORDER]);
    let approver =
        membership(account_id, "Approver", &[buyer::ORDER, buyer::APPROVE, buyer::ORDERS_READ_ALL]);
    fakes.state().memberships = vec![buyer.clone(), approver.clone()];
    sqlx::query("INSERT INTO fakes.credit VALUES ($1, 100000000)")
        .bind(account_id.0)
        .execute(&fakes.pool)
        .await
        .unwrap();
    let built = crate::build(crate::Deps {
        db: db.clone(),
        pricer: CartPricer { products: fakes.clone(), pricing: fakes.clone(), tax: fakes.clone() },
        accounts: fakes.clone(),
        approvals: fakes.clone(),
        audit: fakes.clone(),
        carts: fakes.clone(),
        channels: fakes.clone(),
        inventory: fakes.clone(),
        products: fakes.clone(),
        tax: fakes.clone(),
        strategies: fakes.clone(),
        config: Config::default(),
    });
    Room {
        db,
        fakes,
        orders: built.orders,
        approval_process: built.approval_process,
        clock: Arc::new(FixedClock::at(noon("2026-03-01"))),
        buyer,
        approver,
    }
}

fn noon(day: &str) -> DateTime<Utc> {
    format!("{day}T12:00:00Z").parse().unwrap()
}

fn new_id<I: From<Uuid>>() -> I {
    I::from(SystemIds.next())
}

fn gbp(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

fn price(text: &str) -> UnitPrice {
    UnitPrice::from_decimal(text.parse().unwrap(), Currency::GBP).unwrap()
}

fn units(units: i64) -> Quantity {
    Quantity::from_units(units).unwrap()
}

fn channel() -> Channel {
    let id: ChannelId = new_id();
    let warehouse_id: WarehouseId = new_id();
    Channel {
        id,
        slug: "shop".to_owned(),
        name: "Shop".to_owned(),
        mode: CommerceMode::Hybrid,
        currency: Currency::GBP,
        currencies: vec![Currency::GBP],
        time_zone: "Europe/London".to_owned(),
        prices_include_tax: false,
        guest_checkout: true,
        is_active: true,
        warehouse_ids: vec![warehouse_id],
        country: "GB".to_owned(),
        version: 1,
    }
}

fn membership(account_id: AccountId, role: &str, permissions: &[Permission]) -> Membership {
    let location_id: LocationId = new_id();
    Membership {
        employee: Employee {
            id: new_id(),
            login_id: new_id(),
            account_id,
            location_id,
            name: role.to_owned(),
            email: format!("{role}@example.com"),
            role_id: new_id::<RoleId>(),
            role_name: role.to_owned(),
            order_limit: None,
            is_active: true,
        },
        permissions: Arc::new(permissions.iter().cloned().collect()),
        account_status: AccountStatus::Active,
        payment_terms: "Net30".to_owned(),
        group_ids: Vec::new(),
        default_address: Some(PostalAddress {
            name: "Buyers Ltd".to_owned(),
            street: "1 Dock Road".to_owned(),
            city: "Leeds".to_owned(),
            region: String::new(),
            postal_code: "LS1 1AA".to_owned(),
            country: "GB".to_owned(),
        }),
    }
}

fn variant(sku: &str) -> Variant {
    Variant {
        id: new_id(),
        product_id: new_id(),
        sku: sku.to_owned(),
        name: String::new(),
        product_name: format!("Product {sku}"),
        tax_category: "standard".to_owned(),
        category_slugs: vec!["tools".to_owned()],
        precision: 0,
        limits: QuantityLimits::default(),
        packages: Vec::new(),
        is_stocked: true,
        allows_backorder: false,
        weight_g: 0,
        is_active: true,
    }
}

/// A line as a buyer left it, at the price last shown.
fn cart_line(position: i32, variant_id: VariantId, quantity: Quantity, shown: UnitPrice) -> CartLine {
    CartLine {
        id: new_id(),
        position,
        variant_id,
        quantity,
        package: None,
        shown_unit_price: shown,
        price_override: None,
    }
}

impl Room {
    /// Puts a variant on sale, with plenty of stock.
    async fn sell(&self, variant: Variant, at: &str) -> Variant {
        self.set_stock(&variant, 1_000_000).await;
        let mut state = self.fakes.state();
        state.prices.insert(variant.id, price(at));
        state.variants.insert(variant.id, variant.clone());
        variant
    }

    async fn set_stock(&self, variant: &Variant, pieces: i64) {
        sqlx::query(
            "INSERT INTO fakes.stock VALUES ($1, $2) \
             ON CONFLICT (variant_id) DO UPDATE SET available = EXCLUDED.available",
        )
        .bind(variant.id.0)
        .bind(pieces * 1_000)
        .execute(&self.fakes.pool)
        .await
        .unwrap();
    }

    /// A cart of the buyer with these lines, at today's prices.
    async fn cart(&self, lines: &[(&Variant, i64)]) -> Cart {
        let prices: Vec<UnitPrice> = {
            let state = self.fakes.state();
            lines.iter().map(|(variant, _)| *state.prices.get(&variant.id).unwrap_or(&price("1"))).collect()
        };
        let numbered = (1..).zip(lines.iter().zip(prices));
        let lines = numbered.map(|(position, ((variant, pieces), shown))| {
            cart_line(position, variant.id, units(*pieces), shown)
        });
        self.cart_of(self.owner(), lines.collect()).await
    }

    fn owner(&self) -> CartOwner {
        let employee = &self.buyer.employee;
        CartOwner::Employee {
            account_id: employee.account_id,
            location_id: employee.location_id,
            employee_id: employee.id,
        }
    }

    async fn cart_of(&self, owner: CartOwner, lines: Vec<CartLine>) -> Cart {
        let now = self.system().now();
        let cart = Cart {
            id: new_id(),
            channel_id: self.fakes.state().channel.id,
            owner,
            currency: Currency::GBP,
            status: CartStatus::Open,
            version: 3,
            po_number: "PO-7".to_owned(),
            note: "ring twice".to_owned(),
            shipping_address: None,
            billing_address: None,
            approval_request_id: None,
            order_id: None,
            created_at: now,
            updated_at: now,
            lines,
        };
        self.put_cart(&cart).await;
        cart
    }

    async fn put_cart(&self, cart: &Cart) {
        self.fakes.state().carts.insert(cart.id, cart.clone());
        sqlx::query("INSERT INTO fakes.cart VALUES ($1, 'open', $2) ON CONFLICT DO NOTHING")
            .bind(cart.id.0)
            .bind(cart.version)
            .execute(&self.fakes.pool)
            .await
            .unwrap();
    }

    async fn cart_status(&self, cart: &Cart) -> String {
        self.text("SELECT status FROM fakes.cart WHERE id = $1", cart.id.0).await
    }

    async fn text(&self, query: &'static str, id: Uuid) -> String {
        sqlx::query_scalar(query).bind(id).fetch_one(&self.fakes.pool).await.unwrap()
    }

    async fn number(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.fakes.pool).await.unwrap()
    }

    /// Everything this module and its siblings have written, counted.
    async fn written(&self) -> String {
        sqlx::query_scalar(
            "SELECT CONCAT_WS(' ', \
                (SELECT COUNT(*) FROM orders.sales_order), (SELECT COUNT(*) FROM orders.order_line), \
                (SELECT COUNT(*) FROM orders.order_line_tax), (SELECT COUNT(*) FROM orders.order_charge), \
                (SELECT COUNT(*) FROM orders.order_history), (SELECT COUNT(*) FROM orders.quantity_usage), \
                (SELECT COUNT(*) FROM orders.order_return), (SELECT COUNT(*) FROM orders.credit_note), \
                (SELECT COUNT(*) FROM fakes.request), (SELECT COUNT(*) FROM fakes.decision), \
                (SELECT COUNT(*) FROM fakes.promise), (SELECT COUNT(*) FROM fakes.stock_log), \
                (SELECT COUNT(*) FROM fakes.credit_hold), (SELECT COUNT(*) FROM fakes.audit), \
                (SELECT COUNT(*) FROM events.outbox), (SELECT COUNT(*) FROM events.idempotency), \
                (SELECT COUNT(*) FROM fakes.cart WHERE status <> 'open'))",
        )
        .fetch_one(&self.fakes.pool)
        .await
        .unwrap()
    }

    fn ctx(&self, actor: Actor) -> Ctx {
        Ctx {
            actor,
            clock: self.clock.clone(),
            channel_id: Some(self.fakes.state().channel.id),
            ..Ctx::system("test")
        }
    }

    fn system(&self) -> Ctx {
        self.ctx(Actor::System { name: "test" })
    }

    fn acting(&self, member: &Membership) -> Ctx {
        self.ctx(Actor::Buyer(BuyerActor {
            login_id: member.employee.login_id,
            employee_id: member.employee.id,
            account_id: member.employee.account_id,
            location_id: member.employee.location_id,
            permissions: member.permissions.clone(),
        }))
    }

    fn buyer(&self) -> Ctx {
        self.acting(&self.buyer)
    }

    fn staff(&self, permissions: &[Permission]) -> Ctx {
        let permissions: BTreeSet<Permission> = permissions.iter().cloned().collect();
        self.ctx(Actor::Staff(StaffActor {
            login_id: LoginId(Uuid::from_u128(7)),
            permissions: Arc::new(permissions),
        }))
    }

    fn clerk(&self) -> Ctx {
        self.staff(&[staff::ORDERS_READ, staff::ORDERS_WRITE, staff::ORDERS_PRICE_OVERRIDE])
    }

    async fn place(&self, ctx: &Ctx, cart: &Cart) -> Result<Submitted, Failure<PlaceCode>> {
        self.orders.order_place(ctx, as_seen(cart)).await
    }

    /// Places the buyer's cart of these lines.
    async fn placed(&self, lines: &[(&Variant, i64)]) -> Order {
        let cart = self.cart(lines).await;
        let submitted = self.place(&self.buyer(), &cart).await.unwrap();
        self.order(submitted.order_id.unwrap()).await
    }

    async fn order(&self, id: OrderId) -> Order {
        let orders = self.orders.get_many(&self.system(), &[id]).await.unwrap();
        orders.into_iter().next().unwrap()
    }

    async fn lines(&self, id: OrderId) -> Vec<OrderLine> {
        self.orders.lines(&self.system(), &[id]).await.unwrap()
    }

    /// The history as `kind from>to note`.
    async fn history(&self, id: OrderId) -> Vec<String> {
        let history = self.orders.history(&self.system(), &[id]).await.unwrap();
        let told = history
            .iter()
            .map(|entry| format!("{} {}>{} {}", entry.kind, entry.from_state, entry.to_state, entry.note));
        told.collect()
    }

    /// What stands in the outbox. Read from its table, because consumers see events only once every older transaction of
    /// the server has ended, other tests' too.
    async fn events(&self) -> Vec<Written> {
        sqlx::query_as(
            "SELECT event_type, aggregate_id, sequence, payload FROM events.outbox ORDER BY position",
        )
        .fetch_all(&self.fakes.pool)
        .await
        .unwrap()
    }

    fn approver_id(&self) -> EmployeeId {
        self.approver.employee.id
    }
}

/// What the buyer saw last.
fn as_seen(cart: &Cart) -> PlaceOrder {
    PlaceOrder { cart_id: cart.id, cart_version: cart.version, expected_total: None }
}

fn with_key(ctx: &Ctx, key: &str) -> Ctx {
    Ctx { idempotency: Some(IdempotencyKey { key: key.to_owned(), parameters_hash: [1; 32] }), ..ctx.clone() }
}

/// Codes and fields of a refusal: `PRICE_CHANGED lines.1`.
fn refused<T: std::fmt::Debug, C: RefusalCode>(outcome: Result<T, Failure<C>>) -> Vec<String> {
    match outcome.unwrap_err() {
        Failure::Refused(refusals) => {
            let named = refusals.iter().map(|refusal| {
                format!("{} {}", refusal.code.code(), refusal.field.join(".")).trim().to_owned()
            });
            named.collect()
        }
        Failure::Internal(error) => panic!("broke inside: {error:?}"),
    }
}
