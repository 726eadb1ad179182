//! What proves who somebody is, and what does not.

use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::dangerous::insecure_decode;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use vectis_tests::shop::PASSWORD;
use vectis_tests::{Client, Graphql, PluginFolder, TestHost};

use super::without_ids;

/// The host's key in this test: the example of RFC 8410.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
/// Another one.
const OTHER_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
const BUYER: &str = "buyer@demo.vectis.test";

struct Session {
    access: String,
    refresh: String,
}

async fn sign_in(client: &Client, email: &str, password: &str) -> Graphql {
    client
        .mutate(
            "signIn { tokens { accessToken refreshToken } }",
            json!({ "email": email, "password": password }),
        )
        .await
}

async fn session(client: &Client) -> Session {
    let answer = sign_in(client, BUYER, PASSWORD).await.ok();
    Session {
        access: answer.text("/signIn/tokens/accessToken"),
        refresh: answer.text("/signIn/tokens/refreshToken"),
    }
}

async fn refresh(client: &Client, token: &str) -> Graphql {
    client
        .mutate("tokenRefresh { tokens { accessToken refreshToken } }", json!({ "refreshToken": token }))
        .await
}

/// What a bearer is taken for: `BUYER`, or the error's code.
async fn kind(client: &Client, token: &str) -> String {
    let me = client.with("authorization", format!("Bearer {token}")).send("{ me { kind } }", json!({})).await;
    if me.body["errors"].is_null() {
        me.text("/me/kind")
    } else {
        format!("{} {}", me.status, me.error_code())
    }
}

const OUT: &str = "401 UNAUTHENTICATED";

#[tokio::test(flavor = "multi_thread")]
async fn only_tokens_of_ours_in_their_time_and_for_their_purpose_are_taken() {
    let mut key = tempfile::NamedTempFile::new().unwrap();
    key.write_all(KEY.as_bytes()).unwrap();
    let path = key.path().to_owned();
    let host = TestHost::configured(PluginFolder::first_party(), true, |config| {
        config.identity.signing_key_files = vec![path];
    })
    .await;
    let anonymous = host.client().channel("wholesale");
    let own = session(&anonymous).await.access;
    let staff =
        sign_in(&anonymous, "admin@demo.vectis.test", PASSWORD).await.ok().text("/signIn/tokens/accessToken");

    a_token_that_is_ours_is_taken_and_no_other(&anonymous, &own).await;
    texts_that_are_no_tokens_are_not_taken(&anonymous, &own, &staff).await;
    host.stop().await;
}

fn signed(header: &Header, claims: &Value, key: &str) -> String {
    encode(header, claims, &EncodingKey::from_ed_pem(key.as_bytes()).unwrap()).unwrap()
}

