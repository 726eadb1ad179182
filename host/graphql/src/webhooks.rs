//! Webhooks: what staff see and do.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::connection::Connection;
use async_graphql::dataloader::Loader;
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use vectis_contracts::webhooks as contract;
use vectis_kernel::ids::{ChannelId, EventId, WebhookDeliveryId, WebhookId};
use vectis_kernel::permission::staff;
use vectis_kernel::{Page, PageRequest};

use crate::caller::ContextExt;
use crate::error::{UserError, answer, loaded, outcome};
use crate::id::GlobalId;
use crate::loaders::{self, Batches};
use crate::page::{connection, page_request};
use crate::policy::{Access, TypePolicy};
use crate::references::{anyone, unknown};

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Query", &[(Access::Staff(&staff::WEBHOOKS_READ), "webhooks webhook")]),
    (
        "Mutation",
        &[(
            Access::Staff(&staff::WEBHOOKS_MANAGE),
            "webhookCreate webhookUpdate webhookDelete webhookRotateSecret webhookEnable webhookDisable webhookSendTest \
             webhookDeliveryRetry",
        )],
    ),
    (
        "Webhook",
        &[(
            Access::Owner,
            "id url description eventTypes channelId isEnabled disabledReason failingSince consecutiveFailures \
             previousSecretUntil createdAt updatedAt deliveries",
        )],
    ),
    (
        "WebhookDelivery",
        &[(
            Access::Owner,
            "id eventId eventType status attempts statusCode error durationMs response nextAttemptAt createdAt attemptedAt",
        )],
    ),
];

/// Why a webhook command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::WebhookCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum WebhookErrorCode {
    Forbidden,
    WebhookNotFound,
    DeliveryNotFound,
    WebhookDisabled,
    InvalidInput,
    TooMany,
}

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::DeliveryStatus")]
pub enum WebhookDeliveryStatus {
    /// To be tried, at first or again.
    Waiting,
    /// Answered with a status of success.
    Delivered,
    /// Given up.
    Failed,
}

/// One event for one webhook. What it says of an answer is of the last attempt that ended.
#[derive(SimpleObject)]
pub struct WebhookDelivery {
    /// Its id.
    pub id: GlobalId<WebhookDeliveryId>,
    /// Of the event; `webhook-id` in the request.
    pub event_id: GlobalId<EventId>,
    /// `vectis.orders.order_placed.v1`.
    pub event_type: String,
    /// How it stands.
    pub status: WebhookDeliveryStatus,
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

impl From<contract::WebhookDelivery> for WebhookDelivery {
    fn from(delivery: contract::WebhookDelivery) -> Self {
        Self {
            id: GlobalId(delivery.id),
            event_id: GlobalId(EventId(delivery.event_id)),
            event_type: delivery.event_type,
            status: delivery.status.into(),
            attempts: delivery.attempts,
            status_code: delivery.status_code,
            error: delivery.error,
            duration_ms: delivery.duration_ms,
            response: delivery.response,
            next_attempt_at: delivery.next_attempt_at,
            created_at: delivery.created_at,
            attempted_at: delivery.attempted_at,
        }
    }
}

/// Key of a page of a webhook's deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PageOf(contract::DeliveriesOf);

impl Loader<PageOf> for Batches {
    type Value = Arc<Page<contract::WebhookDelivery>>;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[PageOf]) -> async_graphql::Result<HashMap<PageOf, Self::Value>> {
        let of: Vec<contract::DeliveriesOf> = keys.iter().map(|key| key.0).collect();
        let pages = self.services().webhooks.deliveries(&self.caller().ctx, &of).await;
        let pages = loaded(self.caller(), "WebhookDelivery", pages)?;
        Ok(keys.iter().copied().zip(pages.into_iter().map(Arc::new)).collect())
    }
}

/// An address that events are told to.
pub struct Webhook(contract::Webhook);

