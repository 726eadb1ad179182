//! Facts about prices. Amounts are decimal strings with a currency.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use uuid::Uuid;
use vectis_contracts::pricing::{ExchangeRate, SetManagedPrice, UpsertPriceList};
use vectis_kernel::ids::{ChannelId, PriceListId, VariantId};
use vectis_kernel::{Currency, Event, UnitPrice};

use crate::store::price_list::audience_parts;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PriceListFacts<'a> {
    price_list_id: PriceListId,
    version: i64,
    name: &'a str,
    currency: Currency,
    priority: i32,
    valid_from: Option<DateTime<Utc>>,
    valid_to: Option<DateTime<Utc>>,
    audience: Vec<Audience>,
}

#[derive(Serialize)]
struct Audience {
    kind: &'static str,
    id: Uuid,
}

pub(crate) fn price_list_changed(id: PriceListId, version: i64, list: &UpsertPriceList) -> Event {
    let audience = list.audience.iter().copied().map(audience_parts).map(|(kind, id)| Audience { kind, id });
    let facts = PriceListFacts {
        price_list_id: id,
        version,
        name: &list.name,
        currency: list.currency,
        priority: list.priority,
        valid_from: list.valid_from,
        valid_to: list.valid_to,
        audience: audience.collect(),
    };
    Event::new("vectis.pricing.price_list_changed.v1", "price_list", id.0, facts)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntriesFacts<'a> {
    price_list_id: PriceListId,
    version: i64,
    currency: Currency,
    variant_ids: &'a [Uuid],
}

pub(crate) fn price_entries_changed(
    id: PriceListId,
    (version, currency): (i64, Currency),
    variant_ids: &[Uuid],
) -> Event {
    let facts = EntriesFacts { price_list_id: id, version, currency, variant_ids };
    Event::new("vectis.pricing.price_entries_changed.v1", "price_list", id.0, facts)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ManagedFacts {
    variant_id: VariantId,
    prices: Vec<ManagedFact>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ManagedFact {
    channel_id: Option<ChannelId>,
    currency: Currency,
    unit_price: Option<Amount>,
    valid_from: Option<DateTime<Utc>>,
    valid_to: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct Amount {
    amount: Decimal,
    currency: Currency,
}

impl From<UnitPrice> for Amount {
    fn from(price: UnitPrice) -> Self {
        Self { amount: price.to_decimal(), currency: price.currency }
    }
}

/// One event per variant, in the order of variants.
pub(crate) fn managed_prices_changed(prices: &[SetManagedPrice]) -> Vec<Event> {
    let mut variants: BTreeMap<VariantId, Vec<ManagedFact>> = BTreeMap::new();
    for price in prices {
        variants.entry(price.variant_id).or_default().push(ManagedFact {
            channel_id: price.channel_id,
            currency: price.currency,
            unit_price: price.unit_price.map(Amount::from),
            valid_from: price.valid_from,
            valid_to: price.valid_to,
        });
    }
    let events = variants.into_iter().map(|(variant_id, prices)| {
        let facts = ManagedFacts { variant_id, prices };
        Event::new("vectis.pricing.managed_prices_changed.v1", "variant", variant_id.0, facts)
    });
    events.collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RateFacts {
    base: Currency,
    target: Currency,
    rate: Decimal,
    effective_from: DateTime<Utc>,
}

pub(crate) fn exchange_rate_set(id: Uuid, rate: &ExchangeRate) -> Event {
    let facts = RateFacts {
        base: rate.base,
        target: rate.target,
        rate: rate.rate,
        effective_from: rate.effective_from,
    };
    Event::new("vectis.pricing.exchange_rate_set.v1", "exchange_rate", id, facts)
}
