mod audit;
mod entries;
mod feed;
mod lists;
mod managed;
mod model;
mod quotes;
mod rates;
mod statements;
mod strategy;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::pricing::{
    PriceAudience, PriceCode, PriceFeed, PriceQuery, PriceQueryLine, Pricing, SetPriceEntry, UpsertPriceList,
};
use vectis_db::{Db, testing};
use vectis_kernel::ids::{
    AccountId, ChannelId, CustomerGroupId, LocationId, LoginId, PriceListId, VariantId,
};
use vectis_kernel::{
    Actor, Ctx, Currency, Event, Failure, FixedClock, IdempotencyKey, Permission, Quantity, RefusalCode,
    StaffActor, UnitPrice,
};

use audit::FakeAudit;
use strategy::FakeStrategies;

const CHANNEL: ChannelId = ChannelId(Uuid::from_u128(0xC0));
const ACCOUNT: AccountId = AccountId(Uuid::from_u128(0xA0));
const LOCATION: LocationId = LocationId(Uuid::from_u128(0x10));
const GROUP: CustomerGroupId = CustomerGroupId(Uuid::from_u128(0x60));

/// The module on a database of its own.
struct Room {
    db: Db,
    audit: Arc<FakeAudit>,
    strategies: Arc<FakeStrategies>,
    pricing: Arc<dyn Pricing>,
    price_feed: Arc<dyn PriceFeed>,
    told: Arc<Mutex<Vec<Event>>>,
}

async fn room(pool: PgPool) -> Room {
    let db = testing::db(pool, &[&crate::MIGRATIONS]).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = told.clone();
    db.bus().observe("test", 0, move |event| sink.lock().unwrap().push(event.clone()));
    let audit = Arc::new(FakeAudit::default());
    let strategies = Arc::new(FakeStrategies::default());
    let deps = crate::Deps { db: db.clone(), audit: audit.clone(), strategies: strategies.clone() };
    let crate::Built { pricing, price_feed } = crate::build(deps);
    Room { db, audit, strategies, pricing, price_feed, told }
}

impl Room {
    /// Events committed so far. (Reading the outbox would wait for transactions of tests beside this one.)
    fn events(&self) -> Vec<Event> {
        self.told.lock().unwrap().clone()
    }

    async fn list(&self, name: &str, audience: PriceAudience) -> PriceListId {
        self.pricing.price_list_upsert(&ctx(), upsert(name, vec![audience])).await.unwrap()
    }

    /// Sets the tiers of one variant.
    async fn set(&self, list: PriceListId, variant: VariantId, tiers: &[(i64, &str)]) {
        self.pricing.price_entries_set(&ctx(), list, vec![entry(variant, tiers)]).await.unwrap();
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// The platform itself, at [`now`].
fn ctx() -> Ctx {
    Ctx { clock: Arc::new(FixedClock::at(now())), ..Ctx::system("test") }
}

fn keyed(key: &str) -> Ctx {
    let idempotency = Some(IdempotencyKey { key: key.to_owned(), parameters_hash: [7; 32] });
    Ctx { idempotency, ..ctx() }
}

fn staff_with(permission: &Permission) -> Ctx {
    let permissions = Arc::new(BTreeSet::from([permission.clone()]));
    Ctx { actor: Actor::Staff(StaffActor { login_id: LoginId(Uuid::from_u128(1)), permissions }), ..ctx() }
}

fn variant(number: u128) -> VariantId {
    VariantId(Uuid::from_u128(0xF000 + number))
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn eur(text: &str) -> UnitPrice {
    UnitPrice::from_decimal(decimal(text), Currency::EUR).unwrap()
}

fn units(count: i64) -> Quantity {
    Quantity::from_units(count).unwrap()
}

fn upsert(name: &str, audience: Vec<PriceAudience>) -> UpsertPriceList {
    UpsertPriceList {
        name: name.to_owned(),
        currency: Currency::EUR,
        priority: 0,
        valid_from: None,
        valid_to: None,
        audience,
    }
}

fn entry(variant_id: VariantId, tiers: &[(i64, &str)]) -> SetPriceEntry {
    let tiers = tiers.iter().map(|(min, price)| (units(*min), decimal(price))).collect();
    SetPriceEntry { variant_id, tiers }
}

/// The company with everything it is, asking in EUR.
fn query(lines: &[(VariantId, i64)]) -> PriceQuery {
    let lines = lines.iter().map(|(variant_id, count)| PriceQueryLine {
        variant_id: *variant_id,
        sku: format!("SKU-{}", variant_id.0.as_u128()),
        quantity: units(*count),
    });
    PriceQuery {
        channel_id: CHANNEL,
        account_id: Some(ACCOUNT),
        location_id: Some(LOCATION),
        group_ids: vec![GROUP],
        currency: Currency::EUR,
        lines: lines.collect(),
    }
}

/// Code and field of every refusal.
fn refused<T: Debug, C: RefusalCode>(outcome: Result<T, Failure<C>>) -> Vec<(C, String)> {
    let failure = outcome.unwrap_err();
    assert!(!failure.refusals().is_empty(), "broke inside: {failure:?}");
    failure.refusals().iter().map(|refusal| (refusal.code, refusal.field.join("."))).collect()
}

fn at(code: PriceCode, field: &str) -> (PriceCode, String) {
    (code, field.to_owned())
}

fn day() -> TimeDelta {
    TimeDelta::days(1)
}
