//! Writing: in order, acknowledged by all, thrown away and made anew after any failure.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

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
    patience: Duration,
    present: Mutex<Option<FutureProducer>>,
}

/// Why records were not all acknowledged.
enum SendError {
    /// The client refuses this one before it is sent; those before it are acknowledged.
    Refused { index: usize, reason: String },
    /// The broker refuses one of them.
    TooLarge,
    /// Anything else.
    Unavailable(LogError),
}

impl Producer {
    pub(crate) fn new(config: ClientConfig, patience: Duration) -> Self {
        Self { config, patience, present: Mutex::new(None) }
    }

    /// Sends all and waits for all.
    pub(crate) async fn append(&self, records: &[Record]) -> Result<(), LogError> {
        match self.attempt(records).await {
            Ok(()) => Ok(()),
            Err(SendError::Refused { index, reason }) => Err(LogError::Refused { index, reason }),
            Err(SendError::Unavailable(error)) => Err(error),
            Err(SendError::TooLarge) => self.one_by_one(records).await,
        }
    }

    /// Finds the record that the broker refuses. Those before it are sent once more, in order.
    async fn one_by_one(&self, records: &[Record]) -> Result<(), LogError> {
        for (index, record) in records.iter().enumerate() {
            match self.attempt(std::slice::from_ref(record)).await {
                Ok(()) => {}
                Err(SendError::Unavailable(error)) => return Err(error),
                Err(SendError::Refused { reason, .. }) => return Err(LogError::Refused { index, reason }),
                Err(SendError::TooLarge) => {
                    let size = record.payload.len();
                    let reason = format!("it has {size} bytes, more than the topic takes");
                    return Err(LogError::Refused { index, reason });
                }
            }
        }
        Ok(())
    }

    async fn attempt(&self, records: &[Record]) -> Result<(), SendError> {
        if records.is_empty() {
            return Ok(());
        }
        let producer = self.take_or_make().map_err(SendError::Unavailable)?;
        let sent = tokio::time::timeout(self.patience, send(&producer, records)).await;
        let outcome = sent.unwrap_or_else(|_| {
            let reason = format!("{} records were not acknowledged in {:?}", records.len(), self.patience);
            Err(SendError::Unavailable(LogError::Unavailable(reason)))
        });
        match &outcome {
            // A record that was refused before it was sent leaves nothing under way.
            Ok(()) | Err(SendError::Refused { .. }) => self.keep(producer),
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

async fn send(producer: &FutureProducer, records: &[Record]) -> Result<(), SendError> {
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
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    acknowledged(std::mem::take(&mut under_way)).await?;
                    message = unsent;
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge), _)) => {
                    acknowledged(under_way).await?;
                    let reason =
                        format!("it has {} bytes, more than the largest record", record.payload.len());
                    return Err(SendError::Refused { index, reason });
                }
                Err((error, _)) => return Err(SendError::Unavailable(unavailable(&error))),
            }
        }
    }
    acknowledged(under_way).await
}

async fn acknowledged(under_way: Vec<DeliveryFuture>) -> Result<(), SendError> {
    for delivery in join_all(under_way).await {
        match delivery {
            Ok(Ok(_)) => {}
            Ok(Err((KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge), _))) => {
                return Err(SendError::TooLarge);
            }
            Ok(Err((error, _))) => return Err(SendError::Unavailable(unavailable(&error))),
            Err(_) => {
                return Err(SendError::Unavailable(LogError::Unavailable("the producer ended".to_owned())));
            }
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
