//! Channels: type, queries, settings.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use vectis_contracts::channels as contract;
use vectis_kernel::ids::{ChannelId, WarehouseId};
use vectis_kernel::permission::staff;

use crate::caller::ContextExt;
use crate::error::{UserError, answer, outcome};
use crate::id::GlobalId;
use crate::loaders;
use crate::paths::{below, renamed};
use crate::policy::{Access, TypePolicy};
use crate::references::{anyone, in_list, unknown};
use crate::scalars::CurrencyCode;

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Query", &[(Access::Public, "channel"), (Access::AnyStaff, "channels")]),
    ("Mutation", &[(Access::Staff(&staff::CHANNELS_WRITE), "channelCreate channelUpdate")]),
    (
        "Channel",
        &[
            (
                Access::Public,
                "id slug name mode currencyCode currencyCodes timeZone pricesIncludeTax guestCheckout country",
            ),
            (Access::AnyStaff, "isActive warehouseIds version"),
        ],
    ),
];

/// Who may buy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::CommerceMode")]
pub enum CommerceMode {
    /// Signed-in employees of accounts only.
    #[graphql(name = "B2B")]
    B2b,
    /// Individuals; guests when the channel allows it.
    Retail,
    /// Both.
    Hybrid,
}

/// Why a channel command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::ChannelCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum ChannelErrorCode {
    Forbidden,
    ChannelNotFound,
    SlugTaken,
    StaleVersion,
    InvalidInput,
    ModeMismatch,
}

/// A selling surface.
pub struct Channel(pub(crate) Arc<contract::Channel>);

/// A selling surface with its own currency, prices, stock sources, rules and posture.
#[Object]
impl Channel {
    /// Its id.
    async fn id(&self) -> GlobalId<ChannelId> {
        GlobalId(self.0.id)
    }
    /// Sent by clients as `X-Channel`.
    async fn slug(&self) -> &str {
        &self.0.slug
    }
    /// For people.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Who may buy.
    async fn mode(&self) -> CommerceMode {
        self.0.mode.into()
    }
    /// Base currency.
    async fn currency_code(&self) -> CurrencyCode {
        CurrencyCode(self.0.currency)
    }
    /// All currencies offered.
    async fn currency_codes(&self) -> Vec<CurrencyCode> {
        self.0.currencies.iter().copied().map(CurrencyCode).collect()
    }
    /// IANA name.
    async fn time_zone(&self) -> &str {
        &self.0.time_zone
    }
    /// Whether listed prices include tax.
    async fn prices_include_tax(&self) -> bool {
        self.0.prices_include_tax
    }
    /// Whether guests may place orders.
    async fn guest_checkout(&self) -> bool {
        self.0.guest_checkout
    }
    /// ISO country it sells from.
    async fn country(&self) -> &str {
        &self.0.country
    }
    /// Whether it answers storefront requests.
    async fn is_active(&self) -> bool {
        self.0.is_active
    }
    /// Stock sources, first is asked first.
    async fn warehouse_ids(&self) -> Vec<GlobalId<WarehouseId>> {
        self.0.warehouse_ids.iter().copied().map(GlobalId).collect()
    }
    /// Changes with each write.
    async fn version(&self) -> i64 {
        self.0.version
    }
}

/// Queries about channels.
#[derive(Default)]
pub struct ChannelQuery;

#[Object]
impl ChannelQuery {
    /// The channel of this request, or the one with the slug.
    async fn channel(
        &self,
        ctx: &Context<'_>,
        slug: Option<String>,
    ) -> async_graphql::Result<Option<Channel>> {
        let Some(slug) = slug else { return Ok(ctx.caller().channel.clone().map(Channel)) };
        let found = answer(ctx, ctx.services().channels.find_by_slug(&ctx.caller().ctx, &slug).await)?;
        let visible = found.filter(|channel| channel.is_active || ctx.caller().ctx.is_staff());
        Ok(visible.map(|channel| Channel(Arc::new(channel))))
    }

