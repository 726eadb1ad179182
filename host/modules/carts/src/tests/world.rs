//! A shop with a channel, an account, a few variants and prices, that counts how often it is asked.

mod siblings;
mod untaxed;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::accounts::{AccountStatus, Address, Employee, Membership, PostalAddress};
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::carts::{
    AddLine, Cart, CartChange, CartCode, CartTarget, Carts, OnDuplicate, VariantRef,
};
use vectis_contracts::channels::{Channel, CommerceMode};
use vectis_contracts::products::{Package, QuantityLimits, Variant};
use vectis_db::Db;
use vectis_kernel::ids::{CartId, EmployeeId, VariantId};
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{
    Actor, BuyerActor, Ctx, Currency, Event, Failure, IdempotencyKey, Permission, Quantity, StaffActor,
};

use crate::{Deps, MIGRATIONS, build};

/// What the fakes answer; tests change it as they go.
pub(super) struct Answers {
    pub(super) channels: Vec<Channel>,
    pub(super) memberships: Vec<Membership>,
    pub(super) addresses: Vec<Address>,
    pub(super) variants: HashMap<String, Variant>,
    /// Tiers of a SKU, best last: from this quantity, this price in millionths.
    pub(super) prices: HashMap<String, Vec<(i64, i64)>>,
    pub(super) strategy_fails: bool,
    pub(super) audited: Vec<AuditRecord>,
}

/// The siblings of the module.
pub(super) struct Siblings {
    pub(super) answers: Mutex<Answers>,
    /// Calls of siblings; each stands for one statement.
    pub(super) calls: AtomicI64,
}

#[derive(Clone)]
pub(super) struct World {
    pub(super) db: Db,
    pub(super) siblings: Arc<Siblings>,
    pub(super) carts: Arc<dyn Carts>,
    pub(super) told: Arc<Mutex<Vec<Event>>>,
    /// An employee with the right to order, in the only channel.
    pub(super) buyer: Ctx,
}

impl World {
    pub(super) async fn new(pool: PgPool) -> Self {
        let db = vectis_db::testing::db(pool, &[&MIGRATIONS]).await;
        let ctx = Ctx::system("test");
        let channel = channel(&ctx, CommerceMode::Hybrid);
        let base = Ctx { channel_id: Some(channel.id), ..ctx };
        let membership = membership(&base);
        let buyer = acting_as(&base, &membership, &[buyer::ORDER]);
        let answers = Answers {
            channels: vec![channel],
            memberships: vec![membership],
            addresses: Vec::new(),
            variants: HashMap::new(),
            prices: HashMap::new(),
            strategy_fails: false,
            audited: Vec::new(),
        };
        let siblings = Arc::new(Siblings { answers: Mutex::new(answers), calls: AtomicI64::new(0) });
        let carts = build(Deps {
            db: db.clone(),
            audit: siblings.clone(),
            channels: siblings.clone(),
            accounts: siblings.clone(),
            products: siblings.clone(),
            pricing: siblings.clone(),
        })
        .carts;
        let told = Arc::new(Mutex::new(Vec::new()));
        let ear = told.clone();
        db.bus().observe("test", 0, move |event| ear.lock().unwrap().push(event.clone()));
        let world = Self { db, siblings, carts, told, buyer };
        for (sku, euros) in [("MUG", 3), ("BOWL", 5), ("PLATE", 7)] {
            world.sell(sku, euros * 1_000_000, |_| {});
        }
        world
    }

    /// Puts a SKU on sale.
    pub(super) fn sell(&self, sku: &str, micros: i64, shape: impl FnOnce(&mut Variant)) -> VariantId {
        let mut variant = variant(&self.buyer, sku);
        shape(&mut variant);
        let id = variant.id;
        self.change(|answers| {
            answers.variants.insert(sku.to_owned(), variant);
            answers.prices.insert(sku.to_owned(), vec![(0, micros)]);
        });
        id
    }

