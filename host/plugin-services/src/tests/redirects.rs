//! A redirect is a first request again.

use vectis_contracts::plugin_services::ServiceErrorKind;

use super::server::Server;
use super::{granted, kind, local, room};

async fn to(location: &str) -> Server {
    Server::text("302 Found", &format!("location: {location}\r\n"), "").await
}

#[tokio::test]
async fn it_is_followed_without_what_was_meant_for_the_first_origin() {
    let room = room();
    let target = Server::text("200 OK", "", "there").await;
    let first = to(&target.url()).await;
    let json = format!(
        r#"{{"method":"GET","url":"{}","headers":[["authorization","Bearer s3cret"],["x-key","s3cret"],["accept","text/plain"]]}}"#,
        first.url()
    );

    assert_eq!(room.send(&local(), &json).await.unwrap().1, "there");

    assert!(first.requests()[0].contains("Bearer s3cret"));
    let seen = target.requests()[0].to_lowercase();
    assert!(!seen.contains("s3cret") && seen.contains("accept: text/plain"), "{seen}");
}

#[tokio::test]
async fn one_that_leads_inside_is_refused() {
    let room = room();
    let inside = Server::text("200 OK", "", "internal").await;
    room.names.set("outside.example", &[&["127.0.0.1"]]);
    room.names.set("inside.example", &[&["127.0.0.9"]]);
    let leads = [
        format!("http://127.0.0.9:{}/", inside.port),
        format!("http://inside.example:{}/", inside.port),
        format!("http://2130706441:{}/", inside.port),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ];
    for location in leads {
        let first = to(&location).await;
        let outcome = room.get(&local(), &format!("http://outside.example:{}/", first.port)).await;
        assert_eq!(kind(outcome), ServiceErrorKind::Denied, "{location}");
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn one_that_leaves_what_is_granted_is_refused() {
    let room = room();
    let elsewhere = Server::text("200 OK", "", "elsewhere").await;
    let first = to(&elsewhere.url()).await;
    let caller = granted(&[("http", &[&format!("{}*", first.url())]), ("addresses", &["127.0.0.1"])]);

    assert_eq!(kind(room.get(&caller, &first.url()).await), ServiceErrorKind::Denied);
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn there_are_three_at_most() {
    let room = room();
    let end = Server::text("200 OK", "", "end").await;
    let third = to(&end.url()).await;
    let second = to(&third.url()).await;
    let first = to(&second.url()).await;
    let zeroth = to(&first.url()).await;

    assert_eq!(room.get(&local(), &first.url()).await.unwrap().1, "end");
    assert_eq!(kind(room.get(&local(), &zeroth.url()).await), ServiceErrorKind::Unavailable);
}

#[tokio::test]
async fn what_has_an_effect_is_not_repeated_elsewhere() {
    let room = room();
    let target = Server::text("200 OK", "", "there").await;
    let first = to(&target.url()).await;

    let json = format!(r#"{{"method":"POST","url":"{}"}}"#, first.url());
    let (answer, _) = room.send(&local(), &json).await.unwrap();

    assert_eq!(answer.status, 302);
    assert_eq!(target.connections(), 0);
}
