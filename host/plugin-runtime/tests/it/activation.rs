//! What staff do: list, activate, deactivate.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;
use vectis_contracts::plugins::{ActivateStrategy, PluginCode, Plugins};
use vectis_contracts::points::PointError;
use vectis_kernel::ids::{ChannelId, LoginId};
use vectis_kernel::permission::staff;
use vectis_kernel::{Actor, Ctx, Failure, StaffActor};

use crate::libraries::{fault_plugin, template};
use crate::questions::cart;
use crate::shop::{OUTLET, SHOP, Shop, ctx, surcharge};

async fn shop() -> Shop {
    Shop::with(&[("fault.so", fault_plugin()), ("template.so", template())]).await
}

fn activate(plugin: &str, point: &str, config: Value) -> ActivateStrategy {
    ActivateStrategy {
        channel_id: SHOP,
        point: point.to_owned(),
        plugin: plugin.to_owned(),
        entry_point: None,
        priority: 0,
        config,
    }
}

/// Code, field and message of the one refusal; asserts that nothing was bound.
async fn refusal(shop: &Shop, activate: ActivateStrategy) -> (PluginCode, Vec<String>, String) {
    match shop.runtime.strategy_activate(&ctx(), activate).await {
        Err(Failure::Refused(mut refusals)) if refusals.len() == 1 => {
            assert_eq!(shop.folder.channels.bindings_now(), []);
            let refusal = refusals.remove(0);
            (refusal.code, refusal.field, refusal.message)
        }
        other => panic!("not refused once: {other:?}"),
    }
}

fn staff_with(permissions: &[&vectis_kernel::Permission]) -> Ctx {
    let permissions: BTreeSet<_> = permissions.iter().map(|permission| (*permission).clone()).collect();
    let actor = StaffActor { login_id: LoginId(Uuid::nil()), permissions: Arc::new(permissions) };
    Ctx { actor: Actor::Staff(actor), ..ctx() }
}

#[tokio::test]
async fn an_activated_strategy_answers_at_once() {
    let shop = shop().await;
    assert!(matches!(shop.pricing(), Err(PointError::Ambiguous { .. })));

    let config = json!({ "percent": 10 });
    shop.runtime
        .strategy_activate(&ctx(), activate("plugin-template", "vectis.pricing", config))
        .await
        .unwrap();

    let priced = shop.pricing().unwrap().price(&cart("A-1", 1)).unwrap();
    assert_eq!(priced[0].unwrap().unit_price.micros, 900_000);
    let list = shop.list().await;
    let active: Vec<_> = list
        .iter()
        .flat_map(|plugin| {
            plugin.entry_points.iter().map(|entry| (entry.name.as_str(), entry.active_in.clone()))
        })
        .filter(|(_, channels)| !channels.is_empty())
        .collect();
    assert_eq!(active, [("plugin-template", vec![SHOP])]);
}

#[tokio::test]
async fn another_strategy_takes_the_place_of_the_first() {
    let shop = shop().await;
    let config = json!({ "percent": 10 });
    shop.runtime
        .strategy_activate(&ctx(), activate("plugin-template", "vectis.pricing", config))
        .await
        .unwrap();

    shop.runtime.strategy_activate(&ctx(), activate("fault", "vectis.pricing", surcharge(1))).await.unwrap();

    assert_eq!(shop.pricing().unwrap().name(), "fault/fault-pricing@1.0.0");
    assert_eq!(shop.folder.channels.bindings_now().len(), 1);
}

#[tokio::test]
async fn a_plugin_without_settings_needs_no_configuration() {
    let shop = shop().await;

    shop.runtime.strategy_activate(&ctx(), activate("fault", "vectis.tax", Value::Null)).await.unwrap();

    assert_eq!(shop.folder.channels.bindings_now()[0].config, json!({}));
}

#[tokio::test]
async fn a_deactivated_strategy_answers_no_more() {
    let shop = shop().await;
    shop.runtime.strategy_activate(&ctx(), activate("fault", "vectis.pricing", json!({}))).await.unwrap();

    shop.runtime.strategy_deactivate(&ctx(), SHOP, "vectis.pricing", "fault").await.unwrap();

    assert!(matches!(shop.pricing(), Err(PointError::Ambiguous { .. })));
}

#[tokio::test]
async fn an_unknown_point_is_refused() {
    let (code, field, message) = refusal(&shop().await, activate("fault", "vectis.magic", json!({}))).await;

    assert_eq!((code, field), (PluginCode::UnknownPoint, vec!["point".to_owned()]));
    assert_eq!(
        message,
        "\"vectis.magic\" is no extension point; there are vectis.pricing, vectis.tax, vectis.order_process, \
         vectis.approval, vectis.fields, vectis.shipping_rate"
    );
}

