//! Requests go to the public internet, and to what the operator names; not by another notation, not by a name that means
//! something else the second time.

use vectis_contracts::plugin_services::ServiceErrorKind;

use super::server::Server;
use super::{granted, kind, local, public, room};

#[tokio::test]
async fn this_machine_is_not_reached_in_whatever_notation() {
    let room = room();
    let server = Server::text("200 OK", "", "internal").await;
    let port = server.port;
    let hosts = [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "[::]",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
    ];
    for host in hosts {
        let outcome = room.get(&public(), &format!("http://{host}:{port}/")).await;
        assert_eq!(kind(outcome), ServiceErrorKind::Denied, "{host}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn an_address_that_the_operator_names_is_reached() {
    let (room, server) = (room(), Server::text("200 OK", "", "internal").await);

    assert_eq!(room.get(&local(), &server.url()).await.unwrap().1, "internal");
    let elsewhere = granted(&[("http", &["http://*/*"]), ("addresses", &["10.0.0.0/8", "127.0.0.2"])]);
    assert_eq!(kind(room.get(&elsewhere, &server.url()).await), ServiceErrorKind::Denied);
}

#[tokio::test]
async fn a_name_that_means_this_machine_is_refused_and_says_so() {
    let (room, server) = (room(), Server::text("200 OK", "", "internal").await);
    room.names.set("metadata.example", &[&["127.0.0.1"]]);

    let refused =
        room.get(&public(), &format!("http://metadata.example:{}/", server.port)).await.unwrap_err();

    assert_eq!(refused.kind, ServiceErrorKind::Denied);
    assert!(
        refused.message.starts_with("metadata.example is no address of the public internet"),
        "{refused}"
    );
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn of_several_addresses_only_those_allowed_are_tried() {
    let (room, server) = (room(), Server::text("200 OK", "", "internal").await);
    room.names.set("mixed.example", &[&["10.255.255.1", "127.0.0.1"]]);

    let url = format!("http://mixed.example:{}/", server.port);
    assert_eq!(room.get(&local(), &url).await.unwrap().1, "internal");
}

/// Between a check and a connection the name changes its meaning: but there is one look-up, and its addresses are used.
#[tokio::test]
async fn a_name_that_changes_its_meaning_is_looked_up_once_per_connection() {
    let (room, server) = (room(), Server::text("200 OK", "connection: close\r\n", "internal").await);
    let url = format!("http://rebinding.example:{}/", server.port);
    room.names.set("rebinding.example", &[&["127.0.0.1"], &["127.0.0.3"]]);

    assert_eq!(room.get(&local(), &url).await.unwrap().1, "internal");
    assert_eq!(
        kind(room.get(&local(), &url).await),
        ServiceErrorKind::Denied,
        "the next look-up is judged as well"
    );
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_one_plugin_may_open_is_no_way_for_another() {
    let (room, server) = (room(), Server::text("200 OK", "", "internal").await);
    room.names.set("inside.example", &[&["127.0.0.1"]]);
    let url = format!("http://inside.example:{}/", server.port);

    room.get(&local(), &url).await.unwrap();
    let mut other = public();
    other.plugin = "other".to_owned();
    assert_eq!(kind(room.get(&other, &url).await), ServiceErrorKind::Denied);
    // Nor for the same plugin, once the operator has taken the address away.
    assert_eq!(kind(room.get(&public(), &url).await), ServiceErrorKind::Denied);
}
