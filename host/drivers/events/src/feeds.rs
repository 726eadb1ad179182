//! Feeds: other systems count stock and make prices, and Vectis follows, through the same contracts as everybody. Each source
//! numbers its news about a thing; only what is newer than the last counts, however late or often the rest comes.

mod prices;
mod stock;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use vectis_contracts::Tx;
use vectis_contracts::ports::event_handler::{HandleError, IncomingEvent};
use vectis_contracts::products::{Products, Variant};
use vectis_db::inbox::{self, News};
use vectis_db::outbox::check_payload;
use vectis_kernel::failure::RefusalCode;
use vectis_kernel::{Ctx, Failure, Quantity};

pub use prices::{CONSUMER as PRICE_CONSUMER, Prices};
pub use stock::{CONSUMER as STOCK_CONSUMER, Stock};

/// Where feeds are read.
const TOPIC: &str = "vectis.inventory";

/// The facts of an event, checked against its schema.
fn facts<T: DeserializeOwned>(event: &IncomingEvent) -> Result<T, HandleError> {
    let data = event.envelope.get("data").cloned().unwrap_or_default();
    check_payload(&event.event_type, &data).map_err(|error| HandleError::Refused(error.to_string()))?;
    serde_json::from_value(data).map_err(|error| HandleError::Refused(error.to_string()))
}

/// What a source says of one thing.
trait Report: DeserializeOwned {
    fn source(&self) -> &str;
    /// Rises with each report of the source about the thing.
    fn sequence(&self) -> i64;
    /// The thing, in two words: where and what.
    fn subject(&self) -> [&str; 2];
}

/// What counts of a batch: the newest report of each source, and of two sources that speak of one thing the later record.
/// In the order of the things, so that two consumers take locks in the same order.
async fn latest<R: Report>(
    tx: &mut Tx,
    feed: &str,
    events: &[IncomingEvent],
) -> Result<BTreeMap<String, R>, HandleError> {
    let mut news = Vec::with_capacity(events.len());
    for event in events {
        let report: R = facts(event)?;
        let place = News {
            source: report.source().to_owned(),
            key: key_of(report.subject()),
            sequence: report.sequence(),
        };
        news.push((place, report));
    }
    let reports = newest(tx, feed, news).await?;
    Ok(reports.into_iter().map(|report: R| (key_of(report.subject()), report)).collect())
}

/// As JSON: either word may have blanks, and other words must not make the same key.
fn key_of(subject: [&str; 2]) -> String {
    serde_json::Value::from_iter(subject).to_string()
}

/// Those of the news that are the newest.
async fn newest<T>(tx: &mut Tx, feed: &str, news: Vec<(News, T)>) -> Result<Vec<T>, HandleError> {
    let (places, mut facts): (Vec<News>, Vec<Option<T>>) =
        news.into_iter().map(|(news, facts)| (news, Some(facts))).unzip();
    let newest = inbox::advance(tx, feed, &places).await;
    let newest = newest.map_err(|error| HandleError::Failed(error.to_string()))?;
    Ok(newest.into_iter().filter_map(|at| facts[at].take()).collect())
}

/// A quantity as events write it.
fn quantity(value: Decimal) -> Result<Quantity, HandleError> {
    Quantity::from_decimal(value).ok_or_else(|| HandleError::Refused(format!("{value} is no quantity")))
}

/// Variants by SKU; one that is not there refuses.
async fn variants(
    products: &dyn Products,
    ctx: &Ctx,
    skus: &[String],
) -> Result<BTreeMap<String, Variant>, HandleError> {
    let found = products.variants_by_sku(ctx, skus).await.map_err(failed)?;
    let by_sku: BTreeMap<String, Variant> =
        found.into_iter().map(|variant| (variant.sku.clone(), variant)).collect();
    match skus.iter().find(|sku| !by_sku.contains_key(*sku)) {
        Some(sku) => Err(HandleError::Refused(format!("there is no variant with the SKU {sku}"))),
        None => Ok(by_sku),
    }
}

/// What a contract refuses it will refuse again; what broke may work later.
fn failed<C: RefusalCode>(failure: Failure<C>) -> HandleError {
    match failure {
        Failure::Refused(refusals) => {
            let reasons =
                refusals.iter().map(|refusal| format!("{}: {}", refusal.code.code(), refusal.message));
            HandleError::Refused(reasons.collect::<Vec<_>>().join("; "))
        }
        Failure::Internal(error) => HandleError::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
