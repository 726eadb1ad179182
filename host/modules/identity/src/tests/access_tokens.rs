use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use uuid::Uuid;
use vectis_contracts::identity::{AccessClaims, InvalidToken};
use vectis_kernel::Ctx;

use crate::Config;
use crate::access_token::AccessTokens;
use crate::keys::{KeyRing, StoredKey};

const OUR_PRIVATE_KEY: [u8; 32] = [7; 32];
const ANOTHER_PRIVATE_KEY: [u8; 32] = [8; 32];

struct Desk {
    tokens: AccessTokens,
    keys: KeyRing,
    kid: Uuid,
    claims: AccessClaims,
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap()
}

fn stored(id: Uuid, private_key: [u8; 32], signs_from: DateTime<Utc>) -> StoredKey {
    StoredKey { id, private_key: private_key.to_vec(), signs_from }
}

fn desk() -> Desk {
    let tokens = AccessTokens::new(&Config::default());
    let ctx = Ctx::system("test");
    let kid = ctx.ids.next();
    let keys = KeyRing::rotated(vec![stored(kid, OUR_PRIVATE_KEY, now())], tokens.key_overlap()).unwrap();
    Desk { tokens, keys, kid, claims: AccessClaims { login_id: ctx.new_id(), session_id: ctx.new_id() } }
}

impl Desk {
    fn good_header(&self) -> Header {
        let typ = Some("at+jwt".to_owned());
        Header { typ, kid: Some(self.kid.to_string()), ..Header::new(Algorithm::EdDSA) }
    }

    fn good_claims(&self) -> Value {
        json!({
            "iss": "vectis", "aud": "vectis-api", "typ": "access",
            "sub": self.claims.login_id, "sid": self.claims.session_id,
            "iat": now().timestamp(), "exp": now().timestamp() + 900,
        })
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        let mut claims = self.good_claims();
        claims[name] = value;
        signed(&self.good_header(), &claims, &ours())
    }

    fn verify(&self, token: &str) -> Result<AccessClaims, InvalidToken> {
        self.tokens.verify(&self.keys, token, now())
    }
}

fn ed25519(private_key: [u8; 32]) -> EncodingKey {
    let prefix = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
    EncodingKey::from_ed_der(&[&prefix[..], &private_key].concat())
}

fn ours() -> EncodingKey {
    ed25519(OUR_PRIVATE_KEY)
}

fn signed(header: &Header, claims: &Value, key: &EncodingKey) -> String {
    encode(header, claims, key).unwrap()
}

#[test]
fn a_token_of_ours_tells_login_and_session() {
    let desk = desk();

    let (token, expires_at) = desk.tokens.issue(&desk.keys, desk.claims, now()).unwrap();

    assert_eq!(expires_at, now() + TimeDelta::minutes(15));
    assert_eq!(desk.verify(&token), Ok(desk.claims));
    // The hand-made token of the tests below is good as well, so that each fails for its own reason only.
    assert_eq!(desk.verify(&signed(&desk.good_header(), &desk.good_claims(), &ours())), Ok(desk.claims));
}

#[test]
fn a_token_of_another_issuer_audience_or_purpose_is_refused() {
    let desk = desk();
    for (claim, value) in [
        ("iss", json!("somebody")),
        ("aud", json!("another-api")),
        ("aud", Value::Null),
        ("typ", json!("refresh")),
        ("sub", json!("not an id")),
        ("sid", Value::Null),
        ("exp", Value::Null),
    ] {
        let token = desk.with_claim(claim, value.clone());
        assert_eq!(desk.verify(&token), Err(InvalidToken), "{claim}: {value}");
    }
}

#[test]
fn a_token_is_good_for_its_time_and_half_a_minute_around_it() {
    let desk = desk();
    let (token, _) = desk.tokens.issue(&desk.keys, desk.claims, now()).unwrap();
    let at = |seconds| desk.tokens.verify(&desk.keys, &token, now() + TimeDelta::seconds(seconds));

    assert!(at(-30).is_ok());
    assert!(at(900 + 29).is_ok());
    assert_eq!(at(-31), Err(InvalidToken));
    assert_eq!(at(900 + 30), Err(InvalidToken));
    assert_eq!(at(-120), Err(InvalidToken));
    assert_eq!(at(900 + 120), Err(InvalidToken));
}

#[test]
fn a_token_that_is_not_good_yet_is_refused() {
    let desk = desk();
    let later = now().timestamp() + 120;
    assert_eq!(desk.verify(&desk.with_claim("nbf", json!(later))), Err(InvalidToken));
    assert_eq!(desk.verify(&desk.with_claim("iat", json!(later))), Err(InvalidToken));
    assert_eq!(desk.verify(&desk.with_claim("nbf", json!(now().timestamp()))), Ok(desk.claims));
}

