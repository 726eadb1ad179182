//! Stock that is not enough for all who want it.

use serde_json::json;
use vectis_tests::{Client, TestHost};

use super::{leave_in_stock, line, orders, place_all, ready_cart, ready_carts, sorted, stock};

/// As many guests of the retail channel as carts of the company in the wholesale channel: they share the warehouse.
async fn sixty_four(host: &TestHost) -> Vec<Client> {
    let buyer = host.buyer().await;
    let guests = (0..32).map(|guest| host.guest(&guest.to_string()));
    guests.chain(std::iter::repeat_n(buyer, 32)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_unit_goes_to_one_of_sixty_four() {
    let host = TestHost::demo().await;
    leave_in_stock(&host, "HEX-001", 1).await;
    let carts = ready_carts(&sixty_four(&host).await, &json!([line("HEX-001", "1")])).await;

    let answers = place_all(&carts).await;

    let (placed, refused) = sorted(&carts, &answers);
    assert_eq!(placed.len(), 1);
    assert_eq!(refused, vec![["INSUFFICIENT_STOCK @ lines.0"]; 63]);
    assert_eq!(orders(&host).await, 1);
    assert_eq!(stock(&host, "HEX-001").await, ["1", "0", "1", "0"]);
    host.assert_books_balance().await;

    // The others still have their carts; nothing is left for them.
    let loser = carts.iter().find(|cart| cart.id != placed[0].id).expect("63 were refused");
    let query = "query($id: ID!) { cart(id: $id) { status version } }";
    let seen = loser.owner.send(query, json!({ "id": loser.id })).await.ok();
    assert_eq!(seen.at("/cart"), json!({ "status": "OPEN", "version": loser.version }));
    assert_eq!(loser.place("again").await.user_errors(), ["INSUFFICIENT_STOCK @ lines.0"]);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_units_go_to_ten_of_sixty_four() {
    let host = TestHost::demo().await;
    leave_in_stock(&host, "NUT-007", 10).await;
    let carts = ready_carts(&sixty_four(&host).await, &json!([line("NUT-007", "1")])).await;

    let answers = place_all(&carts).await;

    let (placed, refused) = sorted(&carts, &answers);
    assert_eq!((placed.len(), refused.len()), (10, 54));
    assert_eq!(orders(&host).await, 10);
    assert_eq!(stock(&host, "NUT-007").await, ["10", "0", "10", "0"]);
    host.assert_books_balance().await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn carts_that_want_the_same_goods_in_opposite_order_do_not_block_each_other() {
    let host = TestHost::demo().await;
    for sku in ["HEX-001", "NUT-001"] {
        leave_in_stock(&host, sku, 20).await;
    }
    let ways = [
        json!([line("HEX-001", "1"), line("NUT-001", "1")]),
        json!([line("NUT-001", "1"), line("HEX-001", "1")]),
    ];
    let mut carts = Vec::new();
    for (owner, lines) in sixty_four(&host).await.iter().zip(ways.iter().cycle()) {
        carts.push(ready_cart(owner, lines.clone()).await);
    }

    let answers = place_all(&carts).await;

    let (placed, refused) = sorted(&carts, &answers);
    assert_eq!(placed.len(), 20);
    // Each refusal names both lines: whoever comes too late finds nothing of either.
    let both = ["INSUFFICIENT_STOCK @ lines.0", "INSUFFICIENT_STOCK @ lines.1"];
    assert_eq!(refused, vec![both; 44]);
    assert_eq!(orders(&host).await, 20);
    host.assert_books_balance().await;
    host.stop().await;
}