    /// All channels.
    async fn channels(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Channel>> {
        let found = answer(ctx, ctx.services().channels.list(&ctx.caller().ctx).await)?;
        Ok(found.into_iter().map(|channel| Channel(Arc::new(channel))).collect())
    }
}

/// All settings of a channel.
#[derive(InputObject)]
pub struct ChannelSettingsInput {
    /// Unique, `[a-z0-9-]`, 1 to 60 characters.
    pub slug: String,
    /// 1 to 200 characters.
    pub name: String,
    /// Who may buy.
    pub mode: CommerceMode,
    /// Base currency.
    pub currency_code: CurrencyCode,
    /// Further currencies.
    #[graphql(default)]
    pub currency_codes: Vec<CurrencyCode>,
    /// IANA name.
    #[graphql(default_with = "\"UTC\".to_owned()")]
    pub time_zone: String,
    /// Whether listed prices include tax.
    #[graphql(default)]
    pub prices_include_tax: bool,
    /// Whether guests may place orders.
    #[graphql(default)]
    pub guest_checkout: bool,
    /// Whether it answers storefront requests.
    #[graphql(default = true)]
    pub is_active: bool,
    /// Stock sources in order.
    #[graphql(default)]
    pub warehouse_ids: Vec<GlobalId<WarehouseId>>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

impl From<ChannelSettingsInput> for contract::ChannelSettings {
    fn from(input: ChannelSettingsInput) -> Self {
        Self {
            slug: input.slug,
            name: input.name,
            mode: input.mode.into(),
            currency: input.currency_code.0,
            currencies: input.currency_codes.into_iter().map(|code| code.0).collect(),
            time_zone: input.time_zone,
            prices_include_tax: input.prices_include_tax,
            guest_checkout: input.guest_checkout,
            is_active: input.is_active,
            warehouse_ids: input.warehouse_ids.into_iter().map(|id| id.0).collect(),
            country: input.country,
        }
    }
}

/// New settings of a channel.
#[derive(InputObject)]
pub struct ChannelUpdateInput {
    /// Which.
    pub id: GlobalId<ChannelId>,
    /// Its version as last seen.
    pub version: i64,
    /// All of its settings.
    pub settings: ChannelSettingsInput,
}

/// What a channel command left behind.
#[derive(SimpleObject)]
pub struct ChannelPayload {
    /// The channel.
    pub channel: Option<Channel>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<ChannelErrorCode>>,
}

/// Warehouses, named at this path, that are not there.
async fn unknown_warehouses(
    ctx: &Context<'_>,
    path: &[&str],
    ids: &[GlobalId<WarehouseId>],
) -> async_graphql::Result<Vec<UserError<ChannelErrorCode>>> {
    let existing = answer(ctx, ctx.services().inventory.warehouses(&anyone(ctx)).await)?;
    let existing = existing.into_iter().map(|warehouse| warehouse.id);
    Ok(unknown(ChannelErrorCode::InvalidInput, in_list(path, ids), existing))
}

/// Commands on channels.
#[derive(Default)]
pub struct ChannelMutation;

#[Object]
impl ChannelMutation {
    /// Makes a channel.
    async fn channel_create(
        &self,
        ctx: &Context<'_>,
        input: ChannelSettingsInput,
    ) -> async_graphql::Result<ChannelPayload> {
        let user_errors = unknown_warehouses(ctx, &["warehouseIds"], &input.warehouse_ids).await?;
        if !user_errors.is_empty() {
            return Ok(ChannelPayload { channel: None, user_errors });
        }
        let (id, user_errors) =
            outcome(ctx, ctx.services().channels.create(&ctx.command(None)?, input.into()).await)?;
        let channel = match id {
            Some(id) => loaders::of(ctx).load_one(id).await?.map(Channel),
            None => None,
        };
        Ok(ChannelPayload { channel, user_errors })
    }

    /// Replaces a channel's settings.
    async fn channel_update(
        &self,
        ctx: &Context<'_>,
        input: ChannelUpdateInput,
    ) -> async_graphql::Result<ChannelPayload> {
        let path = ["settings", "warehouseIds"];
        let user_errors = unknown_warehouses(ctx, &path, &input.settings.warehouse_ids).await?;
        if !user_errors.is_empty() {
            return Ok(ChannelPayload { channel: None, user_errors });
        }
        let command = ctx.command(None)?;
        let done =
            ctx.services().channels.update(&command, input.id.0, input.version, input.settings.into()).await;
        let done = renamed(below(done, "settings", &["channelId", "version"]), &[("channelId", "id")]);
        let (done, user_errors) = outcome(ctx, done)?;
        let channel = match done {
            Some(()) => loaders::of(ctx).load_one(input.id.0).await?.map(Channel),
            None => None,
        };
        Ok(ChannelPayload { channel, user_errors })
    }
}