/// An address that events are told to, signed, until they are taken or given up.
#[Object]
impl Webhook {
    /// Its id.
    async fn id(&self) -> GlobalId<WebhookId> {
        GlobalId(self.0.id)
    }
    /// Where events are told.
    async fn url(&self) -> &str {
        &self.0.settings.url
    }
    /// For people.
    async fn description(&self) -> &str {
        &self.0.settings.description
    }
    /// Exact event types, and whole domains: `vectis.orders.*`.
    async fn event_types(&self) -> &[String] {
        &self.0.settings.event_types
    }
    /// Only events that carry this channel.
    async fn channel_id(&self) -> Option<GlobalId<ChannelId>> {
        self.0.settings.channel_id.map(GlobalId)
    }
    /// Whether events are told.
    async fn is_enabled(&self) -> bool {
        self.0.disabled_reason.is_none()
    }
    /// Why nothing is told any more.
    async fn disabled_reason(&self) -> Option<&str> {
        self.0.disabled_reason.as_deref()
    }
    /// Since when no delivery has succeeded; null while all is well.
    async fn failing_since(&self) -> Option<DateTime<Utc>> {
        self.0.failing_since
    }
    /// Failed attempts since the last success.
    async fn consecutive_failures(&self) -> i32 {
        self.0.consecutive_failures
    }
    /// Until when the secret before the present one signs too.
    async fn previous_secret_until(&self) -> Option<DateTime<Utc>> {
        self.0.previous_secret_until
    }
    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it was last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
    /// What was told, and what became of it; newest first.
    async fn deliveries(
        &self,
        ctx: &Context<'_>,
        status: Option<WebhookDeliveryStatus>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, WebhookDelivery>> {
        let page: PageRequest = page_request(first, after)?;
        let status = status.map(contract::DeliveryStatus::from);
        let of = contract::DeliveriesOf { webhook_id: self.0.id, status, page };
        let found = loaders::of(ctx).load_one(PageOf(of)).await?;
        let empty = || Arc::new(Page { items: Vec::new(), has_next: false });
        let found = Page::clone(&found.unwrap_or_else(empty));
        Ok(connection(page, found, |delivery| delivery.id.0, WebhookDelivery::from))
    }
}

/// Queries about webhooks.
#[derive(Default)]
pub struct WebhookQuery;

#[Object]
impl WebhookQuery {
    /// All webhooks (there are at most 100), oldest first.
    async fn webhooks(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Webhook>> {
        let found = answer(ctx, ctx.services().webhooks.list(&ctx.caller().ctx).await)?;
        Ok(found.into_iter().map(Webhook).collect())
    }

    /// A webhook.
    async fn webhook(
        &self,
        ctx: &Context<'_>,
        id: GlobalId<WebhookId>,
    ) -> async_graphql::Result<Option<Webhook>> {
        let found = answer(ctx, ctx.services().webhooks.get_many(&ctx.caller().ctx, &[id.0]).await)?;
        Ok(found.into_iter().next().map(Webhook))
    }
}

/// A webhook to make.
#[derive(InputObject)]
pub struct WebhookCreateInput {
    /// `https://…`, at most 2,000 characters.
    pub url: String,
    /// For people; at most 200 characters.
    #[graphql(default)]
    pub description: String,
    /// 1 to 50 event types (`vectis.orders.order_placed.v1`) and domains (`vectis.orders.*`).
    pub event_types: Vec<String>,
    /// Only events that carry this channel.
    pub channel_id: Option<GlobalId<ChannelId>>,
}

/// New settings of a webhook.
#[derive(InputObject)]
pub struct WebhookUpdateInput {
    /// Which.
    pub id: GlobalId<WebhookId>,
    /// `https://…`, at most 2,000 characters.
    pub url: String,
    /// For people; at most 200 characters.
    #[graphql(default)]
    pub description: String,
    /// 1 to 50 event types (`vectis.orders.order_placed.v1`) and domains (`vectis.orders.*`).
    pub event_types: Vec<String>,
    /// Only events that carry this channel.
    pub channel_id: Option<GlobalId<ChannelId>>,
}

/// A webhook.
#[derive(InputObject)]
pub struct WebhookInput {
    /// Which.
    pub id: GlobalId<WebhookId>,
}

/// A webhook to switch off.
#[derive(InputObject)]
pub struct WebhookDisableInput {
    /// Which.
    pub id: GlobalId<WebhookId>,
    /// Why: 1 to 500 characters.
    pub reason: String,
}

/// A delivery to try again.
#[derive(InputObject)]
pub struct WebhookDeliveryRetryInput {
    /// Which.
    pub id: GlobalId<WebhookDeliveryId>,
}

/// What a webhook command left behind.
#[derive(SimpleObject)]
pub struct WebhookPayload {
    /// The webhook.
    pub webhook: Option<Webhook>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<WebhookErrorCode>>,
}

/// A webhook with a new secret.
#[derive(SimpleObject)]
pub struct WebhookSecretPayload {
    /// The webhook.
    pub webhook: Option<Webhook>,
    /// What receivers check signatures with: `whsec_…`. It is not shown again.
    pub secret: Option<String>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<WebhookErrorCode>>,
}

/// A webhook that is no more.
#[derive(SimpleObject)]
pub struct WebhookDeletePayload {
    /// Its id.
    pub webhook_id: Option<GlobalId<WebhookId>>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<WebhookErrorCode>>,
}

/// A delivery that is tried again.
#[derive(SimpleObject)]
pub struct WebhookDeliveryPayload {
    /// The delivery.
    pub delivery: Option<WebhookDelivery>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<WebhookErrorCode>>,
}

type Errors = Vec<UserError<WebhookErrorCode>>;

/// The webhook as it stands after a command; whoever may write it may see it.
async fn webhook(ctx: &Context<'_>, id: WebhookId) -> async_graphql::Result<Option<Webhook>> {
    let found = answer(ctx, ctx.services().webhooks.get_many(&anyone(ctx), &[id]).await)?;
    Ok(found.into_iter().next().map(Webhook))
}

/// The payload of a command on a webhook that is there.
async fn done(
    ctx: &Context<'_>,
    id: GlobalId<WebhookId>,
    (done, user_errors): (Option<()>, Errors),
) -> async_graphql::Result<WebhookPayload> {
    let webhook = match done {
        Some(()) => webhook(ctx, id.0).await?,
        None => None,
    };
    Ok(WebhookPayload { webhook, user_errors })
}

async fn unknown_channel(
    ctx: &Context<'_>,
    channel: Option<GlobalId<ChannelId>>,
) -> async_graphql::Result<Errors> {
    let Some(channel) = channel else { return Ok(Vec::new()) };
    let found = answer(ctx, ctx.services().channels.get_many(&anyone(ctx), &[channel.0]).await)?;
    let named = [(vec!["channelId".to_owned()], channel)];
    Ok(unknown(WebhookErrorCode::InvalidInput, named, found.into_iter().map(|channel| channel.id)))
}

/// Commands on webhooks.
#[derive(Default)]
pub struct WebhookMutation;

#[Object]
impl WebhookMutation {
    /// Makes a webhook, enabled, and shows its secret.
    async fn webhook_create(
        &self,
        ctx: &Context<'_>,
        input: WebhookCreateInput,
    ) -> async_graphql::Result<WebhookSecretPayload> {
        let user_errors = unknown_channel(ctx, input.channel_id).await?;
        if !user_errors.is_empty() {
            return Ok(WebhookSecretPayload { webhook: None, secret: None, user_errors });
        }
        let settings = contract::WebhookSettings {
            url: input.url,
            description: input.description,
            event_types: input.event_types,
            channel_id: input.channel_id.map(|id| id.0),
        };
        let made = ctx.services().webhooks.create(&ctx.command(None)?, settings).await;
        let (made, user_errors) = outcome(ctx, made)?;
        let Some((id, secret)) = made else {
            return Ok(WebhookSecretPayload { webhook: None, secret: None, user_errors });
        };
        Ok(WebhookSecretPayload { webhook: webhook(ctx, id).await?, secret: Some(secret.0), user_errors })
    }

