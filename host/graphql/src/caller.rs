//! Who sends a request, resolved once by the HTTP layer and read by every resolver.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_graphql::{Context, ErrorExtensions, Name, Value};
use sha2::{Digest, Sha256};
use vectis_contracts::accounts::Membership;
use vectis_contracts::channels::Channel;
use vectis_contracts::identity::Principal;
use vectis_contracts::shopper::Shopper;
use vectis_kernel::{Ctx, Currency, IdempotencyKey};

use crate::Services;

/// The one name of every input field that holds a password; a test keeps it so.
const PASSWORD: &str = "password";

/// Everything a request knows of its sender.
pub struct Caller {
    /// The kernel's context: actor, channel, clock, trace.
    pub ctx: Ctx,
    /// The channel named by `X-Channel` (or the only one).
    pub channel: Option<Arc<Channel>>,
    /// The currency named by `X-Currency`, if the channel offers it.
    pub currency: Option<Currency>,
    /// Who is signed in.
    pub principal: Option<Principal>,
    /// The acting employee.
    pub membership: Option<Arc<Membership>>,
    /// The `Idempotency-Key` header.
    pub idempotency_header: Option<String>,
    /// Whether a command of this request has begun.
    pub has_commanded: AtomicBool,
}

impl Caller {
    /// What the first command of a request need not read again. Later ones do: the first may have changed it.
    pub(crate) fn shopper(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        if self.has_commanded.swap(true, Ordering::Relaxed) {
            return None;
        }
        Some(Arc::new(Shopper { channel: self.channel.clone(), membership: self.membership.clone() }))
    }
}

/// Shorthands of all resolvers.
pub(crate) trait ContextExt<'a> {
    fn caller(&self) -> &'a Caller;
    fn services(&self) -> &'a Services;
    /// The context for a mutation: with the idempotency key of the input, else of the header.
    fn command(&self, key: Option<&str>) -> async_graphql::Result<Ctx>;
}

impl<'a> ContextExt<'a> for Context<'a> {
    fn caller(&self) -> &'a Caller {
        self.data_unchecked::<Arc<Caller>>()
    }

    fn services(&self) -> &'a Services {
        self.data_unchecked::<Arc<Services>>()
    }

    fn command(&self, key: Option<&str>) -> async_graphql::Result<Ctx> {
        let caller = self.caller();
        let mut ctx = caller.ctx.clone();
        ctx.shopper = caller.shopper();
        let field = self.item.node.response_key().node.as_str();
        // One header covers all mutations of a request, so each gets a key of its own.
        let key = match (key, &caller.idempotency_header) {
            (Some(key), _) => Some(key.to_owned()),
            (None, Some(header)) => Some(format!("{header}#{field}")),
            (None, None) => None,
        };
        if let Some(key) = key {
            if key.is_empty() || key.len() > 255 {
                let error = async_graphql::Error::new("an idempotency key has 1 to 255 characters");
                return Err(error.extend_with(|_, e| e.set("code", "BAD_USER_INPUT")));
            }
            let parameters_hash = parameters_hash(&self.item.node.name.node, self.field().arguments()?)?;
            ctx.idempotency = Some(IdempotencyKey { key, parameters_hash });
        }
        Ok(ctx)
    }
}

/// Stands for "the same request". It is kept with the key for days, so no password goes into it: a fast hash of one could be
/// searched.
fn parameters_hash(field: &str, mut arguments: Vec<(Name, Value)>) -> serde_json::Result<[u8; 32]> {
    arguments.iter_mut().for_each(|(_, value)| leave_out_passwords(value));
    let mut hash = Sha256::new();
    hash.update(field.as_bytes());
    hash.update(serde_json::to_vec(&arguments)?);
    Ok(hash.finalize().into())
}

fn leave_out_passwords(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.shift_remove(PASSWORD);
            fields.values_mut().for_each(leave_out_passwords);
        }
        Value::List(items) => items.iter_mut().for_each(leave_out_passwords),
        Value::Null
        | Value::Number(_)
        | Value::String(_)
        | Value::Boolean(_)
        | Value::Enum(_)
        | Value::Binary(_) => {}
    }
}

/// The hash under which a guest's things are kept; `None` for tokens too short (below 32 characters) or too long to be
/// ours. Clients make the token from at least 128 random bits.
pub fn guest_hash(token: &str) -> Option<String> {
    let plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !plain || !(32..=128).contains(&token.len()) {
        return None;
    }
    let digest = Sha256::digest(token.as_bytes());
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests;
