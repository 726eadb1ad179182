//! Webhooks: who is told which events, what was sent, what came back. Requests are made by a driver.
//!
//! *Owns*: the schema `webhooks`, signatures and the schedule of attempts. *Depends on*: `contracts`, `db`. *Invariants*: a webhook
//! has one delivery of an event, however often the event comes in; a delivery is sent until it is taken, or given up with its
//! reason; an outcome counts only for whoever claimed last; no secret is stored, and none is shown twice. *Start reading at*:
//! [`build`], then `queue.rs`.

mod config;
mod events;
mod model;
mod queue;
mod service;
mod signing;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use vectis_contracts::audit::Audit;
use vectis_contracts::webhooks::{TargetJudge, WebhookQueue, Webhooks};
use vectis_db::{Db, ModuleMigrations};
use vectis_kernel::Ctx;

pub use config::Config;
pub use signing::KeyError;

/// The schema `webhooks`.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "webhooks", migrator: sqlx::migrate!("../../../migrations/webhooks") };

/// What the module needs.
pub struct Deps {
    /// The database, migrated.
    pub db: Db,
    /// Where changes are recorded.
    pub audit: Arc<dyn Audit>,
    /// Who knows where requests may go.
    pub judge: Arc<dyn TargetJudge>,
}

/// What the module gives.
pub struct Built {
    /// For staff.
    pub webhooks: Arc<dyn Webhooks>,
    /// For drivers.
    pub queue: Arc<dyn WebhookQueue>,
}

/// Puts the module together.
///
/// # Errors
/// The key that secrets are made of cannot be had.
pub async fn build(deps: Deps, config: Config) -> Result<Built, KeyError> {
    let ctx = Ctx::system("webhooks");
    let keys = signing::Keys::load(&deps.db, &ctx, config.signing_key_file.as_deref()).await?;
    let room = Arc::new(service::PgWebhooks::new(deps, config, keys));
    Ok(Built { webhooks: room.clone(), queue: room })
}