    /// Changes what the siblings answer.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Answers) -> T) -> T {
        change(&mut self.siblings.answers.lock().unwrap())
    }

    pub(super) fn calls(&self) -> i64 {
        self.siblings.calls.load(Ordering::SeqCst)
    }

    pub(super) fn audited(&self) -> Vec<&'static str> {
        self.change(|answers| answers.audited.iter().map(|record| record.action).collect())
    }

    pub(super) fn new_id<I: From<Uuid>>(&self) -> I {
        self.buyer.new_id()
    }

    pub(super) async fn add(&self, lines: Vec<AddLine>) -> Result<CartChange, Failure<CartCode>> {
        self.carts.lines_add(&self.buyer, MINE, lines, OnDuplicate::Merge).await
    }

    pub(super) async fn cart(&self, id: CartId) -> Cart {
        self.carts.load(id).await.unwrap().unwrap()
    }

    pub(super) async fn mine(&self) -> Cart {
        self.carts.find_mine(&self.buyer).await.unwrap().unwrap()
    }

    pub(super) async fn stored_carts(&self) -> i64 {
        let count = sqlx::query_scalar("SELECT COUNT(*) FROM carts.cart").fetch_one(self.db.pool());
        count.await.unwrap()
    }

    /// The same request by somebody else.
    pub(super) fn acting(&self, actor: Actor) -> Ctx {
        Ctx { actor, ..self.buyer.clone() }
    }

    pub(super) fn guest(&self, hash: &str) -> Ctx {
        self.acting(Actor::Anonymous { guest: Some(hash.to_owned()) })
    }

    pub(super) fn customer(&self) -> Ctx {
        self.acting(Actor::Customer { login_id: self.new_id() })
    }

    pub(super) fn staff(&self, permissions: &[Permission]) -> Ctx {
        self.acting(Actor::Staff(StaffActor { login_id: self.new_id(), permissions: set_of(permissions) }))
    }

    pub(super) fn pricing_staff(&self) -> Ctx {
        self.staff(&[staff::ORDERS_PRICE_OVERRIDE, staff::ORDERS_PLACE_FOR])
    }

    /// A colleague of the buyer with these rights.
    pub(super) fn colleague(&self, permissions: &[Permission]) -> Ctx {
        let mut colleague = self.change(|answers| answers.memberships[0].clone());
        colleague.employee.id = self.new_id();
        colleague.employee.login_id = self.new_id();
        self.change(|answers| answers.memberships.push(colleague.clone()));
        acting_as(&self.buyer, &colleague, permissions)
    }

    /// An employee of another account.
    pub(super) fn stranger(&self, permissions: &[Permission]) -> Ctx {
        let stranger = membership(&self.buyer);
        self.change(|answers| answers.memberships.push(stranger.clone()));
        acting_as(&self.buyer, &stranger, permissions)
    }

    pub(super) fn employee_id(&self) -> EmployeeId {
        self.buyer.buyer().unwrap().employee_id
    }

    /// An address of an account.
    pub(super) fn address(&self, of: &Ctx, city: &str) -> Address {
        let acting = of.buyer().unwrap();
        let address = Address {
            id: self.new_id(),
            account_id: acting.account_id,
            location_id: acting.location_id,
            postal: postal(city),
        };
        self.change(|answers| answers.addresses.push(address.clone()));
        address
    }

    /// Returns once some statement in this database waits for a lock.
    pub(super) async fn until_somebody_waits(&self) {
        let waiting = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock')";
        while !sqlx::query_scalar::<_, bool>(waiting).fetch_one(self.db.pool()).await.unwrap() {}
    }
}

/// The caller's open cart, as it is.
pub(super) const MINE: CartTarget = CartTarget { cart_id: None, version: None };

/// This cart, as it is.
pub(super) fn this(cart_id: CartId) -> CartTarget {
    CartTarget { cart_id: Some(cart_id), version: None }
}

/// So many units.
pub(super) fn units(units: i64) -> Quantity {
    Quantity::from_units(units).unwrap()
}

