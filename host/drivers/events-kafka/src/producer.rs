//! Writing: in order, acknowledged by all, thrown away and made anew after any failure.

use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord};
use vectis_contracts::ports::event_log::{LogError, Record};

use crate::unavailable;

/// The producer in use, if any.
pub(crate) struct Producer {
    config: ClientConfig,
    present: Mutex<Option<FutureProducer>>,
}

impl Producer {
    pub(crate) fn new(config: ClientConfig) -> Self {
        Self { config, present: Mutex::new(None) }
    }

    /// Sends all and waits for all.
    pub(crate) async fn append(&self, records: &[Record]) -> Result<(), LogError> {
        if records.is_empty() {
            return Ok(());
        }
        let producer = self.take_or_make()?;
        let outcome = send(&producer, records).await;
        match &outcome {
            // A record that was refused before it was sent leaves no gap.
            Ok(()) | Err(LogError::Refused { .. }) => self.keep(producer),
            // Invariant: nothing is sent behind a failure; what was under way is forgotten with its producer.
            Err(_) => discard(producer),
        }
        outcome
    }

    fn take_or_make(&self) -> Result<FutureProducer, LogError> {
        let present = self.present.lock().unwrap_or_else(PoisonError::into_inner).take();
        match present {
            Some(producer) => Ok(producer),
            None => self.config.create().map_err(|error| unavailable(&error)),
        }
    }

    fn keep(&self, producer: FutureProducer) {
        *self.present.lock().unwrap_or_else(PoisonError::into_inner) = Some(producer);
    }
}

/// Ending a producer waits a while for what is under way, which is nothing for a thread of the runtime.
fn discard(producer: FutureProducer) {
    drop(tokio::task::spawn_blocking(move || drop(producer)));
}

async fn send(producer: &FutureProducer, records: &[Record]) -> Result<(), LogError> {
    let mut under_way: Vec<DeliveryFuture> = Vec::with_capacity(records.len());
    for (index, record) in records.iter().enumerate() {
        let mut message = to_send(record);
        loop {
            match producer.send_result(message) {
                Ok(delivery) => {
                    under_way.push(delivery);
                    break;
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), unsent)) => {
                    if under_way.is_empty() {
                        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                    }
                    acknowledged(std::mem::take(&mut under_way)).await?;
                    message = unsent;
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge), _)) => {
                    acknowledged(under_way).await?;
                    let reason =
                        format!("it has {} bytes, more than the largest record", record.payload.len());
                    return Err(LogError::Refused { index, reason });
                }
                Err((error, _)) => return Err(unavailable(&error)),
            }
        }
    }
    acknowledged(under_way).await
}

async fn acknowledged(under_way: Vec<DeliveryFuture>) -> Result<(), LogError> {
    for delivery in join_all(under_way).await {
        match delivery {
            Ok(Ok(_)) => {}
            Ok(Err((error, _))) => return Err(unavailable(&error)),
            Err(_) => return Err(LogError::Unavailable("the producer ended".to_owned())),
        }
    }
    Ok(())
}

fn to_send(record: &Record) -> FutureRecord<'_, str, [u8]> {
    let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
    for (name, value) in &record.headers {
        headers = headers.insert(Header { key: name, value: Some(value) });
    }
    FutureRecord::to(&record.topic)
        .key(record.key.as_str())
        .payload(record.payload.as_slice())
        .headers(headers)
}
