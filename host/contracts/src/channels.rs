//! Channels: selling surfaces with currency, posture, stock sources, and the plugins activated for them.

use async_trait::async_trait;
use serde_json::Value;
use vectis_kernel::ids::{ChannelId, WarehouseId};
use vectis_kernel::{Ctx, Currency, Failure};

/// Who may buy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommerceMode {
    /// Signed-in employees of accounts only.
    B2b,
    /// Individuals; guests when the channel allows it.
    Retail,
    /// Both.
    Hybrid,
}

/// A selling surface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Unique, `[a-z0-9-]`, sent by clients in `X-Channel`.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Who may buy.
    pub mode: CommerceMode,
    /// Base currency.
    pub currency: Currency,
    /// All currencies offered, the base one among them.
    pub currencies: Vec<Currency>,
    /// IANA name; windows such as "30 days" are counted in it.
    pub time_zone: String,
    /// Whether listed prices include tax.
    pub prices_include_tax: bool,
    /// Whether guests may place orders (retail and hybrid only).
    pub guest_checkout: bool,
    /// Inactive channels answer no storefront request.
    pub is_active: bool,
    /// Stock sources, first is asked first.
    pub warehouse_ids: Vec<WarehouseId>,
    /// ISO country where the goods are sold from; the tax destination when no address is known.
    pub country: String,
    /// Changes with each write.
    pub version: i64,
}

/// A plugin's entry point activated for a point in a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct StrategyBinding {
    /// The channel.
    pub channel_id: ChannelId,
    /// `vectis.pricing`.
    pub point: String,
    /// The plugin's name in its manifest.
    pub plugin: String,
    /// The entry point's name in its manifest.
    pub entry_point: String,
    /// Higher first among several of a point that asks all.
    pub priority: i32,
    /// The entry point's configuration, already checked against its schema.
    pub config: Value,
}

/// A new channel, or all settings of an existing one.
#[derive(Clone, Debug)]
pub struct ChannelSettings {
    /// Unique, `[a-z0-9-]`, 1 to 60 characters.
    pub slug: String,
    /// 1 to 200 characters.
    pub name: String,
    /// Who may buy.
    pub mode: CommerceMode,
    /// Base currency.
    pub currency: Currency,
    /// Further currencies; the base one is added if missing.
    pub currencies: Vec<Currency>,
    /// IANA name.
    pub time_zone: String,
    /// Whether listed prices include tax.
    pub prices_include_tax: bool,
    /// Whether guests may place orders.
    pub guest_checkout: bool,
    /// Whether it answers storefront requests.
    pub is_active: bool,
    /// Stock sources in order.
    pub warehouse_ids: Vec<WarehouseId>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

vectis_kernel::refusal_codes! {
    /// Why a channel command was refused.
    ChannelCode {
        /// Needs `channels.write` (bindings: `plugins.write`).
        Forbidden = "FORBIDDEN": Forbidden,
        /// No such channel.
        ChannelNotFound = "CHANNEL_NOT_FOUND": NotFound,
        /// The slug is taken.
        SlugTaken = "SLUG_TAKEN": Conflict,
        /// Somebody else wrote in between.
        StaleVersion = "STALE_VERSION": Conflict,
        /// A field is out of its range; the field is named.
        InvalidInput = "INVALID_INPUT": Invalid,
        /// A retail-only setting on a company channel, or the other way round.
        ModeMismatch = "MODE_MISMATCH": Invalid,
    }
}

/// Channels and their bindings.
#[async_trait]
pub trait Channels: Send + Sync {
    /// By slug; `None` when unknown.
    async fn find_by_slug(&self, ctx: &Ctx, slug: &str) -> Result<Option<Channel>, Failure<ChannelCode>>;
    /// By id; missing ones are left out.
    async fn get_many(&self, ctx: &Ctx, ids: &[ChannelId]) -> Result<Vec<Channel>, Failure<ChannelCode>>;
    /// All channels by slug; at most 500.
    async fn list(&self, ctx: &Ctx) -> Result<Vec<Channel>, Failure<ChannelCode>>;
    /// Creates a channel.
    async fn create(&self, ctx: &Ctx, settings: ChannelSettings) -> Result<ChannelId, Failure<ChannelCode>>;
    /// Replaces a channel's settings.
    async fn update(
        &self,
        ctx: &Ctx,
        id: ChannelId,
        version: i64,
        settings: ChannelSettings,
    ) -> Result<(), Failure<ChannelCode>>;
    /// All bindings of all channels, and the revision that changes with every write to them.
    async fn bindings(&self) -> Result<(i64, Vec<StrategyBinding>), Failure<ChannelCode>>;
    /// The revision of [`Self::bindings`] alone, for replicas that watch.
    async fn bindings_revision(&self) -> Result<i64, Failure<ChannelCode>>;
    /// Activates an entry point. For points that ask one, it takes the place of the one before; for points that ask
    /// all, it replaces the binding of the same plugin and entry point or is added. `asks_all` says which.
    async fn strategy_activate(
        &self,
        ctx: &Ctx,
        binding: StrategyBinding,
        asks_all: bool,
    ) -> Result<(), Failure<ChannelCode>>;
    /// Takes a binding away; fine if there was none.
    async fn strategy_deactivate(
        &self,
        ctx: &Ctx,
        channel_id: ChannelId,
        point: &str,
        plugin: &str,
    ) -> Result<(), Failure<ChannelCode>>;
}