/// So many units of a SKU.
pub(super) fn line(sku: &str, quantity: i64) -> AddLine {
    AddLine { variant: VariantRef::Sku(sku.to_owned()), quantity: units(quantity), package: None }
}

/// The request under an idempotency key.
pub(super) fn keyed(ctx: &Ctx, key: &str) -> Ctx {
    let idempotency = Some(IdempotencyKey { key: key.to_owned(), parameters_hash: [7; 32] });
    Ctx { idempotency, ..ctx.clone() }
}

/// Code and field of each refusal.
pub(super) fn refusals<T: std::fmt::Debug>(outcome: Result<T, Failure<CartCode>>) -> Vec<(CartCode, String)> {
    let failure = outcome.unwrap_err();
    assert!(!failure.refusals().is_empty(), "{failure:?}");
    let refusals = failure.refusals().iter();
    refusals.map(|refusal| (refusal.code, refusal.field.join("."))).collect()
}

/// The only refusal's code.
pub(super) fn code<T: std::fmt::Debug>(outcome: Result<T, Failure<CartCode>>) -> CartCode {
    let refusals = refusals(outcome);
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    refusals[0].0
}

/// An address in a city.
pub(super) fn postal(city: &str) -> PostalAddress {
    PostalAddress {
        name: "Goods in".to_owned(),
        street: "1 Dock Road".to_owned(),
        city: city.to_owned(),
        region: String::new(),
        postal_code: "E1".to_owned(),
        country: "GB".to_owned(),
    }
}

fn set_of(permissions: &[Permission]) -> Arc<BTreeSet<Permission>> {
    Arc::new(permissions.iter().cloned().collect())
}

fn acting_as(base: &Ctx, membership: &Membership, permissions: &[Permission]) -> Ctx {
    let employee = &membership.employee;
    let actor = Actor::Buyer(BuyerActor {
        login_id: employee.login_id,
        employee_id: employee.id,
        account_id: employee.account_id,
        location_id: employee.location_id,
        permissions: set_of(permissions),
    });
    Ctx { actor, ..base.clone() }
}

fn channel(ctx: &Ctx, mode: CommerceMode) -> Channel {
    Channel {
        id: ctx.new_id(),
        slug: "main".to_owned(),
        name: "Main".to_owned(),
        mode,
        currency: Currency::EUR,
        currencies: vec![Currency::EUR, Currency::GBP],
        time_zone: "Europe/Berlin".to_owned(),
        prices_include_tax: false,
        guest_checkout: true,
        is_active: true,
        warehouse_ids: Vec::new(),
        country: "DE".to_owned(),
        version: 1,
    }
}

fn membership(ctx: &Ctx) -> Membership {
    Membership {
        employee: Employee {
            id: ctx.new_id(),
            login_id: ctx.new_id(),
            account_id: ctx.new_id(),
            location_id: ctx.new_id(),
            name: "Ann".to_owned(),
            email: "ann@example.org".to_owned(),
            role_id: ctx.new_id(),
            role_name: "Buyer".to_owned(),
            order_limit: None,
            is_active: true,
        },
        permissions: set_of(&[buyer::ORDER]),
        account_status: AccountStatus::Active,
        payment_terms: "Net30".to_owned(),
        group_ids: Vec::new(),
        default_address: None,
    }
}

fn variant(ctx: &Ctx, sku: &str) -> Variant {
    Variant {
        id: ctx.new_id(),
        product_id: ctx.new_id(),
        sku: sku.to_owned(),
        name: String::new(),
        product_name: sku.to_owned(),
        tax_category: "standard".to_owned(),
        category_slugs: Vec::new(),
        precision: 0,
        limits: QuantityLimits::default(),
        packages: vec![Package {
            slug: "case-of-24".to_owned(),
            name: "Case of 24".to_owned(),
            multiplier: units(24),
        }],
        is_stocked: true,
        allows_backorder: false,
        weight_g: 0,
        is_active: true,
    }
}
