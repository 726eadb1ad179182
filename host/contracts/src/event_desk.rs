//! What staff see of events on their way: the subscriptions of plugins, and what nobody could take in.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;
use vectis_kernel::ids::DeadLetterId;
use vectis_kernel::{Ctx, Failure, Page, PageRequest};

/// Whether a subscription is told of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionState {
    /// It is, or would be if there were any.
    Told,
    /// It is not; the sentence says why and what to do about it. Events wait.
    Waiting(String),
    /// Its plugin is not loaded in the process that answers. Events wait.
    Absent,
}

/// How a subscription of a plugin does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionStanding {
    /// The plugin.
    pub plugin: String,
    /// The subscription's name.
    pub name: String,
    /// Under what name its dead letters are.
    pub reader: String,
    /// What it is told of; empty when its plugin is not loaded.
    pub events: Vec<String>,
    /// Whether the operator lets it have them.
    pub is_granted: bool,
    /// Whether it is told.
    pub state: SubscriptionState,
    /// Events of its topics that it is not yet done with; `None` when the log cannot be asked.
    pub behind: Option<u64>,
    /// When it began; `None` for the beginning of the log.
    pub since: Option<DateTime<Utc>>,
    /// When some process last told it, or would have.
    pub served_at: Option<DateTime<Utc>>,
    /// How many of its events were put away.
    pub dead_letters: i64,
    /// What went wrong last.
    pub last_failure: Option<String>,
    /// When that was.
    pub failed_at: Option<DateTime<Utc>>,
}

/// An event that was put away, because whoever reads could not take it in.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// Its id.
    pub id: DeadLetterId,
    /// Who could not take it in.
    pub reader: String,
    /// The event's own id.
    pub event_id: Uuid,
    /// Its type; `None` when it says none.
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
    /// As it came; a text when it is no JSON. `None` without `events.read_payload`.
    pub payload: Option<Value>,
}

vectis_kernel::refusal_codes! {
    /// Why a question or command about events was refused.
    EventDeskCode {
        /// The caller may not.
        Forbidden = "FORBIDDEN": Forbidden,
        /// There is no such dead letter, or no longer.
        DeadLetterNotFound = "DEAD_LETTER_NOT_FOUND": NotFound,
        /// It was tried once more and failed again; it stays.
        StillFails = "STILL_FAILS": Refused,
        /// An input makes no sense.
        InvalidInput = "INVALID_INPUT": Invalid,
        /// The same command is being done, or was broken off; look for the letter.
        Underway = "UNDERWAY": Conflict,
    }
}

/// Staff's view.
#[async_trait]
pub trait EventDesk: Send + Sync {
    /// All subscriptions, by plugin and name. Needs `events.read`.
    async fn subscriptions(&self, ctx: &Ctx) -> Result<Vec<SubscriptionStanding>, Failure<EventDeskCode>>;
    /// Dead letters of one reader or of all, newest first. Needs `events.read`.
    async fn dead_letters(
        &self,
        ctx: &Ctx,
        reader: Option<&str>,
        page: PageRequest,
    ) -> Result<Page<DeadLetter>, Failure<EventDeskCode>>;
    /// Tries a letter once more; it is gone when that works. Needs `events.write`.
    async fn redrive(&self, ctx: &Ctx, id: DeadLetterId) -> Result<(), Failure<EventDeskCode>>;
    /// Gives a letter up, with a reason for the audit trail. Needs `events.write`.
    async fn discard(&self, ctx: &Ctx, id: DeadLetterId, reason: &str) -> Result<(), Failure<EventDeskCode>>;
}
