//! What plugins give to clients as data, by permission.

use serde_json::json;

use super::permissions::staff_with;
use super::{ask, reload, shop};

const ALL: &str = "{ pluginContributions { navigation { plugin key label path icon } commands { key keywords } \
                   translations(locale: \"de-AT\") { plugin key text } } }";
const SCREENS: &str = "{ pluginContributions { screens { plugin point entryPoint title schema hints } } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_gets_what_it_may_use() {
    let host = shop().await;
    let staff = staff_with(&host, &["warranty.read"]).await;

    let nobody = ask(&host.client(), ALL).await.at("/pluginContributions");
    let reader = ask(&staff, ALL).await.at("/pluginContributions");

    assert_eq!((&nobody["navigation"], &nobody["commands"]), (&json!([]), &json!([])), "{nobody}");
    let entry = json!({
        "plugin": "product-warranty", "key": "warranties", "label": "Warranties", "path": "/warranties",
        "icon": "shield-check",
    });
    assert_eq!(reader["navigation"], json!([entry]));
    assert_eq!(reader["commands"], json!([]), "it may read, not register");
    let german = json!({ "plugin": "product-warranty", "key": "navigation.warranties", "text": "Garantien" });
    assert!(reader["translations"].as_array().unwrap().contains(&german), "{reader}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn screens_are_for_those_who_may_configure() {
    let host = shop().await;

    let refused = ask(&host.buyer().await, SCREENS).await;
    let screens = ask(&host.staff().await, SCREENS).await.at("/pluginContributions/screens");

    assert_eq!(refused.error_code(), "FORBIDDEN", "{}", refused.body);
    let found =
        screens.as_array().unwrap().iter().find(|screen| screen["plugin"] == "product-warranty").unwrap();
    assert_eq!((&found["entryPoint"], &found["title"]), (&json!("warranty"), &json!("Warranty terms")));
    assert_eq!(
        found["hints"],
        json!({ "order": ["categories", "others"], "widgets": { "/categories": "table" } })
    );
    assert_eq!(found["schema"]["properties"]["categories"]["type"], "object");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_nobody_can_have_is_refused_at_load() {
    let host = shop().await;
    let staff = host.staff().await;

    let changes = [("permission = \"warranty.read\"", "permission = \"warranty.reed\"")];
    host.plugins.drop_in_changed("product-warranty", "product-warranty", &changes);
    let refused = reload(&staff, "product-warranty.so").await;

    let why = refused["refusal"].as_str().unwrap();
    assert!(why.contains("[[navigation]] warranties: there is no permission \"warranty.reed\""), "{why}");
    host.stop().await;
}
