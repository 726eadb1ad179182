//! What every entry point was asked: how often, how long it took, what went wrong. Counted on the caller's thread, without
//! a lock unless something goes wrong.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use vectis_contracts::plugins::EntryPointCalls;

use crate::point::Point;
use crate::shadow::Recorder;

/// Steps within each power of two: durations are known to an eighth.
const STEPS: u64 = 8;
/// Up to 2^40 ns, eighteen minutes.
const BUCKETS: usize = 40 * STEPS as usize;

/// Of one entry point of one plugin, in all channels and versions.
pub(crate) struct Stats {
    calls: AtomicU64,
    errors: AtomicU64,
    nanos: AtomicU64,
    buckets: Box<[AtomicU64]>,
    last_error: Mutex<Option<String>>,
    /// The last questions, when they are to be remembered.
    pub(crate) recorder: Recorder,
}

impl Stats {
    pub(crate) fn new(record_calls: usize) -> Self {
        Self {
            calls: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            nanos: AtomicU64::new(0),
            buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
            last_error: Mutex::default(),
            recorder: Recorder::new(record_calls),
        }
    }

    /// A call that took so long.
    pub(crate) fn count(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
        self.buckets[bucket(nanos)].fetch_add(1, Ordering::Relaxed);
    }

    /// The call gave no answer that could be used.
    #[cold]
    pub(crate) fn fail(&self, sentence: &str) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(sentence.to_owned());
    }

    fn calls(&self, point: Point, name: &str) -> EntryPointCalls {
        let counts: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        EntryPointCalls {
            point: point.group().to_owned(),
            name: name.to_owned(),
            calls: self.calls.load(Ordering::Relaxed),
            errors: self.errors.load(Ordering::Relaxed),
            p50: quantile(&counts, 50),
            p99: quantile(&counts, 99),
            total: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)),
            last_error: self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

/// Below [`STEPS`] each nanosecond has a bucket, above each eighth of a power of two.
fn bucket(nanos: u64) -> usize {
    let bits = u64::from(u64::BITS - nanos.leading_zeros());
    let shift = bits.saturating_sub(STEPS.ilog2().into()).saturating_sub(1);
    let index = shift * STEPS + (nanos >> shift);
    usize::try_from(index).unwrap_or(usize::MAX).min(BUCKETS - 1)
}

/// The longest duration of a bucket.
fn upper_end(bucket: usize) -> Duration {
    let index = bucket as u64;
    let shift = (index / STEPS).saturating_sub(1);
    Duration::from_nanos(((index - shift * STEPS + 1) << shift) - 1)
}

/// So many percent took no longer.
fn quantile(counts: &[u64], percent: u64) -> Option<Duration> {
    let all: u64 = counts.iter().sum();
    let wanted = (all * percent).div_ceil(100).max(1);
    let mut sum = 0;
    counts
        .iter()
        .position(|count| {
            sum += count;
            sum >= wanted
        })
        .map(upper_end)
}

/// By plugin, point and entry point.
type Book = BTreeMap<(String, Point, String), Arc<Stats>>;

/// All of a process, kept over swaps.
pub(crate) struct StatsBook {
    record_calls: usize,
    all: Mutex<Book>,
}

impl StatsBook {
    pub(crate) fn new(record_calls: usize) -> Self {
        Self { record_calls, all: Mutex::default() }
    }

    /// Those of an entry point.
    pub(crate) fn of(&self, plugin: &str, point: Point, entry_point: &str) -> Arc<Stats> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (plugin.to_owned(), point, entry_point.to_owned());
        all.entry(key).or_insert_with(|| Arc::new(Stats::new(self.record_calls))).clone()
    }

    /// What a plugin was asked, by point and name.
    pub(crate) fn calls(&self, plugin: &str) -> Vec<EntryPointCalls> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.iter().filter(|((name, ..), _)| name == plugin);
        own.map(|((_, point, entry), stats)| stats.calls(*point, entry)).collect()
    }
}

#[cfg(test)]
mod tests;
