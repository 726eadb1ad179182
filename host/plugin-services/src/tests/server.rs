//! Servers that answer as a test says, byte by byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// One piece of an answer.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Bytes(Vec<u8>),
    /// Wait so long.
    Pause(Duration),
    /// Until the other side hangs up.
    Forever,
}

/// A server; ends with its handle.
pub(super) struct Server {
    pub(super) port: u16,
    connections: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
    requests: Arc<std::sync::Mutex<Vec<String>>>,
    _running: JoinSet<()>,
}

impl Server {
    /// Answers every request so.
    pub(super) async fn start(pieces: Vec<Piece>) -> Self {
        let listener = TcpListener::bind((super::LOOPBACK, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, ended) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let requests = Arc::<std::sync::Mutex<Vec<String>>>::default();
        let mut running = JoinSet::new();
        let (opened, closed, seen) = (connections.clone(), ended.clone(), requests.clone());
        running.spawn(async move {
            let mut all = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                opened.fetch_add(1, Ordering::SeqCst);
                let (pieces, closed, seen) = (pieces.clone(), closed.clone(), seen.clone());
                all.spawn(async move {
                    answer(stream, &pieces, &seen).await;
                    closed.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        Self { port, connections, ended, requests, _running: running }
    }

    pub(super) async fn text(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        let text = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
        Self::start(vec![Piece::Bytes(text.into_bytes())]).await
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn ended(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, pieces: &[Piece], seen: &std::sync::Mutex<Vec<String>>) {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(length @ 1..) => bytes.extend_from_slice(&buffer[..length]),
            _ => return,
        }
        if !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
            continue;
        }
        seen.lock().unwrap().push(String::from_utf8_lossy(&bytes).into_owned());
        bytes.clear();
        for piece in pieces {
            match piece {
                Piece::Bytes(bytes) => {
                    if stream.write_all(bytes).await.is_err() {
                        return;
                    }
                }
                Piece::Pause(time) => tokio::time::sleep(*time).await,
                Piece::Forever => {
                    while stream.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
                    return;
                }
            }
        }
    }
}
