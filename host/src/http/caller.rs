//! From headers to a caller: token → login → employee, channel, currency, guest. What the database says now counts, not
//! what a token said when it was made: who is removed loses access with the next request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::http::{HeaderMap, header};
use vectis_contracts::accounts::Membership;
use vectis_contracts::channels::Channel;
use vectis_contracts::identity::{AccessClaims, LoginKind, Principal};
use vectis_graphql::{Caller, guest_hash};
use vectis_kernel::ids::ChannelId;
use vectis_kernel::{Actor, BuyerActor, Ctx, Currency, StaffActor};

use super::App;
use crate::telemetry::current_trace_id;

/// Why a request has no caller.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoCaller {
    /// The access token is not valid (any more).
    InvalidToken,
    /// A header that cannot be understood.
    BadHeader(String),
    /// The database did not answer.
    Unavailable,
}

/// Finds out who sends a request. At most three statements.
pub(super) async fn resolve(app: &App, headers: &HeaderMap, peer: SocketAddr) -> Result<Caller, NoCaller> {
    let mut ctx = Ctx::system("http");
    if let Some(trace_id) = current_trace_id() {
        ctx.trace_id = trace_id;
    }
    ctx.actor = Actor::Anonymous { guest: None };
    ctx.plugin_set = Some(app.host.plugin_set());
    ctx.remote = Some(remote(app, headers, peer));

    let channel = find_channel(app, &ctx, headers).await?;
    ctx.channel_id = channel.as_ref().map(|channel| channel.id);
    let currency = text(headers, "x-currency")?
        .map(|code| {
            code.parse::<Currency>().map_err(|error| NoCaller::BadHeader(format!("X-Currency: {error}")))
        })
        .transpose()?;
    let currency = currency.filter(|asked| channel.as_ref().is_some_and(|c| c.currencies.contains(asked)));

    let signed_in = find_principal(app, &ctx, headers).await?;
    ctx.session_id = signed_in.as_ref().map(|(claims, _)| claims.session_id);
    let principal = signed_in.map(|(_, principal)| principal);
    let membership = match &principal {
        Some(principal) if principal.kind == LoginKind::Buyer => {
            let found = app.host.api.services().accounts.find_membership(principal.login_id).await;
            // A buyer who is no active employee of any account is nobody.
            Some(found.map_err(|_| NoCaller::Unavailable)?.ok_or(NoCaller::InvalidToken)?)
        }
        _ => None,
    };
    ctx.actor = actor(principal.as_ref(), membership.as_ref(), headers)?;
    Ok(Caller {
        ctx,
        channel: channel.map(Arc::new),
        currency,
        principal,
        membership: membership.map(Arc::new),
        idempotency_header: text(headers, "idempotency-key")?.map(str::to_owned),
        has_commanded: AtomicBool::new(false),
    })
}

fn actor(
    principal: Option<&Principal>,
    membership: Option<&Membership>,
    headers: &HeaderMap,
) -> Result<Actor, NoCaller> {
    let Some(principal) = principal else {
        let guest = text(headers, "x-guest-token")?;
        let hash = |token: &str| {
            guest_hash(token).ok_or_else(|| {
                NoCaller::BadHeader("X-Guest-Token has 32 to 128 letters, digits, - and _".to_owned())
            })
        };
        return Ok(Actor::Anonymous { guest: guest.map(hash).transpose()? });
    };
    Ok(match membership {
        Some(membership) => Actor::Buyer(BuyerActor {
            login_id: principal.login_id,
            employee_id: membership.employee.id,
            account_id: membership.employee.account_id,
            location_id: membership.employee.location_id,
            permissions: membership.permissions.clone(),
        }),
        None if principal.kind == LoginKind::Staff => Actor::Staff(StaffActor {
            login_id: principal.login_id,
            permissions: principal.staff_permissions.clone(),
        }),
        None => Actor::Customer { login_id: principal.login_id },
    })
}

async fn find_principal(
    app: &App,
    ctx: &Ctx,
    headers: &HeaderMap,
) -> Result<Option<(AccessClaims, Principal)>, NoCaller> {
    let Some(value) = text(headers, header::AUTHORIZATION.as_str())? else { return Ok(None) };
    let token = value.strip_prefix("Bearer ").ok_or(NoCaller::InvalidToken)?;
    let identity = &app.host.api.services().identity;
    let claims = identity.verify(ctx, token).map_err(|_| NoCaller::InvalidToken)?;
    let found = identity.find_principal(claims).await.map_err(|_| NoCaller::Unavailable)?;
    found.map(|principal| Some((claims, principal))).ok_or(NoCaller::InvalidToken)
}

/// The channel named by `X-Channel` (slug) or `X-Channel-Id`; the only active one when neither is sent.
async fn find_channel(app: &App, ctx: &Ctx, headers: &HeaderMap) -> Result<Option<Channel>, NoCaller> {
    let channels = &app.host.api.services().channels;
    let found = if let Some(slug) = text(headers, "x-channel")? {
        let found = channels.find_by_slug(ctx, slug).await.map_err(|_| NoCaller::Unavailable)?;
        let unknown = || NoCaller::BadHeader(format!("X-Channel: there is no channel {slug:?}"));
        Some(found.filter(|channel| channel.is_active).ok_or_else(unknown)?)
    } else if let Some(id) = text(headers, "x-channel-id")? {
        let unknown = || NoCaller::BadHeader("X-Channel-Id: there is no such channel".to_owned());
        let id = vectis_graphql::id::GlobalId::<ChannelId>::parse(id).map_err(|_| unknown())?;
        let found = channels.get_many(ctx, &[id.0]).await.map_err(|_| NoCaller::Unavailable)?;
        Some(found.into_iter().find(|channel| channel.is_active).ok_or_else(unknown)?)
    } else {
        let all = channels.list(ctx).await.map_err(|_| NoCaller::Unavailable)?;
        let mut active = all.into_iter().filter(|channel| channel.is_active);
        active.next().filter(|_| active.next().is_none())
    };
    Ok(found)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, NoCaller> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value.to_str().map_err(|_| NoCaller::BadHeader(format!("{name} is not plain text")))?;
    if text.len() > 8_192 {
        return Err(NoCaller::BadHeader(format!("{name} is too long")));
    }
    Ok(Some(text))
}

/// The caller's address: the last one a trusted proxy added, else the peer.
fn remote(app: &App, headers: &HeaderMap, peer: SocketAddr) -> String {
    let forwarded = app
        .host
        .config
        .server
        .behind_proxy
        .then(|| headers.get("x-forwarded-for").and_then(|value| value.to_str().ok()))
        .flatten()
        .and_then(|list| list.rsplit(',').next())
        .map(|address| address.trim().chars().take(64).collect::<String>());
    forwarded.unwrap_or_else(|| peer.ip().to_string())
}
