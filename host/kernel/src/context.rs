//! The request context, first argument of everything: who acts, when, under which idempotency key.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::ids::{AccountId, ChannelId, EmployeeId, LocationId, LoginId, SessionId};
use crate::{Clock, IdSource, Permission};

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Nobody signed in; the guest token, if sent, owns a guest cart (128+ random bits, never guessable).
    Anonymous {
        /// Hash of the caller's guest token.
        guest: Option<String>,
    },
    /// An employee of an account.
    Buyer(BuyerActor),
    /// A retail customer with a login but no account.
    Customer {
        /// Who.
        login_id: LoginId,
    },
    /// The merchant's staff.
    Staff(StaffActor),
    /// The platform itself: imports, sweeps, seeds.
    System {
        /// Which part of it, for the audit trail.
        name: &'static str,
    },
}

/// An employee acting for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuyerActor {
    /// The login.
    pub login_id: LoginId,
    /// The employee.
    pub employee_id: EmployeeId,
    /// The employee's account; everything the buyer may touch belongs to it.
    pub account_id: AccountId,
    /// The employee's location.
    pub location_id: LocationId,
    /// From the employee's role.
    pub permissions: Arc<BTreeSet<Permission>>,
}

/// A member of the merchant's staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffActor {
    /// The login.
    pub login_id: LoginId,
    /// From the staff roles.
    pub permissions: Arc<BTreeSet<Permission>>,
}

/// A caller's promise to send the same request only under the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// As sent, 1 to 255 characters.
    pub key: String,
    /// SHA-256 of operation and parameters: the same key with other parameters is an error.
    pub parameters_hash: [u8; 32],
}

/// What every use case gets first.
#[derive(Clone)]
pub struct Ctx {
    /// Who acts.
    pub actor: Actor,
    /// The sign-in behind the actor, when a person acts with an access token.
    pub session_id: Option<SessionId>,
    /// The channel the request came through, if any.
    pub channel_id: Option<ChannelId>,
    /// Set when the caller asked for idempotency.
    pub idempotency: Option<IdempotencyKey>,
    /// Ties logs, audit and events of one request together.
    pub trace_id: Uuid,
    /// The caller's address, for audit and throttles.
    pub remote: Option<String>,
    /// The plugin set this request began with, kept to its end. Opaque here; the plugin runtime knows the type.
    pub plugin_set: Option<Arc<dyn Any + Send + Sync>>,
    /// What is known of channel and buyer already, so that nobody reads it twice. Opaque here; contracts know the type.
    pub shopper: Option<Arc<dyn Any + Send + Sync>>,
    /// Source of time.
    pub clock: Arc<dyn Clock>,
    /// Source of ids.
    pub ids: Arc<dyn IdSource>,
}

impl Ctx {
    /// The present instant.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A fresh id of any kind: `ctx.new_id::<OrderId>()`.
    pub fn new_id<I: From<Uuid>>(&self) -> I {
        I::from(self.ids.next())
    }

    /// Whether the actor holds the key. The system holds all.
    pub fn may(&self, permission: &Permission) -> bool {
        match &self.actor {
            Actor::Buyer(buyer) => buyer.permissions.contains(permission),
            Actor::Staff(staff) => staff.permissions.contains(permission),
            Actor::System { .. } => true,
            Actor::Anonymous { .. } | Actor::Customer { .. } => false,
        }
    }

    /// The buyer, when one acts.
    pub fn buyer(&self) -> Option<&BuyerActor> {
        match &self.actor {
            Actor::Buyer(buyer) => Some(buyer),
            _ => None,
        }
    }

    /// Whether staff (or the system) acts.
    pub fn is_staff(&self) -> bool {
        matches!(self.actor, Actor::Staff(_) | Actor::System { .. })
    }

    /// The acting login, if any.
    pub fn login_id(&self) -> Option<LoginId> {
        match &self.actor {
            Actor::Buyer(buyer) => Some(buyer.login_id),
            Actor::Staff(staff) => Some(staff.login_id),
            Actor::Customer { login_id } => Some(*login_id),
            Actor::Anonymous { .. } | Actor::System { .. } => None,
        }
    }

    /// A stable text for "who", used as the owner of idempotency keys and in the audit trail. Visitors without a guest token
    /// are told apart by their address: they do not share keys with all the world.
    pub fn actor_key(&self) -> String {
        match &self.actor {
            Actor::Anonymous { guest: Some(guest) } => format!("guest:{guest}"),
            Actor::Anonymous { guest: None } => format!("visitor:{}", self.remote.as_deref().unwrap_or("-")),
            Actor::Buyer(buyer) => format!("login:{}", buyer.login_id),
            Actor::Customer { login_id } => format!("login:{login_id}"),
            Actor::Staff(staff) => format!("login:{}", staff.login_id),
            Actor::System { name } => format!("system:{name}"),
        }
    }

    /// The same request, acting as the platform itself.
    pub fn as_system(&self, name: &'static str) -> Self {
        Self { actor: Actor::System { name }, ..self.clone() }
    }

    /// A context of the platform itself on the machine's clock, for commands, seeds and tests.
    pub fn system(name: &'static str) -> Self {
        let ids = crate::SystemIds;
        Self {
            actor: Actor::System { name },
            session_id: None,
            channel_id: None,
            idempotency: None,
            trace_id: ids.next(),
            remote: None,
            plugin_set: None,
            shopper: None,
            clock: Arc::new(crate::SystemClock),
            ids: Arc::new(ids),
        }
    }
}
