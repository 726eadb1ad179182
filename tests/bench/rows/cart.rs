//! Filling, changing and reading carts.

use anyhow::Result;
use serde_json::json;
use vectis_tests::client::request;

use super::{grouped, row, row_beside};
use crate::floor::read::ReadFloor;
use crate::measure::Effort;
use crate::shop::{Call, Shop, add_request, lines_of};
use crate::table::Row;

/// All lines into a fresh cart, one mutation.
pub(crate) async fn add(shop: &Shop, effort: Effort, lines: usize) -> Result<Row> {
    let input = lines_of(lines);
    let call = Call {
        client: &shop.buyer,
        body: async || Ok(add_request(Some(&shop.buyer.new_cart().await), &input)),
        proof: "/cartLinesAdd/cart/grandTotal/amount".to_owned(),
    };
    let plural = if lines == 1 { "" } else { "s" };
    row(shop, effort, &format!("add {} line{plural} to a fresh cart", grouped(lines)), call).await
}

/// Another quantity of one line in a cart of 1,000.
pub(crate) async fn change(shop: &Shop, effort: Effort) -> Result<Row> {
    let cart = shop.filled_cart(1_000).await?.text("/cartLinesAdd/cart/id");
    let query = "query($id: ID!) { cart(id: $id) { lines { id } } }";
    let line = shop.buyer.send(query, json!({ "id": cart })).await.ok().text("/cart/lines/500/id");
    let update = "mutation($i: CartLinesUpdateInput!) { cartLinesUpdate(input: $i) { \
                  cart { id version lineCount totalQuantity grandTotal { amount } } userErrors { code field message } } }";
    let mut quantity = 2;
    let call = Call {
        client: &shop.buyer,
        body: async || {
            quantity = quantity % 9 + 1;
            let input =
                json!({ "cartId": cart, "lines": [{ "id": line, "quantity": quantity.to_string() }] });
            Ok(request(update, json!({ "i": input })))
        },
        proof: "/cartLinesUpdate/cart/grandTotal/amount".to_owned(),
    };
    row(shop, effort, "change one line in a cart of 1,000", call).await
}

/// The whole cart, ten fields a line, prices and taxes among them.
pub(crate) async fn read(shop: &Shop, effort: Effort, lines: usize) -> Result<Row> {
    let cart = shop.filled_cart(lines).await?.text("/cartLinesAdd/cart/id");
    let query = "query($id: ID!) { cart(id: $id) { id version grandTotal { amount } lines { \
                 id position sku quantity unitPrice { amount } isPriceChanged \
                 netTotal { amount } taxTotal { amount } grandTotal { amount } taxes { name amount { amount } } } } }";
    let body = request(query, json!({ "id": cart }));
    let call = Call {
        client: &shop.buyer,
        body: async || Ok(body.clone()),
        proof: format!("/cart/lines/{}/taxes/0/amount/amount", lines - 1),
    };
    let floor = ReadFloor::of_cart(shop.host.db.pool(), &cart).await?;
    row_beside(shop, effort, &format!("read a cart of {} lines", grouped(lines)), (call, floor)).await
}
