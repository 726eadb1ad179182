//! For tests of modules: a database with exactly the schemas they own.

use std::path::Path;

use sqlx::PgPool;

use crate::outbox::register_schemas;
use crate::{Db, ModuleMigrations, migrate};

/// The database of a `#[sqlx::test]` with `events` and the given modules' schemas, and all event schemas of
/// `host/contracts/src/events` registered. A statement that touches another module's table fails in it.
#[expect(clippy::expect_used, reason = "a test that cannot get its database has failed")]
pub async fn db(pool: PgPool, modules: &[&ModuleMigrations]) -> Db {
    migrate(&pool, modules).await.expect("migrating the test database");
    register_contract_schemas().expect("registering the event schemas");
    Db::new(pool)
}

fn register_contract_schemas() -> anyhow::Result<()> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/src/events"));
    if !folder.exists() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(event_type) = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_suffix(".json").filter(|name| name.starts_with("vectis.")))
        else {
            continue;
        };
        register_schemas(&[(event_type, &std::fs::read_to_string(&path)?)])?;
    }
    Ok(())
}
