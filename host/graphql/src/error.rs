//! How failures leave: refusals of mutations as `userErrors` in the payload, everything else as top-level errors with
//! `extensions.code` and the trace id. What broke inside is logged here, once, and never shown.

use async_graphql::{Context, Error, ErrorExtensions, OutputType, SimpleObject};
use vectis_kernel::{Failure, IdempotencyMismatch, InternalError, RefusalCode};

use crate::accounts::AccountErrorCode;
use crate::approvals::DecideErrorCode;
use crate::auth::{AuthErrorCode, LoginErrorCode};
use crate::caller::{Caller, ContextExt};
use crate::carts::CartErrorCode;
use crate::catalog::ProductErrorCode;
use crate::channels::ChannelErrorCode;
use crate::event_desk::EventErrorCode;
use crate::orders::{OrderErrorCode, PlaceErrorCode};
use crate::plugin_schedules::PluginScheduleErrorCode;
use crate::plugins::PluginErrorCode;
use crate::prices::PriceErrorCode;
use crate::stock::StockErrorCode;
use crate::taxes::TaxErrorCode;
use crate::webhooks::WebhookErrorCode;
use crate::workflows::WorkflowErrorCode;

/// Why a mutation was refused. Nothing was written.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(concrete(name = "AccountUserError", params(AccountErrorCode)))]
#[graphql(concrete(name = "AuthUserError", params(AuthErrorCode)))]
#[graphql(concrete(name = "CartUserError", params(CartErrorCode)))]
#[graphql(concrete(name = "ChannelUserError", params(ChannelErrorCode)))]
#[graphql(concrete(name = "DecideUserError", params(DecideErrorCode)))]
#[graphql(concrete(name = "EventUserError", params(EventErrorCode)))]
#[graphql(concrete(name = "LoginUserError", params(LoginErrorCode)))]
#[graphql(concrete(name = "OrderUserError", params(OrderErrorCode)))]
#[graphql(concrete(name = "PlaceUserError", params(PlaceErrorCode)))]
#[graphql(concrete(name = "PluginScheduleUserError", params(PluginScheduleErrorCode)))]
#[graphql(concrete(name = "PluginUserError", params(PluginErrorCode)))]
#[graphql(concrete(name = "PriceUserError", params(PriceErrorCode)))]
#[graphql(concrete(name = "ProductUserError", params(ProductErrorCode)))]
#[graphql(concrete(name = "StockUserError", params(StockErrorCode)))]
#[graphql(concrete(name = "TaxUserError", params(TaxErrorCode)))]
#[graphql(concrete(name = "WebhookUserError", params(WebhookErrorCode)))]
#[graphql(concrete(name = "WorkflowUserError", params(WorkflowErrorCode)))]
pub struct UserError<C: OutputType> {
    /// What a program acts on.
    pub code: C,
    /// Path into the input: `["lines", "17", "quantity"]`; empty when it is about the whole.
    pub field: Vec<String>,
    /// What a person reads.
    pub message: String,
}

/// The value of a successful command, or its user errors. What broke inside becomes a top-level error.
pub(crate) fn outcome<T, C: RefusalCode, G: OutputType + From<C>>(
    ctx: &Context<'_>,
    result: Result<T, Failure<C>>,
) -> async_graphql::Result<(Option<T>, Vec<UserError<G>>)> {
    match result {
        Ok(value) => Ok((Some(value), Vec::new())),
        Err(Failure::Refused(refusals)) => {
            let errors = refusals
                .into_iter()
                .map(|refusal| UserError {
                    code: refusal.code.into(),
                    field: refusal.field.iter().map(|part| camel(part)).collect(),
                    message: refusal.message,
                })
                .collect();
            Ok((None, errors))
        }
        Err(Failure::Internal(error)) => Err(internal(ctx, &error)),
    }
}

/// The modules name inputs as Rust does, the API as GraphQL does. A JSON pointer is in the words of a plugin's configuration.
fn camel(part: &str) -> String {
    if part.starts_with('/') {
        return part.to_owned();
    }
    let mut words = part.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}

/// The value of a query. Refusals become top-level errors with their code.
pub(crate) fn answer<T, C: RefusalCode>(
    ctx: &Context<'_>,
    result: Result<T, Failure<C>>,
) -> async_graphql::Result<T> {
    match result {
        Ok(value) => Ok(value),
        Err(failure) => loaded(ctx.caller(), ctx.item.node.name.node.as_str(), Err(failure)),
    }
}

/// A top-level error with a code.
pub fn coded(code: &'static str, message: impl Into<String>) -> Error {
    Error::new(message.into()).extend_with(|_, extensions| extensions.set("code", code))
}

/// The input cannot be understood.
pub(crate) fn bad_input(message: impl Into<String>) -> Error {
    coded("BAD_USER_INPUT", message)
}

pub(crate) fn internal(ctx: &Context<'_>, error: &InternalError) -> Error {
    if let Some(mismatch) = error.find::<IdempotencyMismatch>() {
        return coded("IDEMPOTENCY_KEY_REUSED", mismatch.to_string());
    }
    broken(ctx.caller(), ctx.item.node.name.node.as_str(), error)
}

/// The value of a batch; any failure of a loader is ours or a forbidden list, never a user error.
pub(crate) fn loaded<T, C: RefusalCode>(
    caller: &Caller,
    what: &str,
    result: Result<T, Failure<C>>,
) -> async_graphql::Result<T> {
    match result {
        Ok(value) => Ok(value),
        Err(Failure::Refused(refusals)) => {
            let first = refusals.into_iter().next();
            let (code, message) = first.map_or(("REFUSED", String::new()), |r| (r.code.code(), r.message));
            Err(coded(code, message))
        }
        Err(Failure::Internal(error)) => Err(broken(caller, what, &error)),
    }
}

/// Logs what broke, with its whole chain, and tells the caller only the trace id.
fn broken(caller: &Caller, what: &str, error: &InternalError) -> Error {
    let trace_id = caller.ctx.trace_id;
    let mut chain = error.to_string();
    let mut source = error.0.source();
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(trace.id = %trace_id, field = what, error = chain, "a use case broke inside");
    Error::new("something broke on our side; the trace id tells us what").extend_with(|_, extensions| {
        extensions.set("code", "INTERNAL");
        extensions.set("traceId", trace_id.to_string());
    })
}
