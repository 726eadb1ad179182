//! Bulk commands of staff: all that is wrong at once, each with its index, all or nothing.

use serde_json::{Value, json};
use vectis_tests::{Client, TestHost};

use super::{assert_refused, missing, price_list, warehouse};

#[tokio::test(flavor = "multi_thread")]
async fn bad_bulk_commands_are_refused_as_a_whole() {
    let host = TestHost::demo().await;
    let staff = host.staff().await;

    products(&host, &staff).await;
    stock(&host, &staff).await;
    price_entries(&host, &staff).await;
    managed_prices_and_rates(&host, &staff).await;
    host.stop().await;
}

async fn products(host: &TestHost, staff: &Client) {
    let product =
        |slug: &str, variants: Value| json!({ "slug": slug, "name": "A product", "variants": variants });
    let bad = json!([
        product("good", json!([{ "sku": "GOOD-1" }])),
        product("has blanks", json!([{ "sku": "" }, { "sku": "GOOD-1" }])),
        product(
            "rules",
            json!([
                { "sku": "R-1", "precision": 4 },
                { "sku": "R-2", "minQuantity": "5", "maxQuantity": "4" },
                { "sku": "R-3", "quantityStep": "0" },
                { "sku": "R-4", "packages": [{ "slug": "box", "name": "Box", "multiplier": "-1" }] },
                { "sku": "R-5", "weightGrams": -1 },
            ])
        ),
        product("good", json!([])),
    ]);
    let expected = [
        "INVALID_INPUT @ products.1.slug",
        "INVALID_INPUT @ products.1.variants.0.sku",
        "DUPLICATE @ products.1.variants.1.sku",
        "INVALID_INPUT @ products.2.variants.0.precision",
        "INVALID_INPUT @ products.2.variants.1.maxQuantity",
        "INVALID_INPUT @ products.2.variants.2.quantityStep",
        "INVALID_INPUT @ products.2.variants.3.packages.0.multiplier",
        "INVALID_INPUT @ products.2.variants.4.weightGrams",
        "DUPLICATE @ products.3.slug",
    ];
    assert_refused(host, staff, "productsUpsert", json!({ "products": bad }), &expected).await;

    let mut homeless = product("homeless", json!([{ "sku": "HOMELESS" }]));
    homeless["categorySlugs"] = json!(["hex", "nowhere"]);
    let thief = product("thief", json!([{ "sku": "HEX-001" }]));
    for (bad, expected) in [
        (vec![homeless], "CATEGORY_NOT_FOUND @ products.0.categorySlugs.1"),
        (vec![thief], "SKU_TAKEN @ products.0.variants.0.sku"),
        (vec![product("p", json!([])); 10_001], "TOO_MANY @ products"),
    ] {
        assert_refused(host, staff, "productsUpsert", json!({ "products": bad }), &[expected]).await;
    }
    let input = json!({ "id": missing("product"), "version": 1, "isActive": false });
    assert_refused(host, staff, "productActivate", input, &["PRODUCT_NOT_FOUND @ id"]).await;
}

async fn stock(host: &TestHost, staff: &Client) {
    let main = warehouse(staff).await;
    let adjust = |sku: &str, delta: &str| json!({ "warehouseId": main, "sku": sku, "delta": delta, "reason": "counted" });
    let mut silent = adjust("HEX-001", "1");
    silent["reason"] = json!("");
    let mut elsewhere = adjust("HEX-001", "1");
    elsewhere["warehouseId"] = json!(missing("warehouse"));
    let unnamed = json!({ "warehouseId": main, "delta": "1", "reason": "counted" });
    let by_id =
        json!({ "warehouseId": main, "variantId": missing("variant"), "delta": "1", "reason": "counted" });
    for (bad, expected) in [
        (
            vec![adjust("NOPE", "1"), adjust("HEX-001", "1"), unnamed, by_id],
            vec![
                "UNKNOWN_VARIANT @ adjustments.0.sku",
                "UNKNOWN_VARIANT @ adjustments.2.sku",
                "UNKNOWN_VARIANT @ adjustments.3.variantId",
            ],
        ),
        (
            vec![adjust("HEX-001", "0"), adjust("HEX-002", "1"), silent, adjust("HEX-003", "1000000001")],
            vec![
                "INVALID_INPUT @ adjustments.0.delta",
                "INVALID_INPUT @ adjustments.2.reason",
                "INVALID_INPUT @ adjustments.3.delta",
            ],
        ),
        (vec![adjust("HEX-001", "1"), elsewhere], vec!["WAREHOUSE_NOT_FOUND @ adjustments.1.warehouseId"]),
        (
            vec![adjust("HEX-001", "-60000"), adjust("HEX-002", "-1"), adjust("HEX-001", "-60000")],
            vec!["WOULD_OVERSELL @ adjustments.0.delta", "WOULD_OVERSELL @ adjustments.2.delta"],
        ),
        (vec![adjust("HEX-001", "1"); 10_001], vec!["TOO_MANY @ adjustments"]),
    ] {
        assert_refused(host, staff, "stockAdjust", json!({ "adjustments": bad }), &expected).await;
    }
}

