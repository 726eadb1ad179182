use std::time::Duration;

use proptest::prelude::{any, prop_assert_eq, proptest};

use crate::throttle::Throttle;
use crate::{Config, email, password};

#[test]
fn one_mailbox_has_one_spelling() {
    assert_eq!(email::normalized(" Ada@Example.COM ").as_deref(), Some("ada@example.com"));
    let composed = email::normalized("jos\u{e9}@example.com");
    assert_eq!(email::normalized("JOSE\u{301}@example.com"), composed);
    assert!(composed.is_some());
}

#[test]
fn what_is_no_address_is_refused() {
    let long = format!("{}@example.com", "a".repeat(65));
    let longer = format!("a@{}.com", "b.".repeat(130));
    for text in [
        "",
        "@",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "ada@.com",
        "ada@example..com",
        "a b@example.com",
        "ada@exa mple.com",
        "ada@-example.com",
        "ada\0@example.com",
        "ada@example.com\0",
        "a@b@example.com",
        ".ada@example.com",
        "ada.@example.com",
        "a..da@example.com",
        "ada@example.com.",
        "<ada@example.com>",
        &long,
        &longer,
    ] {
        assert_eq!(email::normalized(text), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn normalizing_an_address_again_changes_nothing(text in "\\PC{1,20}@[a-zA-Z\u{c0}-\u{24f}]{1,9}\\.[a-z]{2,5}") {
        if let Some(once) = email::normalized(&text) {
            prop_assert_eq!(email::normalized(&once), Some(once));
        }
    }

    #[test]
    fn a_password_is_kept_whole(text in any::<String>()) {
        use unicode_normalization::UnicodeNormalization;
        if let Some(kept) = password::normalized(&text) {
            prop_assert_eq!(kept.into_owned(), text.nfc().collect::<String>());
        }
    }
}

#[test]
fn passwords_have_8_to_128_characters_whatever_their_bytes() {
    for (length, fits) in [(7, false), (8, true), (128, true), (129, false)] {
        let ascii: String = "xq7!".chars().cycle().take(length).collect();
        let wide: String = "\u{1f600}\u{1f40e}".chars().cycle().take(length).collect();
        assert_eq!(password::checked(&ascii, "ada@example.com").is_ok(), fits, "{length}");
        assert_eq!(password::checked(&wide, "ada@example.com").is_ok(), fits, "{length}");
    }
    assert!(password::checked(&"x".repeat(1 << 20), "ada@example.com").is_err());
}

#[test]
fn common_passwords_the_email_and_nul_are_refused() {
    for password in ["password", "PassWord1", "12345678", "ADA@example.com", "correct\0horse"] {
        assert!(password::checked(password, "ada@example.com").is_err(), "{password:?}");
    }
    assert!(password::checked("correct horse battery", "ada@example.com").is_ok());
}

#[test]
fn two_ways_of_typing_the_same_letters_are_one_password() {
    let composed = password::normalized("caf\u{e9} au lait").unwrap();
    assert_eq!(password::normalized("cafe\u{301} au lait").unwrap(), composed);
}

#[test]
fn the_throttle_counts_per_key_and_forgets_with_its_window() {
    let throttle = Throttle::new(2, Duration::from_mins(1));
    let now = chrono::DateTime::from_timestamp(0, 0).unwrap();
    assert!(throttle.attempt("ada", now));
    assert!(throttle.attempt("ada", now));
    assert!(!throttle.attempt("ada", now));
    assert!(throttle.attempt("bob", now));

    assert!(!throttle.attempt("ada", now + chrono::TimeDelta::seconds(59)));
    assert!(throttle.attempt("ada", now + chrono::TimeDelta::seconds(60)));
}

#[test]
fn a_forgiven_attempt_does_not_count() {
    let throttle = Throttle::new(1, Duration::from_mins(1));
    let now = chrono::DateTime::from_timestamp(0, 0).unwrap();
    assert!(throttle.attempt("ada", now));
    throttle.forgive("ada");
    assert!(throttle.attempt("ada", now));
    assert!(!throttle.attempt("ada", now));
}

#[test]
fn a_flood_of_keys_does_not_open_the_throttle() {
    let throttle = Throttle::new(1, Duration::from_mins(1));
    let now = chrono::DateTime::from_timestamp(0, 0).unwrap();
    assert!(throttle.attempt("ada", now));
    for key in 0..100_000 {
        throttle.attempt(&key.to_string(), now);
    }
    assert!(!throttle.attempt("ada", now));
    assert!(!throttle.attempt("one more", now));
    assert!(throttle.attempt("one more", now + chrono::TimeDelta::seconds(60)));
}

#[test]
fn settings_are_read_with_their_units_and_unknown_ones_are_refused() {
    let text = serde_json::json!({"access_token_ttl": "5m", "refresh_token_ttl": "14d"});
    let config: Config = serde_json::from_value(text).unwrap();
    assert_eq!(config.access_token_ttl, Duration::from_mins(5));
    assert_eq!(config.refresh_token_ttl, Duration::from_hours(14 * 24));
    assert_eq!(config.issuer, "vectis");
    assert!(serde_json::from_value::<Config>(serde_json::json!({"acces_token_ttl": "5m"})).is_err());
    assert!(serde_json::from_value::<Config>(serde_json::json!({"access_token_ttl": 5})).is_err());
}

#[test]
fn settings_out_of_range_are_named() {
    let too_long = Config { access_token_ttl: Duration::from_hours(2), ..Config::default() };
    let too_lenient = Config { clock_leeway: Duration::from_secs(61), ..Config::default() };
    let shut = Config { attempts_per_login: 0, ..Config::default() };
    let nobody = Config { audience: String::new(), ..Config::default() };

    assert_eq!(
        too_long.problem().as_deref(),
        Some("identity.access_token_ttl must lie between 1s and 1h, not 2h")
    );
    assert_eq!(
        too_lenient.problem().as_deref(),
        Some("identity.clock_leeway must lie between 0s and 1m, not 61s")
    );
    assert_eq!(shut.problem().as_deref(), Some("identity.attempts_per_login must be at least 1"));
    assert_eq!(nobody.problem().as_deref(), Some("identity.audience must not be empty"));
    assert_eq!(Config::default().problem(), None);
}
