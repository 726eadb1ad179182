//! What is not asked for and granted is refused, and the sentence says which of the two is missing.

use vectis_contracts::plugin_services::{Grants, ServiceErrorKind};

use super::server::Server;
use super::{capabilities, granted, kind, local, room};
use crate::check_grants;

#[tokio::test]
async fn a_request_has_to_be_asked_for_and_granted() {
    let (room, server) = (room(), Server::text("200 OK", "", "x").await);
    let url = server.url();
    let mut not_asked = local();
    not_asked.asked.remove("http");
    let mut not_granted = local();
    not_granted.granted.remove("http");

    let why = room.get(&not_asked, &url).await.unwrap_err();
    assert_eq!(why.kind, ServiceErrorKind::Denied);
    assert!(why.message.contains("acme does not ask for it in plugin.toml"), "{why}");
    let why = room.get(&not_granted, &url).await.unwrap_err();
    assert!(why.message.contains("under [plugins.grants.acme]"), "{why}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_pattern_covers_its_scheme_host_port_and_path_and_nothing_else() {
    let (room, server) = (room(), Server::text("200 OK", "", "x").await);
    let port = server.port;
    let pattern = format!("http://127.0.0.1:{port}/v1/*");
    let exact = format!("http://127.0.0.1:{port}/exact");
    let caller = granted(&[("http", &[&pattern, &exact]), ("addresses", &["127.0.0.0/8"])]);

    for path in ["v1/rates", "v1/", "v1/a/../b?x=y", "exact", "exact?x"] {
        room.get(&caller, &format!("http://127.0.0.1:{port}/{path}")).await.unwrap();
    }
    let outside = [
        format!("http://127.0.0.1:{port}/v2"),
        format!("http://127.0.0.1:{port}/v1/../v2"),
        format!("http://127.0.0.1:{port}/v1/%2e%2e/v2"),
        format!("http://127.0.0.1:{port}/exact/more"),
        format!("http://127.0.0.2:{port}/v1/rates"),
        format!("http://localhost:{port}/v1/rates"),
        format!("https://127.0.0.1:{port}/v1/rates"),
        "http://127.0.0.1/v1/rates".to_owned(),
    ];
    for url in outside {
        assert_eq!(kind(room.get(&caller, &url).await), ServiceErrorKind::Denied, "{url}");
    }
}

#[tokio::test]
async fn what_makes_no_request_is_refused_as_such() {
    let room = room();
    let asked = [
        r#"{"method":"GET","url":"no url"}"#.to_owned(),
        r#"{"method":"CONNECT","url":"http://127.0.0.1/"}"#.to_owned(),
        r#"{"method":"GET","url":"http://user:word@127.0.0.1/"}"#.to_owned(),
        r#"{"method":"GET","url":"http://127.0.0.1/","headers":[["host","evil"]]}"#.to_owned(),
        r#"{"method":"GET","url":"http://127.0.0.1/","headers":[["transfer-encoding","chunked"]]}"#
            .to_owned(),
        r#"{"method":"GET","url":"http://127.0.0.1/","headers":[["x","a\r\nb: c"]]}"#.to_owned(),
        "{}".to_owned(),
    ];
    for json in asked {
        assert_eq!(kind(room.send(&local(), &json).await), ServiceErrorKind::Input, "{json}");
    }
    for url in ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/"] {
        assert_eq!(kind(room.get(&local(), url).await), ServiceErrorKind::Denied, "{url}");
    }
}

