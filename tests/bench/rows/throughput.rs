//! Whole orders of three lines by many buyers at once.

use std::time::Instant;

use anyhow::{Context as _, Result};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use vectis_tests::shop::skus;
use vectis_tests::{Client, Graphql};

use super::with_statements;
use crate::figures::CLIENTS;
use crate::machine::Memory;
use crate::measure::{Effort, Operation, Samples, once};
use crate::shop::{Shop, add_request, submit_request};
use crate::table::Row;

/// At 1, 8 and 32 clients, each of a company of its own, each with any three variants.
pub(crate) async fn orders(shop: &Shop, effort: Effort) -> Result<[Row; 3]> {
    let buyers = shop.companies(CLIENTS[2]).await;
    let one = at_once(effort, &buyers[..CLIENTS[0]]).await?;
    let mut some = at_once(effort, &buyers[..CLIENTS[1]]).await?;
    let mut many = at_once(effort, &buyers).await?;
    let one = with_statements(shop, one, &mut WholeOrder::new(buyers[0].clone(), 0)).await?;
    some.statements = one.statements;
    many.statements = one.statements;
    Ok([one, some, many])
}

async fn at_once(effort: Effort, buyers: &[Client]) -> Result<Row> {
    let from = Instant::now() + effort.warm_up;
    let to = from + effort.window;
    let mut running = JoinSet::new();
    for (seed, buyer) in (0..).zip(buyers) {
        running.spawn(keep_ordering(WholeOrder::new(buyer.clone(), seed), from, to));
    }
    let (mut samples, mut last) = (Samples::default(), to);
    while let Some(of_one) = running.join_next().await {
        let (of_one, at) = of_one??;
        samples.extend(of_one);
        last = last.max(at);
    }
    let plural = if buyers.len() == 1 { "" } else { "s" };
    let name = format!("whole orders of 3 lines (add, submit), {} client{plural}", buyers.len());
    let row = Row::new(name, samples, Memory::of_this_process()?.now_kb);
    Ok(Row { time: last - from, ..row })
}

/// The orders done within the time, at least one; and when the last of them was.
async fn keep_ordering(mut order: WholeOrder, from: Instant, to: Instant) -> Result<(Samples, Instant)> {
    let (mut samples, mut last) = (Samples::default(), from);
    loop {
        let took = once(&mut order).await?;
        let now = Instant::now();
        if now > to && samples.count() > 0 {
            return Ok((samples, last));
        }
        if now > from {
            samples.push(took);
            last = now;
        }
    }
}

/// Lines into the buyer's open cart, then the order.
struct WholeOrder {
    buyer: Client,
    skus: Vec<String>,
    chance: StdRng,
}

impl WholeOrder {
    fn new(buyer: Client, seed: u64) -> Self {
        Self { buyer, skus: skus(1_200), chance: StdRng::seed_from_u64(seed) }
    }

    async fn send(&self, body: Vec<u8>) -> Result<Graphql> {
        let (status, body) = self.buyer.exchange(body).await?;
        Ok(Graphql::read(status, &body).ok())
    }
}

impl Operation for WholeOrder {
    type Ready = Value;
    type Answer = Graphql;

    async fn prepare(&mut self) -> Result<Value> {
        let mut line =
            || json!({ "sku": self.skus[self.chance.random_range(0..self.skus.len())], "quantity": "2" });
        Ok(json!([line(), line(), line()]))
    }

    async fn run(&mut self, lines: Value) -> Result<Graphql> {
        let filled = self.send(add_request(None, &lines)).await?;
        self.send(submit_request(&filled)).await
    }

    fn check(&self, answer: Graphql) -> Result<()> {
        answer.at("/cartSubmit/order/number").as_str().map(drop).context("an order was not placed")
    }
}