    /// Replaces a webhook's settings. Deliveries that wait go to the new address.
    async fn webhook_update(
        &self,
        ctx: &Context<'_>,
        input: WebhookUpdateInput,
    ) -> async_graphql::Result<WebhookPayload> {
        let user_errors = unknown_channel(ctx, input.channel_id).await?;
        if !user_errors.is_empty() {
            return Ok(WebhookPayload { webhook: None, user_errors });
        }
        let settings = contract::WebhookSettings {
            url: input.url,
            description: input.description,
            event_types: input.event_types,
            channel_id: input.channel_id.map(|id| id.0),
        };
        let updated = ctx.services().webhooks.update(&ctx.command(None)?, input.id.0, settings).await;
        done(ctx, input.id, outcome(ctx, updated)?).await
    }

    /// Removes a webhook with all its deliveries.
    async fn webhook_delete(
        &self,
        ctx: &Context<'_>,
        input: WebhookInput,
    ) -> async_graphql::Result<WebhookDeletePayload> {
        let deleted = ctx.services().webhooks.delete(&ctx.command(None)?, input.id.0).await;
        let (deleted, user_errors) = outcome(ctx, deleted)?;
        Ok(WebhookDeletePayload { webhook_id: deleted.map(|()| input.id), user_errors })
    }

