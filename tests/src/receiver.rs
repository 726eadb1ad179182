//! A receiver of webhooks on this machine: answers as a test says, and remembers what it was told.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What it does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// This status, a line of header or none, and a short text.
    Answers(u16, &'static str),
    /// Leads elsewhere.
    Redirects(String),
    /// Nothing, for ever.
    Silent,
}

/// A request it was sent.
#[derive(Clone, Debug)]
pub struct Told {
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    /// As it came.
    pub body: String,
    /// When it was there as a whole.
    pub at: Instant,
}

impl Told {
    /// `webhook-id`.
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    /// The body as JSON.
    pub fn envelope(&self) -> Value {
        serde_json::from_str(&self.body).expect("a webhook sends JSON")
    }
}

/// A running receiver; ends with its handle.
pub struct Receiver {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _running: JoinSet<()>,
}

#[derive(Default)]
struct State {
    /// By path; the last one stays.
    behaviours: BTreeMap<String, VecDeque<Behaviour>>,
    told: BTreeMap<String, Vec<Told>>,
}

impl Receiver {
    /// Starts one that answers 200 to everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, shared.clone()));
            }
        });
        Self { address, state, _running: running }
    }

    /// Where a path is.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it does with the next requests to a path, the last of it for ever.
    pub fn will(&self, path: &str, behaviours: impl IntoIterator<Item = Behaviour>) {
        lock(&self.state).behaviours.insert(path.to_owned(), behaviours.into_iter().collect());
    }

    /// All that a path was told so far.
    pub fn told(&self, path: &str) -> Vec<Told> {
        lock(&self.state).told.get(path).cloned().unwrap_or_default()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn next(&mut self, path: &str) -> Behaviour {
        let default = Behaviour::Answers(200, "");
        let Some(behaviours) = self.behaviours.get_mut(path) else { return default };
        if behaviours.len() > 1 {
            return behaviours.pop_front().unwrap_or(default);
        }
        behaviours.front().cloned().unwrap_or(default)
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    while let Some((path, told)) = request(&mut stream).await {
        let behaviour = {
            let mut state = lock(&state);
            state.told.entry(path.clone()).or_default().push(told);
            state.next(&path)
        };
        let answer = match behaviour {
            Behaviour::Answers(status, header) => {
                let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
                format!("HTTP/1.1 {status} X\r\n{header}content-length: 5\r\n\r\nheard")
            }
            Behaviour::Redirects(to) => {
                format!("HTTP/1.1 302 X\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
            }
            Behaviour::Silent => {
                while stream.read(&mut [0; 64]).await.is_ok_and(|length| length > 0) {}
                return;
            }
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Path and the rest; none at the end.
async fn request(stream: &mut TcpStream) -> Option<(String, Told)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let path = head.split(' ').nth(1)?.to_owned();
            let headers: BTreeMap<String, String> = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let length = headers.get("content-length").and_then(|length| length.parse().ok());
            if let Some(body) = bytes[end + 4..].get(..length.unwrap_or(0usize)) {
                let body = String::from_utf8_lossy(body).into_owned();
                return Some((path, Told { headers, body, at: Instant::now() }));
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(length @ 1..) => bytes.extend_from_slice(&buffer[..length]),
            _ => return None,
        }
    }
}
