use std::path::PathBuf;

use serde_json::json;

use super::fake_shop::{FakeShop, refusal};
use super::sending::{FILE, write};
use crate::import::{ImportOptions, import, slug};
use crate::row::Sku;

fn options(fake: &FakeShop, file: PathBuf) -> ImportOptions {
    ImportOptions {
        url: fake.url.clone(),
        email: "staff@shop.example".to_owned(),
        password: "staff-password".to_owned(),
        file,
        buyer_password: "imported-buyer-1".to_owned(),
        take_good_rows: false,
    }
}

#[tokio::test]
async fn an_import_makes_all_a_replay_needs() {
    let (fake, file) = (FakeShop::open().await, write(FILE));

    let summary = import(options(&fake, file.path())).await.unwrap();

    assert_eq!((summary.articles, summary.accounts_made, summary.accounts_found), (3, 2, 0));
    assert_eq!(summary.channels, ["wholesale", "retail"]);
    let shop = fake.shop();
    assert_eq!(shop.strategies.len(), 8);
    assert_eq!(shop.strategies[0], "channel:wholesale vectis.pricing tiered-pricing");
    assert_eq!(shop.list_names(), ["Imported wholesale prices", "Imported retail prices"]);
    assert_eq!(shop.products["MUG1"]["slug"], "mug1");
    let people = &shop.accounts[0]["locations"][0]["employees"];
    assert_eq!(people[0]["email"], "buyer-12345@customers.example");
    assert_eq!((&people[0]["role"], &people[1]["role"]), (&json!("Buyer"), &json!("Approver")));
}

#[tokio::test]
async fn importing_twice_makes_nothing_twice() {
    let (fake, file) = (FakeShop::open().await, write(FILE));
    import(options(&fake, file.path())).await.unwrap();
    let (stock, channels) = {
        let shop = fake.shop();
        (shop.stock.clone(), shop.channels.clone())
    };

    let second = import(options(&fake, file.path())).await.unwrap();

    assert_eq!((second.accounts_made, second.accounts_found), (0, 2));
    let shop = fake.shop();
    assert_eq!((&shop.stock, &shop.channels), (&stock, &channels));
    assert_eq!((shop.accounts.len(), shop.list_names().len()), (2, 2));
}

#[tokio::test]
async fn a_shop_with_other_channels_of_the_names_keeps_them() {
    let (fake, file) = (FakeShop::open().await, write(FILE));
    let other = json!({
        "id": "channel:1", "slug": "wholesale", "name": "Other", "mode": "B2B", "currencyCode": "EUR",
        "currencyCodes": ["EUR"], "timeZone": "UTC", "pricesIncludeTax": false, "guestCheckout": false,
        "country": "DE", "isActive": true, "warehouseIds": [], "version": 1,
    });
    fake.shop().channels.push(other.clone());

    let summary = import(options(&fake, file.path())).await.unwrap();

    assert_eq!(summary.channels, ["wholesale-gbp", "retail"]);
    assert_eq!(fake.shop().channels[0], other);
}

#[tokio::test]
async fn a_missing_plugin_is_named() {
    let (fake, file) = (FakeShop::open().await, write(FILE));
    let error = refusal("PLUGIN_NOT_FOUND", "there is no plugin tiered-pricing");
    fake.shop().refusals.insert("mutation Activate ".to_owned(), error);

    let error = import(options(&fake, file.path())).await.unwrap_err();

    let text = format!("{error:#}");
    assert!(text.starts_with("tiered-pricing cannot answer vectis.pricing in channel wholesale"), "{text}");
    assert!(text.contains("PLUGIN_NOT_FOUND"), "{text}");
}

#[test]
fn every_sku_has_a_slug_of_its_own() {
    let of = |sku: &str| slug(&Sku::fold(sku));
    assert_eq!(of("85123a"), "85123a");
    assert_eq!(of("DCGS 0003-B"), "dcgs-20-0003-2d-b");
    assert_ne!(of("A-B"), of("A B"));
}
