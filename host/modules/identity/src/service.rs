//! The contract, and what its use cases share.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::Value;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::audit::{Audit, AuditCode, AuditRecord};
use vectis_contracts::identity::{
    AccessClaims, AuthCode, CreateLogin, Identity, InvalidToken, LoginCode, Principal, StaffMember,
    StaffRole, Tokens,
};
use vectis_db::Db;
use vectis_kernel::ids::{LoginId, StaffRoleId};
use vectis_kernel::{Ctx, Failure, Page, PageRequest, Permission};

use crate::access_token::AccessTokens;
use crate::config::Config;
use crate::hashing::{HashError, Hasher};
use crate::keys::{KeyError, KeyRing, StoredKey};
use crate::throttle::Throttle;
use crate::{Deps, logins, secret, session, staff, store};

/// Every process reloads its keys at least this often, so a new key may sign after twice that.
const KEY_RELOAD: TimeDelta = TimeDelta::minutes(1);

/// Why the module could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A setting is out of its range.
    #[error("{0}")]
    Config(String),
    /// No usable signing key.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The password hash cannot be computed.
    #[error("password hashing: {0}")]
    Hashing(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<HashError> for BuildError {
    fn from(error: HashError) -> Self {
        Self::Hashing(error.into())
    }
}

/// Identity over Postgres.
pub(crate) struct PgIdentity {
    pub(crate) db: Db,
    pub(crate) config: Config,
    pub(crate) hasher: Hasher,
    pub(crate) access_tokens: AccessTokens,
    pub(crate) by_login: Throttle,
    pub(crate) by_address: Throttle,
    pub(crate) registrations: Throttle,
    audit: Arc<dyn Audit>,
    declared_permissions: Arc<dyn Fn() -> BTreeSet<Permission> + Send + Sync>,
    keys: RwLock<Arc<KeyRing>>,
}

impl PgIdentity {
    pub(crate) async fn new(deps: Deps, config: Config) -> Result<Self, BuildError> {
        if let Some(problem) = config.problem() {
            return Err(BuildError::Config(problem));
        }
        let access_tokens = AccessTokens::new(&config);
        let keys = if config.signing_key_files.is_empty() {
            first_key(&deps.db, &Ctx::system("identity")).await?;
            KeyRing::rotated(
                store::keys::list(&deps.db).await.map_err(KeyError::from)?,
                access_tokens.key_overlap(),
            )?
        } else {
            KeyRing::listed(&config.signing_key_files).await?
        };
        let window = config.attempts_window;
        Ok(Self {
            hasher: Hasher::new(config.waiting_sign_ins)?,
            by_login: Throttle::new(config.attempts_per_login, window),
            by_address: Throttle::new(config.attempts_per_address, window),
            registrations: Throttle::new(config.registrations_per_address, window),
            access_tokens,
            keys: RwLock::new(Arc::new(keys)),
            audit: deps.audit,
            declared_permissions: deps.declared_permissions,
            db: deps.db,
            config,
        })
    }

    /// The keys as they are now.
    pub(crate) fn keys(&self) -> Arc<KeyRing> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) async fn reload_keys(&self) -> Result<(), KeyError> {
        let keys = if self.config.signing_key_files.is_empty() {
            KeyRing::rotated(store::keys::list(&self.db).await?, self.access_tokens.key_overlap())?
        } else {
            KeyRing::listed(&self.config.signing_key_files).await?
        };
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }

    pub(crate) async fn rotate_keys(&self, ctx: &Ctx) -> Result<(), KeyError> {
        if !self.config.signing_key_files.is_empty() {
            return Err(KeyError::FromFiles);
        }
        let mut tx = self.db.begin().await?;
        store::keys::lock(&mut tx).await?;
        let next = StoredKey { signs_from: ctx.now() + KEY_RELOAD * 2, ..new_key(ctx)? };
        store::keys::insert(&mut tx, &next, ctx.now()).await?;
        tx.commit().await?;
        self.reload_keys().await
    }

    /// Whether staff roles may hold the key.
    pub(crate) fn is_declared(&self, permission: &Permission) -> bool {
        vectis_kernel::permission::staff::ALL.contains(permission)
            || (self.declared_permissions)().contains(permission)
    }

    /// One audit record.
    pub(crate) async fn record<C>(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        action: &'static str,
        (subject_kind, subject_id): (&'static str, Uuid),
        detail: Value,
    ) -> Result<(), Failure<C>> {
        let record = AuditRecord { action, subject_kind, subject_id, account_id: None, detail };
        self.record_all(tx, ctx, &[record]).await
    }

    /// Audit records, in one statement.
    pub(crate) async fn record_all<C>(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        records: &[AuditRecord],
    ) -> Result<(), Failure<C>> {
        self.audit.record(tx, ctx, records).await.map_err(|failure| match failure {
            Failure::Internal(error) => Failure::Internal(error),
            Failure::Refused(refusals) => {
                let codes: Vec<AuditCode> = refusals.iter().map(|refusal| refusal.code).collect();
                Failure::internal(format!("the audit trail refused an entry: {codes:?}"))
            }
        })
    }
}

/// Makes the first key of the database; one of several processes that start together does.
async fn first_key(db: &Db, ctx: &Ctx) -> Result<(), KeyError> {
    let mut tx = db.begin().await?;
    store::keys::lock(&mut tx).await?;
    if !store::keys::exist(&mut tx).await? {
        store::keys::insert(&mut tx, &new_key(ctx)?, ctx.now()).await?;
    }
    Ok(tx.commit().await?)
}

/// A key that signs from now on.
fn new_key(ctx: &Ctx) -> Result<StoredKey, KeyError> {
    let private_key = secret::random_bytes()?.to_vec();
    Ok(StoredKey { id: ctx.ids.next(), private_key, signs_from: ctx.now() })
}

#[async_trait]
impl Identity for PgIdentity {
    async fn sign_in(&self, ctx: &Ctx, email: &str, password: &str) -> Result<Tokens, Failure<AuthCode>> {
        session::sign_in(self, ctx, email, password).await
    }

    async fn refresh(&self, ctx: &Ctx, refresh_token: &str) -> Result<Tokens, Failure<AuthCode>> {
        session::refresh(self, ctx, refresh_token).await
    }

    async fn sign_out(&self, ctx: &Ctx, refresh_token: &str) -> Result<(), Failure<AuthCode>> {
        session::sign_out(self, ctx, refresh_token).await
    }

    async fn password_change(&self, ctx: &Ctx, current: &str, new: &str) -> Result<(), Failure<AuthCode>> {
        session::password_change(self, ctx, current, new).await
    }

    fn verify(&self, ctx: &Ctx, access_token: &str) -> Result<AccessClaims, InvalidToken> {
        self.access_tokens.verify(&self.keys(), access_token, ctx.now())
    }

    async fn find_principal(&self, claims: AccessClaims) -> Result<Option<Principal>, Failure<AuthCode>> {
        Ok(store::logins::principal(&self.db, claims).await?)
    }

    async fn logins_create(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        logins: &[CreateLogin],
    ) -> Result<Vec<LoginId>, Failure<LoginCode>> {
        logins::create(self, tx, ctx, logins).await
    }

    async fn customer_register(&self, ctx: &Ctx, login: CreateLogin) -> Result<LoginId, Failure<LoginCode>> {
        logins::customer_register(self, ctx, login).await
    }

    async fn login_activate(
        &self,
        ctx: &Ctx,
        id: LoginId,
        is_active: bool,
    ) -> Result<(), Failure<LoginCode>> {
        logins::activate(self, ctx, id, is_active).await
    }

    async fn logins_by_id(&self, ctx: &Ctx, ids: &[LoginId]) -> Result<Vec<Principal>, Failure<LoginCode>> {
        logins::by_id(self, ctx, ids).await
    }

    async fn staff_create(
        &self,
        ctx: &Ctx,
        login: CreateLogin,
        role_ids: Vec<StaffRoleId>,
    ) -> Result<LoginId, Failure<LoginCode>> {
        staff::create(self, ctx, login, role_ids).await
    }

    async fn staff_roles_set(
        &self,
        ctx: &Ctx,
        id: LoginId,
        role_ids: Vec<StaffRoleId>,
    ) -> Result<(), Failure<LoginCode>> {
        staff::roles_set(self, ctx, id, role_ids).await
    }

    async fn staff_list(
        &self,
        ctx: &Ctx,
        page: PageRequest,
    ) -> Result<Page<StaffMember>, Failure<LoginCode>> {
        staff::list(self, ctx, page).await
    }

    async fn staff_role_upsert(
        &self,
        ctx: &Ctx,
        name: &str,
        permissions: BTreeSet<Permission>,
    ) -> Result<StaffRoleId, Failure<LoginCode>> {
        staff::role_upsert(self, ctx, name, permissions).await
    }

    async fn staff_roles(&self, ctx: &Ctx) -> Result<Vec<StaffRole>, Failure<LoginCode>> {
        staff::roles(self, ctx).await
    }
}