#[tokio::test]
async fn a_secret_is_given_by_name_and_only_with_a_grant() {
    let room = room();
    let caller = granted(&[("secret", &["carrier_token", "empty", "unset"])]);
    let ask = |name: &str| format!(r#"{{"name":"{name}"}}"#);

    assert_eq!(room.ask(&caller, "secret", &ask("carrier_token")).await.unwrap().body, b"s3cret");
    for name in ["empty", "unset", "other"] {
        let why = room.ask(&caller, "secret", &ask(name)).await.unwrap_err();
        assert_eq!(why.kind, ServiceErrorKind::Denied, "{name}");
        assert!(!why.message.contains("s3cret"));
    }
    let mut not_granted = caller.clone();
    not_granted.granted.clear();
    assert_eq!(kind(room.ask(&not_granted, "secret", &ask("carrier_token")).await), ServiceErrorKind::Denied);
}

#[tokio::test]
async fn values_are_read_and_written_with_the_right_to() {
    let room = room();
    let (reads, writes) = (granted(&[("kv", &["read"])]), granted(&[("kv", &["write"])]));
    let get = r#"{"op":"get","key":"a"}"#;

    assert_eq!(room.ask(&reads, "kv", get).await.unwrap().json, r#"{"found":false}"#);
    assert_eq!(kind(room.ask(&writes, "kv", get).await), ServiceErrorKind::Denied);
    let put = r#"{"op":"put","key":"a","ttl_ms":1000}"#;
    room.ask(&writes, "kv", put).await.unwrap();
    assert_eq!(kind(room.ask(&reads, "kv", put).await), ServiceErrorKind::Denied);
    assert_eq!(room.ask(&reads, "kv", get).await.unwrap().json, r#"{"found":true}"#);
    let delete = r#"{"op":"delete","key":"a"}"#;
    assert_eq!(room.ask(&writes, "kv", delete).await.unwrap().json, r#"{"found":true}"#);
}

#[tokio::test]
async fn events_metrics_and_read_models_need_their_names() {
    let room = room();
    let caller = granted(&[("emit", &["rates_failed"]), ("metric", &["asked"]), ("query", &["products"])]);
    let emit = |name: &str| {
        format!(r#"{{"name":"{name}","subject_id":"00000000-0000-0000-0000-000000000007","facts":{{}}}}"#)
    };
    let metric = |name: &str| format!(r#"{{"name":"{name}","kind":"count","value":1}}"#);

    room.ask(&caller, "emit", &emit("rates_failed")).await.unwrap();
    assert_eq!(kind(room.ask(&caller, "emit", &emit("other")).await), ServiceErrorKind::Denied);
    room.ask(&caller, "metric", &metric("asked")).await.unwrap();
    assert_eq!(kind(room.ask(&caller, "metric", &metric("other")).await), ServiceErrorKind::Denied);
    let starting = room.ask(&caller, "query", r#"{"name":"products","parameters":{"ids":[]}}"#).await;
    assert_eq!(kind(starting), ServiceErrorKind::Unavailable);
    assert_eq!(kind(room.ask(&caller, "query", r#"{"name":"order"}"#).await), ServiceErrorKind::Denied);
    assert_eq!(kind(room.ask(&caller, "shell", "{}").await), ServiceErrorKind::Unsupported);
}

#[test]
fn grants_that_cannot_be_meant_stop_the_start_with_their_place() {
    let wrong = |name: &str, value: &str| {
        let mut grants = Grants::default();
        grants.add("acme", &capabilities(&[(name, &[value])]));
        check_grants(&grants).unwrap_err()
    };
    for (name, value) in [
        ("http", "api.example/*"),
        ("http", "https://api.example*"),
        ("http", "https://api.example/*/x"),
        ("http", "https://*.example/*"),
        ("http", "https://user@api.example/*"),
        ("addresses", "localhost"),
        ("addresses", "10.0.0.0/40"),
        ("kv", "all"),
        ("htpp", "https://api.example/*"),
    ] {
        let why = wrong(name, value);
        assert!(why.starts_with("[plugins.grants.acme] "), "{why}");
    }
    let mut right = Grants::default();
    right.add(
        "acme",
        &capabilities(&[
            ("http", &["https://*/*", "http://[::1]:80/x"]),
            ("addresses", &["::1", "10.0.0.0/8"]),
        ]),
    );
    assert_eq!(check_grants(&right), Ok(()));
}
