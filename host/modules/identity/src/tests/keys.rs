use std::path::PathBuf;

use chrono::TimeDelta;
use sqlx::PgPool;
use vectis_contracts::identity::InvalidToken;

use crate::keys::KeyError;
use crate::tests::shop::{on, shop, shop_with};
use crate::{BuildError, Config, Deps, MIGRATIONS, build};

/// The example of RFC 8410.
const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
    -----END PRIVATE KEY-----\n";

fn files(contents: &[&str]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let paths = contents.iter().enumerate().map(|(at, content)| {
        let path = folder.path().join(format!("{at}.pem"));
        std::fs::write(&path, content).unwrap();
        path
    });
    let paths = paths.collect();
    (folder, paths)
}

#[sqlx::test(migrations = false)]
async fn processes_that_start_together_share_one_key(pool: PgPool) {
    let first = shop(pool).await;
    sqlx::query("TRUNCATE identity.signing_key").execute(first.db.pool()).await.unwrap();

    let (one, two) =
        tokio::join!(on(first.db.clone(), Config::default()), on(first.db.clone(), Config::default()));

    assert_eq!(first.count("SELECT count(*) FROM identity.signing_key").await, 1);
    one.register("ada@example.com").await;
    let tokens = one.sign_in("ada@example.com").await;
    assert_eq!(two.claims(&tokens).login_id, tokens.login_id);
}

#[sqlx::test(migrations = false)]
async fn a_rotated_key_signs_once_all_had_time_to_load_it(pool: PgPool) {
    let one = shop(pool).await;
    let two = on(one.db.clone(), Config::default()).await;
    one.register("ada@example.com").await;
    let before = one.sign_in("ada@example.com").await;

    // The machine's clock made the first key; the second follows it on the same clock.
    let machine = vectis_kernel::Ctx::system("test");
    one.signing_keys.rotate(&machine).await.unwrap();
    one.pass(machine.now() + TimeDelta::minutes(3) - one.system.now());
    two.pass(machine.now() + TimeDelta::minutes(3) - two.system.now());
    let after = one.sign_in("ada@example.com").await;

    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid;
    assert_ne!(kid(&before.access_token), kid(&after.access_token));
    assert_eq!(two.identity.verify(&two.system, &after.access_token), Err(InvalidToken));
    two.signing_keys.reload().await.unwrap();
    assert_eq!(two.claims(&after).login_id, after.login_id);
}

#[sqlx::test(migrations = false)]
async fn a_key_file_is_used_instead_of_the_database(pool: PgPool) {
    let (_folder, signing_key_files) = files(&[PEM]);
    let config = Config { signing_key_files, ..Config::default() };
    let one = shop_with(pool, config.clone()).await;
    let two = on(one.db.clone(), config).await;
    one.register("ada@example.com").await;

    let tokens = one.sign_in("ada@example.com").await;

    assert_eq!(two.claims(&tokens).login_id, tokens.login_id);
    assert_eq!(one.count("SELECT count(*) FROM identity.signing_key").await, 0);
    assert!(matches!(one.signing_keys.rotate(&one.system).await, Err(KeyError::FromFiles)));
    one.signing_keys.reload().await.unwrap();
    assert_eq!(one.claims(&tokens).login_id, tokens.login_id);
}

#[sqlx::test(migrations = false)]
async fn the_first_of_several_key_files_signs_and_all_verify(pool: PgPool) {
    let other = PEM.replace("INTuctv5", "INTuctv6");
    let (_folder, paths) = files(&[PEM, &other]);
    let old = Config { signing_key_files: vec![paths[0].clone()], ..Config::default() };
    let new = Config { signing_key_files: vec![paths[1].clone(), paths[0].clone()], ..Config::default() };
    let one = shop_with(pool, old).await;
    let two = on(one.db.clone(), new).await;
    one.register("ada@example.com").await;

    let by_one = one.sign_in("ada@example.com").await;
    let by_two = two.sign_in("ada@example.com").await;

    assert_eq!(two.claims(&by_one).login_id, by_one.login_id);
    assert_eq!(one.identity.verify(&one.system, &by_two.access_token), Err(InvalidToken));
}

#[sqlx::test(migrations = false)]
async fn a_bad_key_file_or_setting_stops_the_start_and_is_named(pool: PgPool) {
    let db = vectis_db::testing::db(pool, &[&MIGRATIONS]).await;
    let (folder, mut paths) = files(&["-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]);
    paths.push(folder.path().join("missing.pem"));
    let start = async |config: Config| {
        let audit = std::sync::Arc::default();
        let audit: std::sync::Arc<crate::tests::shop::RememberingAudit> = audit;
        let deps = Deps {
            db: db.clone(),
            audit,
            declared_permissions: std::sync::Arc::new(std::collections::BTreeSet::new),
        };
        build(deps, config).await.err().expect("a start that fails")
    };

    let garbled = start(Config { signing_key_files: vec![paths[0].clone()], ..Config::default() }).await;
    let missing = start(Config { signing_key_files: vec![paths[1].clone()], ..Config::default() }).await;
    let setting = start(Config { issuer: String::new(), ..Config::default() }).await;

    assert!(matches!(&garbled, BuildError::Keys(KeyError::NotEd25519 { path }) if *path == paths[0]));
    assert!(matches!(&missing, BuildError::Keys(KeyError::File { path, .. }) if *path == paths[1]));
    assert_eq!(setting.to_string(), "identity.issuer must not be empty");
}
