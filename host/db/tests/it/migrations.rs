use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{PgPool, SqlSafeStr};
use vectis_db::migrations::MigrationsError;
use vectis_db::{ModuleMigrations, migrate};

fn shelves(sql: &'static str) -> ModuleMigrations {
    let migration =
        Migration::new(1, Cow::Borrowed("shelf"), MigrationType::Simple, sql.into_sql_str(), false);
    ModuleMigrations { schema: "shelves", migrator: Migrator::with_migrations(vec![migration]) }
}

async fn applied(pool: &PgPool) -> i64 {
    let sql =
        "SELECT (SELECT COUNT(*) FROM events._migration) * 100 + (SELECT COUNT(*) FROM shelves._migration)";
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[sqlx::test]
async fn migrating_twice_changes_nothing_the_second_time(pool: PgPool) {
    let module = shelves("CREATE TABLE shelves.shelf (id uuid PRIMARY KEY)");

    migrate(&pool, &[&module]).await.unwrap();
    let first = applied(&pool).await;
    migrate(&pool, &[&module]).await.unwrap();

    assert_eq!((first, applied(&pool).await), (401, 401));
}

#[sqlx::test]
async fn processes_that_migrate_at_once_wait_for_each_other(pool: PgPool) {
    let module = shelves("CREATE TABLE shelves.shelf (id uuid PRIMARY KEY)");

    let modules = [&module];
    let outcomes = futures_util::future::join_all((0..4).map(|_| migrate(&pool, &modules))).await;

    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(applied(&pool).await, 401);
}

#[sqlx::test]
async fn a_migration_that_fails_names_its_schema_and_gives_the_lock_back(pool: PgPool) {
    let broken = migrate(&pool, &[&shelves("CREATE TABLE shelves.shelf (id no_such_type)")]).await;
    let mended = migrate(&pool, &[&shelves("CREATE TABLE shelves.shelf (id uuid)")]).await;

    assert!(matches!(broken, Err(MigrationsError::Migrate { schema: "shelves", .. })), "{broken:?}");
    assert!(mended.is_ok(), "{mended:?}");
}

#[sqlx::test]
async fn a_migration_that_changed_after_it_was_applied_is_refused(pool: PgPool) {
    migrate(&pool, &[&shelves("CREATE TABLE shelves.shelf (id uuid)")]).await.unwrap();

    let changed = migrate(&pool, &[&shelves("CREATE TABLE shelves.shelf (id bigint)")]).await;

    let Err(error) = changed else { panic!("accepted") };
    assert_eq!(
        error.to_string(),
        "migrating schema shelves: migration 1 was previously applied but has been modified"
    );
}
