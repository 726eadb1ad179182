use vectis_plugin_api::fields::Parent;
use vectis_plugin_api::serde_json::json;
use vectis_plugin_api::{Id, testing};

use crate::{Config, PluginTemplate};

#[test]
fn the_manifest_states_the_schema_of_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../plugin.toml"), "plugin-template");
}

#[test]
fn every_product_is_greeted_by_its_name() {
    let fields = testing::fields::<PluginTemplate>("{}").unwrap();
    let products = [
        Parent::new(Id([1; 16]), [("name", json!("Bolt"))]),
        Parent::new(Id([2; 16]), [("name", json!("Nut"))]),
    ];

    let greetings = fields.resolve("Product.greeting", &products, json!({})).unwrap();

    assert_eq!(greetings, ["Hello Bolt", "Hello Nut"]);
}

#[test]
fn somebody_is_greeted() {
    let fields = testing::fields::<PluginTemplate>(r#"{ "greeting": "Good morning" }"#).unwrap();

    assert_eq!(fields.mutate("greetingSend", json!({ "to": "Ada" })).unwrap(), "Good morning Ada");
    assert_eq!(fields.logs().len(), 1);
}