    /// Makes a new secret and shows it. The one before signs too, until `previousSecretUntil`.
    async fn webhook_rotate_secret(
        &self,
        ctx: &Context<'_>,
        input: WebhookInput,
    ) -> async_graphql::Result<WebhookSecretPayload> {
        let rotated = ctx.services().webhooks.rotate_secret(&ctx.command(None)?, input.id.0).await;
        let (secret, user_errors) = outcome(ctx, rotated)?;
        let Some(secret) = secret else {
            return Ok(WebhookSecretPayload { webhook: None, secret: None, user_errors });
        };
        let webhook = webhook(ctx, input.id.0).await?;
        Ok(WebhookSecretPayload { webhook, secret: Some(secret.0), user_errors })
    }

    /// Events are told again, and what waited is sent.
    async fn webhook_enable(
        &self,
        ctx: &Context<'_>,
        input: WebhookInput,
    ) -> async_graphql::Result<WebhookPayload> {
        let enabled = ctx.services().webhooks.enable(&ctx.command(None)?, input.id.0).await;
        done(ctx, input.id, outcome(ctx, enabled)?).await
    }

    /// Nothing is told from now on; what waits goes on waiting.
    async fn webhook_disable(
        &self,
        ctx: &Context<'_>,
        input: WebhookDisableInput,
    ) -> async_graphql::Result<WebhookPayload> {
        let command = ctx.command(None)?;
        let disabled = ctx.services().webhooks.disable(&command, input.id.0, &input.reason).await;
        done(ctx, input.id, outcome(ctx, disabled)?).await
    }

    /// Tells this webhook, and no other, an event that says it is a test; look for it among the deliveries.
    async fn webhook_send_test(
        &self,
        ctx: &Context<'_>,
        input: WebhookInput,
    ) -> async_graphql::Result<WebhookPayload> {
        let sent = ctx.services().webhooks.send_test(&ctx.command(None)?, input.id.0).await;
        done(ctx, input.id, outcome(ctx, sent)?).await
    }

    /// Tries a delivery again now, whatever became of it, from the beginning of the schedule.
    async fn webhook_delivery_retry(
        &self,
        ctx: &Context<'_>,
        input: WebhookDeliveryRetryInput,
    ) -> async_graphql::Result<WebhookDeliveryPayload> {
        let retried = ctx.services().webhooks.delivery_retry(&ctx.command(None)?, input.id.0).await;
        let (delivery, user_errors) = outcome(ctx, retried)?;
        Ok(WebhookDeliveryPayload { delivery: delivery.map(WebhookDelivery::from), user_errors })
    }
}
