//! The rule as a webhook on this machine: JSON over a connection that is kept. Numbers are numbers, the server is compiled and
//! does nothing else: the least that the border costs.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use axum::routing::post;
use axum::{Json, Router};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use vectis_borders_guest::{Candidate, best};
use vectis_plugin_api::Id;
use vectis_plugin_api::abi::pricing::PricingCall;
use vectis_plugin_api::pricing::{Line, Priced};

#[derive(Serialize, Deserialize)]
struct Question {
    currency: String,
    now_ms: i64,
    lines: Vec<QuestionLine>,
}

#[derive(Serialize, Deserialize)]
struct QuestionLine {
    variant_id: String,
    sku: String,
    quantity_milli: i64,
    candidates: Vec<QuestionCandidate>,
}

/// What is not there is unbounded, or not so.
#[derive(Serialize, Deserialize)]
struct QuestionCandidate {
    level: u32,
    priority: i32,
    price_list_id: String,
    min_quantity_milli: i64,
    unit_price_micros: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_to_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_converted: bool,
}

#[derive(Serialize, Deserialize)]
struct Price {
    unit_price_micros: i64,
    candidate: usize,
}

pub struct Webhook {
    runtime: Runtime,
    client: Client,
    url: String,
}

impl Webhook {
    /// A server on a thread of its own, and a client.
    pub fn start() -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = std::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}/price", listener.local_addr()?);
        std::thread::spawn(move || serve(listener));
        let client = Client::builder().tcp_nodelay(true).no_proxy().build()?;
        Ok(Self { runtime, client, url })
    }

    pub fn price(&self, call: &PricingCall<'_>, lines: &[Line<'_>]) -> Result<Vec<Priced>> {
        let question = Question {
            currency: call.currency.to_string(),
            now_ms: call.now_ms,
            lines: lines.iter().map(|line| line_of(call, line)).collect::<Option<_>>().context("lines")?,
        };
        let prices: Vec<Option<Price>> = self.runtime.block_on(async {
            let answer = self.client.post(&self.url).json(&question).send().await?;
            answer.error_for_status()?.json().await
        })?;
        let priced = |price: Option<Price>| {
            price.map_or(Priced::none(), |price| {
                Priced::at(price.unit_price_micros).from_candidate(price.candidate)
            })
        };
        Ok(prices.into_iter().map(priced).collect())
    }
}

fn line_of(call: &PricingCall<'_>, line: &Line<'_>) -> Option<QuestionLine> {
    let first = line.first_candidate as usize;
    let own = call.candidates.as_slice().get(first..first + line.candidate_count as usize)?;
    let candidates = own.iter().map(|candidate| QuestionCandidate {
        level: candidate.level.0,
        priority: candidate.priority,
        price_list_id: text(candidate.price_list_id),
        min_quantity_milli: candidate.min_quantity_milli,
        unit_price_micros: candidate.unit_price_micros,
        valid_from_ms: Some(candidate.valid_from_ms).filter(|from| *from != i64::MIN),
        valid_to_ms: Some(candidate.valid_to_ms).filter(|to| *to != i64::MAX),
        is_converted: candidate.is_converted(),
    });
    Some(QuestionLine {
        variant_id: text(line.variant_id),
        sku: line.sku().to_owned(),
        quantity_milli: line.quantity_milli,
        candidates: candidates.collect(),
    })
}

/// An id in hexadecimal digits.
fn text(id: Id) -> String {
    format!("{:032x}", u128::from_be_bytes(id.0))
}

/// Until the program ends; what goes wrong here shows at the client.
fn serve(listener: std::net::TcpListener) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let app =
        Router::new().route("/price", post(answer)).layer(axum::extract::DefaultBodyLimit::max(64 << 20));
    runtime.block_on(async { axum::serve(TcpListener::from_std(listener)?, app).await })?;
    Ok(())
}

async fn answer(Json(question): Json<Question>) -> Json<Vec<Option<Price>>> {
    let price = |line: &QuestionLine| {
        let candidates = line.candidates.iter().map(|candidate| Candidate {
            level: candidate.level,
            priority: candidate.priority,
            price_list_id: u128::from_str_radix(&candidate.price_list_id, 16)
                .unwrap_or_default()
                .to_be_bytes(),
            min_quantity_milli: candidate.min_quantity_milli,
            unit_price_micros: candidate.unit_price_micros,
            valid_from_ms: candidate.valid_from_ms.unwrap_or(i64::MIN),
            valid_to_ms: candidate.valid_to_ms.unwrap_or(i64::MAX),
            is_converted: candidate.is_converted,
        });
        let (candidate, unit_price_micros) = best(candidates, line.quantity_milli, question.now_ms)?;
        Some(Price { unit_price_micros, candidate })
    };
    Json(question.lines.iter().map(price).collect())
}
