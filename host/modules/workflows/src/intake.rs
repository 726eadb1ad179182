//! Processes hear of events: what begins and tells them comes through the outbox, so nothing is lost while workers are away.

use async_trait::async_trait;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::events::topic_of;
use vectis_contracts::ports::event_handler::{EventHandler, HandleError, IncomingEvent};
use vectis_contracts::ports::process::{Happening, Heard, Process, Processes};
use vectis_contracts::workflows::CONSUMER;
use vectis_contracts::workflows::WorkflowCode;
use vectis_kernel::{Ctx, Failure};

use crate::tell::{Told, tell};

/// Takes events in for all processes.
pub(crate) struct Intake {
    pub(crate) processes: Processes,
}

#[async_trait]
impl EventHandler for Intake {
    fn consumer(&self) -> &'static str {
        CONSUMER
    }

    fn topics(&self) -> Vec<&'static str> {
        let mut topics: Vec<&str> = self.listened().into_iter().map(topic_of).collect();
        topics.sort_unstable();
        topics.dedup();
        topics
    }

    fn event_types(&self) -> Option<Vec<&'static str>> {
        Some(self.listened())
    }

    async fn handle(&self, tx: &mut Tx, ctx: &Ctx, events: &[IncomingEvent]) -> Result<(), HandleError> {
        let mut told = Vec::new();
        for event in events {
            for process in self.processes.newest() {
                if process.event_types().contains(&event.event_type.as_str()) {
                    let heard = process.hear(event).map_err(HandleError::Refused)?;
                    told.extend(said(&**process, heard, event.id));
                }
            }
        }
        let done: Result<(), Failure<WorkflowCode>> = tell(tx, ctx, told).await;
        done.map_err(|failure| match failure {
            Failure::Internal(error) => HandleError::Failed(error.to_string()),
            Failure::Refused(refusals) => HandleError::Refused(format!("{refusals:?}")),
        })
    }
}

impl Intake {
    fn listened(&self) -> Vec<&'static str> {
        let mut types: Vec<&str> =
            self.processes.newest().flat_map(|process| process.event_types()).collect();
        types.sort_unstable();
        types.dedup();
        types
    }
}

fn said(process: &dyn Process, heard: Heard, id: Uuid) -> Option<Told> {
    let (key, begins, happening) = match heard {
        Heard::Start { key, input } => (key, Some(process.version()), Happening::Started { input }),
        Heard::Signal { key, name, payload } => (key, None, Happening::Signaled { name, payload }),
        Heard::Nothing => return None,
    };
    Some(Told { process: process.name().to_owned(), key, begins, id, happening })
}
