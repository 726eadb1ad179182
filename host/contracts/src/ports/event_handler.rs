//! What takes events in: a consumer that hands each event on once, in the unit of work that remembers it.

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;
use vectis_kernel::Ctx;

use crate::Tx;

/// An event as it came in, from ourselves or from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct IncomingEvent {
    /// Deduped by it.
    pub id: Uuid,
    /// `vectis.inventory.stock_reported.v1`
    pub event_type: String,
    /// Where it stood.
    pub topic: String,
    /// What it was kept in order by.
    pub key: String,
    /// The whole envelope.
    pub envelope: Value,
}

/// Why events were not taken in. Nothing of the unit of work stays.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// It will never work: a dead letter with this reason.
    #[error("{0}")]
    Refused(String),
    /// It may work later: tried again a few times, then a dead letter.
    #[error("{0}")]
    Failed(String),
}

/// A consumer's part that knows what events mean.
#[async_trait]
pub trait EventHandler: Send + Sync {
    /// The consumer's name, for ever: its place in the log and its inbox are kept under it.
    fn consumer(&self) -> &'static str;
    /// The topics it reads.
    fn topics(&self) -> Vec<&'static str>;
    /// The event types it takes, or `None` for all. A version of one of them that is not listed becomes a dead letter;
    /// every other type is passed over.
    fn event_types(&self) -> Option<Vec<&'static str>>;
    /// Which of these it wants at all, an answer for each; the others leave no trace, not even in the inbox.
    async fn wants(&self, events: &[&IncomingEvent]) -> Result<Vec<bool>, HandleError> {
        Ok(vec![true; events.len()])
    }
    /// Takes events in, none of which it has taken before, in order per key. The caller commits.
    async fn handle(&self, tx: &mut Tx, ctx: &Ctx, events: &[IncomingEvent]) -> Result<(), HandleError>;
}
