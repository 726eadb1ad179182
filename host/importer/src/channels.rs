//! The two channels of the file: companies buy in one, walk-ins in the other.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{Call, CallError, USER_ERRORS};
use crate::countries::MERCHANT;
use crate::desk::Desk;
use crate::row::Buyer;

/// A channel as the shop has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Channel {
    pub(crate) id: String,
    pub(crate) slug: String,
    name: String,
    mode: String,
    currency_code: String,
    currency_codes: Vec<String>,
    time_zone: String,
    /// Whether its prices, and so the values of its rows, include tax.
    pub(crate) prices_include_tax: bool,
    guest_checkout: bool,
    country: String,
    is_active: bool,
    warehouse_ids: Vec<String>,
    version: i64,
}

/// Both.
#[derive(Clone, Debug)]
pub(crate) struct Channels {
    /// Accounts buy here.
    pub(crate) wholesale: Channel,
    /// Walk-ins buy here.
    pub(crate) retail: Channel,
}

impl Channels {
    /// Where a buyer buys.
    pub(crate) fn of(&self, buyer: &Buyer) -> &Channel {
        match buyer {
            Buyer::Account(_) => &self.wholesale,
            Buyer::WalkIn => &self.retail,
        }
    }
}

/// What a channel must be like.
#[derive(Clone, Copy, Debug)]
enum Posture {
    Wholesale,
    Retail,
}

const FIELDS: &str = "id slug name mode currencyCode currencyCodes timeZone pricesIncludeTax guestCheckout country \
    isActive warehouseIds version";

/// Both channels; `None` when one is missing.
pub(crate) async fn find(desk: &Desk) -> Result<Option<Channels>, CallError> {
    let existing = list(desk).await?;
    let found = |posture: Posture| existing.iter().find(|channel| posture.fits(channel)).cloned();
    Ok(found(Posture::Wholesale)
        .zip(found(Posture::Retail))
        .map(|(wholesale, retail)| Channels { wholesale, retail }))
}

/// Finds or makes both channels, and lets them sell from the warehouse.
pub(crate) async fn make(desk: &Desk, warehouse_id: &str) -> anyhow::Result<Channels> {
    let existing = list(desk).await?;
    Ok(Channels {
        wholesale: make_one(desk, &existing, Posture::Wholesale, warehouse_id).await?,
        retail: make_one(desk, &existing, Posture::Retail, warehouse_id).await?,
    })
}

async fn list(desk: &Desk) -> Result<Vec<Channel>, CallError> {
    desk.query(&Call::new(&format!("query Channels {{ channels {{ {FIELDS} }} }}"), json!({}))).await
}

async fn make_one(
    desk: &Desk,
    existing: &[Channel],
    posture: Posture,
    warehouse_id: &str,
) -> anyhow::Result<Channel> {
    if let Some(channel) = existing.iter().find(|channel| posture.fits(channel)) {
        if channel.warehouse_ids.first().is_some_and(|first| first == warehouse_id) {
            return Ok(channel.clone());
        }
        let input = json!({
            "id": channel.id, "version": channel.version, "settings": channel.selling_from(warehouse_id),
        });
        return Ok(write(desk, "channelUpdate", "ChannelUpdateInput", input).await?);
    }
    let free = posture.slugs().into_iter().find(|slug| existing.iter().all(|channel| channel.slug != *slug));
    let Some(slug) = free else {
        anyhow::bail!("the shop has other channels named {}; rename them", posture.slugs().join(" and "));
    };
    Ok(write(desk, "channelCreate", "ChannelSettingsInput", posture.settings(slug, warehouse_id)).await?)
}

async fn write(desk: &Desk, command: &str, input_type: &str, input: Value) -> Result<Channel, CallError> {
    #[derive(Deserialize)]
    struct Written {
        channel: Channel,
    }
    let document = format!(
        "mutation Channel($input: {input_type}!) {{ {command}(input: $input) {{ channel {{ {FIELDS} }} {USER_ERRORS} }} }}"
    );
    Ok(desk.command::<Written>(&Call::new(&document, json!({ "input": input }))).await?.channel)
}

impl Channel {
    /// Its settings, with the warehouse as first source: goods given back go there.
    fn selling_from(&self, warehouse_id: &str) -> Value {
        let others = self.warehouse_ids.iter().map(String::as_str).filter(|id| *id != warehouse_id);
        let warehouse_ids: Vec<&str> = std::iter::once(warehouse_id).chain(others).collect();
        json!({
            "slug": self.slug,
            "name": self.name,
            "mode": self.mode,
            "currencyCode": self.currency_code,
            "currencyCodes": self.currency_codes,
            "timeZone": self.time_zone,
            "pricesIncludeTax": self.prices_include_tax,
            "guestCheckout": self.guest_checkout,
            "isActive": self.is_active,
            "warehouseIds": warehouse_ids,
            "country": self.country,
        })
    }
}

impl Posture {
    /// Names to try, in this order: the first may belong to a shop of another currency.
    fn slugs(self) -> [&'static str; 2] {
        match self {
            Self::Wholesale => ["wholesale", "wholesale-gbp"],
            Self::Retail => ["retail", "retail-gbp"],
        }
    }

    fn is_retail(self) -> bool {
        matches!(self, Self::Retail)
    }

    fn mode(self) -> &'static str {
        if self.is_retail() { "RETAIL" } else { "B2B" }
    }

    fn fits(self, channel: &Channel) -> bool {
        self.slugs().contains(&channel.slug.as_str())
            && channel.mode == self.mode()
            && channel.currency_code == "GBP"
            && channel.country == MERCHANT
            && channel.prices_include_tax == self.is_retail()
            && channel.guest_checkout == self.is_retail()
            && channel.is_active
    }

    fn settings(self, slug: &str, warehouse_id: &str) -> Value {
        json!({
            "slug": slug,
            "name": if self.is_retail() { "Retail" } else { "Wholesale" },
            "mode": self.mode(),
            "currencyCode": "GBP",
            "timeZone": "Europe/London",
            "pricesIncludeTax": self.is_retail(),
            "guestCheckout": self.is_retail(),
            "warehouseIds": [warehouse_id],
            "country": MERCHANT,
        })
    }
}
