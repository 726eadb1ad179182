//! Events in, attempts out, outcomes back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::ports::event_handler::IncomingEvent;
use vectis_contracts::webhooks::{Attempt, AttemptOutcome, WebhookQueue};
use vectis_db::retrying;
use vectis_kernel::Ctx;
use vectis_kernel::ids::{WebhookDeliveryId, WebhookId};

use crate::events::Action;
use crate::model::{self, GONE_REASON};
use crate::service::{Outcome, PgWebhooks};
use crate::signing::Message;
use crate::store::{self, Claimed, Ended, Tally};

/// How much longer than a request may take an attempt belongs to whoever claimed it.
const LEASE_BEYOND_TIMEOUT: Duration = Duration::from_secs(5);
/// Characters of an answer or an error that are kept.
const MOST_CHARACTERS: usize = 1_000;

#[async_trait]
impl WebhookQueue for PgWebhooks {
    async fn wants(&self, events: &[&IncomingEvent]) -> Outcome<Vec<bool>> {
        let interests = store::interests(self.db.pool()).await?;
        Ok(events.iter().map(|event| interests.iter().any(|interest| interest.wants(event))).collect())
    }

    async fn take_in(&self, tx: &mut Tx, ctx: &Ctx, events: &[IncomingEvent]) -> Outcome<()> {
        let interests = store::hold_interests(tx).await?;
        let mut deliveries = Vec::new();
        let mut told = Vec::new();
        for event in events {
            let before = deliveries.len();
            let wanting = interests.iter().filter(|interest| interest.wants(event));
            deliveries
                .extend(wanting.map(|interest| (ctx.new_id::<WebhookDeliveryId>(), interest.id, event.id)));
            if deliveries.len() > before {
                told.push((event.id, event.event_type.as_str(), model::body(&event.envelope)));
            }
        }
        if deliveries.is_empty() {
            return Ok(());
        }
        Ok(store::take_in(tx, ctx, &told, &deliveries).await?)
    }

    async fn claim(&self, ctx: &Ctx, under_way: &[(WebhookId, i32)]) -> Outcome<Vec<Attempt>> {
        let lease = TimeDelta::from_std(self.config.timeout + LEASE_BEYOND_TIMEOUT).unwrap_or(TimeDelta::MAX);
        let (pool, now) = (self.db.pool(), ctx.now());
        let claimed = store::claim(pool, now, lease, under_way, self.config.concurrent).await?;
        let (mut attempts, mut unsigned) = (Vec::with_capacity(claimed.len()), Vec::new());
        for claimed in claimed {
            let message = Message { id: claimed.event_id, at: now, body: &claimed.body };
            match self.keys.headers(claimed.webhook_id, &claimed.secrets, &message) {
                Some(headers) => attempts.push(attempt(claimed, headers)),
                None => unsigned.push(cannot_sign(&claimed)),
            }
        }
        self.record(ctx, &unsigned).await?;
        Ok(attempts)
    }

    async fn record(&self, ctx: &Ctx, outcomes: &[AttemptOutcome]) -> Outcome<()> {
        if outcomes.is_empty() {
            return Ok(());
        }
        retrying(|| self.record_once(ctx, outcomes)).await
    }

    async fn sweep(&self, ctx: &Ctx) -> Outcome<u64> {
        let limit = ctx.now() - TimeDelta::from_std(self.config.retention).unwrap_or(TimeDelta::MAX);
        let mut all = 0;
        loop {
            let deliveries = store::forget_deliveries(self.db.pool(), limit).await?;
            let events = store::forget_events(self.db.pool(), limit).await?;
            all += deliveries;
            if deliveries + events == 0 {
                return Ok(all);
            }
        }
    }
}