#[test]
fn a_header_of_another_type_key_or_demand_is_refused() {
    let desk = desk();
    let good = desk.good_header();
    for header in [
        Header { typ: Some("JWT".to_owned()), ..good.clone() },
        Header { typ: None, ..good.clone() },
        Header { kid: None, ..good.clone() },
        Header { kid: Some(Uuid::nil().to_string()), ..good.clone() },
        Header { kid: Some("../../etc/passwd".to_owned()), ..good.clone() },
        Header { crit: Some(vec!["exp".to_owned()]), ..good },
    ] {
        let token = signed(&header, &desk.good_claims(), &ours());
        assert_eq!(desk.verify(&token), Err(InvalidToken), "{header:?}");
    }
}

#[test]
fn a_key_that_the_token_brings_itself_is_not_looked_at() {
    let desk = desk();
    let theirs = ed25519(ANOTHER_PRIVATE_KEY);
    let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&theirs, Algorithm::EdDSA).unwrap();
    let good = desk.good_header();
    let url = Some("https://attacker.example/keys".to_owned());
    for header in [
        Header { jwk: Some(jwk), ..good.clone() },
        Header { jku: url.clone(), ..good.clone() },
        Header { x5u: url, ..good },
    ] {
        let by_them = signed(&header, &desk.good_claims(), &theirs);
        let by_us = signed(&header, &desk.good_claims(), &ours());
        assert_eq!(desk.verify(&by_them), Err(InvalidToken), "{header:?}");
        assert_eq!(desk.verify(&by_us), Ok(desk.claims), "{header:?}");
    }
}

#[test]
fn no_other_algorithm_is_accepted() {
    let desk = desk();
    let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&ours(), Algorithm::EdDSA).unwrap();
    let public = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
    let public_as_secret = EncodingKey::from_secret(public.try_get_as_bytes().unwrap());
    let swapped = Header { alg: Algorithm::HS256, ..desk.good_header() };
    let confused = signed(&swapped, &desk.good_claims(), &public_as_secret);
    assert_eq!(desk.verify(&confused), Err(InvalidToken));

    let good = signed(&desk.good_header(), &desk.good_claims(), &ours());
    let payload = good.split('.').nth(1).unwrap();
    // {"alg":"none","typ":"at+jwt"}
    for none in [
        format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{payload}."),
        format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{payload}"),
    ] {
        assert_eq!(desk.verify(&none), Err(InvalidToken));
    }
}

#[test]
fn a_token_that_was_touched_is_refused() {
    let desk = desk();
    let good = signed(&desk.good_header(), &desk.good_claims(), &ours());
    let other = desk.with_claim("sub", json!(Uuid::max()));
    let [header, _, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    let payload = other.split('.').nth(1).unwrap();

    assert_eq!(desk.verify(&format!("{header}.{payload}.{signature}")), Err(InvalidToken));
    assert_eq!(desk.verify(&format!("{header}.{payload}.")), Err(InvalidToken));
    assert_eq!(desk.verify(&format!("{good}A")), Err(InvalidToken));
    assert_eq!(
        desk.verify(&signed(&desk.good_header(), &desk.good_claims(), &ed25519(ANOTHER_PRIVATE_KEY))),
        Err(InvalidToken)
    );
    for text in ["", ".", "..", "...", "\0", "Bearer"] {
        assert_eq!(desk.verify(text), Err(InvalidToken), "{text:?}");
    }
}

#[test]
fn a_token_of_eight_kilobytes_is_refused_though_its_signature_is_good() {
    let desk = desk();
    let token = desk.with_claim("padding", json!("x".repeat(6_000)));
    assert!(token.len() > 8_000);
    assert_eq!(desk.verify(&token), Err(InvalidToken));
    assert_eq!(desk.verify(&desk.with_claim("padding", json!("x".repeat(1_000)))), Ok(desk.claims));
}

#[test]
fn a_new_key_signs_when_its_time_comes_and_the_old_one_is_accepted_until_its_last_token_expires() {
    let mut desk = desk();
    let takes_over = now() + TimeDelta::minutes(2);
    let next = Uuid::max();
    let both = vec![stored(desk.kid, OUR_PRIVATE_KEY, now()), stored(next, ANOTHER_PRIVATE_KEY, takes_over)];
    desk.keys = KeyRing::rotated(both, desk.tokens.key_overlap()).unwrap();
    let signer = |at| desk.keys.signer(at).unwrap().kid().to_owned();
    let accepts_old = |at| desk.keys.verifier(&desk.kid.to_string(), at).is_some();

    assert_eq!(signer(takes_over - TimeDelta::seconds(1)), desk.kid.to_string());
    assert_eq!(signer(takes_over), next.to_string());
    let last_expires = takes_over + TimeDelta::minutes(15) + TimeDelta::seconds(30);
    assert!(accepts_old(last_expires));
    assert!(!accepts_old(last_expires + TimeDelta::seconds(1)));
    assert!(desk.keys.verifier(&next.to_string(), now()).is_some());
}

#[test]
fn before_the_time_of_the_first_key_it_signs_all_the_same() {
    let desk = desk();
    let long_ago = now() - TimeDelta::days(5_000);
    let (token, _) = desk.tokens.issue(&desk.keys, desk.claims, long_ago).unwrap();
    assert_eq!(desk.tokens.verify(&desk.keys, &token, long_ago), Ok(desk.claims));
}
