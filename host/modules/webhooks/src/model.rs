//! Which events a webhook wants, when a delivery is tried again, when a webhook is given up. Pure.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;
use vectis_contracts::events::{SCHEMAS, topic_of, topics};
use vectis_contracts::ports::event_handler::IncomingEvent;
use vectis_contracts::webhooks::{AttemptOutcome, DeliveryStatus, WebhookCode, WebhookSettings};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::{ChannelId, WebhookId};
use vectis_kernel::{Failure, Refusal};

use crate::Config;

/// Webhooks of a shop.
pub(crate) const MOST_WEBHOOKS: i64 = 100;
/// Event types and domains of one webhook.
const MOST_TYPES: usize = 50;
/// Told to the webhook that is tested, and to no other.
pub(crate) const TEST: &str = "vectis.webhooks.test_requested.v1";
/// The longest that a receiver may ask to be left alone.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(24);
/// The receiver says that it is gone for good.
const GONE: u16 = 410;

/// What decides whether a webhook wants an event.
#[derive(Clone, Debug)]
pub(crate) struct Interest {
    pub(crate) id: WebhookId,
    pub(crate) event_types: Vec<String>,
    pub(crate) channel_id: Option<ChannelId>,
    pub(crate) created_at: DateTime<Utc>,
}

impl Interest {
    /// Events of ours only, from when it was made: what others report in a topic of ours has no aggregate and no sequence.
    pub(crate) fn wants(&self, event: &IncomingEvent) -> bool {
        let envelope = &event.envelope;
        let id_at = |pointer: &str| -> Option<Uuid> { envelope.pointer(pointer)?.as_str()?.parse().ok() };
        let Some(aggregate) = id_at("/aggregateId").filter(|_| envelope["sequence"].is_i64()) else {
            return false;
        };
        let occurred_at = envelope["occurredAt"].as_str().and_then(|text| text.parse::<DateTime<Utc>>().ok());
        if occurred_at.is_none_or(|at| at < self.created_at) {
            return false;
        }
        if event.event_type == TEST {
            return aggregate == self.id.0;
        }
        let is_of_channel = self.channel_id.is_none_or(|own| id_at("/data/channelId") == Some(own.0));
        is_of_channel && self.event_types.iter().any(|wanted| fits(wanted, &event.event_type))
    }
}

/// `vectis.orders.*` and `vectis.orders.order_placed.v1` fit the latter.
fn fits(wanted: &str, event_type: &str) -> bool {
    match wanted.strip_suffix(".*") {
        Some(topic) => topic_of(event_type) == topic,
        None => wanted == event_type,
    }
}

/// The event as it is sent: byte for byte the same at every attempt.
pub(crate) fn body(envelope: &Value) -> String {
    envelope.to_string()
}

/// All that is wrong with settings, at once.
pub(crate) fn check(
    settings: &WebhookSettings,
    judged: Result<(), String>,
) -> Result<(), Failure<WebhookCode>> {
    let mut refusals = Vec::new();
    let mut refuse =
        |field: &str, message: String| refusals.push(Refusal::at(WebhookCode::InvalidInput, field, message));
    if let Err(why) = judged {
        refuse("url", why);
    }
    if settings.url.chars().count() > 2_000 {
        refuse("url", "a URL has at most 2,000 characters".to_owned());
    }
    if settings.description.chars().count() > 200 || settings.description.chars().any(char::is_control) {
        refuse("description", "it has at most 200 characters, none of them a control character".to_owned());
    }
    if settings.event_types.is_empty() || settings.event_types.len() > MOST_TYPES {
        let count = settings.event_types.len();
        refuse("event_types", format!("a webhook has 1 to {MOST_TYPES} event types, not {count}"));
    }
    for (index, wanted) in settings.event_types.iter().enumerate().take(MOST_TYPES) {
        let is_known = match wanted.strip_suffix(".*") {
            Some(topic) => topics().contains(&topic),
            None => SCHEMAS.iter().any(|(event_type, _)| event_type == wanted),
        };
        if !is_known {
            let message = format!(
                "there is no event type {wanted:?}; `vectis events schema` lists them, vectis.orders.* is a whole domain"
            );
            refuse(&format!("event_types.{index}"), message);
        }
    }
    refuse_if_any(refusals)
}

/// What becomes of a delivery after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) status: DeliveryStatus,
    pub(crate) next_attempt_at: Option<DateTime<Utc>>,
    /// The webhook itself is given up, for this reason.
    pub(crate) is_gone: bool,
}

/// `chance` is 0 to 1: a tenth of the wait comes and goes with it, so that what failed together is not tried together.
pub(crate) fn fate(config: &Config, outcome: &AttemptOutcome, now: DateTime<Utc>, chance: f64) -> Fate {
    let is_gone = outcome.status_code == Some(GONE);
    if is_success(outcome) {
        return Fate { status: DeliveryStatus::Delivered, next_attempt_at: None, is_gone };
    }
    if is_gone || outcome.attempts >= config.attempts {
        return Fate { status: DeliveryStatus::Failed, next_attempt_at: None, is_gone };
    }
    let wait = wait_after(config, outcome.attempts).mul_f64(0.9 + 0.2 * chance);
    let asked = outcome.retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
    let wait = TimeDelta::from_std(wait.max(asked)).unwrap_or(TimeDelta::MAX);
    Fate { status: DeliveryStatus::Waiting, next_attempt_at: Some(now + wait), is_gone }
}

pub(crate) fn is_success(outcome: &AttemptOutcome) -> bool {
    outcome.error.is_none() && outcome.status_code.is_some_and(|status| (200..300).contains(&status))
}

/// The wait after so many failures: four times as long after each.
fn wait_after(config: &Config, failures: i32) -> Duration {
    let times = 4u32.saturating_pow(failures.unsigned_abs().saturating_sub(1));
    config.retry_wait.saturating_mul(times).min(config.longest_wait)
}

/// Why a webhook is given up, if it is.
pub(crate) fn given_up(
    config: &Config,
    failing_since: Option<DateTime<Utc>>,
    failures: i32,
    now: DateTime<Utc>,
) -> Option<String> {
    let since = failing_since?;
    let patience = TimeDelta::from_std(config.disable_after).unwrap_or(TimeDelta::MAX);
    if now - since < patience || failures < config.disable_after_failures {
        return None;
    }
    Some(format!(
        "no delivery has succeeded since {}; {failures} attempts failed in a row",
        since.to_rfc3339()
    ))
}

/// The reason written down when the receiver answered 410.
pub(crate) const GONE_REASON: &str = "the receiver answered 410 Gone";
