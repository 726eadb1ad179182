mod bindings;
mod fakes;
mod settings;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::channels::{ChannelCode, ChannelSettings, Channels, CommerceMode, StrategyBinding};
use vectis_db::testing;
use vectis_kernel::ids::{ChannelId, LoginId};
use vectis_kernel::{Actor, Ctx, Currency, Event, Failure, IdempotencyKey, Permission, StaffActor};

use fakes::FakeAudit;

/// The module on a database of its own.
struct Room {
    audit: Arc<FakeAudit>,
    channels: Arc<dyn Channels>,
    told: Arc<Mutex<Vec<Event>>>,
}

async fn room(pool: PgPool) -> Room {
    let db = testing::db(pool, &[&crate::MIGRATIONS]).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = told.clone();
    db.bus().observe("test", 0, move |event| sink.lock().unwrap().push(event.clone()));
    let audit = Arc::new(FakeAudit::default());
    let built = crate::build(crate::Deps { db, audit: audit.clone() });
    Room { audit, channels: built.channels, told }
}

impl Room {
    /// Events committed so far. (Reading the outbox would wait for transactions of tests beside this one.)
    fn events(&self) -> Vec<Event> {
        self.told.lock().unwrap().clone()
    }

    /// Creates a channel as the platform itself.
    async fn channel(&self, slug: &str) -> ChannelId {
        let settings = ChannelSettings { slug: slug.to_owned(), ..settings() };
        self.channels.create(&system(), settings).await.unwrap()
    }
}

fn system() -> Ctx {
    Ctx::system("test")
}

fn staff_with(permissions: &[Permission]) -> Ctx {
    let permissions: BTreeSet<_> = permissions.iter().cloned().collect();
    let actor = StaffActor { login_id: LoginId(Uuid::from_u128(1)), permissions: Arc::new(permissions) };
    Ctx { actor: Actor::Staff(actor), ..system() }
}

fn keyed(key: &str) -> Ctx {
    let idempotency = Some(IdempotencyKey { key: key.to_owned(), parameters_hash: [7; 32] });
    Ctx { idempotency, ..system() }
}

fn settings() -> ChannelSettings {
    ChannelSettings {
        slug: "trade".to_owned(),
        name: "Trade".to_owned(),
        mode: CommerceMode::Hybrid,
        currency: Currency::GBP,
        currencies: vec![Currency::EUR],
        time_zone: "Europe/London".to_owned(),
        prices_include_tax: false,
        guest_checkout: true,
        is_active: true,
        warehouse_ids: vec![Uuid::from_u128(12).into(), Uuid::from_u128(11).into()],
        country: "GB".to_owned(),
    }
}

fn binding(channel_id: ChannelId, plugin: &str) -> StrategyBinding {
    StrategyBinding {
        channel_id,
        point: "vectis.pricing".to_owned(),
        plugin: plugin.to_owned(),
        entry_point: "main".to_owned(),
        priority: 5,
        config: serde_json::json!({ "secret": "hush" }),
    }
}

/// Code and field of every refusal.
fn refused<T: std::fmt::Debug>(outcome: Result<T, Failure<ChannelCode>>) -> Vec<(ChannelCode, String)> {
    let failure = outcome.unwrap_err();
    assert!(!failure.refusals().is_empty(), "broke inside: {failure:?}");
    failure.refusals().iter().map(|refusal| (refusal.code, refusal.field.join("."))).collect()
}