fn attempt(claimed: Claimed, headers: [(&'static str, String); 3]) -> Attempt {
    Attempt {
        delivery_id: claimed.id,
        webhook_id: claimed.webhook_id,
        fence: claimed.fence,
        attempts: claimed.attempts,
        url: claimed.url,
        headers,
        body: Arc::from(claimed.body),
    }
}

/// An attempt that cannot be made: the key of its secret is not here.
fn cannot_sign(claimed: &Claimed) -> AttemptOutcome {
    let error = "its secret was made with a signing key that is no longer configured; rotate the secret";
    AttemptOutcome {
        delivery_id: claimed.id,
        webhook_id: claimed.webhook_id,
        fence: claimed.fence,
        attempts: claimed.attempts,
        status_code: None,
        error: Some(error.to_owned()),
        response: None,
        retry_after: None,
        took: Duration::ZERO,
    }
}

/// As much of a text as is kept; PostgreSQL holds no NUL.
fn kept(text: &str) -> String {
    text.chars().filter(|character| *character != '\0').take(MOST_CHARACTERS).collect()
}

impl PgWebhooks {
    async fn record_once(&self, ctx: &Ctx, outcomes: &[AttemptOutcome]) -> Outcome<()> {
        let ended: Vec<Ended> = outcomes.iter().map(|outcome| self.ended(ctx, outcome)).collect();
        let mut tx = self.db.begin().await?;
        let in_time: BTreeSet<Uuid> = store::end(&mut tx, ctx, &ended).await?.into_iter().collect();
        let counted: Vec<&AttemptOutcome> =
            outcomes.iter().filter(|outcome| in_time.contains(&outcome.delivery_id.0)).collect();
        let failing = store::count(&mut tx, ctx, &tallies(&counted)).await?;
        let mut given_up: BTreeMap<WebhookId, String> = BTreeMap::new();
        for one in failing {
            let (since, failures) = (one.failing_since, one.consecutive_failures);
            if let Some(reason) = model::given_up(&self.config, since, failures, ctx.now()) {
                given_up.insert(WebhookId(one.id), reason);
            }
        }
        for outcome in counted {
            if model::fate(&self.config, outcome, ctx.now(), 0.0).is_gone {
                given_up.insert(outcome.webhook_id, GONE_REASON.to_owned());
            }
        }
        // There are few webhooks, and fewer end at the same time.
        for (id, reason) in given_up {
            if let Some(webhook) = store::hold(&mut tx, id).await?
                && webhook.disabled_reason.is_none()
            {
                tracing::warn!(webhook.id = %id, reason, "a webhook is disabled");
                store::switch(&mut tx, ctx, id, Some(&reason)).await?;
                self.tell(&mut tx, ctx, id, Action::Disable, (&webhook.settings, Some(&reason))).await?;
            }
        }
        Ok(tx.commit().await?)
    }

    fn ended(&self, ctx: &Ctx, outcome: &AttemptOutcome) -> Ended {
        let fate = model::fate(&self.config, outcome, ctx.now(), rand::random());
        Ended {
            id: outcome.delivery_id,
            fence: outcome.fence,
            status: fate.status,
            next_attempt_at: fate.next_attempt_at,
            status_code: outcome.status_code.map(i32::from),
            error: outcome.error.as_deref().map(kept),
            duration_ms: i32::try_from(outcome.took.as_millis()).unwrap_or(i32::MAX),
            response: outcome.response.as_deref().map(kept),
        }
    }
}

/// Per webhook, in the order of their ids, so that two processes lock them in the same order.
fn tallies(outcomes: &[&AttemptOutcome]) -> Vec<Tally> {
    let mut tallies: BTreeMap<WebhookId, Tally> = BTreeMap::new();
    for outcome in outcomes {
        let id = outcome.webhook_id;
        let tally = tallies.entry(id).or_insert(Tally { id, failures: 0, has_succeeded: false });
        match model::is_success(outcome) {
            true => tally.has_succeeded = true,
            false => tally.failures += 1,
        }
    }
    tallies.into_values().collect()
}
