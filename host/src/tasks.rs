//! Background work: every task is known, told to stop, and waited for.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of one host.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// Told to stop when this is cancelled.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs a task until it ends by itself.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(task);
    }

    /// Runs `work` every `interval` until told to stop. What it fails with is logged; the next turn comes all the same.
    pub fn every<F, Fut>(&self, name: &'static str, interval: Duration, mut work: F)
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = anyhow::Result<()>> + Send,
    {
        let stop = self.stop.clone();
        self.spawn(async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(interval) => {}
                }
                if let Err(error) = work().await {
                    tracing::warn!(
                        task = name,
                        error = format!("{error:#}"),
                        "a background task failed; it will try again"
                    );
                }
            }
        });
    }

    /// Runs `work`, which ends by itself when told to stop, and begins it anew a second after it failed.
    pub fn insist<F, Fut>(&self, name: &'static str, mut work: F)
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = anyhow::Result<()>> + Send,
    {
        let stop = self.stop.clone();
        self.spawn(async move {
            while let Err(error) = work().await {
                tracing::warn!(
                    task = name,
                    error = format!("{error:#}"),
                    "a background task failed; it begins anew"
                );
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                }
            }
        });
    }

    /// Tells all tasks to stop and waits for them, at most `patience`.
    pub async fn stop(&self, patience: Duration) {
        self.stop.cancel();
        self.tracker.close();
        if tokio::time::timeout(patience, self.tracker.wait()).await.is_err() {
            tracing::warn!("some background tasks did not stop in time");
        }
    }
}
