//! Price lists, managed prices, exchange rates: what staff see and do.

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use vectis_contracts::pricing::{
    self as contract, PriceAudience, SetManagedPrice, SetPriceEntry, UpsertPriceList,
};
use vectis_kernel::ids::{AccountId, ChannelId, CustomerGroupId, LocationId, PriceListId, VariantId};
use vectis_kernel::permission::staff;

use crate::caller::ContextExt;
use crate::error::{UserError, answer, bad_input, outcome};
use crate::id::GlobalId;
use crate::page::{connection, page_request};
use crate::paths::renamed;
use crate::policy::{Access, TypePolicy};
use crate::references::{unknown_audience, unknown_channels};
use crate::scalars::{CurrencyCode, Decimal, Quantity, UnitPrice};
use crate::variant_refs::{VariantNamed, resolve};

pub(crate) const POLICY: &[TypePolicy] = &[
    (
        "Query",
        &[(Access::Staff(&staff::PRICES_READ), "priceLists priceListEntries managedPrices exchangeRates")],
    ),
    (
        "Mutation",
        &[(
            Access::Staff(&staff::PRICES_WRITE),
            "priceListUpsert priceListEntriesSet managedPricesSet exchangeRatesSet",
        )],
    ),
    ("PriceList", &[(Access::Owner, "id name currencyCode priority validFrom validTo audience version")]),
    ("PriceListEntry", &[(Access::Owner, "variantId minQuantity unitPrice")]),
    ("ManagedPrice", &[(Access::Owner, "variantId channelId unitPrice validFrom validTo")]),
    ("ExchangeRate", &[(Access::Owner, "base target rate effectiveFrom")]),
];

/// Why a price command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::PriceCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum PriceErrorCode {
    Forbidden,
    PriceListNotFound,
    CurrencyFixed,
    UnknownVariant,
    Duplicate,
    InvalidPrice,
    InvalidInput,
    TooMany,
}

/// A named set of prices.
#[derive(SimpleObject)]
pub struct PriceList {
    /// Its id.
    pub id: GlobalId<PriceListId>,
    /// Unique.
    pub name: String,
    /// Currency of all its prices.
    pub currency_code: CurrencyCode,
    /// Higher first.
    pub priority: i32,
    /// In force from.
    pub valid_from: Option<DateTime<Utc>>,
    /// In force until, exclusive.
    pub valid_to: Option<DateTime<Utc>>,
    /// Global ids of the channels, groups, accounts and locations it is for.
    pub audience: Vec<String>,
    /// Changes with each write.
    pub version: i64,
}

impl From<contract::PriceList> for PriceList {
    fn from(list: contract::PriceList) -> Self {
        let audience = |audience: &PriceAudience| match audience {
            PriceAudience::Channel(id) => GlobalId(*id).text(),
            PriceAudience::Group(id) => GlobalId(*id).text(),
            PriceAudience::Account(id) => GlobalId(*id).text(),
            PriceAudience::Location(id) => GlobalId(*id).text(),
        };
        Self {
            id: GlobalId(list.id),
            name: list.name,
            currency_code: CurrencyCode(list.currency),
            priority: list.priority,
            valid_from: list.valid_from,
            valid_to: list.valid_to,
            audience: list.audience.iter().map(audience).collect(),
            version: list.version,
        }
    }
}

/// A tier of a variant in a list.
#[derive(SimpleObject)]
pub struct PriceListEntry {
    /// The variant.
    pub variant_id: GlobalId<VariantId>,
    /// From this quantity on.
    pub min_quantity: Quantity,
    /// Price of one unit.
    pub unit_price: UnitPrice,
}

/// A price set by hand.
#[derive(SimpleObject)]
pub struct ManagedPrice {
    /// The variant.
    pub variant_id: GlobalId<VariantId>,
    /// Only in this channel.
    pub channel_id: Option<GlobalId<ChannelId>>,
    /// The price.
    pub unit_price: UnitPrice,
    /// In force from.
    pub valid_from: Option<DateTime<Utc>>,
    /// In force until, exclusive.
    pub valid_to: Option<DateTime<Utc>>,
}

