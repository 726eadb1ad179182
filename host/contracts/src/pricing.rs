//! Price lists, managed prices, exchange rates; and asking the pricing strategy. The *decision* is the plugin's.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use vectis_kernel::ids::{
    AccountId, ChannelId, CustomerGroupId, LocationId, ManagedPriceId, PriceListId, VariantId,
};
use vectis_kernel::{Ctx, Currency, Failure, Page, PageRequest, Quantity, UnitPrice};

use crate::Tx;
use crate::points::PriceLevel;

/// Who asks for prices of what.
#[derive(Clone, Debug)]
pub struct PriceQuery {
    /// Where it is bought.
    pub channel_id: ChannelId,
    /// The buying company.
    pub account_id: Option<AccountId>,
    /// Its site.
    pub location_id: Option<LocationId>,
    /// Groups of the account.
    pub group_ids: Vec<CustomerGroupId>,
    /// Currency of every answer.
    pub currency: Currency,
    /// The lines, at most 10,000.
    pub lines: Vec<PriceQueryLine>,
}

/// One line to price.
#[derive(Clone, Debug)]
pub struct PriceQueryLine {
    /// What.
    pub variant_id: VariantId,
    /// Its code.
    pub sku: String,
    /// How much, in the variant's unit.
    pub quantity: Quantity,
}

/// The price of a line, and where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotedPrice {
    /// Price of one unit.
    pub unit_price: UnitPrice,
    /// Level of the candidate it came from, if from one.
    pub level: Option<PriceLevel>,
    /// Its list.
    pub price_list_id: Option<PriceListId>,
    /// Its tier's minimum quantity.
    pub min_quantity: Quantity,
}

/// A rung of the ladder shown to a buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceTier {
    /// From this quantity on.
    pub min_quantity: Quantity,
    /// Price of one unit.
    pub unit_price: UnitPrice,
}

/// A named set of prices.
#[derive(Clone, Debug)]
pub struct PriceList {
    /// Its id.
    pub id: PriceListId,
    /// Unique.
    pub name: String,
    /// Currency of all its prices.
    pub currency: Currency,
    /// Higher first.
    pub priority: i32,
    /// In force from.
    pub valid_from: Option<DateTime<Utc>>,
    /// In force until, exclusive.
    pub valid_to: Option<DateTime<Utc>>,
    /// Who it is for.
    pub audience: Vec<PriceAudience>,
    /// Changes with each write.
    pub version: i64,
}

/// Who a price list is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PriceAudience {
    /// Everybody in the channel.
    Channel(ChannelId),
    /// Accounts of the group.
    Group(CustomerGroupId),
    /// The account.
    Account(AccountId),
    /// The location.
    Location(LocationId),
}

/// A list to create, or, where the name exists, to replace the settings of.
#[derive(Clone, Debug)]
pub struct UpsertPriceList {
    /// Unique, 1 to 200 characters.
    pub name: String,
    /// Currency; cannot change once prices exist.
    pub currency: Currency,
    /// Higher first.
    pub priority: i32,
    /// In force from.
    pub valid_from: Option<DateTime<Utc>>,
    /// In force until, exclusive; after `valid_from`.
    pub valid_to: Option<DateTime<Utc>>,
    /// Who it is for; all of it.
    pub audience: Vec<PriceAudience>,
}

/// All tiers of one variant in one list.
#[derive(Clone, Debug)]
pub struct SetPriceEntry {
    /// Which variant.
    pub variant_id: VariantId,
    /// Its tiers, 1 to 50, distinct minimum quantities, prices not negative. No tier takes the entry away.
    pub tiers: Vec<(Quantity, Decimal)>,
}

/// A price set by hand on a variant.
#[derive(Clone, Debug)]
pub struct ManagedPrice {
    /// Its id.
    pub id: ManagedPriceId,
    /// The variant.
    pub variant_id: VariantId,
    /// Only in this channel, or everywhere.
    pub channel_id: Option<ChannelId>,
    /// The price.
    pub unit_price: UnitPrice,
    /// In force from.
    pub valid_from: Option<DateTime<Utc>>,
    /// In force until, exclusive.
    pub valid_to: Option<DateTime<Utc>>,
}

/// A managed price to set; replaces the one of the same variant, channel and currency.
#[derive(Clone, Debug)]
pub struct SetManagedPrice {
    /// The variant.
    pub variant_id: VariantId,
    /// Only in this channel, or everywhere.
    pub channel_id: Option<ChannelId>,
    /// The price; `None` takes it away.
    pub unit_price: Option<UnitPrice>,
    /// Currency of the price to set or take away.
    pub currency: Currency,
    /// In force from.
    pub valid_from: Option<DateTime<Utc>>,
    /// In force until, exclusive.
    pub valid_to: Option<DateTime<Utc>>,
}

