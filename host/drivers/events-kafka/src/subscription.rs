//! Reading: as a member of a group, or as somebody who only looks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use rdkafka::consumer::{CommitMode, Consumer as _, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use vectis_contracts::ports::event_log::{Delivered, LogError, Record, Subscription};

use crate::{PATIENCE, unavailable};

/// A reader of some topics.
pub(crate) struct Reading {
    consumer: Option<Arc<StreamConsumer>>,
    is_member: bool,
    has_uncommitted: bool,
}

impl Reading {
    /// One of a group.
    pub(crate) fn member(config: &ClientConfig, topics: &[&str]) -> Result<Self, LogError> {
        let consumer: StreamConsumer = config.create().map_err(|error| unavailable(&error))?;
        consumer.subscribe(topics).map_err(|error| unavailable(&error))?;
        Ok(Self { consumer: Some(Arc::new(consumer)), is_member: true, has_uncommitted: false })
    }

    /// From the end of all partitions, without a group.
    pub(crate) async fn onlooker(config: ClientConfig, topics: &[&str]) -> Result<Self, LogError> {
        let topics: Vec<String> = topics.iter().map(|topic| (*topic).to_owned()).collect();
        let consumer = blocking(move || {
            let consumer: StreamConsumer = config.create()?;
            let mut ends = TopicPartitionList::new();
            for topic in &topics {
                let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
                let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
                for partition in partitions {
                    // The end as it is now: what is written from now on is seen, however long this takes.
                    let end = end_of(&consumer, topic, partition.id())?;
                    ends.add_partition_offset(topic, partition.id(), Offset::Offset(end))?;
                }
            }
            consumer.assign(&ends)?;
            Ok(consumer)
        })
        .await?;
        Ok(Self { consumer: Some(Arc::new(consumer)), is_member: false, has_uncommitted: false })
    }

    fn consumer(&self) -> Result<&Arc<StreamConsumer>, LogError> {
        self.consumer.as_ref().ok_or(LogError::Lost)
    }
}

/// Where a partition ends. One that was just made has no leader for a moment.
fn end_of(consumer: &StreamConsumer, topic: &str, partition: i32) -> Result<i64, KafkaError> {
    let started = Instant::now();
    loop {
        match consumer.fetch_watermarks(topic, partition, PATIENCE) {
            Ok((_, end)) => return Ok(end),
            Err(error) if started.elapsed() > PATIENCE => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// librdkafka's answers that make the caller wait come on a thread that may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, LogError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome.map_err(|error| match error {
            KafkaError::ConsumerCommit(
                RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::RebalanceInProgress,
            ) => LogError::Lost,
            error => unavailable(&error),
        }),
        Err(error) => Err(LogError::Unavailable(error.to_string())),
    }
}

#[async_trait]
impl Subscription for Reading {
    async fn next(&mut self, most: usize, wait: Duration) -> Result<Vec<Delivered>, LogError> {
        let consumer = self.consumer()?.clone();
        let Ok(first) = tokio::time::timeout(wait, consumer.recv()).await else {
            return Ok(Vec::new());
        };
        let mut batch = vec![delivered(&first.map_err(|error| unavailable(&error))?)];
        while batch.len() < most {
            match consumer.recv().now_or_never() {
                Some(Ok(message)) => batch.push(delivered(&message)),
                // An error comes again with the next look, when this batch is done with.
                Some(Err(_)) | None => break,
            }
        }
        self.has_uncommitted = true;
        Ok(batch)
    }

    async fn commit(&mut self) -> Result<(), LogError> {
        if !self.is_member || !self.has_uncommitted {
            return Ok(());
        }
        let consumer = self.consumer()?.clone();
        blocking(move || match consumer.commit_consumer_state(CommitMode::Sync) {
            // All its partitions have gone to others meanwhile.
            Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => Ok(()),
            outcome => outcome,
        })
        .await?;
        self.has_uncommitted = false;
        Ok(())
    }

    async fn lag(&mut self) -> Result<u64, LogError> {
        let consumer = self.consumer()?.clone();
        blocking(move || {
            let assigned = consumer.assignment()?;
            behind(&consumer, assigned)
        })
        .await
    }
}

/// Records of the places that their group is not done with.
fn behind(consumer: &StreamConsumer, places: TopicPartitionList) -> Result<u64, KafkaError> {
    let done = consumer.committed_offsets(places, PATIENCE)?;
    let mut behind = 0;
    for place in done.elements() {
        let (low, high) = consumer.fetch_watermarks(place.topic(), place.partition(), PATIENCE)?;
        let at = match place.offset() {
            Offset::Offset(at) => at,
            _ => low,
        };
        behind += high.saturating_sub(at).unsigned_abs();
    }
    Ok(behind)
}

/// The same of all partitions of some topics, without joining the group.
pub(crate) async fn lag_of(config: ClientConfig, topics: &[&str]) -> Result<u64, LogError> {
    let topics: Vec<String> = topics.iter().map(|topic| (*topic).to_owned()).collect();
    blocking(move || {
        let consumer: StreamConsumer = config.create()?;
        let mut places = TopicPartitionList::new();
        for topic in &topics {
            let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
            for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
                places.add_partition(topic, partition.id());
            }
        }
        behind(&consumer, places)
    })
    .await
}

impl Drop for Reading {
    /// Leaving a group waits for the broker, which is nothing for a thread of the runtime.
    fn drop(&mut self) {
        let consumer = self.consumer.take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn_blocking(move || drop(consumer)));
        }
    }
}

fn delivered(message: &BorrowedMessage<'_>) -> Delivered {
    let mut headers = BTreeMap::new();
    for header in message.headers().into_iter().flat_map(|headers| headers.iter()) {
        let value = header.value.map(|value| String::from_utf8_lossy(value).into_owned());
        headers.insert(header.key.to_owned(), value.unwrap_or_default());
    }
    Delivered {
        record: Record {
            topic: message.topic().to_owned(),
            key: message.key().map(|key| String::from_utf8_lossy(key).into_owned()).unwrap_or_default(),
            headers,
            payload: message.payload().unwrap_or_default().to_vec(),
        },
        partition: message.partition(),
        offset: message.offset(),
    }
}