/// What one unit of a currency is worth in another.
#[derive(SimpleObject)]
pub struct ExchangeRate {
    /// From.
    pub base: CurrencyCode,
    /// To.
    pub target: CurrencyCode,
    /// Units of `target` for one of `base`.
    pub rate: Decimal,
    /// In force from.
    pub effective_from: DateTime<Utc>,
}

/// Queries about prices.
#[derive(Default)]
pub struct PriceQuery;

#[Object]
impl PriceQuery {
    /// All price lists.
    async fn price_lists(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, PriceList>> {
        let page = page_request(first, after)?;
        let found = answer(ctx, ctx.services().pricing.price_lists(&ctx.caller().ctx, page).await)?;
        Ok(connection(page, found, |list| list.id.0, PriceList::from))
    }

    /// Tiers of variants (at most 1,000) in a list.
    async fn price_list_entries(
        &self,
        ctx: &Context<'_>,
        list_id: GlobalId<PriceListId>,
        variant_ids: Vec<GlobalId<VariantId>>,
    ) -> async_graphql::Result<Vec<PriceListEntry>> {
        let ids = variant_ids_of(variant_ids)?;
        let found =
            answer(ctx, ctx.services().pricing.price_entries(&ctx.caller().ctx, list_id.0, &ids).await)?;
        let entry = |(variant_id, tier): (VariantId, contract::PriceTier)| PriceListEntry {
            variant_id: GlobalId(variant_id),
            min_quantity: Quantity(tier.min_quantity),
            unit_price: tier.unit_price.into(),
        };
        Ok(found.into_iter().map(entry).collect())
    }

    /// Managed prices of variants (at most 1,000).
    async fn managed_prices(
        &self,
        ctx: &Context<'_>,
        variant_ids: Vec<GlobalId<VariantId>>,
    ) -> async_graphql::Result<Vec<ManagedPrice>> {
        let ids = variant_ids_of(variant_ids)?;
        let found = answer(ctx, ctx.services().pricing.managed_prices(&ctx.caller().ctx, &ids).await)?;
        let price = |price: contract::ManagedPrice| ManagedPrice {
            variant_id: GlobalId(price.variant_id),
            channel_id: price.channel_id.map(GlobalId),
            unit_price: price.unit_price.into(),
            valid_from: price.valid_from,
            valid_to: price.valid_to,
        };
        Ok(found.into_iter().map(price).collect())
    }

    /// Exchange rates in force now.
    async fn exchange_rates(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<ExchangeRate>> {
        let found = answer(ctx, ctx.services().pricing.exchange_rates(&ctx.caller().ctx).await)?;
        let rate = |rate: contract::ExchangeRate| ExchangeRate {
            base: CurrencyCode(rate.base),
            target: CurrencyCode(rate.target),
            rate: Decimal(rate.rate),
            effective_from: rate.effective_from,
        };
        Ok(found.into_iter().map(rate).collect())
    }
}

fn variant_ids_of(ids: Vec<GlobalId<VariantId>>) -> async_graphql::Result<Vec<VariantId>> {
    if ids.len() > 1_000 {
        return Err(bad_input("at most 1,000 variants at once"));
    }
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// A price list to make, or to replace the settings of (matched by name).
#[derive(InputObject)]
pub struct PriceListUpsertInput {
    /// Unique.
    pub name: String,
    /// Currency of all its prices.
    pub currency_code: CurrencyCode,
    /// Higher first.
    #[graphql(default)]
    pub priority: i32,
    /// In force from.
    pub valid_from: Option<DateTime<Utc>>,
    /// In force until, exclusive.
    pub valid_to: Option<DateTime<Utc>>,
    /// Everybody in these channels.
    #[graphql(default)]
    pub channel_ids: Vec<GlobalId<ChannelId>>,
    /// Accounts of these groups.
    #[graphql(default)]
    pub group_ids: Vec<GlobalId<CustomerGroupId>>,
    /// These accounts.
    #[graphql(default)]
    pub account_ids: Vec<GlobalId<AccountId>>,
    /// These locations.
    #[graphql(default)]
    pub location_ids: Vec<GlobalId<LocationId>>,
}

/// A tier.
#[derive(InputObject)]
pub struct PriceTierInput {
    /// From this quantity on.
    pub min_quantity: Quantity,
    /// Price of one unit, at most six places.
    pub unit_price: Decimal,
}

/// All tiers of a variant. Exactly one of `sku` and `variantId`.
#[derive(InputObject)]
pub struct PriceListEntryInput {
    /// Code of the variant.
    pub sku: Option<String>,
    /// Id of the variant.
    pub variant_id: Option<GlobalId<VariantId>>,
    /// At most 50; none takes the variant out of the list.
    pub tiers: Vec<PriceTierInput>,
}

/// Entries of a list, at most 10,000, all or nothing.
#[derive(InputObject)]
pub struct PriceListEntriesSetInput {
    /// The list.
    pub list_id: GlobalId<PriceListId>,
    /// The entries.
    pub entries: Vec<PriceListEntryInput>,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: Option<String>,
}

/// A managed price. Exactly one of `sku` and `variantId`.
#[derive(InputObject)]
pub struct ManagedPriceInput {
    /// Code of the variant.
    pub sku: Option<String>,
    /// Id of the variant.
    pub variant_id: Option<GlobalId<VariantId>>,
    /// Only in this channel.
    pub channel_id: Option<GlobalId<ChannelId>>,
    /// Currency of the price.
    pub currency_code: CurrencyCode,
    /// The price; null takes it away.
    pub unit_price: Option<Decimal>,
    /// In force from.
    pub valid_from: Option<DateTime<Utc>>,
    /// In force until, exclusive.
    pub valid_to: Option<DateTime<Utc>>,
}

/// Managed prices, at most 10,000, all or nothing.
#[derive(InputObject)]
pub struct ManagedPricesSetInput {
    /// The prices.
    pub prices: Vec<ManagedPriceInput>,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: Option<String>,
}

/// An exchange rate.
#[derive(InputObject)]
pub struct ExchangeRateInput {
    /// From.
    pub base: CurrencyCode,
    /// To.
    pub target: CurrencyCode,
    /// Units of `target` for one of `base`, at most 8 places.
    pub rate: Decimal,
    /// In force from.
    pub effective_from: DateTime<Utc>,
}

/// Exchange rates, at most 1,000.
#[derive(InputObject)]
pub struct ExchangeRatesSetInput {
    /// The rates.
    pub rates: Vec<ExchangeRateInput>,
}

/// What a price-list command left behind.
#[derive(SimpleObject)]
pub struct PriceListPayload {
    /// The list.
    pub price_list_id: Option<GlobalId<PriceListId>>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<PriceErrorCode>>,
}

/// Whether prices were set.
#[derive(SimpleObject)]
pub struct PricesPayload {
    /// Whether they were.
    pub is_done: bool,
    /// Why they were refused; empty when they were not.
    pub user_errors: Vec<UserError<PriceErrorCode>>,
}

/// Commands on prices.
#[derive(Default)]
pub struct PriceMutation;

#[Object]
impl PriceMutation {
    /// Makes a price list, or replaces its settings.
    async fn price_list_upsert(
        &self,
        ctx: &Context<'_>,
        input: PriceListUpsertInput,
    ) -> async_graphql::Result<PriceListPayload> {
        let user_errors = unknown_audience(ctx, &input).await?;
        if !user_errors.is_empty() {
            return Ok(PriceListPayload { price_list_id: None, user_errors });
        }
        let mut audience: Vec<PriceAudience> = Vec::new();
        audience.extend(input.channel_ids.into_iter().map(|id| PriceAudience::Channel(id.0)));
        audience.extend(input.group_ids.into_iter().map(|id| PriceAudience::Group(id.0)));
        audience.extend(input.account_ids.into_iter().map(|id| PriceAudience::Account(id.0)));
        audience.extend(input.location_ids.into_iter().map(|id| PriceAudience::Location(id.0)));
        let list = UpsertPriceList {
            name: input.name,
            currency: input.currency_code.0,
            priority: input.priority,
            valid_from: input.valid_from,
            valid_to: input.valid_to,
            audience,
        };
        let done = ctx.services().pricing.price_list_upsert(&ctx.command(None)?, list).await;
        let (id, user_errors) = outcome(ctx, renamed(done, &[("currency", "currencyCode")]))?;
        Ok(PriceListPayload { price_list_id: id.map(GlobalId), user_errors })
    }

    /// Replaces the tiers of variants in a list, all or nothing.
    async fn price_list_entries_set(
        &self,
        ctx: &Context<'_>,
        input: PriceListEntriesSetInput,
    ) -> async_graphql::Result<PricesPayload> {
        let command = ctx.command(input.idempotency_key.as_deref())?;
        let (named, tiers): (Vec<_>, Vec<_>) = input
            .entries
            .into_iter()
            .map(|entry| (VariantNamed { sku: entry.sku, id: entry.variant_id }, entry.tiers))
            .unzip();
        let ids = match resolve(ctx, "entries", &named, PriceErrorCode::UnknownVariant).await? {
            Ok(ids) => ids,
            Err(user_errors) => return Ok(PricesPayload { is_done: false, user_errors }),
        };
        let tier = |tier: PriceTierInput| (tier.min_quantity.0, tier.unit_price.0);
        let entry = |(variant_id, tiers): (VariantId, Vec<PriceTierInput>)| SetPriceEntry {
            variant_id,
            tiers: tiers.into_iter().map(tier).collect(),
        };
        let entries = ids.into_iter().zip(tiers).map(entry).collect();
        let done = ctx.services().pricing.price_entries_set(&command, input.list_id.0, entries).await;
        let (done, user_errors) = outcome(ctx, renamed(done, &[("priceListId", "listId")]))?;
        Ok(PricesPayload { is_done: done.is_some(), user_errors })
    }

    /// Sets or takes away prices by hand, all or nothing.
    async fn managed_prices_set(
        &self,
        ctx: &Context<'_>,
        input: ManagedPricesSetInput,
    ) -> async_graphql::Result<PricesPayload> {
        let command = ctx.command(input.idempotency_key.as_deref())?;
        let named: Vec<VariantNamed> = input
            .prices
            .iter()
            .map(|price| VariantNamed { sku: price.sku.clone(), id: price.variant_id })
            .collect();
        let ids = match resolve(ctx, "prices", &named, PriceErrorCode::UnknownVariant).await? {
            Ok(ids) => ids,
            Err(user_errors) => return Ok(PricesPayload { is_done: false, user_errors }),
        };
        let user_errors = unknown_channels(ctx, &input.prices).await?;
        if !user_errors.is_empty() {
            return Ok(PricesPayload { is_done: false, user_errors });
        }
        let mut prices = Vec::with_capacity(ids.len());
        for (variant_id, price) in ids.into_iter().zip(input.prices) {
            let currency = price.currency_code.0;
            let unit_price =
                price.unit_price.map(|amount| vectis_kernel::UnitPrice::from_decimal(amount.0, currency));
            prices.push(SetManagedPrice {
                variant_id,
                channel_id: price.channel_id.map(|id| id.0),
                unit_price: unit_price.transpose().map_err(|error| bad_input(error.to_string()))?,
                currency,
                valid_from: price.valid_from,
                valid_to: price.valid_to,
            });
        }
        let (done, user_errors) =
            outcome(ctx, ctx.services().pricing.managed_prices_set(&command, prices).await)?;
        Ok(PricesPayload { is_done: done.is_some(), user_errors })
    }

    /// Adds exchange rates.
    async fn exchange_rates_set(
        &self,
        ctx: &Context<'_>,
        input: ExchangeRatesSetInput,
    ) -> async_graphql::Result<PricesPayload> {
        let rate = |rate: ExchangeRateInput| contract::ExchangeRate {
            base: rate.base.0,
            target: rate.target.0,
            rate: rate.rate.0,
            effective_from: rate.effective_from,
        };
        let rates = input.rates.into_iter().map(rate).collect();
        let (done, user_errors) =
            outcome(ctx, ctx.services().pricing.exchange_rates_set(&ctx.command(None)?, rates).await)?;
        Ok(PricesPayload { is_done: done.is_some(), user_errors })
    }
}