async fn price_entries(host: &TestHost, staff: &Client) {
    let list = price_list(staff).await;
    let tier = |quantity: &str, price: &str| json!({ "minQuantity": quantity, "unitPrice": price });
    let entry = |sku: &str, tiers: Value| json!({ "sku": sku, "tiers": tiers });
    let bad = vec![
        entry("HEX-001", json!([tier("0", "-0.01"), tier("10", "0.0000001"), tier("10", "1")])),
        entry("HEX-002", json!([tier("-1", "1")])),
        entry("HEX-001", json!([])),
    ];
    let expected = vec![
        "INVALID_PRICE @ entries.0.tiers.0.unitPrice",
        "INVALID_PRICE @ entries.0.tiers.1.unitPrice",
        "DUPLICATE @ entries.0.tiers.2.minQuantity",
        "INVALID_INPUT @ entries.1.tiers.0.minQuantity",
        "DUPLICATE @ entries.2.variantId",
    ];
    let steps: Vec<Value> = (0..51).map(|step| tier(&step.to_string(), "1")).collect();
    let unknown = json!({ "variantId": missing("variant"), "tiers": [] });
    for (list, bad, expected) in [
        (&list, bad, expected),
        (
            &list,
            vec![entry("NOPE", json!([])), unknown],
            vec!["UNKNOWN_VARIANT @ entries.0.sku", "UNKNOWN_VARIANT @ entries.1.variantId"],
        ),
        (&list, vec![entry("HEX-001", json!(steps))], vec!["INVALID_INPUT @ entries.0.tiers"]),
        (&list, vec![entry("HEX-001", json!([])); 10_001], vec!["TOO_MANY @ entries"]),
        (&missing("pricelist"), vec![entry("HEX-001", json!([]))], vec!["PRICE_LIST_NOT_FOUND @ listId"]),
    ] {
        let input = json!({ "listId": list, "entries": bad });
        assert_refused(host, staff, "priceListEntriesSet", input, &expected).await;
    }
    let nobody = json!({
        "name": "For nobody", "currencyCode": "EUR", "channelIds": [missing("channel")],
        "groupIds": [missing("group")], "accountIds": [missing("account")],
        "locationIds": [missing("location")],
    });
    let expected = ["channelIds.0", "groupIds.0", "accountIds.0", "locationIds.0"]
        .map(|field| format!("INVALID_INPUT @ {field}"));
    let refused = host.unchanged_by(staff.mutate("priceListUpsert", nobody)).await;
    assert_eq!(refused.user_errors(), expected);
    let other_money = json!({ "name": "Wholesale list", "currencyCode": "USD" });
    assert_refused(host, staff, "priceListUpsert", other_money, &["CURRENCY_FIXED @ currencyCode"]).await;
    let backwards = json!({
        "name": " ", "currencyCode": "EUR", "validFrom": "2030-01-01T00:00:00Z", "validTo": "2030-01-01T00:00:00Z",
    });
    let expected = ["INVALID_INPUT @ name", "INVALID_INPUT @ validTo"];
    assert_refused(host, staff, "priceListUpsert", backwards, &expected).await;
}

async fn managed_prices_and_rates(host: &TestHost, staff: &Client) {
    let price = |sku: &str, price: &str| json!({ "sku": sku, "currencyCode": "EUR", "unitPrice": price });
    let prices = json!([price("HEX-001", "1"), price("HEX-002", "-1"), price("HEX-001", "2")]);
    let expected = ["INVALID_PRICE @ prices.1.unitPrice", "DUPLICATE @ prices.2.variantId"];
    assert_refused(host, staff, "managedPricesSet", json!({ "prices": prices }), &expected).await;
    let prices = json!([price("HEX-001", "1"), price("NOPE", "1")]);
    let expected = ["UNKNOWN_VARIANT @ prices.1.sku"];
    assert_refused(host, staff, "managedPricesSet", json!({ "prices": prices }), &expected).await;

    let mut nowhere = price("HEX-001", "1");
    nowhere["channelId"] = json!(missing("channel"));
    let prices = json!([price("HEX-002", "1"), nowhere]);
    let expected = ["INVALID_INPUT @ prices.1.channelId"];
    assert_refused(host, staff, "managedPricesSet", json!({ "prices": prices }), &expected).await;

    let rate = |target: &str, rate: &str| json!({ "base": "EUR", "target": target, "rate": rate, "effectiveFrom": "2030-01-01T00:00:00Z" });
    let rates = json!([
        rate("EUR", "1"),
        rate("USD", "0"),
        rate("GBP", "-1"),
        rate("CHF", "0.000000001"),
        rate("USD", "1")
    ]);
    let expected = [
        "INVALID_INPUT @ rates.0.target",
        "INVALID_INPUT @ rates.1.rate",
        "INVALID_INPUT @ rates.2.rate",
        "INVALID_INPUT @ rates.3.rate",
        "DUPLICATE @ rates.4.effectiveFrom",
    ];
    assert_refused(host, staff, "exchangeRatesSet", json!({ "rates": rates }), &expected).await;
}
