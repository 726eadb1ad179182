//! Facts about channels. Plugin configurations stay inside: they may hold secrets.

use serde::Serialize;
use uuid::Uuid;
use vectis_contracts::channels::{ChannelSettings, StrategyBinding};
use vectis_kernel::ids::ChannelId;
use vectis_kernel::{Currency, Event};

use crate::store::mode_text;

const AGGREGATE: &str = "channel";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelFacts<'a> {
    channel_id: ChannelId,
    version: i64,
    slug: &'a str,
    name: &'a str,
    mode: &'static str,
    currency: Currency,
    currencies: &'a [Currency],
    time_zone: &'a str,
    prices_include_tax: bool,
    guest_checkout: bool,
    is_active: bool,
    warehouse_ids: Vec<Uuid>,
    country: &'a str,
}

fn facts(channel_id: ChannelId, version: i64, settings: &ChannelSettings) -> ChannelFacts<'_> {
    ChannelFacts {
        channel_id,
        version,
        slug: &settings.slug,
        name: &settings.name,
        mode: mode_text(settings.mode),
        currency: settings.currency,
        currencies: &settings.currencies,
        time_zone: &settings.time_zone,
        prices_include_tax: settings.prices_include_tax,
        guest_checkout: settings.guest_checkout,
        is_active: settings.is_active,
        warehouse_ids: settings.warehouse_ids.iter().map(|id| id.0).collect(),
        country: &settings.country,
    }
}

pub(crate) fn channel_created(id: ChannelId, settings: &ChannelSettings) -> Event {
    Event::new("vectis.channels.channel_created.v1", AGGREGATE, id.0, facts(id, 1, settings))
}

pub(crate) fn channel_changed(id: ChannelId, version: i64, settings: &ChannelSettings) -> Event {
    Event::new("vectis.channels.channel_changed.v1", AGGREGATE, id.0, facts(id, version, settings))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Activated<'a> {
    channel_id: ChannelId,
    point: &'a str,
    plugin: &'a str,
    entry_point: &'a str,
    priority: i32,
    revision: i64,
}

pub(crate) fn strategy_activated(binding: &StrategyBinding, revision: i64) -> Event {
    let payload = Activated {
        channel_id: binding.channel_id,
        point: &binding.point,
        plugin: &binding.plugin,
        entry_point: &binding.entry_point,
        priority: binding.priority,
        revision,
    };
    Event::new("vectis.channels.strategy_activated.v1", AGGREGATE, binding.channel_id.0, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Deactivated<'a> {
    channel_id: ChannelId,
    point: &'a str,
    plugin: &'a str,
    revision: i64,
}

pub(crate) fn strategy_deactivated(channel_id: ChannelId, point: &str, plugin: &str, revision: i64) -> Event {
    let payload = Deactivated { channel_id, point, plugin, revision };
    Event::new("vectis.channels.strategy_deactivated.v1", AGGREGATE, channel_id.0, payload)
}
