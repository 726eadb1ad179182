//! What the catalogue tells.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::ports::event_handler::{EventHandler, HandleError, IncomingEvent};
use vectis_contracts::search::CONSUMER;
use vectis_kernel::Ctx;
use vectis_kernel::ids::ProductId;

use crate::indexing::Indexing;

const TOPIC: &str = "vectis.products";
const PRODUCT_CHANGED: &str = "vectis.products.product_changed.v1";

/// Takes changes of products in. An event only says which product: the facts are read, so that neither order nor number of the
/// events matters.
pub(crate) struct Changes(pub(crate) Arc<Indexing>);

#[async_trait]
impl EventHandler for Changes {
    fn consumer(&self) -> &'static str {
        CONSUMER
    }

    fn topics(&self) -> Vec<&'static str> {
        vec![TOPIC]
    }

    fn event_types(&self) -> Option<Vec<&'static str>> {
        Some(vec![PRODUCT_CHANGED])
    }

    async fn handle(&self, tx: &mut Tx, ctx: &Ctx, events: &[IncomingEvent]) -> Result<(), HandleError> {
        let mut changed = BTreeSet::new();
        for event in events {
            let id = event.envelope["data"]["productId"].as_str().and_then(|text| Uuid::parse_str(text).ok());
            let id = id.ok_or_else(|| HandleError::Refused("it names no product".to_owned()))?;
            changed.insert(ProductId(id));
        }
        let changed: Vec<ProductId> = changed.into_iter().collect();
        let taken = self.0.products_changed(tx, ctx, &changed).await;
        taken.map_err(|failure| HandleError::Failed(format!("{failure:?}")))
    }
}
