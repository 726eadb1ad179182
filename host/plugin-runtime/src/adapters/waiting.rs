//! A call that may wait: on a thread of its own, given up at the deadline, and only so many that never came back.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::calls::Call;

/// Calls of one entry point at the same time, with those that never came back.
pub(super) const MAX_CALLS: usize = 32;

/// Where an entry point's calls wait.
pub(super) struct Waiting {
    budget: Duration,
    /// After its budget a call is given this long to say so itself; a process is killed within.
    grace: Duration,
    places: Arc<Semaphore>,
}

/// Why there is no answer.
pub(super) enum Unanswered {
    /// [`MAX_CALLS`] are under way.
    Full,
    /// The host ends.
    BrokenOff,
    /// The time was up.
    Late,
}

impl Waiting {
    pub(super) fn new(budget: Duration, grace: Duration) -> Self {
        Self { budget, grace, places: Arc::new(Semaphore::new(MAX_CALLS)) }
    }

    pub(super) fn budget(&self) -> Duration {
        self.budget
    }

    /// Waits for an answer. Whoever drops the future breaks off what the plugin waits for.
    pub(super) async fn answer<T: Send + 'static>(
        &self,
        ask: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unanswered> {
        // Held by the call's thread, also by one that never comes back.
        let place = self.places.clone().try_acquire_owned().map_err(|_| Unanswered::Full)?;
        let (call, _given_up) = Call::begin(self.budget);
        let answer = tokio::task::spawn_blocking(move || {
            let _place = place;
            call.run(ask)
        });
        let patience = if self.budget.is_zero() { Duration::MAX } else { self.budget + self.grace };
        match tokio::time::timeout(patience, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(Unanswered::BrokenOff),
            Err(_) => Err(Unanswered::Late),
        }
    }
}
