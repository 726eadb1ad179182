//! From the queue to receivers. One loop claims, starts requests and records how they ended; it waits for none of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use vectis_contracts::webhooks::{AttemptOutcome, WebhookQueue};
use vectis_kernel::Ctx;
use vectis_kernel::ids::WebhookId;

use crate::target::Target;

/// How often the queue is looked at when nothing ends.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long requests under way are waited for when the process ends; the rest is sent again later.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// Sends what is due.
pub struct Sender {
    /// What is due.
    pub queue: Arc<dyn WebhookQueue>,
    /// How it is sent.
    pub target: Arc<Target>,
}

/// Requests under way, and those that ended and are not recorded yet.
#[derive(Default)]
struct UnderWay {
    requests: JoinSet<AttemptOutcome>,
    webhooks: HashMap<Id, WebhookId>,
    ended: Vec<AttemptOutcome>,
}

impl Sender {
    /// Sends until told to stop; then lets what is under way end, for a while.
    pub async fn run(&self, stop: CancellationToken) {
        let mut under_way = UnderWay::default();
        while !stop.is_cancelled() {
            self.record(&mut under_way).await;
            if under_way.ended.is_empty() {
                self.start(&mut under_way).await;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = under_way.next() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        let rest = async {
            while !under_way.requests.is_empty() {
                under_way.next().await;
            }
        };
        // What does not end in time is told again once its lease is over.
        let _ = tokio::time::timeout(LAST_WAIT, rest).await;
        self.record(&mut under_way).await;
    }

    /// Outcomes that cannot be recorded are kept for the next time.
    async fn record(&self, under_way: &mut UnderWay) {
        match self.queue.record(&Ctx::system("webhooks"), &under_way.ended).await {
            Ok(()) => under_way.ended.clear(),
            Err(failure) => tracing::warn!(?failure, "outcomes of webhooks cannot be recorded; trying again"),
        }
    }

    async fn start(&self, under_way: &mut UnderWay) {
        let ctx = Ctx::system("webhooks");
        let claimed = match self.queue.claim(&ctx, &under_way.counts()).await {
            Ok(claimed) => claimed,
            Err(failure) => {
                tracing::warn!(?failure, "it cannot be seen what webhooks are to be told; trying again");
                return;
            }
        };
        for attempt in claimed {
            let (target, ctx, webhook_id) = (self.target.clone(), ctx.clone(), attempt.webhook_id);
            let request = under_way.requests.spawn(async move { target.send(&ctx, &attempt).await });
            under_way.webhooks.insert(request.id(), webhook_id);
        }
    }
}

impl UnderWay {
    /// Requests of each webhook.
    fn counts(&self) -> Vec<(WebhookId, i32)> {
        let mut counts: BTreeMap<WebhookId, i32> = BTreeMap::new();
        self.webhooks.values().for_each(|id| *counts.entry(*id).or_default() += 1);
        counts.into_iter().collect()
    }

    /// Waits for one to end, and takes with it what ended at the same time. With none under way it never ends.
    async fn next(&mut self) {
        let Some(first) = self.requests.join_next_with_id().await else {
            return std::future::pending().await;
        };
        self.end(first);
        while let Some(another) = self.requests.try_join_next_with_id() {
            self.end(another);
        }
    }

    fn end(&mut self, ended: Result<(Id, AttemptOutcome), JoinError>) {
        match ended {
            Ok((id, outcome)) => {
                self.webhooks.remove(&id);
                let is_well = outcome.error.is_none() && matches!(outcome.status_code, Some(200..=299));
                let word = if is_well { "delivered" } else { "failed" };
                metrics::counter!("vectis_webhook_attempts_total", "outcome" => word).increment(1);
                self.ended.push(outcome);
            }
            Err(error) => {
                self.webhooks.remove(&error.id());
                tracing::error!(%error, "a request of a webhook broke off; it is sent again later");
            }
        }
    }
}
