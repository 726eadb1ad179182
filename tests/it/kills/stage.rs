//! What shoppers and the one who kills know of each other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// Longest that anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub(super) struct Stage(Arc<Shared>);

struct Shared {
    /// Where the host is, while there is one.
    url: watch::Sender<Option<String>>,
    /// Placements sent, or to be sent again.
    placing: watch::Sender<usize>,
    cut_off: AtomicUsize,
    /// Numbers of orders that were answered.
    heard: watch::Sender<BTreeSet<String>>,
    is_over: AtomicBool,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self(Arc::new(Shared {
            url: watch::Sender::new(None),
            placing: watch::Sender::new(0),
            cut_off: AtomicUsize::new(0),
            heard: watch::Sender::default(),
            is_over: AtomicBool::new(false),
        }))
    }

    /// A host serves here from now on.
    pub(super) fn open(&self, url: &str) {
        self.0.url.send_replace(Some(url.to_owned()));
    }

    /// Nobody serves until there is another.
    pub(super) fn close(&self) {
        self.0.url.send_replace(None);
    }

    /// Where a host serves; waits until one does.
    pub(super) async fn host(&self) -> String {
        let mut url = self.0.url.subscribe();
        let waited = timeout(PATIENCE, url.wait_for(Option::is_some)).await;
        let url = waited.expect("a host serves in time").expect("the stage is there");
        url.clone().unwrap_or_default()
    }

    /// Says that a placement is under way until the guard goes.
    pub(super) fn placing(&self) -> Placing<'_> {
        self.0.placing.send_modify(|count| *count += 1);
        Placing(self)
    }

    /// Waits until a placement is under way.
    pub(super) async fn until_somebody_places(&self) {
        let mut placing = self.0.placing.subscribe();
        let waited = timeout(PATIENCE, placing.wait_for(|count| *count > 0)).await;
        waited.expect("somebody places in time").expect("the stage is there");
    }

    /// A placement got no answer.
    pub(super) fn note_cut_off(&self) {
        self.0.cut_off.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn cut_off(&self) -> usize {
        self.0.cut_off.load(Ordering::Relaxed)
    }

    /// An order was answered.
    pub(super) fn hear(&self, number: &str) {
        self.0.heard.send_modify(|heard| {
            heard.insert(number.to_owned());
        });
    }

    pub(super) fn has_heard_of(&self, number: &str) -> bool {
        self.0.heard.borrow().contains(number)
    }

    /// How many orders were answered.
    pub(super) fn heard(&self) -> usize {
        self.0.heard.borrow().len()
    }

    /// Waits until more orders are answered than these.
    pub(super) async fn until_more_is_heard(&self, than: usize) {
        let mut heard = self.0.heard.subscribe();
        let waited = timeout(PATIENCE, heard.wait_for(|heard| heard.len() > than)).await;
        waited.expect("somebody is answered in time").expect("the stage is there");
    }

    /// No more shopping after the order at hand.
    pub(super) fn end(&self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.is_over.load(Ordering::Relaxed)
    }
}

pub(super) struct Placing<'a>(&'a Stage);

impl Drop for Placing<'_> {
    fn drop(&mut self) {
        self.0.0.placing.send_modify(|count| *count -= 1);
    }
}
