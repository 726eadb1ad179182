//! Webhooks: events told to addresses that staff name, signed, until they are taken or given up. Kept by the module `webhooks`;
//! requests are made by a driver.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use vectis_kernel::ids::{ChannelId, WebhookDeliveryId, WebhookId};
use vectis_kernel::{Ctx, Failure, Page, PageRequest};

use crate::Tx;
use crate::ports::event_handler::IncomingEvent;

/// What staff decide about a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Where events are told.
    pub url: String,
    /// For people.
    pub description: String,
    /// Exact (`vectis.orders.order_placed.v1`) or a whole domain (`vectis.orders.*`).
    pub event_types: Vec<String>,
    /// Only events that carry this channel.
    pub channel_id: Option<ChannelId>,
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// What staff decided.
    pub settings: WebhookSettings,
    /// Why nothing is told any more; `None` while it is enabled.
    pub disabled_reason: Option<String>,
    /// Since when no delivery has succeeded; `None` while all is well.
    pub failing_since: Option<DateTime<Utc>>,
    /// Failed attempts since the last success.
    pub consecutive_failures: i32,
    /// Until when the secret before the present one signs too.
    pub previous_secret_until: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// What receivers check signatures with: `whsec_…`. Shown when it is made, and not again.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(pub String);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryStatus {
    /// To be tried, at first or again.
    Waiting,
    /// Answered with a status of success.
    Delivered,
    /// Given up.
    Failed,
}

/// One event for one webhook. What it says of an answer is of the last attempt that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// Its id.
    pub id: WebhookDeliveryId,
    /// Whose.
    pub webhook_id: WebhookId,
    /// Of the event; `webhook-id` in the request.
    pub event_id: uuid::Uuid,
    /// Of the event.
    pub event_type: String,
    /// How it stands.
    pub status: DeliveryStatus,
    /// Attempts begun.
    pub attempts: i32,
    /// HTTP status of the answer.
    pub status_code: Option<i32>,
    /// Why there was no answer, or why it did not do.
    pub error: Option<String>,
    /// How long the attempt took.
    pub duration_ms: Option<i32>,
    /// The first bytes of the answer.
    pub response: Option<String>,
    /// When it is tried next; while an attempt is under way, when another process would take it over.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When the event was taken in.
    pub created_at: DateTime<Utc>,
    /// When the last attempt that ended did so.
    pub attempted_at: Option<DateTime<Utc>>,
}

/// A page of one webhook's deliveries, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeliveriesOf {
    /// Whose.
    pub webhook_id: WebhookId,
    /// Only those that stand so.
    pub status: Option<DeliveryStatus>,
    /// Which of them.
    pub page: PageRequest,
}

vectis_kernel::refusal_codes! {
    /// Why a webhook was not shown or changed.
    WebhookCode {
        /// Needs `webhooks.read` or `webhooks.manage`.
        Forbidden = "FORBIDDEN": Forbidden,
        /// There is no such webhook.
        WebhookNotFound = "WEBHOOK_NOT_FOUND": NotFound,
        /// There is no such delivery, or no longer.
        DeliveryNotFound = "DELIVERY_NOT_FOUND": NotFound,
        /// Nothing is sent to a webhook that is disabled.
        WebhookDisabled = "WEBHOOK_DISABLED": Conflict,
        /// A field is not what it must be.
        InvalidInput = "INVALID_INPUT": Invalid,
        /// There are as many webhooks as there may be.
        TooMany = "TOO_MANY": Refused,
    }
}

