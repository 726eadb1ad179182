//! How large, how long, how many.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use vectis_contracts::plugin_services::{PluginServices as _, ServiceErrorKind, ServiceQuestion};

use super::server::{Piece, Server};
use super::{Room, SHORT, kind, local, room_with};
use crate::Limits;

fn small() -> Limits {
    Limits { http_timeout: SHORT, http_request_bytes: 1_000, http_response_bytes: 1_000, http_concurrent: 2 }
}

fn bytes(text: &str) -> Piece {
    Piece::Bytes(text.as_bytes().to_vec())
}

async fn outcome(room: &Room, pieces: Vec<Piece>) -> ServiceErrorKind {
    let server = Server::start(pieces).await;
    kind(room.get(&local(), &server.url()).await)
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_read_to_its_end() {
    let room = room_with(small());
    let said = bytes("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n");
    assert_eq!(outcome(&room, vec![said, Piece::Forever]).await, ServiceErrorKind::Limit);

    let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
    let endless =
        vec![bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), bytes(&chunk), Piece::Forever];
    assert_eq!(outcome(&room, endless).await, ServiceErrorKind::Limit);

    let exact = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{}", "x".repeat(1_000));
    let server = Server::start(vec![bytes(&exact)]).await;
    assert_eq!(room.get(&local(), &server.url()).await.unwrap().1.len(), 1_000);
}

#[tokio::test]
async fn a_compressed_answer_is_not_unpacked() {
    let room = room_with(small());
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&vec![0; 10_000_000]).unwrap();
    let packed = packed.finish().unwrap();
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", packed.len());

    let server = Server::start(vec![bytes(&head), Piece::Bytes(packed)]).await;

    assert_eq!(kind(room.get(&local(), &server.url()).await), ServiceErrorKind::Unavailable);
    assert!(!server.requests()[0].to_lowercase().contains("accept-encoding"));
}

#[tokio::test]
async fn heads_without_an_end_are_cut_off() {
    let room = room_with(Limits { http_timeout: Duration::from_secs(20), ..small() });
    let header = bytes(&format!("x-{}: y\r\n", "a".repeat(1_000)));
    let mut pieces = vec![bytes("HTTP/1.1 200 OK\r\n")];
    pieces.extend(std::iter::repeat_n(header, 2_000));
    pieces.push(Piece::Forever);

    assert_eq!(outcome(&room, pieces).await, ServiceErrorKind::Unavailable);
}

#[tokio::test]
async fn whoever_sends_a_byte_now_and_then_gets_no_more_time_for_it() {
    let room = room_with(small());
    let slow = |start: &str| {
        let mut pieces = vec![bytes(start)];
        for _ in 0..100 {
            pieces.extend([Piece::Pause(Duration::from_millis(50)), bytes("x")]);
        }
        pieces
    };
    for start in ["HTTP/1.1 200 OK\r\nslow: ", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"] {
        let begun = Instant::now();
        assert_eq!(outcome(&room, slow(start)).await, ServiceErrorKind::Unavailable);
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn the_connection_is_closed_when_time_is_up_and_when_nobody_waits() {
    let room = room_with(small());
    let server = Server::start(vec![Piece::Forever]).await;
    let ended = |count: usize| {
        let server = &server;
        async move {
            let begun = Instant::now();
            while server.ended() < count {
                assert!(begun.elapsed() < Duration::from_secs(10), "the connection stays open");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    };
    assert_eq!(kind(room.get(&local(), &server.url()).await), ServiceErrorKind::Unavailable);
    ended(1).await;

    let (caller, url) = (local(), server.url());
    let asked = room.get(&caller, &url);
    assert!(tokio::time::timeout(Duration::from_millis(50), asked).await.is_err());
    ended(2).await;
}

#[tokio::test]
async fn a_request_that_is_too_large_is_not_sent() {
    let room = room_with(small());
    let server = Server::text("200 OK", "", "").await;
    let json = format!(r#"{{"method":"POST","url":"{}"}}"#, server.url());
    let send = |body: &'static [u8]| {
        let (room, json) = (&room, &json);
        async move { room.services.serve(&local(), ServiceQuestion { service: "http", json, body }).await }
    };

    assert_eq!(kind(send(&[b'x'; 1_001]).await), ServiceErrorKind::Limit);
    assert_eq!(server.connections(), 0);
    send(&[b'x'; 1_000]).await.unwrap();
}

#[tokio::test]
async fn only_so_many_requests_of_a_plugin_are_under_way() {
    let room = room_with(small());
    let server = Server::start(vec![Piece::Forever]).await;

    let (caller, url) = (local(), server.url());
    let mut asked = std::pin::pin!(futures_util::future::join_all((0..6).map(|_| room.get(&caller, &url))));
    // Long before anybody's time is up.
    let outcomes = tokio::time::timeout(SHORT / 2, &mut asked).await;

    assert!(outcomes.is_err(), "{outcomes:?}");
    assert_eq!(server.connections(), 2, "the others wait for their turn until their time is up");
    assert!(asked.await.into_iter().all(|outcome| outcome.is_err()));
}
