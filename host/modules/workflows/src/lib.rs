//! Workflows: the record of processes that outlast a request. What they decide is their modules' business; that a decision and all it
//! asks for are written together, that nothing is taken in twice, and that a failure waits for staff instead of being lost, is kept here.
//!
//! *Owns*: the schema `workflows`. *Depends on*: `contracts`, `db`. *Invariants*: whoever changes an instance holds its row; a message
//! is taken in once, in order, and only after the beginning; of a run only the last claimer's word counts; what failed for good is a
//! fault and an event. *Start reading at*: `advance.rs`, the pure part; then `decide.rs` and `runs.rs`, what drivers do with it;
//! `intake.rs`, how processes hear of events; `service.rs`, what staff see and do.

mod advance;
mod decide;
mod events;
mod intake;
mod runs;
mod service;
mod store;
mod tell;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use vectis_contracts::audit::Audit;
use vectis_contracts::ports::event_handler::EventHandler;
use vectis_contracts::ports::process::Processes;
use vectis_contracts::ports::workflow_journal::Journal;
use vectis_contracts::workflows::Workflows;
use vectis_db::{Db, ModuleMigrations};

/// The schema `workflows`.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "workflows", migrator: sqlx::migrate!("../../../migrations/workflows") };

/// What the module needs.
pub struct Deps {
    /// The database.
    pub db: Db,
    /// Where what staff do is recorded.
    pub audit: Arc<dyn Audit>,
    /// All definitions.
    pub processes: Processes,
}

/// What the module gives.
pub struct Built {
    /// For staff.
    pub workflows: Arc<dyn Workflows>,
    /// For drivers.
    pub journal: Arc<dyn Journal>,
    /// Tells processes of events.
    pub intake: Arc<dyn EventHandler>,
}

/// Puts the module together.
pub fn build(deps: Deps) -> Built {
    let Deps { db, audit, processes } = deps;
    Built {
        workflows: Arc::new(service::PgWorkflows { db: db.clone(), audit }),
        journal: Arc::new(decide::PgJournal { db }),
        intake: Arc::new(intake::Intake { processes }),
    }
}