#[tokio::test]
async fn an_unknown_channel_is_refused() {
    let nowhere = ChannelId(Uuid::from_u128(99));
    let wanted = ActivateStrategy { channel_id: nowhere, ..activate("fault", "vectis.tax", json!({})) };

    let (code, field, _) = refusal(&shop().await, wanted).await;

    assert_eq!((code, field), (PluginCode::ChannelNotFound, vec!["channel_id".to_owned()]));
}

#[tokio::test]
async fn an_unknown_plugin_is_refused() {
    let (code, field, message) = refusal(&shop().await, activate("acme", "vectis.tax", json!({}))).await;

    assert_eq!((code, field), (PluginCode::PluginNotFound, vec!["plugin".to_owned()]));
    assert_eq!(message, "no plugin acme is loaded; copy its file into the folder and reload");
}

#[tokio::test]
async fn a_plugin_without_the_point_and_an_unknown_entry_point_are_refused() {
    let shop = shop().await;

    let (code, _, message) = refusal(&shop, activate("plugin-template", "vectis.tax", json!({}))).await;
    assert_eq!(code, PluginCode::EntryPointNotFound);
    assert_eq!(message, "plugin-template 0.1.0 offers nothing for vectis.tax");

    let wanted = ActivateStrategy {
        entry_point: Some("table".to_owned()),
        ..activate("fault", "vectis.tax", json!({}))
    };
    let (code, field, message) = refusal(&shop, wanted).await;
    assert_eq!((code, field), (PluginCode::EntryPointNotFound, vec!["entry_point".to_owned()]));
    assert_eq!(message, "fault 1.0.0 offers fault-tax for vectis.tax; name one of them");
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_at_its_pointer() {
    let shop = shop().await;

    let wanted = activate("plugin-template", "vectis.pricing", json!({ "percent": 101 }));
    let (code, field, message) = refusal(&shop, wanted).await;
    assert_eq!((code, field), (PluginCode::InvalidConfig, vec!["/percent".to_owned()]));
    assert_eq!(message, "/percent: 101 is greater than the maximum of 100");

    let wanted = activate("fault", "vectis.pricing", json!({ "fault": "refuse in constructor" }));
    let (code, field, message) = refusal(&shop, wanted).await;
    assert_eq!((code, field), (PluginCode::InvalidConfig, vec!["/surcharge_micros".to_owned()]));
    assert_eq!(message, "/surcharge_micros: must be even; mend the configuration");

    // Without a schema the plugin itself names the place.
    let (code, field, _) = refusal(&shop, activate("fault", "vectis.tax", json!({ "stage": "late" }))).await;
    assert_eq!((code, field), (PluginCode::InvalidConfig, vec!["/stage".to_owned()]));
}

#[tokio::test]
async fn a_constructor_that_fails_or_panics_and_a_failed_self_test_are_refused() {
    let shop = shop().await;
    let cases = [
        ("panic in constructor", "no price list at hand"),
        ("fail in constructor", "the price file is away"),
        ("negative", "the negative unit price -1"),
    ];
    for (fault, why) in cases {
        let (code, _, message) =
            refusal(&shop, activate("fault", "vectis.pricing", json!({ "fault": fault }))).await;
        assert_eq!(code, PluginCode::PluginFailed);
        assert!(message.contains(why), "{message}");
    }
}

#[tokio::test]
async fn everything_needs_the_permission() {
    let shop = shop().await;
    let ctx = staff_with(&[&staff::CHANNELS_WRITE]);
    let codes = [
        shop.runtime.list(&ctx).await.err().unwrap().refusals()[0].code,
        shop.runtime.reload(&ctx).await.err().unwrap().refusals()[0].code,
        shop.runtime
            .strategy_activate(&ctx, activate("fault", "vectis.tax", json!({})))
            .await
            .err()
            .unwrap()
            .refusals()[0]
            .code,
        shop.runtime.strategy_deactivate(&ctx, OUTLET, "vectis.tax", "fault").await.err().unwrap().refusals()
            [0]
        .code,
    ];

    assert_eq!(codes, [PluginCode::Forbidden; 4]);
    assert!(shop.runtime.list(&staff_with(&[&staff::PLUGINS_WRITE])).await.is_ok());
}

#[tokio::test]
async fn the_list_says_what_each_plugin_offers() {
    let list = shop().await.list().await;

    let [fault, template] = &list[..] else { panic!("{list:#?}") };
    assert_eq!(
        (fault.file.as_str(), fault.description.as_str()),
        ("fault.so", "Does everything wrong on request")
    );
    let points: Vec<_> = fault.entry_points.iter().map(|entry| entry.point.as_str()).collect();
    assert_eq!(points, ["vectis.approval", "vectis.order_process", "vectis.pricing", "vectis.tax"]);
    assert_eq!(template.entry_points[0].config_schema.as_ref().unwrap()["required"], json!(["percent"]));
    assert_eq!(fault.sha256.len(), 64);
}
