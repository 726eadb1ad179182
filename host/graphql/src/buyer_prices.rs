//! Prices of the catalogue for the caller, in batches: a hundred variants are priced by one statement and one call of the
//! pricing strategy.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use vectis_contracts::priced_cart::BuyerFacts;
use vectis_contracts::pricing::{PriceQuery, PriceQueryLine, PriceTier};
use vectis_kernel::ids::VariantId;
use vectis_kernel::{Quantity, UnitPrice};

use crate::caller::Caller;
use crate::error::{bad_input, loaded};
use crate::loaders::Batches;

/// The caller's price of a variant at a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PriceAt {
    pub(crate) variant_id: VariantId,
    pub(crate) quantity: Quantity,
}

/// The caller's ladder of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LadderOf(pub(crate) VariantId);

fn query(caller: &Caller, lines: Vec<PriceQueryLine>) -> async_graphql::Result<PriceQuery> {
    let channel =
        caller.channel.as_ref().ok_or_else(|| bad_input("prices need a channel: send X-Channel"))?;
    let buyer =
        caller.membership.as_ref().map(|membership| BuyerFacts::from(&**membership)).unwrap_or_default();
    Ok(PriceQuery {
        channel_id: channel.id,
        account_id: buyer.account_id,
        location_id: buyer.location_id,
        group_ids: buyer.group_ids,
        currency: caller.currency.unwrap_or(channel.currency),
        lines,
    })
}

fn line(variant_id: VariantId, quantity: Quantity) -> PriceQueryLine {
    PriceQueryLine { variant_id, sku: String::new(), quantity }
}

impl Loader<PriceAt> for Batches {
    type Value = UnitPrice;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[PriceAt]) -> async_graphql::Result<HashMap<PriceAt, UnitPrice>> {
        let caller = self.caller();
        let query = query(caller, keys.iter().map(|key| line(key.variant_id, key.quantity)).collect())?;
        let quotes = loaded(caller, "price", self.services().pricing.quote(&caller.ctx, &query).await)?;
        let priced = keys.iter().zip(quotes);
        Ok(priced.filter_map(|(key, quote)| Some((*key, quote?.unit_price))).collect())
    }
}

impl Loader<LadderOf> for Batches {
    type Value = Vec<PriceTier>;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[LadderOf]) -> async_graphql::Result<HashMap<LadderOf, Vec<PriceTier>>> {
        let caller = self.caller();
        let one = Quantity::from_milli(1000);
        let query = query(caller, keys.iter().map(|key| line(key.0, one)).collect())?;
        let ladders =
            loaded(caller, "priceTiers", self.services().pricing.ladders(&caller.ctx, &query).await)?;
        Ok(keys.iter().copied().zip(ladders).collect())
    }
}