/// What staff do with webhooks.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// All, oldest first.
    async fn list(&self, ctx: &Ctx) -> Result<Vec<Webhook>, Failure<WebhookCode>>;
    /// Those of the ids that exist.
    async fn get_many(&self, ctx: &Ctx, ids: &[WebhookId]) -> Result<Vec<Webhook>, Failure<WebhookCode>>;
    /// A page for each question, in the order of the questions.
    async fn deliveries(
        &self,
        ctx: &Ctx,
        of: &[DeliveriesOf],
    ) -> Result<Vec<Page<WebhookDelivery>>, Failure<WebhookCode>>;
    /// Makes one, enabled, with a secret.
    async fn create(
        &self,
        ctx: &Ctx,
        settings: WebhookSettings,
    ) -> Result<(WebhookId, WebhookSecret), Failure<WebhookCode>>;
    /// Replaces its settings. Deliveries that wait go to the new address.
    async fn update(
        &self,
        ctx: &Ctx,
        id: WebhookId,
        settings: WebhookSettings,
    ) -> Result<(), Failure<WebhookCode>>;
    /// Removes it with all its deliveries.
    async fn delete(&self, ctx: &Ctx, id: WebhookId) -> Result<(), Failure<WebhookCode>>;
    /// A new secret. The one before signs too, for a time.
    async fn rotate_secret(&self, ctx: &Ctx, id: WebhookId) -> Result<WebhookSecret, Failure<WebhookCode>>;
    /// Events are told again, and what waited is sent. Enabling an enabled one changes nothing.
    async fn enable(&self, ctx: &Ctx, id: WebhookId) -> Result<(), Failure<WebhookCode>>;
    /// Nothing is told from now on; what waits goes on waiting.
    async fn disable(&self, ctx: &Ctx, id: WebhookId, reason: &str) -> Result<(), Failure<WebhookCode>>;
    /// Tells this webhook, and no other, an event that says it is a test: by the same way as all events.
    async fn send_test(&self, ctx: &Ctx, id: WebhookId) -> Result<(), Failure<WebhookCode>>;
    /// Tries a delivery again now, from the beginning of the schedule, whatever became of it.
    async fn delivery_retry(
        &self,
        ctx: &Ctx,
        id: WebhookDeliveryId,
    ) -> Result<WebhookDelivery, Failure<WebhookCode>>;
}

/// A request to be made now, by whoever claimed it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Which delivery.
    pub delivery_id: WebhookDeliveryId,
    /// Whose.
    pub webhook_id: WebhookId,
    /// Of this claim: whoever has an older one is too late.
    pub fence: i64,
    /// Attempts begun, this one included.
    pub attempts: i32,
    /// Where to.
    pub url: String,
    /// Id, time and signature.
    pub headers: [(&'static str, String); 3],
    /// The event's envelope.
    pub body: Arc<str>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptOutcome {
    /// Which delivery.
    pub delivery_id: WebhookDeliveryId,
    /// Whose.
    pub webhook_id: WebhookId,
    /// Of the claim.
    pub fence: i64,
    /// Attempts begun, this one included.
    pub attempts: i32,
    /// HTTP status of the answer, if there was one.
    pub status_code: Option<u16>,
    /// Why there was no answer, or why it does not do.
    pub error: Option<String>,
    /// First bytes of the answer.
    pub response: Option<String>,
    /// How long the receiver wants to be left alone.
    pub retry_after: Option<Duration>,
    /// How long it took.
    pub took: Duration,
}

/// What drivers do with webhooks: events in, requests out.
#[async_trait]
pub trait WebhookQueue: Send + Sync {
    /// For each event whether any webhook wants it.
    async fn wants(&self, events: &[&IncomingEvent]) -> Result<Vec<bool>, Failure<WebhookCode>>;
    /// Makes a delivery of each event for each webhook that wants it, in the caller's unit of work.
    async fn take_in(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        events: &[IncomingEvent],
    ) -> Result<(), Failure<WebhookCode>>;
    /// What is due now, at most as much of each webhook as may be under way beside what the caller already has. Whatever is
    /// not recorded in time is given to the next who asks.
    async fn claim(
        &self,
        ctx: &Ctx,
        under_way: &[(WebhookId, i32)],
    ) -> Result<Vec<Attempt>, Failure<WebhookCode>>;
    /// How attempts ended; those that were too late count for nothing.
    async fn record(&self, ctx: &Ctx, outcomes: &[AttemptOutcome]) -> Result<(), Failure<WebhookCode>>;
    /// Forgets deliveries that are older than the log is kept; how many.
    async fn sweep(&self, ctx: &Ctx) -> Result<u64, Failure<WebhookCode>>;
}

/// Says whether requests may go to a URL at all, as far as that can be known from the URL.
pub trait TargetJudge: Send + Sync {
    /// The reason why not, in a sentence.
    fn judge(&self, url: &str) -> Result<(), String>;
}
