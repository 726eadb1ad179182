//! From the event log into the queue.

use std::sync::Arc;

use async_trait::async_trait;
use vectis_contracts::Tx;
use vectis_contracts::events::topics;
use vectis_contracts::ports::event_handler::{EventHandler, HandleError, IncomingEvent};
use vectis_contracts::webhooks::{WebhookCode, WebhookQueue};
use vectis_kernel::{Ctx, Failure};

/// Its name.
pub const CONSUMER: &str = "webhooks";

/// Takes events in for webhooks.
pub struct Intake {
    /// Where they go.
    pub queue: Arc<dyn WebhookQueue>,
}

#[async_trait]
impl EventHandler for Intake {
    fn consumer(&self) -> &'static str {
        CONSUMER
    }

    fn topics(&self) -> Vec<&'static str> {
        topics()
    }

    fn event_types(&self) -> Option<Vec<&'static str>> {
        None
    }

    async fn wants(&self, events: &[&IncomingEvent]) -> Result<Vec<bool>, HandleError> {
        self.queue.wants(events).await.map_err(failed)
    }

    async fn handle(&self, tx: &mut Tx, ctx: &Ctx, events: &[IncomingEvent]) -> Result<(), HandleError> {
        self.queue.take_in(tx, ctx, events).await.map_err(failed)
    }
}

/// The queue refuses no event; what broke may work later.
fn failed(failure: Failure<WebhookCode>) -> HandleError {
    match failure {
        Failure::Refused(refusals) => {
            HandleError::Failed(refusals.into_iter().map(|refusal| refusal.message).collect())
        }
        Failure::Internal(error) => HandleError::Failed(error.to_string()),
    }
}
