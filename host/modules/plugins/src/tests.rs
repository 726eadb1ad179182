//! The module on a database of its own.

mod fakes;
mod releases;
mod replicas;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::plugin_releases::{PluginReleases, PluginVersion, Release};
use vectis_db::testing;
use vectis_kernel::ids::LoginId;
use vectis_kernel::{Actor, Ctx, Event, IdempotencyKey, StaffActor};

use fakes::FakeAudit;

struct Room {
    audit: Arc<FakeAudit>,
    releases: Arc<dyn PluginReleases>,
    told: Arc<Mutex<Vec<Event>>>,
}

async fn room(pool: PgPool) -> Room {
    let db = testing::db(pool, &[&crate::MIGRATIONS]).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = told.clone();
    db.bus().observe("test", 0, move |event| sink.lock().unwrap().push(event.clone()));
    let audit = Arc::new(FakeAudit::default());
    let built = crate::build(crate::Deps { db, audit: audit.clone() });
    Room { audit, releases: built.releases, told }
}

fn system() -> Ctx {
    Ctx::system("test")
}

fn keyed(key: &str) -> Ctx {
    let idempotency = Some(IdempotencyKey { key: key.to_owned(), parameters_hash: [7; 32] });
    Ctx { idempotency, ..system() }
}

/// Staff who may do nothing.
fn powerless() -> Ctx {
    let permissions = Arc::new(BTreeSet::new());
    let actor = StaffActor { login_id: LoginId(Uuid::from_u128(1)), permissions };
    Ctx { actor: Actor::Staff(actor), ..system() }
}

fn version(number: &str, digit: char) -> PluginVersion {
    PluginVersion { version: number.to_owned(), sha256: digit.to_string().repeat(64) }
}

fn release(plugin: &str) -> Release {
    Release {
        plugin: plugin.to_owned(),
        in_force: version("2.0.0", 'b'),
        previous: Some(version("1.0.0", 'a')),
        is_enabled: true,
    }
}
