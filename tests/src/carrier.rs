//! A carrier on this machine: gives rates, refuses, or takes its time, as a test says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What the carrier does with a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// Two rates in euro.
    #[default]
    Rates,
    /// This status and nothing else.
    Refuses(u16),
    /// Nothing, for ever.
    Silent,
}

/// A running carrier; ends with its handle.
pub struct Carrier {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _running: JoinSet<()>,
}

#[derive(Default)]
struct State {
    behaviour: Behaviour,
    requests: Vec<String>,
    hung_up: usize,
}

impl Carrier {
    /// Starts one.
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

    /// Where rates are asked for.
    pub fn url(&self) -> String {
        format!("http://{}/v1/rates", self.address)
    }

    /// What it does from now on.
    pub fn now(&self, behaviour: Behaviour) {
        lock(&self.state).behaviour = behaviour;
    }

    /// Head and body of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        lock(&self.state).requests.clone()
    }

    /// How often the other side hung up while it was being kept waiting.
    pub fn hung_up(&self) -> usize {
        lock(&self.state).hung_up
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    while let Some(request) = request(&mut stream).await {
        let behaviour = {
            let mut state = lock(&state);
            state.requests.push(request);
            state.behaviour.clone()
        };
        let answer = match behaviour {
            Behaviour::Rates => answer(200, RATES),
            Behaviour::Refuses(status) => answer(status, ""),
            Behaviour::Silent => {
                // Nothing more is sent by the other side: the next thing to read is its end.
                while stream.read(&mut [0; 64]).await.is_ok_and(|length| length > 0) {}
                lock(&state).hung_up += 1;
                return;
            }
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

const RATES: &str = r#"{"rates":[
    {"code":"express","name":"Express","currency":"EUR","price_minor":1290,"days":1},
    {"code":"ground","name":"Ground","currency":"EUR","price_minor":590}]}"#;

fn answer(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Head and body; none at the end.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(head) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if bytes.len() >= head + 4 + length.unwrap_or(0usize) {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(length @ 1..) => bytes.extend_from_slice(&buffer[..length]),
            _ => return None,
        }
    }
}
