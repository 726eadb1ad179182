//! A database per test, copied from a migrated template, on the server that `DATABASE_URL` names.

use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tokio::sync::OnceCell;

/// One template per test process; processes do not run at the same time on one server with different migrations.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// A database that is dropped with its handle.
pub struct TestDatabase {
    url: String,
    name: String,
}

impl TestDatabase {
    /// Copies the template.
    pub async fn create() -> Self {
        let template = TEMPLATE.get_or_init(make_template).await;
        let name = format!("it_{}", unique());
        let mut server = connect(&server_url()).await;
        execute(&mut server, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        Self { url: with_database(&name), name }
    }

    /// For `database.url`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // Best effort on a thread of its own: the test's runtime may be gone, and the server is thrown away anyway.
        let name = self.name.clone();
        let drop_it = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(async {
                    let mut server = connect(&server_url()).await;
                    let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                    let _ = server.execute(sqlx::AssertSqlSafe(sql)).await;
                });
            }
        };
        let _ = std::thread::spawn(drop_it).join();
    }
}

async fn make_template() -> String {
    let name = format!("template_{}", unique());
    let mut server = connect(&server_url()).await;
    execute(&mut server, &format!("CREATE DATABASE {name}")).await;
    let pool = vectis_db::connect_url(&with_database(&name), &vectis_db::PoolSettings::default()).await;
    let pool = pool.expect("the template can be connected to");
    vectis_db::migrate(&pool, vectis::compose::MIGRATIONS)
        .await
        .expect("all migrations apply to an empty database");
    sqlx::raw_sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").execute(&pool).await.ok();
    pool.close().await;
    name
}

/// `DATABASE_URL`; the tests need a PostgreSQL server.
#[expect(clippy::disallowed_methods, reason = "the tests' only outside setting")]
pub fn server_url() -> String {
    std::env::var("DATABASE_URL").expect("set DATABASE_URL to a PostgreSQL server, or run `make test`")
}

fn with_database(name: &str) -> String {
    let options = PgConnectOptions::from_str(&server_url()).expect("DATABASE_URL parses");
    options.database(name).to_url_lossy().to_string()
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("the server of DATABASE_URL answers")
}

async fn execute(server: &mut PgConnection, sql: &str) {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    server.execute(sql).await.expect("the server makes databases");
}

fn unique() -> String {
    use vectis_kernel::IdSource as _;
    vectis_kernel::SystemIds.next().simple().to_string()
}
