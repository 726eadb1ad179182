//! A backup of a running shop, restored on another server: everything is there, and the shop goes on.

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection, PgPool};
use tempfile::TempDir;
use tokio::process::Command;
use vectis_db::embedded::DATABASE;
use vectis_db::{EmbeddedOptions, EmbeddedPostgres};
use vectis_tests::plugins::built_file;
use vectis_tests::shop::{PASSWORD, lines};
use vectis_tests::{Client, TestHost, books};

use crate::kills::program::Program;
use crate::plugin_fields::tables::{certificate, register, selling_tools};

/// A server of its own, to restore on.
struct Elsewhere {
    postgres: EmbeddedPostgres,
    url: String,
    _folder: TempDir,
}

impl Elsewhere {
    async fn start() -> Self {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let options = EmbeddedOptions { fsync: false, ..EmbeddedOptions::new(folder.path().join("data")) };
        let postgres = EmbeddedPostgres::start(options).await.unwrap();
        let socket = postgres.connect_options(DATABASE).get_socket().unwrap().to_owned();
        let url = format!("postgres://postgres@localhost/{DATABASE}?host={}", socket.display());
        Self { postgres, url, _folder: folder }
    }

    fn options(&self) -> PgConnectOptions {
        self.postgres.connect_options(DATABASE)
    }
}

/// Without what only our own client takes.
fn for_psql(url: &str) -> String {
    let (server, parameters) = url.split_once('?').unwrap();
    let kept: Vec<&str> = parameters
        .split('&')
        .filter(|parameter| !parameter.starts_with("statement-cache-capacity"))
        .collect();
    format!("{server}?{}", kept.join("&"))
}

async fn script(name: &str, url: &str, arguments: &[&Path]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/operations").join(name);
    Command::new(script).args(arguments).env("DATABASE_URL", for_psql(url)).output().await.unwrap()
}

async fn done(name: &str, url: &str, arguments: &[&Path]) {
    let output = script(name, url, arguments).await;
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Places an order and says its number.
async fn order(buyer: &Client) -> String {
    let cart = buyer.new_cart().await;
    let added = buyer.add_lines(&cart, lines(3, 1)).await.ok();
    let placed = buyer.submit(&cart, &added.at("/cartLinesAdd/cart/version"), &cart).await.ok();
    placed.text("/cartSubmit/order/number")
}

async fn orders(client: &Client) -> Vec<String> {
    let answer = client.send("{ orders(first: 50) { nodes { number } } }", json!({})).await.ok();
    let mut numbers: Vec<String> = answer
        .at("/orders/nodes")
        .as_array()
        .unwrap()
        .iter()
        .map(|order| order["number"].as_str().unwrap().to_owned())
        .collect();
    numbers.sort();
    numbers
}

/// Waits until every reader of the log has passed every event.
async fn readers_have_passed_everything(pool: &PgPool) {
    let started = Instant::now();
    loop {
        let left: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM events.outbox AS held JOIN events.reader AS reader USING (lane) \
             WHERE (held.transaction_id, held.position) > (reader.transaction_id, reader.position)",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        if left == 0 {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{left} events are held back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn signed_in(program: &Program, email: &str) -> Client {
    Client::new(program.url.clone()).channel("wholesale").signed_in(email, PASSWORD).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_restored_on_another_server_is_the_same_shop_and_goes_on() {
    let (shop, staff) = selling_tools().await;
    let registered = register(&staff, "A1", "2026-01-15").await;
    let buyer = shop.buyer().await;
    let before = [order(&buyer).await, order(&buyer).await];
    let work = tempfile::tempdir().unwrap();
    let (backup, plugins) = (work.path().join("backup"), work.path().join("restored/plugins"));

    // It sells while it is saved; what is sold later is not in it.
    done("backup", shop.database_url(), &[&backup, shop.plugins.path()]).await;
    order(&buyer).await;
    let elsewhere = Elsewhere::start().await;
    done("restore", &elsewhere.url, &[&backup, &plugins]).await;
    let restored = plugins.with_file_name(shop.plugins.path().file_name().unwrap());
    let migrated = Command::new(built_file("vectis", "vectis"))
        .args(["migrate", "--set", &format!("database.url={}", elsewhere.url)])
        .current_dir(work.path())
        .output()
        .await
        .unwrap();
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));

    let database = format!("database.url={}", elsewhere.url);
    let folder = format!("plugins.folder={}", restored.display());
    let program = Program::start_with(&shop, &[&database, &folder]).await;
    let buyer = signed_in(&program, "buyer@demo.vectis.test").await;
    assert_eq!(orders(&buyer).await, before);
    let next = order(&buyer).await;
    assert!(!before.contains(&next), "{next}");
    let staff = signed_in(&program, "admin@demo.vectis.test").await;
    assert_eq!(certificate(&staff, &registered["certificate"]["number"]).await["serialNumber"], "A1");
    let pool = PgPool::connect_with(elsewhere.options()).await.unwrap();
    readers_have_passed_everything(&pool).await;
    let owners: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT proowner::regrole::text FROM pg_proc WHERE pronamespace = 'plugin_product_warranty'::regnamespace",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(owners, ["plugin_product_warranty"], "a plugin's functions have its own rights only");
    pool.close().await;
    let mut connection = PgConnection::connect_with(&elsewhere.options()).await.unwrap();
    assert_eq!(books::broken(&mut connection).await.unwrap(), []);
    connection.close().await.unwrap();
    program.kill().await;
    elsewhere.postgres.stop().await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_and_a_database_in_use_are_refused() {
    let shop = TestHost::demo().await;
    let work = tempfile::tempdir().unwrap();
    let backup = work.path().join("backup");
    done("backup", shop.database_url(), &[&backup]).await;
    let again = script("backup", shop.database_url(), &[&backup]).await;
    assert!(!again.status.success(), "a backup is never written over");

    let refused = script("restore", shop.database_url(), &[&backup]).await;
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && why.contains("there is a shop in this database already"), "{why}");

    let mut damaged = tokio::fs::read(backup.join("database")).await.unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    tokio::fs::write(backup.join("database"), damaged).await.unwrap();
    let elsewhere = Elsewhere::start().await;
    let refused = script("restore", &elsewhere.url, &[&backup]).await;
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && why.contains("computed checksum did NOT match"), "{why}");
    elsewhere.postgres.stop().await;
    shop.stop().await;
}
