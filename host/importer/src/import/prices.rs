//! The price lists: one per channel, and one per account that has prices of its own.

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use vectis_kernel::UnitPrice;

use crate::accounts::AccountIds;
use crate::channels::Channels;
use crate::client::{Call, CallError};
use crate::desk::Desk;
use crate::progress::bar;
use crate::row::Sku;
use crate::source::Source;
use crate::tiers::Tier;

const UPSERT: &str = "mutation PriceList($input: PriceListUpsertInput!) { priceListUpsert(input: $input) { \
    priceListId userErrors { code field message } } }";

const SET: &str = "mutation Prices($input: PriceListEntriesSetInput!) { priceListEntriesSet(input: $input) { \
    userErrors { code field message } } }";

/// Articles priced in one call.
const ENTRIES_A_CALL: usize = 5_000;

/// Lists written at once.
const LISTS_AT_ONCE: usize = 4;

/// A list to write.
struct List {
    /// Settings but the currency.
    name: String,
    /// Higher first.
    priority: i32,
    /// Whom it is for: the argument and its one id.
    audience: (&'static str, String),
    /// `PriceListEntryInput`s.
    entries: Vec<Value>,
}

/// Writes all lists; how many, and how many prices are in them.
pub(super) async fn make(
    desk: &Desk,
    source: &Source,
    channels: &Channels,
    account_ids: &AccountIds,
) -> anyhow::Result<(usize, usize)> {
    let lists = lists(source, channels, account_ids)?;
    let prices = lists.iter().map(List::count_prices).sum();
    let progress = bar(lists.len(), "price lists");
    stream::iter(&lists)
        .map(|list| async move {
            write(desk, list).await.with_context(|| format!("the price list {:?} cannot be made", list.name))
        })
        .buffer_unordered(LISTS_AT_ONCE)
        .try_for_each(|()| {
            progress.inc(1);
            std::future::ready(Ok(()))
        })
        .await?;
    progress.finish();
    Ok((lists.len(), prices))
}

fn lists(source: &Source, channels: &Channels, account_ids: &AccountIds) -> anyhow::Result<Vec<List>> {
    let mined = &source.plan.prices;
    let single =
        |(sku, price): (&Sku, &UnitPrice)| entry(sku, &[Tier { min_quantity: 1, unit_price: *price }]);
    let mut lists = vec![
        List {
            name: "Imported wholesale prices".to_owned(),
            priority: 0,
            audience: ("channelIds", channels.wholesale.id.clone()),
            entries: mined.wholesale.iter().map(|(sku, tiers)| entry(sku, tiers)).collect(),
        },
        List {
            name: "Imported retail prices".to_owned(),
            priority: 0,
            audience: ("channelIds", channels.retail.id.clone()),
            entries: mined.retail.iter().map(single).collect(),
        },
    ];
    for (number, prices) in &mined.negotiated {
        let id =
            account_ids.get(number).with_context(|| format!("there is no account of customer {number}"))?;
        lists.push(List {
            name: format!("Imported prices of customer {number}"),
            priority: 10,
            audience: ("accountIds", id.clone()),
            entries: prices.iter().map(single).collect(),
        });
    }
    Ok(lists)
}

fn entry(sku: &Sku, tiers: &[Tier]) -> Value {
    let tiers: Vec<Value> = tiers
        .iter()
        .map(|tier| {
            json!({
                "minQuantity": tier.min_quantity.to_string(),
                "unitPrice": tier.unit_price.to_decimal().to_string(),
            })
        })
        .collect();
    json!({ "sku": sku.as_str(), "tiers": tiers })
}

async fn write(desk: &Desk, list: &List) -> Result<(), CallError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Made {
        price_list_id: String,
    }
    let (audience, id) = &list.audience;
    let mut input = json!({ "name": list.name, "currencyCode": "GBP", "priority": list.priority });
    input[*audience] = json!([id]);
    let made: Made = desk.command(&Call::new(UPSERT, json!({ "input": input }))).await?;
    for entries in list.entries.chunks(ENTRIES_A_CALL) {
        let input = json!({ "listId": made.price_list_id, "entries": entries });
        desk.command::<Value>(&Call::new(SET, json!({ "input": input }))).await?;
    }
    Ok(())
}

impl List {
    fn count_prices(&self) -> usize {
        self.entries.iter().map(|entry| entry["tiers"].as_array().map_or(0, Vec::len)).sum()
    }
}
