use std::time::{Duration, Instant};

use chrono::TimeDelta;
use sqlx::PgPool;
use vectis_contracts::identity::{AuthCode, CreateLogin, Identity, LoginKind};
use vectis_kernel::{Ctx, Failure};

use crate::Config;
use crate::tests::shop::{PASSWORD, Shop, code, login, shop, shop_with};

/// A message of a refusal, to compare what people read.
async fn refusal(identity: &dyn Identity, ctx: &Ctx, email: &str, password: &str) -> (AuthCode, String) {
    match identity.sign_in(ctx, email, password).await {
        Err(Failure::Refused(refusals)) => (refusals[0].code, refusals[0].message.clone()),
        Err(Failure::Internal(error)) => panic!("broke inside: {error}"),
        Ok(_) => panic!("not refused"),
    }
}

/// `known@…` can sign in; `inactive@…` was switched off; `passwordless@…` never had a password.
async fn populated(shop: &Shop) {
    shop.register("known@example.com").await;
    let inactive = shop.register("inactive@example.com").await;
    shop.identity.login_activate(&shop.system, inactive, false).await.unwrap();
    let passwordless = CreateLogin { password: None, ..login("passwordless@example.com", LoginKind::Staff) };
    shop.identity.staff_create(&shop.system, passwordless, Vec::new()).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn signing_in_opens_a_session_that_stands_for_the_login(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.register("ada@example.com").await;

    let tokens = shop.sign_in("ada@example.com").await;

    assert_eq!(tokens.login_id, id);
    assert_eq!(tokens.access_expires_at, shop.system.now() + TimeDelta::minutes(15));
    assert_eq!(tokens.refresh_expires_at, shop.system.now() + TimeDelta::days(30));
    let before = shop.statements().await;
    let principal = shop.identity.find_principal(shop.claims(&tokens)).await.unwrap().unwrap();
    let ran = shop.statements().await.since(&before);
    assert_eq!(ran.total(), 1, "{:?}", ran.by_text());
    assert_eq!((principal.login_id, principal.kind), (id, LoginKind::Customer));
    assert_eq!((principal.email.as_str(), principal.name.as_str()), ("ada@example.com", "Ada"));
    assert!(principal.staff_permissions.is_empty());
    assert_eq!(shop.audit.actions(), ["login.create", "session.open"]);
}

#[sqlx::test(migrations = false)]
async fn the_email_may_be_typed_in_any_case_and_form(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.register("Jos\u{e9}@Example.com").await;
    for email in ["jos\u{e9}@example.com", "JOSE\u{301}@EXAMPLE.COM", " jose\u{301}@example.com "] {
        assert_eq!(shop.sign_in(email).await.login_id, id, "{email}");
    }
}

#[sqlx::test(migrations = false)]
async fn every_reason_not_to_sign_in_reads_the_same_and_writes_nothing(pool: PgPool) {
    let shop = shop(pool).await;
    populated(&shop).await;
    let megabyte = "x".repeat(1 << 20);

    let mut answers = Vec::new();
    for (email, password) in [
        ("known@example.com", "not the password"),
        ("known@example.com", ""),
        ("known@example.com", megabyte.as_str()),
        ("known@example.com", "correct horse\0battery"),
        ("unknown@example.com", PASSWORD),
        ("inactive@example.com", PASSWORD),
        ("passwordless@example.com", ""),
        ("passwordless@example.com", PASSWORD),
        ("not an address", PASSWORD),
        ("", PASSWORD),
        ("known@example.com\0", PASSWORD),
        (megabyte.as_str(), PASSWORD),
    ] {
        answers.push(refusal(&*shop.identity, &shop.anonymous(), email, password).await);
        shop.pass(TimeDelta::minutes(1));
    }

    let first = answers[0].clone();
    assert_eq!(first.0, AuthCode::InvalidCredentials);
    assert!(answers.iter().all(|answer| *answer == first), "{answers:?}");
    assert_eq!(shop.count("SELECT count(*) FROM identity.session").await, 0);
}

#[sqlx::test(migrations = false)]
async fn an_unknown_email_costs_the_same_work_as_a_wrong_password(pool: PgPool) {
    let shop = shop_with(pool, Config { attempts_per_login: 1_000, ..Config::default() }).await;
    populated(&shop).await;
    // The fastest of several is the work itself, whatever else the machine does; taken in turns, so that all meet the
    // same machine. Without a hash it would be ten times less.
    let emails = [
        "known@example.com",
        "unknown@example.com",
        "inactive@example.com",
        "passwordless@example.com",
        "not an address",
    ];
    let mut fastest = [Duration::MAX; 5];
    for _ in 0..12 {
        for (email, fastest) in emails.iter().zip(&mut fastest) {
            let begun = Instant::now();
            refusal(&*shop.identity, &shop.anonymous(), email, "not the password").await;
            *fastest = begun.elapsed().min(*fastest);
        }
    }

    let known = fastest[0];
    let is_alike = |other: &Duration| *other < known * 2 && known < *other * 2;
    assert!(fastest.iter().all(is_alike), "{emails:?}: {fastest:?}");
}

#[sqlx::test(migrations = false)]
async fn the_sixth_failure_for_a_login_within_a_minute_closes_it_even_to_the_right_password(pool: PgPool) {
    let shop = shop(pool).await;
    populated(&shop).await;
    shop.register("other@example.com").await;
    for _ in 0..5 {
        let failed = refusal(&*shop.identity, &shop.anonymous(), "Known@example.com", "guess guess").await;
        assert_eq!(failed.0, AuthCode::InvalidCredentials);
    }

    let right = shop.identity.sign_in(&shop.anonymous(), "known@example.com", PASSWORD).await;

    assert_eq!(code(right), AuthCode::TooManyAttempts);
    shop.sign_in("other@example.com").await;
    shop.pass(TimeDelta::minutes(1));
    shop.sign_in("known@example.com").await;
}

#[sqlx::test(migrations = false)]
async fn an_unknown_email_is_throttled_like_a_known_one(pool: PgPool) {
    let shop = shop(pool).await;
    for _ in 0..5 {
        let failed = refusal(&*shop.identity, &shop.anonymous(), "unknown@example.com", PASSWORD).await;
        assert_eq!(failed.0, AuthCode::InvalidCredentials);
    }
    let sixth = refusal(&*shop.identity, &shop.anonymous(), "unknown@example.com", PASSWORD).await;
    assert_eq!(sixth.0, AuthCode::TooManyAttempts);
}

#[sqlx::test(migrations = false)]
async fn an_address_that_tries_many_logins_is_throttled_and_others_are_not(pool: PgPool) {
    let shop = shop_with(pool, Config { attempts_per_address: 3, ..Config::default() }).await;
    populated(&shop).await;
    for name in ["a", "b", "c"] {
        let email = format!("{name}@example.com");
        let failed = refusal(&*shop.identity, &shop.from("203.0.113.7"), &email, PASSWORD).await;
        assert_eq!(failed.0, AuthCode::InvalidCredentials);
    }

    let fourth = shop.identity.sign_in(&shop.from("203.0.113.7"), "known@example.com", PASSWORD).await;

    assert_eq!(code(fourth), AuthCode::TooManyAttempts);
    shop.identity.sign_in(&shop.from("203.0.113.8"), "known@example.com", PASSWORD).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn successes_do_not_count_as_attempts(pool: PgPool) {
    let config = Config { attempts_per_login: 1, attempts_per_address: 1, ..Config::default() };
    let shop = shop_with(pool, config).await;
    shop.register("ada@example.com").await;
    for _ in 0..3 {
        shop.identity.sign_in(&shop.from("203.0.113.7"), "ada@example.com", PASSWORD).await.unwrap();
    }
}

#[sqlx::test(migrations = false)]
async fn parallel_guesses_are_all_counted(pool: PgPool) {
    let shop = shop(pool).await;
    populated(&shop).await;

    let guesses = (0..20).map(|_| {
        let ctx = shop.anonymous();
        let identity = &shop.identity;
        async move { refusal(&**identity, &ctx, "known@example.com", "guess guess").await.0 }
    });
    let answers = futures_util::future::join_all(guesses).await;

    let checked = answers.iter().filter(|code| **code == AuthCode::InvalidCredentials).count();
    assert_eq!((checked, answers.len() - checked), (5, 15));
}

#[sqlx::test(migrations = false)]
async fn nothing_readable_is_stored(pool: PgPool) {
    let shop = shop(pool).await;
    shop.register("ada@example.com").await;
    let tokens = shop.sign_in("ada@example.com").await;

    let stored: Vec<String> = sqlx::query_scalar(
        "SELECT login::text FROM identity.login AS login \
         UNION ALL SELECT session::text FROM identity.session AS session \
         UNION ALL SELECT token::text FROM identity.refresh_token AS token",
    )
    .fetch_all(shop.db.pool())
    .await
    .unwrap();

    assert_eq!(stored.len(), 3);
    for secret in [PASSWORD, tokens.refresh_token.as_str(), tokens.access_token.as_str()] {
        assert!(!stored.iter().any(|row| row.contains(secret)));
    }
}