async fn a_token_that_is_ours_is_taken_and_no_other(client: &Client, own: &str) {
    let decoded = insecure_decode::<Value>(own).unwrap();
    let (header, claims) = (decoded.header, decoded.claims);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let without = |name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    assert_eq!(kind(client, &signed(&header, &claims, KEY)).await, "BUYER", "so the key is the host's");
    assert_eq!(
        kind(client, &signed(&header, &with("exp", json!(now - 20)), KEY)).await,
        "BUYER",
        "within the leeway"
    );

    let somebody = "0198ffff-0000-7000-8000-00000000dead";
    let mut bad: Vec<(&str, String)> = [
        ("expired", with("exp", json!(now - 60))),
        ("expired long ago", with("exp", json!(1))),
        ("not valid yet", with("nbf", json!(now + 120))),
        ("issued in the future", with("iat", json!(now + 120))),
        ("of another issuer", with("iss", json!("vectis2"))),
        ("for another audience", with("aud", json!("other-api"))),
        ("for another purpose", with("typ", json!("refresh"))),
        ("of a login that is none", with("sub", json!(somebody))),
        ("of a session that is none", with("sid", json!(somebody))),
        ("without an end", without("exp")),
        ("without an audience", without("aud")),
        ("without an issuer", without("iss")),
        ("without a session", without("sid")),
    ]
    .into_iter()
    .map(|(what, claims)| (what, signed(&header, &claims, KEY)))
    .collect();
    bad.push(("signed by another key", signed(&header, &claims, OTHER_KEY)));
    let unnamed = Header { kid: None, ..header.clone() };
    bad.push(("without a key's name", signed(&unnamed, &claims, KEY)));
    let unknown = Header { kid: Some("../../keys/other".to_owned()), ..header.clone() };
    bad.push(("by an unknown key", signed(&unknown, &claims, KEY)));
    let id_token = Header { typ: Some("JWT".to_owned()), ..header.clone() };
    bad.push(("of another type", signed(&id_token, &claims, KEY)));
    let elsewhere = Header { jku: Some("https://attacker.test/keys".to_owned()), ..header.clone() };
    bad.push(("by a key of its own address", signed(&elsewhere, &claims, OTHER_KEY)));
    // The public key as a shared secret.
    let symmetric = Header { alg: Algorithm::HS256, ..header.clone() };
    for secret in [KEY.as_bytes(), header.kid.as_deref().unwrap_or_default().as_bytes(), b""] {
        bad.push(("symmetric", encode(&symmetric, &claims, &EncodingKey::from_secret(secret)).unwrap()));
    }
    for (what, token) in bad {
        assert_eq!(kind(client, &token).await, OUT, "{what}");
    }
}

