//! An identity module over a database of its own, on a clock that stands still.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use vectis_contracts::Tx;
use vectis_contracts::audit::{Audit, AuditCode, AuditEntry, AuditFilter, AuditRecord};
use vectis_contracts::identity::{AccessClaims, CreateLogin, Identity, LoginKind, Tokens};
use vectis_db::{Db, statements};
use vectis_kernel::ids::{AccountId, EmployeeId, LocationId, LoginId};
use vectis_kernel::{
    Actor, BuyerActor, Ctx, Failure, FixedClock, IdempotencyKey, Page, PageRequest, Permission, StaffActor,
};

use crate::{Config, Deps, MIGRATIONS, SigningKeys, build};

pub(super) const PASSWORD: &str = "correct horse battery";

/// Remembers what it was told.
#[derive(Default)]
pub(super) struct RememberingAudit(Mutex<Vec<AuditRecord>>);

impl RememberingAudit {
    pub(super) fn actions(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().iter().map(|record| record.action).collect()
    }
}

#[async_trait]
impl Audit for RememberingAudit {
    async fn record(&self, _: &mut Tx, _: &Ctx, records: &[AuditRecord]) -> Result<(), Failure<AuditCode>> {
        self.0.lock().unwrap().extend_from_slice(records);
        Ok(())
    }

    async fn list(
        &self,
        _: &Ctx,
        _: &AuditFilter,
        _: PageRequest,
    ) -> Result<Page<AuditEntry>, Failure<AuditCode>> {
        Ok(Page { items: Vec::new(), has_next: false })
    }
}

pub(super) struct Shop {
    pub(super) db: Db,
    pub(super) identity: Arc<dyn Identity>,
    pub(super) signing_keys: SigningKeys,
    pub(super) audit: Arc<RememberingAudit>,
    pub(super) clock: Arc<FixedClock>,
    events: Arc<Mutex<Vec<&'static str>>>,
    /// The platform itself.
    pub(super) system: Ctx,
}

pub(super) async fn shop(pool: PgPool) -> Shop {
    shop_with(pool, Config::default()).await
}

pub(super) async fn shop_with(pool: PgPool, config: Config) -> Shop {
    let db = vectis_db::testing::db(pool, &[&MIGRATIONS]).await;
    on(db, config).await
}

/// One more process over the same database.
pub(super) async fn on(db: Db, config: Config) -> Shop {
    let audit = Arc::new(RememberingAudit::default());
    let deps = Deps {
        db: db.clone(),
        audit: Arc::clone(&audit) as Arc<dyn Audit>,
        declared_permissions: Arc::new(|| Permission::parse("wishlists.read").into_iter().collect()),
    };
    let built = build(deps, config).await.unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&events);
    db.bus().observe("test", 0, move |event| told.lock().unwrap().push(event.event_type));
    let clock = Arc::new(FixedClock::at(DateTime::<Utc>::from_timestamp(1_780_000_000, 0).unwrap()));
    let system = Ctx { clock: Arc::clone(&clock) as _, ..Ctx::system("test") };
    Shop { db, identity: built.identity, signing_keys: built.signing_keys, audit, clock, events, system }
}

pub(super) fn login(email: &str, kind: LoginKind) -> CreateLogin {
    CreateLogin { email: email.to_owned(), name: "Ada".to_owned(), password: Some(PASSWORD.to_owned()), kind }
}

impl Shop {
    pub(super) fn anonymous(&self) -> Ctx {
        Ctx { actor: Actor::Anonymous { guest: None }, ..self.system.clone() }
    }

    pub(super) fn from(&self, address: &str) -> Ctx {
        Ctx { remote: Some(address.to_owned()), ..self.anonymous() }
    }

    pub(super) fn customer(&self, login_id: LoginId) -> Ctx {
        Ctx { actor: Actor::Customer { login_id }, ..self.system.clone() }
    }

    pub(super) fn staff(&self, permissions: &[Permission]) -> Ctx {
        let permissions = Arc::new(permissions.iter().cloned().collect());
        let actor = Actor::Staff(StaffActor { login_id: self.system.new_id(), permissions });
        Ctx { actor, ..self.system.clone() }
    }

    pub(super) fn buyer(&self, permissions: &[Permission]) -> Ctx {
        let actor = Actor::Buyer(BuyerActor {
            login_id: self.system.new_id(),
            employee_id: self.system.new_id::<EmployeeId>(),
            account_id: self.system.new_id::<AccountId>(),
            location_id: self.system.new_id::<LocationId>(),
            permissions: Arc::new(permissions.iter().cloned().collect::<BTreeSet<_>>()),
        });
        Ctx { actor, ..self.system.clone() }
    }

    pub(super) fn keyed(&self, key: &str, ctx: Ctx) -> Ctx {
        let idempotency = Some(IdempotencyKey { key: key.to_owned(), parameters_hash: [7; 32] });
        Ctx { idempotency, ..ctx }
    }

    pub(super) fn pass(&self, time: TimeDelta) {
        self.clock.advance(time);
    }

    /// A customer who may sign in with [`PASSWORD`].
    pub(super) async fn register(&self, email: &str) -> LoginId {
        self.identity.customer_register(&self.anonymous(), login(email, LoginKind::Customer)).await.unwrap()
    }

    pub(super) async fn sign_in(&self, email: &str) -> Tokens {
        self.identity.sign_in(&self.anonymous(), email, PASSWORD).await.unwrap()
    }

    pub(super) fn claims(&self, tokens: &Tokens) -> AccessClaims {
        self.identity.verify(&self.system, &tokens.access_token).unwrap()
    }

    /// Whether the access token still stands for somebody.
    pub(super) async fn is_alive(&self, tokens: &Tokens) -> bool {
        self.identity.find_principal(self.claims(tokens)).await.unwrap().is_some()
    }

    /// Of the facts that were committed, in their order.
    pub(super) fn event_types(&self) -> Vec<&'static str> {
        self.events.lock().unwrap().clone()
    }

    pub(super) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(self.db.pool()).await.unwrap()
    }

    pub(super) async fn statements(&self) -> statements::Statements {
        statements::counted(self.db.pool()).await.unwrap().expect("the server counts statements")
    }
}

/// The codes of a refusal, with the field each is about.
pub(super) fn refused<T, C: vectis_kernel::RefusalCode>(answer: Result<T, Failure<C>>) -> Vec<(String, C)> {
    match answer {
        Ok(_) => panic!("not refused"),
        Err(Failure::Internal(error)) => panic!("broke inside: {error}"),
        Err(Failure::Refused(refusals)) => {
            refusals.into_iter().map(|refusal| (refusal.field.join("."), refusal.code)).collect()
        }
    }
}

/// The one code of a refusal.
pub(super) fn code<T, C: vectis_kernel::RefusalCode>(answer: Result<T, Failure<C>>) -> C {
    let refusals = refused(answer);
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    refusals[0].1
}
