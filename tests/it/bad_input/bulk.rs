//! Bulk commands of staff: all that is wrong at once, each with its index, all or nothing.

use serde_json::{Value, json};
use vectis_tests::shop::PASSWORD;
use vectis_tests::{Client, TestHost};

use super::{missing, price_list, warehouse};

#[tokio::test(flavor = "multi_thread")]
async fn bad_bulk_commands_are_refused_as_a_whole() {
    let host = TestHost::demo().await;
    let staff = host.staff().await;

    products(&host, &staff).await;
    stock(&host, &staff).await;
    price_entries(&host, &staff).await;
    managed_prices_and_rates(&host, &staff).await;
    accounts(&host, &staff).await;
    people_and_roles(&host, &staff).await;
    channels_and_strategies(&host, &staff).await;
    taxes(&host, &staff).await;
    host.stop().await;
}

async fn assert_refused(host: &TestHost, staff: &Client, mutation: &str, input: Value, expected: &[&str]) {
    let refused = host.unchanged_by(staff.mutate(mutation, input)).await;
    assert_eq!(refused.user_errors(), expected, "{mutation}");
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

async fn accounts(host: &TestHost, staff: &Client) {
    let person = |email: &str, password: &str, role: &str| json!({ "email": email, "name": "Somebody", "password": password, "role": role });
    let account = |name: &str, employees: Value| json!({ "name": name, "locations": [{ "name": "Bremen", "employees": employees }] });
    let mut wrong = account("", json!([person("buyer@demo.vectis.test", PASSWORD, "Buyer")]));
    wrong["paymentTerms"] = json!("sometime");
    wrong["creditLimit"] = json!({ "amount": "-1.00", "currencyCode": "EUR" });
    wrong["groupIds"] = json!([missing("group")]);
    wrong["locations"][0]["address"] =
        json!({ "name": "A", "street": "B", "city": "C", "country": "Germany" });
    let people = json!([
        person("no address", PASSWORD, "Buyer"),
        person("twice@new.test", PASSWORD, "Buyer"),
        person("twice@new.test", PASSWORD, "Emperor"),
        person("weak@new.test", "password1", "Buyer"),
    ]);
    let bad = json!([
        account("Good", json!([person("good@new.test", PASSWORD, "Buyer")])),
        wrong,
        account("People", people)
    ]);
    let expected = [
        "EMAIL_TAKEN @ accounts.1.locations.0.employees.0.email",
        "EMAIL_TAKEN @ accounts.2.locations.0.employees.2.email",
        "GROUP_NOT_FOUND @ accounts.1.groupIds.0",
        "INVALID_EMAIL @ accounts.2.locations.0.employees.0.email",
        "INVALID_INPUT @ accounts.1.creditLimit",
        "INVALID_INPUT @ accounts.1.locations.0.address.country",
        "INVALID_INPUT @ accounts.1.name",
        "INVALID_INPUT @ accounts.1.paymentTerms",
        "ROLE_NOT_FOUND @ accounts.2.locations.0.employees.2.role",
        "WEAK_PASSWORD @ accounts.2.locations.0.employees.3.password",
    ];
    let refused = host.unchanged_by(staff.mutate("accountsCreate", json!({ "accounts": bad }))).await;
    let mut errors = refused.user_errors();
    errors.sort();
    assert_eq!(errors, expected);
    for (bad, expected) in [
        (vec![account("Many", json!([])); 1_001], "TOO_MANY @ accounts"),
        (vec![json!({ "name": "Nowhere", "locations": [] })], "INVALID_INPUT @ accounts.0.locations"),
    ] {
        assert_refused(host, staff, "accountsCreate", json!({ "accounts": bad }), &[expected]).await;
    }
    let input = json!({ "id": missing("account"), "version": 1, "name": "X" });
    assert_refused(host, staff, "accountUpdate", input, &["ACCOUNT_NOT_FOUND @ id"]).await;
}

async fn people_and_roles(host: &TestHost, staff: &Client) {
    let location = staff.send("{ accounts { nodes { locations { id } } } }", json!({})).await;
    let location = location.text("/accounts/nodes/0/locations/0/id");
    let person = json!({ "email": "nobody", "name": "", "password": "short", "role": "Emperor" });
    let hired = [
        "INVALID_EMAIL @ employee.email",
        "INVALID_INPUT @ employee.name",
        "ROLE_NOT_FOUND @ employee.role",
        "WEAK_PASSWORD @ employee.password",
    ];
    let input = json!({ "locationId": location, "employee": person });
    let refused = host.unchanged_by(staff.mutate("employeeCreate", input)).await;
    let mut errors = refused.user_errors();
    errors.sort();
    assert_eq!(errors, hired);

    let role = missing("staffrole");
    let login = json!({ "email": "nobody", "name": "", "password": "vectis-demo-1\u{0}" });
    for (mutation, input, expected) in [
        (
            "employeeCreate",
            json!({ "locationId": missing("location"), "employee": person }),
            vec!["LOCATION_NOT_FOUND @ locationId"],
        ),
        (
            "addressCreate",
            json!({ "locationId": location, "address": { "name": "A", "street": "B", "city": "C\u{0}", "country": "de" } }),
            vec!["INVALID_INPUT @ address.country", "INVALID_INPUT @ address.city"],
        ),
        (
            "locationCreate",
            json!({ "accountId": missing("account"), "location": { "name": "Bremen" } }),
            vec!["ACCOUNT_NOT_FOUND @ accountId"],
        ),
        (
            "roleUpsert",
            json!({ "name": "", "permissions": ["orders.conquer"] }),
            vec!["INVALID_INPUT @ name", "UNKNOWN_PERMISSION @ permissions"],
        ),
        ("customerGroupUpsert", json!({ "name": " " }), vec!["INVALID_INPUT @ name"]),
        (
            "staffRoleUpsert",
            json!({ "name": "R", "permissions": ["orders.conquer"] }),
            vec!["UNKNOWN_PERMISSION @ permissions"],
        ),
        (
            "staffCreate",
            json!({ "login": login, "roleIds": [role] }),
            vec![
                "ROLE_NOT_FOUND @ roleIds.0",
                "INVALID_EMAIL @ login.email",
                "INVALID_INPUT @ login.name",
                "WEAK_PASSWORD @ login.password",
            ],
        ),
        ("staffRolesSet", json!({ "id": missing("login"), "roleIds": [] }), vec!["LOGIN_NOT_FOUND @ id"]),
        ("loginActivate", json!({ "id": missing("login"), "isActive": false }), vec!["LOGIN_NOT_FOUND @ id"]),
        (
            "employeeUpdate",
            json!({ "id": missing("employee"), "name": "X" }),
            vec!["EMPLOYEE_NOT_FOUND @ id"],
        ),
    ] {
        assert_refused(host, staff, mutation, input, &expected).await;
    }
    // The one who may manage staff cannot be locked out.
    let me = staff.send("{ staff { nodes { id } } }", json!({})).await.text("/staff/nodes/0/id");
    let alone = ["LAST_MANAGER @ "];
    assert_refused(host, staff, "staffRolesSet", json!({ "id": me, "roleIds": [] }), &alone).await;
    assert_refused(host, staff, "loginActivate", json!({ "id": me, "isActive": false }), &alone).await;
}

async fn channels_and_strategies(host: &TestHost, staff: &Client) {
    let settings = |slug: &str| json!({ "slug": slug, "name": "A channel", "mode": "B2B", "currencyCode": "EUR", "country": "DE" });
    let mut wrong = settings("Has Blanks");
    wrong["country"] = json!("Germany");
    wrong["timeZone"] = json!("Mars/Olympus");
    wrong["guestCheckout"] = json!(true);
    let wrong_errors = ["country", "guestCheckout", "slug", "timeZone"];
    let refused = host.unchanged_by(staff.mutate("channelCreate", wrong.clone())).await;
    assert_eq!(fields_of(&refused.user_errors()), wrong_errors);
    let channel = staff.send("{ channel { id version } }", json!({})).await;
    let (id, version) = (channel.text("/channel/id"), channel.at("/channel/version"));
    let input = json!({ "id": id, "version": version, "settings": wrong });
    let refused = host.unchanged_by(staff.mutate("channelUpdate", input)).await;
    assert_eq!(fields_of(&refused.user_errors()), wrong_errors.map(|field| format!("settings.{field}")));

    for (mutation, input, expected) in [
        ("channelCreate", settings("retail"), "SLUG_TAKEN @ slug"),
        (
            "channelUpdate",
            json!({ "id": id, "version": version, "settings": settings("retail") }),
            "SLUG_TAKEN @ settings.slug",
        ),
        (
            "channelUpdate",
            json!({ "id": id, "version": 99, "settings": settings("new") }),
            "STALE_VERSION @ version",
        ),
        (
            "channelUpdate",
            json!({ "id": missing("channel"), "version": 1, "settings": settings("new") }),
            "CHANNEL_NOT_FOUND @ id",
        ),
        (
            "strategyActivate { plugins { name } }",
            json!({ "channelId": missing("channel"), "point": "vectis.pricing", "plugin": "tiered-pricing" }),
            "CHANNEL_NOT_FOUND @ channelId",
        ),
        (
            "strategyActivate { plugins { name } }",
            json!({ "channelId": id, "point": "vectis.magic", "plugin": "tiered-pricing" }),
            "UNKNOWN_POINT @ point",
        ),
        (
            "strategyActivate { plugins { name } }",
            json!({ "channelId": id, "point": "vectis.pricing", "plugin": "nobody" }),
            "PLUGIN_NOT_FOUND @ plugin",
        ),
        (
            "strategyActivate { plugins { name } }",
            json!({ "channelId": id, "point": "vectis.tax", "plugin": "tiered-pricing" }),
            "ENTRY_POINT_NOT_FOUND @ entryPoint",
        ),
    ] {
        assert_refused(host, staff, mutation, input, &[expected]).await;
    }
}

/// The fields of user errors, sorted.
fn fields_of(errors: &[String]) -> Vec<&str> {
    let mut fields: Vec<&str> =
        errors.iter().filter_map(|error| error.split_once(" @ ")).map(|(_, field)| field).collect();
    fields.sort_unstable();
    fields
}

async fn taxes(host: &TestHost, staff: &Client) {
    let account = staff.send("{ accounts { nodes { id } } }", json!({})).await.text("/accounts/nodes/0/id");
    let grant = json!({
        "accountId": account, "country": "Germany", "certificate": "",
        "validFrom": "2030-01-01T00:00:00Z", "validTo": "2029-01-01T00:00:00Z",
    });
    let refused = host.unchanged_by(staff.mutate("taxExemptionGrant", grant)).await;
    assert_eq!(fields_of(&refused.user_errors()), ["certificate", "country", "validTo"], "{}", refused.body);
    let withdraw = json!({ "id": missing("exemption") });
    assert_refused(host, staff, "taxExemptionWithdraw", withdraw, &["EXEMPTION_NOT_FOUND @ id"]).await;
}
