//! Placing.

use anyhow::Result;
use vectis_tests::Graphql;

use super::{grouped, row_beside};
use crate::floor::place::PlaceFloor;
use crate::measure::Effort;
use crate::shop::{Call, Shop, submit_request};
use crate::table::Row;

/// A filled cart becomes an order.
pub(crate) async fn place(shop: &Shop, effort: Effort, lines: usize) -> Result<Row> {
    let call = Call {
        client: &shop.buyer,
        body: async || Ok(submit_request(&shop.filled_cart(lines).await?)),
        proof: "/cartSubmit/order/number".to_owned(),
    };
    let (status, body) = shop.buyer.exchange(submit_request(&shop.filled_cart(lines).await?)).await?;
    let like = Graphql::read(status, &body).ok().text("/cartSubmit/order/id");
    let floor = PlaceFloor::like_order(shop.host.db.pool(), &like).await?;
    row_beside(shop, effort, &format!("place {} lines", grouped(lines)), (call, floor)).await
}