/// What one unit of `base` is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangeRate {
    /// From.
    pub base: Currency,
    /// To.
    pub target: Currency,
    /// Units of `target` for one of `base`, above zero, at most 8 places.
    pub rate: Decimal,
    /// In force from; the latest one not in the future counts.
    pub effective_from: DateTime<Utc>,
}

vectis_kernel::refusal_codes! {
    /// Why no price was quoted.
    QuoteCode {
        /// The pricing strategy is missing, ambiguous, failed or gave an invalid answer; the message says which.
        StrategyFailed = "STRATEGY_FAILED": Refused,
        /// The channel does not sell in this currency.
        UnknownCurrency = "UNKNOWN_CURRENCY": Invalid,
        /// More than 10,000 lines.
        TooMany = "TOO_MANY": Invalid,
    }
    /// Why a price command was refused.
    PriceCode {
        /// Needs `prices.write` (or `prices.read`).
        Forbidden = "FORBIDDEN": Forbidden,
        /// No such price list.
        PriceListNotFound = "PRICE_LIST_NOT_FOUND": NotFound,
        /// A list with prices keeps its currency.
        CurrencyFixed = "CURRENCY_FIXED": Conflict,
        /// No such variant.
        UnknownVariant = "UNKNOWN_VARIANT": NotFound,
        /// The same variant or minimum quantity stands twice.
        Duplicate = "DUPLICATE": Invalid,
        /// A price is negative, too precise or too large.
        InvalidPrice = "INVALID_PRICE": Invalid,
        /// A field is out of its range; the field is named.
        InvalidInput = "INVALID_INPUT": Invalid,
        /// More than 10,000 in one call.
        TooMany = "TOO_MANY": Invalid,
    }
}

/// Prices kept in step with a system that makes them.
#[async_trait]
pub trait PriceFeed: Send + Sync {
    /// Replaces the tiers of variants in the list of this name, within the limits of [`Pricing::price_entries_set`]. Promises
    /// nothing about the order of news: the caller knows which is the latest.
    async fn price_entries_take(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        list: &str,
        entries: &[SetPriceEntry],
    ) -> Result<(), Failure<PriceCode>>;
}

/// Prices.
#[async_trait]
pub trait Pricing: Send + Sync {
    /// Prices lines: gathers all candidates in one statement, asks the strategy once. One answer per line, `None` where
    /// there is no price.
    async fn quote(
        &self,
        ctx: &Ctx,
        query: &PriceQuery,
    ) -> Result<Vec<Option<QuotedPrice>>, Failure<QuoteCode>>;
    /// The ladder of each line's variant for this buyer: the strategy asked at each minimum quantity that occurs;
    /// rungs with equal prices are merged. One statement, one call.
    async fn ladders(&self, ctx: &Ctx, query: &PriceQuery)
    -> Result<Vec<Vec<PriceTier>>, Failure<QuoteCode>>;
    /// Lists by name. Needs `prices.read`.
    async fn price_lists(&self, ctx: &Ctx, page: PageRequest) -> Result<Page<PriceList>, Failure<PriceCode>>;
    /// Tiers of these variants in a list, by variant and minimum quantity; at most 10,000 variants a call. Needs
    /// `prices.read`.
    async fn price_entries(
        &self,
        ctx: &Ctx,
        list: PriceListId,
        variant_ids: &[VariantId],
    ) -> Result<Vec<(VariantId, PriceTier)>, Failure<PriceCode>>;
    /// Creates a list or replaces its settings.
    async fn price_list_upsert(
        &self,
        ctx: &Ctx,
        list: UpsertPriceList,
    ) -> Result<PriceListId, Failure<PriceCode>>;
    /// Replaces the tiers of variants in a list, at most 10,000 variants (and 50,000 tiers) a call, all or nothing, in
    /// a constant number of statements.
    async fn price_entries_set(
        &self,
        ctx: &Ctx,
        list: PriceListId,
        entries: Vec<SetPriceEntry>,
    ) -> Result<(), Failure<PriceCode>>;
    /// Sets or takes away managed prices, at most 10,000 a call.
    async fn managed_prices_set(
        &self,
        ctx: &Ctx,
        prices: Vec<SetManagedPrice>,
    ) -> Result<(), Failure<PriceCode>>;
    /// Managed prices of variants. Needs `prices.read`.
    async fn managed_prices(
        &self,
        ctx: &Ctx,
        variant_ids: &[VariantId],
    ) -> Result<Vec<ManagedPrice>, Failure<PriceCode>>;
    /// Adds exchange rates, at most 1,000 a call; the same pair and instant is replaced.
    async fn exchange_rates_set(&self, ctx: &Ctx, rates: Vec<ExchangeRate>)
    -> Result<(), Failure<PriceCode>>;
    /// The rates in force now. Needs `prices.read`.
    async fn exchange_rates(&self, ctx: &Ctx) -> Result<Vec<ExchangeRate>, Failure<PriceCode>>;
}