async fn texts_that_are_no_tokens_are_not_taken(client: &Client, own: &str, staff: &str) {
    let parts: Vec<&str> = own.split('.').collect();
    let of_staff: Vec<&str> = staff.split('.').collect();
    let (header, claims, signature) = (parts[0], parts[1], parts[2]);
    // {"alg":"none","typ":"at+jwt"}, and the same in other letters.
    for none in ["eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0", "eyJhbGciOiJOb05lIiwidHlwIjoiYXQrand0In0"] {
        for signature in ["", signature] {
            assert_eq!(kind(client, &format!("{none}.{claims}.{signature}")).await, OUT);
        }
    }
    let reversed: String = signature.chars().rev().collect();
    for token in [
        format!("{header}.{}.{signature}", of_staff[1]),
        format!("{header}.{claims}.{}", of_staff[2]),
        format!("{header}.{claims}.{reversed}"),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        format!("{own}.{signature}"),
        format!("{own}{}", "A".repeat(8_000)),
        "A".repeat(8_000),
        String::new(),
        "..".to_owned(),
        "null".to_owned(),
        "undefined".to_owned(),
    ] {
        let shown = token.chars().take(60).collect::<String>();
        let kind = kind(client, &token).await;
        // A header too long to be looked at is bad input.
        assert!(kind == OUT || (token.len() > 8_000 && kind == "400 BAD_REQUEST"), "{shown}: {kind}");
    }
    for scheme in [
        "Basic YnV5ZXI6cGFzc3dvcmQ=".to_owned(),
        format!("bearer {own}"),
        format!("Token {own}"),
        own.to_owned(),
    ] {
        let me = client.with("authorization", scheme.clone()).send("{ me { kind } }", json!({})).await;
        assert_eq!((me.status, me.error_code().as_str()), (401, "UNAUTHENTICATED"), "{scheme}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_refreshed_once_per_token_and_ended_by_reuse() {
    let host = TestHost::demo().await;
    let anonymous = host.client().channel("wholesale");

    a_used_refresh_token_ends_its_session(&host, &anonymous).await;
    of_parallel_refreshes_one_is_served(&anonymous).await;
    signing_out_ends_the_session_on_the_server(&host, &anonymous).await;
    a_new_password_ends_all_other_sessions(&host, &anonymous).await;
    signing_in_tells_nobody_who_has_a_login(&host, &anonymous).await;
    host.stop().await;
}

async fn a_used_refresh_token_ends_its_session(host: &TestHost, client: &Client) {
    let (stolen, bystander) = (session(client).await, session(client).await);
    let next = refresh(client, &stolen.refresh).await.ok();
    let (access, renewed) =
        (next.text("/tokenRefresh/tokens/accessToken"), next.text("/tokenRefresh/tokens/refreshToken"));
    assert_ne!(renewed, stolen.refresh);
    assert_eq!(kind(client, &stolen.access).await, "BUYER", "until it expires");
    assert_eq!(kind(client, &access).await, "BUYER");

    let reused = refresh(client, &stolen.refresh).await;
    assert_eq!(reused.user_errors(), ["INVALID_REFRESH_TOKEN @ "]);
    assert_eq!(reused.at("/tokenRefresh/tokens"), Value::Null);
    let told: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM events.outbox WHERE event_type = 'vectis.identity.refresh_token_reused.v1'",
    )
    .fetch_one(host.db.pool())
    .await
    .unwrap();
    assert_eq!(told, 1);
    // Thief and owner are both out; other sessions are not.
    for token in [&stolen.access, &access] {
        assert_eq!(kind(client, token).await, OUT);
    }
    let refused = host.unchanged_by(refresh(client, &renewed)).await;
    assert_eq!(refused.user_errors(), ["INVALID_REFRESH_TOKEN @ "]);
    assert_eq!(kind(client, &bystander.access).await, "BUYER");

    // Neither token does the other's work.
    assert_eq!(kind(client, &bystander.refresh).await, OUT);
    let before = host.contents().await;
    for no_token in [bystander.access.as_str(), "", "x", &"A".repeat(64), &"A".repeat(100_000), "\u{0}"] {
        let refused = refresh(client, no_token).await;
        assert_eq!(refused.user_errors(), ["INVALID_REFRESH_TOKEN @ "]);
    }
    host.assert_unchanged_since(&before).await;
}

async fn of_parallel_refreshes_one_is_served(client: &Client) {
    let own = session(client).await;
    let answers = futures_util::future::join_all((0..8).map(|_| refresh(client, &own.refresh))).await;
    let served = answers.iter().filter(|answer| answer.user_errors().is_empty()).count();
    assert_eq!(served, 1);
    assert_eq!(kind(client, &own.access).await, OUT, "the others were reuse");
}

async fn signing_out_ends_the_session_on_the_server(host: &TestHost, client: &Client) {
    let own = session(client).await;
    let sign_out = |token: &str| client.mutate("signOut { isDone }", json!({ "refreshToken": token }));
    assert_eq!(sign_out(&own.refresh).await.ok().at("/signOut/isDone"), true);
    assert_eq!(kind(client, &own.access).await, OUT);
    assert_eq!(refresh(client, &own.refresh).await.user_errors(), ["INVALID_REFRESH_TOKEN @ "]);
    // Signing out never fails and tells nothing.
    for token in [own.refresh.as_str(), "", "nobody's"] {
        let again = host.unchanged_by(sign_out(token)).await.ok();
        assert_eq!(again.at("/signOut/isDone"), true);
    }
}

async fn a_new_password_ends_all_other_sessions(host: &TestHost, client: &Client) {
    const NEW: &str = "quite another one";
    let (own, other) = (session(client).await, session(client).await);
    let me = client.with("authorization", format!("Bearer {}", own.access));
    let change = |current: &str, new: &str| {
        me.mutate("passwordChange { isDone }", json!({ "current": current, "new": new }))
    };
    let before = host.contents().await;
    for (current, new, expected) in [
        ("wrong password", NEW, "INVALID_CREDENTIALS @ "),
        (PASSWORD, "short", "WEAK_PASSWORD @ new"),
        (PASSWORD, "Password123", "WEAK_PASSWORD @ new"),
        (PASSWORD, "BUYER@demo.vectis.test", "WEAK_PASSWORD @ new"),
        (PASSWORD, "with a NUL \u{0} in it", "WEAK_PASSWORD @ new"),
        (PASSWORD, &"long".repeat(33), "WEAK_PASSWORD @ new"),
        (PASSWORD, &"long".repeat(300_000), "WEAK_PASSWORD @ new"),
    ] {
        let refused = change(current, new).await;
        assert_eq!(refused.user_errors(), [expected], "{}", new.chars().take(30).collect::<String>());
    }
    host.assert_unchanged_since(&before).await;
    let nobody = client.mutate("passwordChange", json!({ "current": PASSWORD, "new": NEW })).await;
    assert_eq!(nobody.error_code(), "UNAUTHENTICATED");

    change(PASSWORD, NEW).await.ok();
    assert_eq!(kind(client, &own.access).await, "BUYER", "whoever changes it stays in");
    assert_eq!(kind(client, &other.access).await, OUT);
    assert_eq!(refresh(client, &other.refresh).await.user_errors(), ["INVALID_REFRESH_TOKEN @ "]);
    refresh(client, &own.refresh).await.ok();
    assert_eq!(sign_in(client, BUYER, PASSWORD).await.user_errors(), ["INVALID_CREDENTIALS @ "]);
    sign_in(client, "  Buyer@Demo.Vectis.Test ", NEW).await.ok();
}

async fn signing_in_tells_nobody_who_has_a_login(host: &TestHost, client: &Client) {
    let staff = host.staff().await;
    let location = staff.send("{ accounts { nodes { locations { id } } } }", json!({})).await;
    let location = location.text("/accounts/nodes/0/locations/0/id");
    let hire = |email: &str, password: Value| {
        let employee = json!({ "email": email, "name": "New", "password": password, "role": "Buyer" });
        staff.mutate("employeeCreate { employeeId }", json!({ "locationId": location, "employee": employee }))
    };
    hire("no-password@demo.vectis.test", Value::Null).await.ok();
    let login = json!({ "email": "off@demo.vectis.test", "name": "Off", "password": PASSWORD });
    let made = staff.mutate("staffCreate { loginId }", json!({ "login": login, "roleIds": [] })).await.ok();
    let off = json!({ "id": made.at("/staffCreate/loginId"), "isActive": false });
    staff.mutate("loginActivate", off).await.ok();

    let wrong = host.unchanged_by(sign_in(client, "approver@demo.vectis.test", "wrong password")).await;
    assert_eq!(wrong.user_errors(), ["INVALID_CREDENTIALS @ "]);
    let long = "p".repeat(1_000_000);
    let before = host.contents().await;
    for (email, password) in [
        ("nobody@nowhere.test", PASSWORD),
        ("no-password@demo.vectis.test", PASSWORD),
        ("no-password@demo.vectis.test", ""),
        ("off@demo.vectis.test", PASSWORD),
        ("no address at all", PASSWORD),
        ("approver@demo.vectis.test", ""),
        ("approver@demo.vectis.test", "vectis-demo-1\u{0}"),
        ("approver@demo.vectis.test", "VECTIS-DEMO-1"),
        ("approver@demo.vectis.test", &long),
        (&long, PASSWORD),
        ("' OR '1'='1", PASSWORD),
        ("\u{0}", "\u{0}"),
    ] {
        let answer = sign_in(client, email, password).await;
        let email = email.chars().take(40).collect::<String>();
        assert_eq!(without_ids(&answer, &[]), without_ids(&wrong, &[]), "{email}");
    }
    host.assert_unchanged_since(&before).await;
}

/// Tokens end by themselves: with a second's life one is out within seconds, and its refresh token brings it back.
#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_ends_and_a_refresh_token_renews_it() {
    let host = TestHost::configured(PluginFolder::first_party(), true, |config| {
        config.identity.access_token_ttl = Duration::from_secs(1);
        config.identity.clock_leeway = Duration::ZERO;
    })
    .await;
    let client = host.client().channel("wholesale");
    let own = session(&client).await;
    let ended = async {
        while kind(&client, &own.access).await != OUT {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended).await.expect("a token of one second ends");
    let renewed = refresh(&client, &own.refresh).await.ok();
    assert_ne!(renewed.text("/tokenRefresh/tokens/accessToken"), own.access);
    host.stop().await;
}
