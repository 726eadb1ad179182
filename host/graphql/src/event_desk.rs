//! Events on their way as staff see them: subscriptions of plugins, and what nobody could take in.

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use vectis_contracts::event_desk::{self as contract, SubscriptionState as State};
use vectis_kernel::ids::{DeadLetterId, EventId};
use vectis_kernel::permission::staff;

use crate::caller::ContextExt;
use crate::error::{UserError, answer, outcome};
use crate::id::GlobalId;
use crate::page::{connection, page_request};
use crate::policy::{Access, TypePolicy};
use crate::scalars::Json;

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Query", &[(Access::Staff(&staff::EVENTS_READ), "pluginSubscriptions eventDeadLetters")]),
    ("Mutation", &[(Access::Staff(&staff::EVENTS_WRITE), "eventDeadLetterRedrive eventDeadLetterDiscard")]),
    (
        "PluginSubscription",
        &[(
            Access::Owner,
            "plugin name reader events isGranted state waitsFor lag since servedAt deadLetterCount lastFailure failedAt",
        )],
    ),
    (
        "EventDeadLetter",
        &[
            (Access::Owner, "id reader eventId eventType topic key reason attempts createdAt"),
            (Access::Staff(&staff::EVENTS_READ_PAYLOAD), "payload"),
        ],
    ),
    ("EventDeadLetterPayload", &[(Access::Owner, "deadLetterId userErrors")]),
];

/// Whether a subscription is told of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PluginSubscriptionState {
    /// It is, or would be if there were any.
    Told,
    /// It is not; `waitsFor` says why and what to do about it. Events wait.
    Waiting,
    /// Its plugin is not loaded in the process that answers. Events wait.
    Absent,
}

/// Why a command about events was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::EventDeskCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum EventErrorCode {
    Forbidden,
    DeadLetterNotFound,
    StillFails,
    InvalidInput,
    Underway,
}

/// Events that a plugin is told of.
#[derive(SimpleObject)]
pub struct PluginSubscription {
    /// The plugin.
    pub plugin: String,
    /// Its name for it.
    pub name: String,
    /// Under what name its dead letters are.
    pub reader: String,
    /// Types, or domains as `vectis.orders.*`; empty when the plugin is not loaded.
    pub events: Vec<String>,
    /// Whether the operator lets it have them.
    pub is_granted: bool,
    /// Whether it is told.
    pub state: PluginSubscriptionState,
    /// Why it is not told, and what to do about it.
    pub waits_for: Option<String>,
    /// Events of the log it is not yet done with, of any type; null when nobody knows. A whole number, which may be larger
    /// than an Int.
    pub lag: Option<f64>,
    /// What became true before is not told; null when it began with the oldest event.
    pub since: Option<DateTime<Utc>>,
    /// When some process last told it, or would have.
    pub served_at: Option<DateTime<Utc>>,
    /// How many of its events were put away.
    pub dead_letter_count: i64,
    /// What went wrong last.
    pub last_failure: Option<String>,
    /// When that was.
    pub failed_at: Option<DateTime<Utc>>,
}

impl From<contract::SubscriptionStanding> for PluginSubscription {
    fn from(standing: contract::SubscriptionStanding) -> Self {
        let (state, waits_for) = match standing.state {
            State::Told => (PluginSubscriptionState::Told, None),
            State::Waiting(why) => (PluginSubscriptionState::Waiting, Some(why)),
            State::Absent => (PluginSubscriptionState::Absent, None),
        };
        Self {
            plugin: standing.plugin,
            name: standing.name,
            reader: standing.reader,
            events: standing.events,
            is_granted: standing.is_granted,
            state,
            waits_for,
            lag: standing.behind.map(|behind| behind as f64),
            since: standing.since,
            served_at: standing.served_at,
            dead_letter_count: standing.dead_letters,
            last_failure: standing.last_failure,
            failed_at: standing.failed_at,
        }
    }
}

