mod assess;
mod audit;
mod exemptions;
mod model;
mod strategy;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::points::{Jurisdiction, TaxAmount, TaxAnswer, TaxKind};
use vectis_contracts::tax::{GrantExemption, Tax, TaxQuery, TaxQueryLine};
use vectis_db::{Db, testing};
use vectis_kernel::ids::{AccountId, ChannelId, EmployeeId, LocationId, LoginId};
use vectis_kernel::{
    Actor, BuyerActor, Ctx, Currency, Event, Failure, FixedClock, IdempotencyKey, Money, Permission,
    Quantity, RefusalCode, StaffActor,
};

use audit::FakeAudit;
use strategy::FakeStrategies;

const ACCOUNT: AccountId = AccountId(Uuid::from_u128(0xA0));
const LOCATION: LocationId = LocationId(Uuid::from_u128(0x10));

/// The module on a database of its own.
struct Room {
    db: Db,
    audit: Arc<FakeAudit>,
    strategies: Arc<FakeStrategies>,
    tax: Arc<dyn Tax>,
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
    Room { db, audit, strategies, tax: crate::build(deps).tax, told }
}

impl Room {
    /// Events committed so far. (Reading the outbox would wait for transactions of tests beside this one.)
    fn events(&self) -> Vec<Event> {
        self.told.lock().unwrap().clone()
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn day() -> TimeDelta {
    TimeDelta::days(1)
}

/// The platform itself, at [`now`].
fn ctx() -> Ctx {
    Ctx { clock: Arc::new(FixedClock::at(now())), ..Ctx::system("test") }
}

fn keyed(key: &str) -> Ctx {
    let idempotency = Some(IdempotencyKey { key: key.to_owned(), parameters_hash: [7; 32] });
    Ctx { idempotency, ..ctx() }
}

fn staff_with(permissions: &[Permission]) -> Ctx {
    let permissions: Arc<BTreeSet<_>> = Arc::new(permissions.iter().cloned().collect());
    Ctx { actor: Actor::Staff(StaffActor { login_id: LoginId(Uuid::from_u128(1)), permissions }), ..ctx() }
}

fn employee(account_id: AccountId, permissions: &[Permission]) -> Ctx {
    let buyer = BuyerActor {
        login_id: LoginId(Uuid::from_u128(2)),
        employee_id: EmployeeId(Uuid::from_u128(3)),
        account_id,
        location_id: LOCATION,
        permissions: Arc::new(permissions.iter().cloned().collect()),
    };
    Ctx { actor: Actor::Buyer(buyer), ..ctx() }
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

/// Everything, everywhere, from now on.
fn grant() -> GrantExemption {
    GrantExemption {
        account_id: ACCOUNT,
        location_id: None,
        country: None,
        region: None,
        category: None,
        certificate: "DE-4711".to_owned(),
        valid_from: now(),
        valid_to: None,
    }
}

/// Lines of the company's location, going to Bavaria.
fn query(lines: &[(i64, &str)]) -> TaxQuery {
    let lines = lines.iter().map(|(minor, category)| TaxQueryLine {
        amount: eur(*minor),
        quantity: Quantity::from_milli(1_000),
        category: (*category).to_owned(),
    });
    TaxQuery {
        channel_id: ChannelId(Uuid::from_u128(0xC0)),
        account_id: Some(ACCOUNT),
        location_id: Some(LOCATION),
        currency: Currency::EUR,
        prices_include_tax: false,
        destination: Jurisdiction {
            country: "DE".to_owned(),
            region: "Bavaria".to_owned(),
            ..Jurisdiction::default()
        },
        lines: lines.collect(),
    }
}

fn kind(name: &str) -> TaxKind {
    TaxKind { name: name.to_owned(), jurisdiction: "DE".to_owned(), rate_ppm: 200_000 }
}

/// An answer of one kind: `(line, minor)`.
fn answer(name: &str, amounts: &[(usize, i64)]) -> TaxAnswer {
    let amounts = amounts.iter().map(|(line, minor)| TaxAmount { line: *line, kind: 0, amount: eur(*minor) });
    TaxAnswer { kinds: vec![kind(name)], amounts: amounts.collect() }
}

/// Code and field of every refusal.
fn refused<T: Debug, C: RefusalCode>(outcome: Result<T, Failure<C>>) -> Vec<(C, String)> {
    let failure = outcome.unwrap_err();
    assert!(!failure.refusals().is_empty(), "broke inside: {failure:?}");
    failure.refusals().iter().map(|refusal| (refusal.code, refusal.field.join("."))).collect()
}
