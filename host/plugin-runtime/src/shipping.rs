//! Asking the carriers of a channel, all at the same time.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use vectis_contracts::points::PointError;
use vectis_contracts::shipping::{ShippingOffer, ShippingQuestion, ShippingRates};
use vectis_kernel::Ctx;

use crate::adapters::ShippingRateAdapter;
use crate::runtime::PluginRuntime;

#[async_trait]
impl ShippingRates for PluginRuntime {
    async fn rates(&self, ctx: &Ctx, question: ShippingQuestion) -> Result<Vec<ShippingOffer>, PointError> {
        let set = self.set_of(ctx);
        let adapters = set.shipping_rate.all(question.channel_id, &self.slugs.load())?;
        let question = Arc::new(question);
        let ask = |adapter: Arc<ShippingRateAdapter>| {
            let question = question.clone();
            async move {
                let plugin = adapter.name().to_owned();
                ShippingOffer { plugin, rates: adapter.rates(question).await }
            }
        };
        Ok(join_all(adapters.into_iter().map(ask)).await)
    }
}