/// An event that was put away, because whoever reads could not take it in.
#[derive(SimpleObject)]
pub struct EventDeadLetter {
    /// Its id.
    pub id: GlobalId<DeadLetterId>,
    /// Who could not take it in: a consumer of the platform, or `plugin.<plugin>.<subscription>`.
    pub reader: String,
    /// The event's own id.
    pub event_id: GlobalId<EventId>,
    /// `vectis.orders.order_placed.v1`; null when it says none.
    pub event_type: Option<String>,
    /// Where it stood.
    pub topic: String,
    /// What it was kept in order by.
    pub key: String,
    /// Why.
    pub reason: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was put away.
    pub created_at: DateTime<Utc>,
    /// What it holds.
    pub payload: Option<Json>,
}

impl From<contract::DeadLetter> for EventDeadLetter {
    fn from(letter: contract::DeadLetter) -> Self {
        Self {
            id: GlobalId(letter.id),
            reader: letter.reader,
            event_id: GlobalId(EventId(letter.event_id)),
            event_type: letter.event_type,
            topic: letter.topic,
            key: letter.key,
            reason: letter.reason,
            attempts: letter.attempts,
            created_at: letter.created_at,
            payload: letter.payload.map(Json),
        }
    }
}

/// What a command about a dead letter left behind.
#[derive(SimpleObject)]
pub struct EventDeadLetterPayload {
    /// The letter that is gone; null when it was refused.
    pub dead_letter_id: Option<GlobalId<DeadLetterId>>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<EventErrorCode>>,
}

/// What is to be tried again.
#[derive(InputObject)]
pub struct EventDeadLetterRedriveInput {
    /// The letter.
    pub id: GlobalId<DeadLetterId>,
    /// Same key, same effect, once.
    pub idempotency_key: Option<String>,
}

/// What is given up.
#[derive(InputObject)]
pub struct EventDeadLetterDiscardInput {
    /// The letter.
    pub id: GlobalId<DeadLetterId>,
    /// Why, for the audit trail.
    pub reason: String,
    /// Same key, same effect, once.
    pub idempotency_key: Option<String>,
}

/// Queries about events.
#[derive(Default)]
pub struct EventDeskQuery;

#[Object]
impl EventDeskQuery {
    /// The events that plugins are told of, by plugin and name.
    async fn plugin_subscriptions(
        &self,
        ctx: &Context<'_>,
    ) -> async_graphql::Result<Vec<PluginSubscription>> {
        let found = answer(ctx, ctx.services().event_desk.subscriptions(&ctx.caller().ctx).await)?;
        Ok(found.into_iter().map(Into::into).collect())
    }

    /// Events that were put away, newest first.
    async fn event_dead_letters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those of this reader.")] reader: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, EventDeadLetter>> {
        let page = page_request(first, after)?;
        let desk = &ctx.services().event_desk;
        let found = answer(ctx, desk.dead_letters(&ctx.caller().ctx, reader.as_deref(), page).await)?;
        Ok(connection(page, found, |letter| letter.id.0, EventDeadLetter::from))
    }
}

/// Commands on events.
#[derive(Default)]
pub struct EventDeskMutation;

#[Object]
impl EventDeskMutation {
    /// Has an event that was put away tried once more; when that works, the letter is gone.
    async fn event_dead_letter_redrive(
        &self,
        ctx: &Context<'_>,
        input: EventDeadLetterRedriveInput,
    ) -> async_graphql::Result<EventDeadLetterPayload> {
        let command = ctx.command(input.idempotency_key.as_deref())?;
        let done = ctx.services().event_desk.redrive(&command, input.id.0).await;
        let (done, user_errors) = outcome(ctx, done)?;
        Ok(EventDeadLetterPayload { dead_letter_id: done.map(|()| input.id), user_errors })
    }

    /// Gives an event that was put away up for good.
    async fn event_dead_letter_discard(
        &self,
        ctx: &Context<'_>,
        input: EventDeadLetterDiscardInput,
    ) -> async_graphql::Result<EventDeadLetterPayload> {
        let command = ctx.command(input.idempotency_key.as_deref())?;
        let done = ctx.services().event_desk.discard(&command, input.id.0, &input.reason).await;
        let (done, user_errors) = outcome(ctx, done)?;
        Ok(EventDeadLetterPayload { dead_letter_id: done.map(|()| input.id), user_errors })
    }
}
