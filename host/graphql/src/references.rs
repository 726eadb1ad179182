//! Ids of one domain in staff's inputs for another: the domain that is written cannot know whether they stand for anything.

use std::collections::HashSet;
use std::hash::Hash;

use async_graphql::{Context, OutputType};
use vectis_kernel::Ctx;
use vectis_kernel::ids::{ChannelId, EntityId};

use crate::caller::ContextExt;
use crate::error::{UserError, answer};
use crate::id::GlobalId;
use crate::prices::{ManagedPriceInput, PriceErrorCode, PriceListUpsertInput};

/// A context that meets everything, to ask whether something exists.
pub(crate) fn anyone(ctx: &Context<'_>) -> Ctx {
    ctx.caller().ctx.as_system("graphql")
}

/// The plain ids.
fn plain<I: EntityId>(ids: &[GlobalId<I>]) -> Vec<I> {
    ids.iter().map(|id| id.0).collect()
}

/// A user error for each id at its path that is not among those that exist.
pub(crate) fn unknown<I: EntityId + Eq + Hash, C: Copy + OutputType>(
    code: C,
    named: impl IntoIterator<Item = (Vec<String>, GlobalId<I>)>,
    existing: impl IntoIterator<Item = I>,
) -> Vec<UserError<C>> {
    let existing: HashSet<I> = existing.into_iter().collect();
    let error = |(field, id): (Vec<String>, GlobalId<I>)| UserError {
        code,
        field,
        message: format!("there is no {}", id.text()),
    };
    named.into_iter().filter(|(_, id)| !existing.contains(&id.0)).map(error).collect()
}

/// Each id of a list with its path: `accountIds.3`.
pub(crate) fn in_list<'a, I: EntityId>(
    path: &'a [&'a str],
    ids: &'a [GlobalId<I>],
) -> impl Iterator<Item = (Vec<String>, GlobalId<I>)> + 'a {
    let at = |index: usize| path.iter().map(|part| (*part).to_owned()).chain([index.to_string()]).collect();
    ids.iter().enumerate().map(move |(index, id)| (at(index), *id))
}

/// Channels, groups, accounts and locations of an audience that are not there.
pub(crate) async fn unknown_audience(
    ctx: &Context<'_>,
    input: &PriceListUpsertInput,
) -> async_graphql::Result<Vec<UserError<PriceErrorCode>>> {
    let (anyone, services) = (anyone(ctx), ctx.services());
    let code = PriceErrorCode::InvalidInput;
    let mut errors = Vec::new();
    if !input.channel_ids.is_empty() {
        let found = answer(ctx, services.channels.get_many(&anyone, &plain(&input.channel_ids)).await)?;
        let found = found.into_iter().map(|channel| channel.id);
        errors.extend(unknown(code, in_list(&["channelIds"], &input.channel_ids), found));
    }
    if !input.group_ids.is_empty() {
        let found = answer(ctx, services.accounts.groups(&anyone).await)?;
        let found = found.into_iter().map(|group| group.id);
        errors.extend(unknown(code, in_list(&["groupIds"], &input.group_ids), found));
    }
    if !input.account_ids.is_empty() {
        let found = answer(ctx, services.accounts.get_many(&anyone, &plain(&input.account_ids)).await)?;
        let found = found.into_iter().map(|account| account.id);
        errors.extend(unknown(code, in_list(&["accountIds"], &input.account_ids), found));
    }
    if !input.location_ids.is_empty() {
        let found = services.accounts.locations_by_id(&anyone, &plain(&input.location_ids)).await;
        let found = answer(ctx, found)?.into_iter().map(|location| location.id);
        errors.extend(unknown(code, in_list(&["locationIds"], &input.location_ids), found));
    }
    Ok(errors)
}

/// Channels of managed prices that are not there.
pub(crate) async fn unknown_channels(
    ctx: &Context<'_>,
    prices: &[ManagedPriceInput],
) -> async_graphql::Result<Vec<UserError<PriceErrorCode>>> {
    let named = prices.iter().enumerate().filter_map(|(index, price)| {
        Some((vec!["prices".to_owned(), index.to_string(), "channelId".to_owned()], price.channel_id?))
    });
    let named: Vec<(Vec<String>, GlobalId<ChannelId>)> = named.collect();
    let mut ids: Vec<ChannelId> = named.iter().map(|(_, id)| id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = answer(ctx, ctx.services().channels.get_many(&anyone(ctx), &ids).await)?;
    Ok(unknown(PriceErrorCode::InvalidInput, named, found.into_iter().map(|channel| channel.id)))
}
