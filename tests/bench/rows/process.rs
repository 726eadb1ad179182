//! `vectis serve` as a process of its own: how soon it answers, and how much memory it takes.

use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use sqlx::ConnectOptions as _;
use tokio::process::{Child, Command};
use vectis_tests::client::request;
use vectis_tests::plugins::built_file;
use vectis_tests::shop::PASSWORD;
use vectis_tests::{Client, Graphql};

use crate::machine::Memory;
use crate::measure::{Effort, Samples};
use crate::shop::{Shop, add_request, lines_of, submit_request};
use crate::table::{Row, Times};

/// A server that does not answer by then is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was seen of the process.
pub(crate) struct Process {
    /// From its start until `/readyz` says yes, with the memory it then has.
    pub(crate) start: Row,
    /// What a cart of 1,000 and of 10,000 lines, added, read and placed, takes on top.
    order_memory_kb: [u64; 2],
}

impl Process {
    pub(crate) fn memory_growth(&self) -> Times {
        let [small, large] = self.order_memory_kb;
        Times::ratio(large.into(), small.into())
    }
}

pub(crate) async fn start_and_memory(shop: &Shop, effort: Effort) -> Result<Process> {
    let mut samples = Samples::default();
    let mut idle_kb = 0;
    for _ in 0..effort.at_least {
        let serving = Serving::start(shop).await?;
        samples.push(serving.ready_after);
        idle_kb = serving.memory()?.now_kb.max(idle_kb);
        serving.stop().await?;
    }
    let start = Row::new("`vectis serve`, migrated database: start to ready, idle", samples, idle_kb);
    let order_memory_kb = [order_memory_kb(shop, 1_000).await?, order_memory_kb(shop, 10_000).await?];
    Ok(Process { start, order_memory_kb })
}

/// Peak memory of an order in a fresh process, above what a small order has left there.
async fn order_memory_kb(shop: &Shop, lines: usize) -> Result<u64> {
    let serving = Serving::start(shop).await?;
    let url = format!("http://{}/graphql", serving.address);
    let buyer = Client::new(url).channel("wholesale").signed_in("buyer@demo.vectis.test", PASSWORD).await;
    order(&buyer, 1).await?;
    let before = serving.memory()?.peak_kb;
    order(&buyer, lines).await?;
    let after = serving.memory()?.peak_kb;
    serving.stop().await?;
    Ok(after - before)
}

async fn order(buyer: &Client, lines: usize) -> Result<()> {
    let cart = buyer.new_cart().await;
    let send = async |body: Vec<u8>| -> Result<Graphql> {
        let (status, body) = buyer.exchange(body).await?;
        Ok(Graphql::read(status, &body).ok())
    };
    let filled = send(add_request(Some(&cart), &lines_of(lines))).await?;
    let read = "query($id: ID!) { cart(id: $id) { lines { id sku quantity unitPrice { amount } grandTotal { amount } } } }";
    send(request(read, json!({ "id": cart }))).await?;
    let placed = send(submit_request(&filled)).await?;
    ensure!(placed.at("/cartSubmit/order/number").is_string(), "the order was not placed: {}", placed.body);
    Ok(())
}

/// The program, running on the shop's database and plugins. Ends with its handle.
struct Serving {
    child: Child,
    process: u32,
    address: SocketAddr,
    ready_after: Duration,
}

impl Serving {
    async fn start(shop: &Shop) -> Result<Self> {
        let program = built_file("vectis", "vectis");
        // Taken and given back, so that it is free a moment later.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let database = shop.host.db.pool().connect_options().to_url_lossy();
        let started = Instant::now();
        let child = Command::new(program)
            .arg("serve")
            .current_dir(shop.host.plugins.path())
            .env("VECTIS_SERVER__LISTEN", address.to_string())
            .env("VECTIS_DATABASE__URL", database.as_str())
            .env("VECTIS_PLUGINS__FOLDER", shop.host.plugins.path())
            .env("VECTIS_LOG__FILTER", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("`vectis serve` does not start")?;
        let process = child.id().context("`vectis serve` ended at once")?;
        wait_until_ready(address, started).await?;
        Ok(Self { child, process, address, ready_after: started.elapsed() })
    }

    fn memory(&self) -> Result<Memory> {
        Memory::of_process(self.process)
    }

    async fn stop(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

async fn wait_until_ready(address: SocketAddr, started: Instant) -> Result<()> {
    let http = reqwest::Client::builder().build()?;
    let probe = format!("http://{address}/readyz");
    loop {
        let answer = http.get(&probe).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        ensure!(started.elapsed() < PATIENCE, "`vectis serve` is not ready after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
