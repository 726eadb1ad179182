//! Logins, sessions and the merchant's staff.
//!
//! *Owns*: schema `identity`. *Depends on*: `kernel`, `db`, `contracts`. *Invariants*: nobody learns from an answer or
//! from its time whether an e-mail has a login; no password, token or key is stored or logged readable; a refresh token
//! is good once, and its second use ends the session; some active login can always manage staff once one could. *Start
//! reading at*: [`build`], then `service.rs`, then `session.rs`.

mod access_token;
mod config;
mod email;
mod events;
mod hashing;
mod keys;
mod logins;
mod password;
mod refusal;
mod secret;
mod service;
mod session;
mod staff;
mod store;
#[cfg(test)]
mod tests;
mod throttle;

use std::collections::BTreeSet;
use std::sync::Arc;

use vectis_contracts::audit::Audit;
use vectis_contracts::identity::Identity;
use vectis_db::{Db, ModuleMigrations};
use vectis_kernel::{Ctx, Permission};

pub use config::Config;
pub use keys::KeyError;
pub use service::BuildError;

/// The schema of this module.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "identity", migrator: sqlx::migrate!("../../../migrations/identity") };

/// What the module needs.
pub struct Deps {
    /// The database, migrated.
    pub db: Db,
    /// Where changes are recorded.
    pub audit: Arc<dyn Audit>,
    /// Permission keys that staff roles may hold beside the platform's own: those the loaded plugins declare. Asked
    /// whenever a role is written.
    pub declared_permissions: Arc<dyn Fn() -> BTreeSet<Permission> + Send + Sync>,
}

/// What the module gives.
pub struct Built {
    /// Logins, sessions, staff.
    pub identity: Arc<dyn Identity>,
    /// The keys of this process, to reload now and then and to rotate.
    pub signing_keys: SigningKeys,
}

/// Puts the module together: reads or makes the signing keys, so the schema must be there.
pub async fn build(deps: Deps, config: Config) -> Result<Built, BuildError> {
    let identity = Arc::new(service::PgIdentity::new(deps, config).await?);
    Ok(Built { identity: Arc::clone(&identity) as Arc<dyn Identity>, signing_keys: SigningKeys(identity) })
}

/// The keys that sign and verify access tokens in this process.
pub struct SigningKeys(Arc<service::PgIdentity>);

impl SigningKeys {
    /// Reads the keys again, so that this process verifies what others sign. To be called every minute.
    pub async fn reload(&self) -> Result<(), KeyError> {
        self.0.reload_keys().await
    }

    /// Adds a key. It signs once every process has had the time to load it; the one before is accepted until its last
    /// token has expired. Refused when the keys come from files.
    pub async fn rotate(&self, ctx: &Ctx) -> Result<(), KeyError> {
        self.0.rotate_keys(ctx).await
    }
}
