//! Telling plugins of events: one reader for each subscription, for as long as its plugin can be told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vectis_contracts::ports::event_log::{EventLog, LogError};
use vectis_contracts::ports::event_observers::{Declared, EventObservers, Subscription, SubscriptionId};
use vectis_db::{Db, DbError, subscribers};
use vectis_kernel::Ctx;

use crate::delivery::Delivery;

/// How often it looks what the plugins of the moment declare.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often it does so although nothing seems to have changed.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Tells all subscriptions of this process's plugins.
pub struct Subscribers {
    /// Places, inbox and dead letters.
    pub db: Db,
    /// Where events come from.
    pub log: Arc<dyn EventLog>,
    /// The plugins.
    pub observers: Arc<dyn EventObservers>,
    /// How often one event is tried.
    pub attempts: u32,
    /// Wait after the first failure of an event; doubled after each.
    pub retry_wait: Duration,
}

#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Log(#[from] LogError),
}

/// After so long without its plugin a subscription is forgotten.
const ABANDONED: chrono::TimeDelta = chrono::TimeDelta::days(60);

/// A reader at work.
struct Running {
    subscription: Subscription,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// All readers at work.
#[derive(Default)]
struct Crew {
    running: BTreeMap<SubscriptionId, Running>,
    tasks: TaskTracker,
}

impl Subscribers {
    /// Follows what plugins declare until told to stop, and waits for the batches that are being told.
    pub async fn run(&self, stop: CancellationToken) {
        let mut crew = Crew::default();
        let mut followed: Option<(Declared, Instant)> = None;
        while !stop.is_cancelled() {
            let declared = self.observers.declared();
            let is_current =
                followed.as_ref().is_some_and(|(known, at)| *known == declared && at.elapsed() < LOOK_AGAIN);
            if !is_current {
                match self.follow(&declared, &mut crew, &stop).await {
                    Ok(()) => followed = Some((declared, Instant::now())),
                    Err(error) => {
                        tracing::warn!(%error, "subscriptions of plugins are not followed now; it tries again")
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        crew.tasks.close();
        crew.tasks.wait().await;
    }

    async fn follow(
        &self,
        declared: &Declared,
        Crew { running, tasks }: &mut Crew,
        stop: &CancellationToken,
    ) -> Result<(), FollowError> {
        let wanted: BTreeMap<&SubscriptionId, &Subscription> = declared
            .subscriptions
            .iter()
            .filter(|subscription| subscription.waits.is_none())
            .map(|subscription| (&subscription.id, subscription))
            .collect();
        let is_over = |(id, running): &(&SubscriptionId, &Running)| {
            wanted.get(id) != Some(&&running.subscription) || running.task.is_finished()
        };
        let over: Vec<SubscriptionId> = running.iter().filter(is_over).map(|(id, _)| id.clone()).collect();
        for id in over {
            let Some(Running { stop, task, .. }) = running.remove(&id) else { continue };
            stop.cancel();
            // The batch it is in ends first, so that two never tell one subscription here.
            let _ = task.await;
            tracing::info!(reader = id.reader(), "a subscription is no longer told here");
        }
        for subscription in &declared.subscriptions {
            let (reader, from_beginning) = (subscription.id.reader(), subscription.from_beginning);
            subscribers::begin(&self.db, &reader, from_beginning).await?;
            self.log.begin(&reader, from_beginning).await?;
        }
        self.forget_undeclared(declared).await?;
        for (id, subscription) in wanted {
            if !running.contains_key(id) {
                running.insert(id.clone(), self.start(subscription, tasks, stop));
            }
        }
        Ok(())
    }

    fn start(&self, subscription: &Subscription, tasks: &TaskTracker, stop: &CancellationToken) -> Running {
        let stop = stop.child_token();
        let delivery = Delivery {
            db: self.db.clone(),
            log: self.log.clone(),
            observers: self.observers.clone(),
            reader: subscription.id.reader(),
            subscription: subscription.clone(),
            attempts: self.attempts,
            retry_wait: self.retry_wait,
        };
        tracing::info!(reader = delivery.reader, events = ?subscription.events, "a subscription is told here");
        let stopped = stop.clone();
        let task = tasks.spawn(async move { delivery.run(stopped).await });
        Running { subscription: subscription.clone(), stop, task }
    }

    /// What a loaded plugin declares no more is over: its place goes, so that nothing is kept for it. So does that of a plugin
    /// that has not been here for months.
    async fn forget_undeclared(&self, declared: &Declared) -> Result<(), FollowError> {
        let now = Ctx::system("subscriptions").now();
        for known in subscribers::list(&self.db).await? {
            let Some(id) = SubscriptionId::of_reader(&known.reader) else { continue };
            let is_declared = declared.subscriptions.iter().any(|subscription| subscription.id == id);
            let is_abandoned = now - known.served_at > ABANDONED;
            if is_declared || !(declared.plugins.contains(&id.plugin) || is_abandoned) {
                continue;
            }
            // Another process may still read for the version before; then it is forgotten at the next look.
            match self.log.forget(&known.reader).await {
                Ok(()) => {
                    subscribers::remove(&self.db, &known.reader).await?;
                    tracing::info!(
                        reader = known.reader,
                        "a subscription is over: its plugin declares it no more"
                    );
                }
                Err(error) => {
                    tracing::info!(reader = known.reader, %error, "a subscription is not forgotten yet")
                }
            }
        }
        Ok(())
    }
}
