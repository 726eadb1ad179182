use std::time::Duration;

use chrono::TimeDelta;
use sqlx::PgPool;
use vectis_contracts::identity::{AuthCode, Tokens};
use vectis_kernel::Failure;

use crate::Config;
use crate::tests::shop::{PASSWORD, Shop, code, shop, shop_with};

impl Shop {
    async fn refresh(&self, tokens: &Tokens) -> Result<Tokens, Failure<AuthCode>> {
        self.identity.refresh(&self.anonymous(), &tokens.refresh_token).await
    }
}

#[sqlx::test(migrations = false)]
async fn a_refresh_token_buys_a_new_pair_in_the_same_session(pool: PgPool) {
    let shop = shop(pool).await;
    shop.register("ada@example.com").await;
    let first = shop.sign_in("ada@example.com").await;
    shop.pass(TimeDelta::minutes(10));

    let second = shop.refresh(&first).await.unwrap();

    assert_ne!(second.refresh_token, first.refresh_token);
    assert_eq!(shop.claims(&second), shop.claims(&first));
    assert_eq!(second.access_expires_at, shop.system.now() + TimeDelta::minutes(15));
    assert_eq!(second.refresh_expires_at, shop.system.now() + TimeDelta::days(30));
    assert!(shop.is_alive(&second).await);
    shop.refresh(&second).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn a_second_use_of_a_refresh_token_ends_its_session(pool: PgPool) {
    let shop = shop(pool).await;
    shop.register("ada@example.com").await;
    let stolen = shop.sign_in("ada@example.com").await;
    let elsewhere = shop.sign_in("ada@example.com").await;
    let by_the_owner = shop.refresh(&stolen).await.unwrap();

    let by_the_thief = shop.refresh(&stolen).await;

    assert_eq!(code(by_the_thief), AuthCode::InvalidRefreshToken);
    assert!(!shop.is_alive(&by_the_owner).await);
    assert_eq!(code(shop.refresh(&by_the_owner).await), AuthCode::InvalidRefreshToken);
    assert!(shop.is_alive(&elsewhere).await);
    shop.refresh(&elsewhere).await.unwrap();
    let alarms = |names: Vec<&str>| names.iter().filter(|name| name.contains("refresh_token_reused")).count();
    assert_eq!(alarms(shop.event_types()), 1);
    assert!(shop.audit.actions().contains(&"session.revoke_reused"));
}

#[sqlx::test(migrations = false)]
async fn of_parallel_uses_of_one_refresh_token_one_wins_and_the_session_ends(pool: PgPool) {
    let shop = shop(pool).await;
    shop.register("ada@example.com").await;
    let first = shop.sign_in("ada@example.com").await;

    let answers = futures_util::future::join_all((0..8).map(|_| shop.refresh(&first))).await;

    let (winners, losers): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(winners.len(), 1);
    assert!(losers.into_iter().all(|answer| code(answer) == AuthCode::InvalidRefreshToken));
    assert!(!shop.is_alive(winners[0].as_ref().unwrap()).await);
    assert_eq!(shop.count("SELECT count(*) FROM identity.refresh_token").await, 2);
}

#[sqlx::test(migrations = false)]
async fn an_unknown_or_garbled_refresh_token_is_refused(pool: PgPool) {
    let shop = shop(pool).await;
    let megabyte = "0".repeat(1 << 20);
    for token in ["", "\0", "0000", &"0".repeat(64), &megabyte] {
        let refused = shop.identity.refresh(&shop.anonymous(), token).await;
        assert_eq!(code(refused), AuthCode::InvalidRefreshToken);
    }
}

#[sqlx::test(migrations = false)]
async fn a_refresh_token_expires(pool: PgPool) {
    let shop = shop(pool).await;
    shop.register("ada@example.com").await;
    let tokens = shop.sign_in("ada@example.com").await;

    shop.pass(TimeDelta::days(30));

    assert_eq!(code(shop.refresh(&tokens).await), AuthCode::InvalidRefreshToken);
}

#[sqlx::test(migrations = false)]
async fn a_session_ends_at_its_greatest_age_however_often_it_was_refreshed(pool: PgPool) {
    let session_max_age = Duration::from_hours(24);
    let shop = shop_with(pool, Config { session_max_age, ..Config::default() }).await;
    shop.register("ada@example.com").await;
    let signed_in_at = shop.system.now();
    let mut tokens = shop.sign_in("ada@example.com").await;

    for _ in 0..3 {
        shop.pass(TimeDelta::hours(7));
        tokens = shop.refresh(&tokens).await.unwrap();
        assert_eq!(tokens.refresh_expires_at, signed_in_at + TimeDelta::hours(24));
    }
    shop.pass(TimeDelta::hours(3));

    assert_eq!(code(shop.refresh(&tokens).await), AuthCode::InvalidRefreshToken);
}

#[sqlx::test(migrations = false)]
async fn signing_in_forgets_the_sessions_that_have_expired(pool: PgPool) {
    let shop = shop(pool).await;
    shop.register("ada@example.com").await;
    shop.sign_in("ada@example.com").await;
    shop.pass(TimeDelta::days(91));

    shop.sign_in("ada@example.com").await;

    assert_eq!(shop.count("SELECT count(*) FROM identity.session").await, 1);
    assert_eq!(shop.count("SELECT count(*) FROM identity.refresh_token").await, 1);
}

#[sqlx::test(migrations = false)]
async fn signing_out_ends_the_session_and_no_other(pool: PgPool) {
    let shop = shop(pool).await;
    shop.register("ada@example.com").await;
    let (here, elsewhere) = (shop.sign_in("ada@example.com").await, shop.sign_in("ada@example.com").await);

    shop.identity.sign_out(&shop.anonymous(), &here.refresh_token).await.unwrap();

    assert!(!shop.is_alive(&here).await);
    assert_eq!(code(shop.refresh(&here).await), AuthCode::InvalidRefreshToken);
    assert!(shop.is_alive(&elsewhere).await);
    assert!(shop.audit.actions().contains(&"session.close"));
}

#[sqlx::test(migrations = false)]
async fn signing_out_never_fails(pool: PgPool) {
    let shop = shop(pool).await;
    shop.register("ada@example.com").await;
    let tokens = shop.sign_in("ada@example.com").await;
    let megabyte = "0".repeat(1 << 20);
    for token in ["", "unknown", tokens.refresh_token.as_str(), tokens.refresh_token.as_str(), &megabyte] {
        shop.identity.sign_out(&shop.anonymous(), token).await.unwrap();
    }
}

#[sqlx::test(migrations = false)]
async fn a_deactivated_login_is_out_at_once_and_stays_out(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.register("ada@example.com").await;
    let tokens = shop.sign_in("ada@example.com").await;

    shop.identity.login_activate(&shop.system, id, false).await.unwrap();

    assert!(!shop.is_alive(&tokens).await);
    assert_eq!(code(shop.refresh(&tokens).await), AuthCode::InvalidRefreshToken);

    shop.identity.login_activate(&shop.system, id, true).await.unwrap();

    assert!(!shop.is_alive(&tokens).await);
    shop.identity.sign_in(&shop.anonymous(), "ada@example.com", PASSWORD).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn claims_of_another_login_do_not_stand_for_the_session(pool: PgPool) {
    let shop = shop(pool).await;
    shop.register("ada@example.com").await;
    let bob = shop.register("bob@example.com").await;
    let mut claims = shop.claims(&shop.sign_in("ada@example.com").await);

    claims.login_id = bob;

    assert!(shop.identity.find_principal(claims).await.unwrap().is_none());
}
