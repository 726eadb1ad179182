use std::sync::Arc;

use chrono::TimeDelta;
use sqlx::PgPool;
use vectis_contracts::identity::AuthCode;
use vectis_kernel::Ctx;

use crate::hashing::Hasher;
use crate::store;
use crate::store::sessions::NewSession;
use crate::tests::shop::{PASSWORD, code, refused, shop};

const NEW: &str = "another horse battery";

#[sqlx::test(migrations = false)]
async fn a_changed_password_opens_and_the_old_one_does_not(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.register("ada@example.com").await;

    shop.identity.password_change(&shop.customer(id), PASSWORD, NEW).await.unwrap();

    shop.identity.sign_in(&shop.anonymous(), "ada@example.com", NEW).await.unwrap();
    let old = shop.identity.sign_in(&shop.anonymous(), "ada@example.com", PASSWORD).await;
    assert_eq!(code(old), AuthCode::InvalidCredentials);
    assert!(shop.event_types().contains(&"vectis.identity.password_changed.v1"));
    assert!(shop.audit.actions().contains(&"login.password_change"));
}

#[sqlx::test(migrations = false)]
async fn a_changed_password_ends_all_sessions_but_the_own(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.register("ada@example.com").await;
    let (own, other) = (shop.sign_in("ada@example.com").await, shop.sign_in("ada@example.com").await);
    let ctx = Ctx { session_id: Some(shop.claims(&own).session_id), ..shop.customer(id) };

    shop.identity.password_change(&ctx, PASSWORD, NEW).await.unwrap();

    assert!(shop.is_alive(&own).await);
    assert!(!shop.is_alive(&other).await);
    let refreshed = shop.identity.refresh(&shop.anonymous(), &other.refresh_token).await;
    assert_eq!(code(refreshed), AuthCode::InvalidRefreshToken);
    shop.identity.refresh(&shop.anonymous(), &own.refresh_token).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn a_sign_in_that_was_under_way_while_the_password_changed_opens_no_session(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.register("ada@example.com").await;
    let checked = store::logins::credentials(&shop.db, id).await.unwrap().unwrap();

    shop.identity.password_change(&shop.customer(id), PASSWORD, NEW).await.unwrap();

    let expires_at = shop.system.now() + TimeDelta::days(1);
    let new = NewSession {
        session_id: shop.system.new_id(),
        expires_at,
        token_hash: [1; 32],
        token_expires_at: expires_at,
    };
    let mut tx = shop.db.begin().await.unwrap();
    assert!(!store::sessions::open(&mut tx, &shop.system, &checked, &new).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(shop.count("SELECT count(*) FROM identity.session").await, 0);
}

#[sqlx::test(migrations = false)]
async fn changing_a_password_needs_the_current_one_a_good_one_and_somebody(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.register("ada@example.com").await;
    let ada = shop.customer(id);

    let anonymous = shop.identity.password_change(&shop.anonymous(), PASSWORD, NEW).await;
    let wrong = shop.identity.password_change(&ada, "not the password", NEW).await;
    let weak = shop.identity.password_change(&ada, PASSWORD, "password").await;
    let own_email = shop.identity.password_change(&ada, PASSWORD, "Ada@example.com").await;

    assert_eq!(code(anonymous), AuthCode::NotSignedIn);
    assert_eq!(code(wrong), AuthCode::InvalidCredentials);
    assert_eq!(refused(weak), [("new".to_owned(), AuthCode::WeakPassword)]);
    assert_eq!(refused(own_email), [("new".to_owned(), AuthCode::WeakPassword)]);
    shop.sign_in("ada@example.com").await;
}

#[sqlx::test(migrations = false)]
async fn guesses_at_the_current_password_are_throttled(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.register("ada@example.com").await;
    let ada = shop.customer(id);
    for _ in 0..5 {
        let guess = shop.identity.password_change(&ada, "not the password", NEW).await;
        assert_eq!(code(guess), AuthCode::InvalidCredentials);
    }

    let right = shop.identity.password_change(&ada, PASSWORD, NEW).await;

    assert_eq!(code(right), AuthCode::TooManyAttempts);
}

#[sqlx::test(migrations = false)]
async fn a_repeated_change_with_its_key_is_answered_not_refused(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.register("ada@example.com").await;
    let ctx = shop.keyed("change", shop.customer(id));

    shop.identity.password_change(&ctx, PASSWORD, NEW).await.unwrap();
    shop.identity.password_change(&ctx, PASSWORD, NEW).await.unwrap();

    let changes = shop.event_types().into_iter().filter(|name| name.contains("password_changed"));
    assert_eq!(changes.count(), 1);
}

#[tokio::test]
async fn hashes_are_argon2id_of_19_mib_and_two_passes_each_with_its_own_salt() {
    let hasher = Hasher::new(0).unwrap();
    let one = hasher.hash(PASSWORD.to_owned()).await.unwrap();
    let two = hasher.hash(PASSWORD.to_owned()).await.unwrap();

    assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
    assert_ne!(one, two);
    assert!(hasher.verify(Some(PASSWORD), Some(&one)).await.unwrap());
    assert!(!hasher.verify(Some("not the password"), Some(&one)).await.unwrap());
    assert!(!hasher.verify(Some(PASSWORD), None).await.unwrap());
    assert!(!hasher.verify(None, Some(&one)).await.unwrap());
}

#[tokio::test]
async fn only_so_many_wait_for_the_hasher() {
    let hasher = Arc::new(Hasher::new(3).unwrap());
    let cores = std::thread::available_parallelism().unwrap().get();

    let mut admitted: Vec<_> = (0..cores + 3).map(|_| hasher.admit().ok().unwrap()).collect();

    assert!(hasher.admit().is_err());
    admitted.pop();
    assert!(hasher.admit().is_ok());
}
