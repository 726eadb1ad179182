//! Secrets and signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use sqlx::PgPool;
use vectis_contracts::webhooks::WebhookSecret;
use vectis_kernel::Ctx;

use super::{room, room_with, settings};
use crate::{Config, KeyError, signing};

fn is_right(secret: &WebhookSecret, headers: &[(&str, String); 3], body: &str, at: usize) -> bool {
    let key = STANDARD.decode(secret.0.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{}.{body}", headers[0].1, headers[1].1).as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    headers[2].1.split(' ').nth(at) == Some(expected.as_str())
}

#[sqlx::test(migrations = false)]
async fn requests_are_signed_with_the_secret_that_was_shown(pool: PgPool) {
    let room = room(pool).await;
    let (_, secret) = room.webhooks.create(&room.ctx(), settings("https://a.example")).await.unwrap();
    let (_, other) = room.webhooks.create(&room.ctx(), settings("https://b.example")).await.unwrap();
    room.orders(1..2).await;

    let claimed = room.claim().await;

    let of_a = claimed.iter().find(|attempt| attempt.url == "https://a.example").unwrap();
    assert!(is_right(&secret, &of_a.headers, &of_a.body, 0));
    assert!(!is_right(&other, &of_a.headers, &of_a.body, 0));
}

#[sqlx::test(migrations = false)]
async fn the_secret_before_signs_too_for_a_time(pool: PgPool) {
    let room = room(pool).await;
    let (id, old) = room.webhooks.create(&room.ctx(), settings("https://a.example")).await.unwrap();
    let new = room.webhooks.rotate_secret(&room.ctx(), id).await.unwrap();
    room.orders(1..2).await;

    let both = room.claim().await.remove(0);
    room.pass(chrono::TimeDelta::hours(25));
    let one = room.claim().await.remove(0);

    assert!(is_right(&new, &both.headers, &both.body, 0) && is_right(&old, &both.headers, &both.body, 1));
    assert!(is_right(&new, &one.headers, &one.body, 0));
    assert_eq!(one.headers[2].1.split(' ').count(), 1);
}

#[sqlx::test(migrations = false)]
async fn a_key_file_makes_new_secrets_and_leaves_the_old_ones_alone(pool: PgPool) {
    let before = room(pool.clone()).await;
    let (_, old) = before.webhooks.create(&before.ctx(), settings("https://old.example")).await.unwrap();
    let file = std::env::temp_dir().join(format!("vectis-webhooks-{}", std::process::id()));
    std::fs::write(&file, "0123456789abcdef0123456789abcdef\n").unwrap();
    let config = Config { signing_key_file: Some(file.clone()), ..Config::default() };

    let room = room_with(pool.clone(), config).await;
    let (_, new) = room.webhooks.create(&room.ctx(), settings("https://new.example")).await.unwrap();
    room.orders(1..2).await;
    let claimed = room.claim().await;
    for (url, secret) in [("https://old.example", &old), ("https://new.example", &new)] {
        let attempt = claimed.iter().find(|attempt| attempt.url == url).unwrap();
        assert!(is_right(secret, &attempt.headers, &attempt.body, 0), "{url}");
    }

    // Without the file its secrets are gone: nothing is sent unsigned, and the log says why.
    let without = super::room(pool).await;
    without.pass(chrono::TimeDelta::minutes(5));
    let again = without.claim().await;
    assert_eq!(again.iter().map(|attempt| attempt.url.as_str()).collect::<Vec<_>>(), ["https://old.example"]);
    let errors: Vec<String> =
        sqlx::query_scalar("SELECT error FROM webhooks.delivery WHERE error IS NOT NULL")
            .fetch_all(without.db.pool())
            .await
            .unwrap();
    assert!(errors.len() == 1 && errors[0].contains("rotate the secret"), "{errors:?}");
    std::fs::write(&file, "short").unwrap();
    let too_short = signing::Keys::load(&without.db, &Ctx::system("test"), Some(&file)).await;
    assert!(matches!(too_short.err(), Some(KeyError::TooShort { .. })));
    std::fs::remove_file(&file).unwrap();
}
