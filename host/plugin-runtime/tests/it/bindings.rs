//! Who answers where.

use serde_json::json;
use uuid::Uuid;
use vectis_contracts::points::{PointError, Strategies};
use vectis_kernel::ids::ChannelId;

use crate::libraries::{fault_plugin, template};
use crate::questions::{cart, taxable};
use crate::shop::{Folder, OUTLET, SHOP, Shop, binding, ctx, refusals, surcharge};

fn missing(point: &'static str, channel: &str) -> PointError {
    PointError::Missing { point, channel: channel.to_owned() }
}

#[tokio::test]
async fn an_empty_folder_leaves_every_point_missing_by_name_and_channel() {
    let shop = Shop::with(&[]).await;

    assert_eq!(shop.pricing().err().unwrap(), missing("vectis.pricing", "shop"));
    assert_eq!(shop.taxes().err().unwrap(), missing("vectis.tax", "shop"));
    assert_eq!(shop.order_process().err().unwrap(), missing("vectis.order_process", "shop"));
    assert_eq!(shop.approval().err().unwrap(), missing("vectis.approval", "shop"));
}

#[tokio::test]
async fn a_channel_made_later_is_named_after_the_next_look() {
    let shop = Shop::with(&[]).await;
    let later = ChannelId(Uuid::from_u128(3));
    shop.folder.channels.add(later, "later");

    assert_eq!(shop.runtime.tax(&ctx(), later).err().unwrap(), missing("vectis.tax", &later.to_string()));
    shop.runtime.refresh().await.unwrap();
    assert_eq!(shop.runtime.tax(&ctx(), later).err().unwrap(), missing("vectis.tax", "later"));
}

#[tokio::test]
async fn the_only_plugin_for_a_point_answers_in_every_channel() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;

    for channel in [SHOP, OUTLET] {
        assert_eq!(shop.runtime.pricing(&ctx(), channel).unwrap().name(), "fault/fault-pricing@1.0.0");
        assert_eq!(shop.runtime.tax(&ctx(), channel).unwrap().len(), 1);
        assert_eq!(shop.runtime.order_process(&ctx(), channel).unwrap().states().len(), 2);
        assert_eq!(shop.runtime.approval(&ctx(), channel).unwrap().name(), "fault/fault-approval@1.0.0");
    }
}

#[tokio::test]
async fn the_only_plugin_that_needs_a_configuration_says_so() {
    let shop = Shop::with(&[("template.so", template())]).await;

    assert_eq!(
        shop.pricing().err().unwrap().to_string(),
        "plugin-template/plugin-template failed at vectis.pricing: it is not activated in the channel and does not start \
         without a configuration (the configuration: \"percent\" is missing); activate it with one"
    );
    assert_eq!(refusals(&shop.list().await), [""; 0]);
}

#[tokio::test]
async fn several_plugins_for_a_point_are_ambiguous_until_one_is_activated() {
    let shop = Shop::with(&[("fault.so", fault_plugin()), ("template.so", template())]).await;
    assert_eq!(
        shop.pricing().err().unwrap(),
        PointError::Ambiguous {
            point: "vectis.pricing",
            channel: "shop".to_owned(),
            candidates: vec!["fault/fault-pricing".to_owned(), "plugin-template/plugin-template".to_owned()],
        }
    );

    shop.folder.bind("vectis.pricing", json!({}));
    shop.runtime.refresh().await.unwrap();

    assert_eq!(shop.pricing().unwrap().name(), "fault/fault-pricing@1.0.0");
    let elsewhere = shop.runtime.pricing(&ctx(), OUTLET).err().unwrap();
    assert!(matches!(elsewhere, PointError::Ambiguous { channel, .. } if channel == "outlet"));
}

#[tokio::test]
async fn each_channel_has_its_own_configuration() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    folder.bind_in(SHOP, "vectis.pricing", surcharge(1));
    folder.bind_in(OUTLET, "vectis.pricing", surcharge(2));
    let shop = folder.start().await;

    let price = |channel| {
        let pricing = shop.runtime.pricing(&ctx(), channel).unwrap();
        pricing.price(&cart("A-1", 1)).unwrap()[0].unwrap().unit_price.micros
    };
    assert_eq!((price(SHOP), price(OUTLET)), (1_000_001, 1_000_002));
}

#[tokio::test]
async fn a_binding_to_a_plugin_that_is_not_there_fails_by_name() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    folder.channels.bind(binding(SHOP, "vectis.pricing", ("acme", "tiered"), json!({})));

    let shop = folder.start().await;

    assert_eq!(
        shop.pricing().err().unwrap(),
        PointError::Failed {
            point: "vectis.pricing",
            plugin: "acme/tiered".to_owned(),
            message: "it is activated in channel shop, but no file of the plugins folder holds it; put it back or activate \
                      another one"
                .to_owned(),
            retryable: false,
        }
    );
}

#[tokio::test]
async fn a_binding_to_a_refused_plugin_fails_with_the_refusal() {
    let newer = crate::libraries::with(fault_plugin(), "api = \"^1.0\"", "api = \"^1.5\"");
    let folder = Folder::new(&[("fault.so", &newer)]);
    folder.bind("vectis.pricing", json!({}));

    let error = folder.start().await.pricing().err().unwrap().to_string();

    assert!(error.contains("but fault 1.0.0 (fault.so) refused at step api: needs ^1.5"), "{error}");
}

#[tokio::test]
async fn a_binding_to_an_entry_point_of_another_point_fails() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    folder.channels.bind(binding(SHOP, "vectis.pricing", ("fault", "fault-tax"), json!({})));

    let error = folder.start().await.pricing().err().unwrap().to_string();

    assert!(error.contains("fault 1.0.0 offers no such entry point"), "{error}");
}

#[tokio::test]
async fn taxes_are_asked_by_stage_then_priority_then_name() {
    let folder = Folder::new(&[
        ("fault.so", fault_plugin()),
        ("golden.so", &crate::libraries::golden("golden-1.0.so")),
    ]);
    let bind = |entry: (&str, &str), priority, config| {
        folder.channels.bind(vectis_contracts::channels::StrategyBinding {
            priority,
            ..binding(SHOP, "vectis.tax", entry, config)
        });
    };
    bind(("golden", "golden-tax"), 0, json!({}));
    bind(("fault", "fault-tax"), 0, json!({ "stage": 100 }));
    let shop = folder.start().await;
    let names = |shop: &Shop| -> Vec<_> {
        shop.taxes().unwrap().iter().map(|tax| (tax.name().to_owned(), tax.stage())).collect()
    };
    let (fault, golden) = ("fault/fault-tax@1.0.0".to_owned(), "golden/golden-tax@1.0.0".to_owned());
    assert_eq!(names(&shop), [(fault.clone(), 100), (golden.clone(), 300)]);

    shop.folder.bind("vectis.tax", json!({ "stage": 300 }));
    shop.runtime.refresh().await.unwrap();
    assert_eq!(names(&shop), [(fault.clone(), 300), (golden.clone(), 300)]);

    shop.folder.channels.bind(vectis_contracts::channels::StrategyBinding {
        priority: 9,
        ..binding(SHOP, "vectis.tax", ("golden", "golden-tax"), json!({}))
    });
    shop.runtime.refresh().await.unwrap();
    assert_eq!(names(&shop), [(golden, 300), (fault, 300)]);
}

#[tokio::test]
async fn a_tax_that_does_not_start_is_never_left_out() {
    let folder = Folder::new(&[
        ("fault.so", fault_plugin()),
        ("golden.so", &crate::libraries::golden("golden-1.0.so")),
    ]);
    folder.channels.bind(binding(SHOP, "vectis.tax", ("golden", "golden-tax"), json!({})));
    folder.bind("vectis.tax", json!({ "rate": 3 }));

    let error = folder.start().await.taxes().err().unwrap();

    assert!(matches!(error, PointError::Failed { plugin, .. } if plugin == "fault/fault-tax"));
}

#[tokio::test]
async fn a_configuration_that_stops_fitting_leaves_the_earlier_one_in_force() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    folder.bind("vectis.pricing", surcharge(1));
    let shop = folder.start().await;

    shop.folder.bind("vectis.pricing", surcharge(-2_000_000));
    shop.runtime.refresh().await.unwrap();

    assert_eq!(
        shop.pricing().unwrap().price(&cart("A-1", 1)).unwrap()[0].unwrap().unit_price.micros,
        1_000_001
    );
    assert_eq!(
        refusals(&shop.list().await),
        [
            "fault 1.0.0 (fault.so) refused at step config: vectis.pricing fault-pricing in channel shop: /surcharge_micros: \
          -2000000 is less than the minimum of -1000000; fault 1.0.0 keeps answering there as before"
        ]
    );
}

#[tokio::test]
async fn a_refresh_without_news_keeps_the_set() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    let before = shop.runtime.snapshot();

    shop.runtime.refresh().await.unwrap();

    assert!(std::sync::Arc::ptr_eq(&before, &shop.runtime.snapshot()));
}

#[tokio::test]
async fn a_refresh_that_cannot_read_keeps_the_set() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    shop.folder.channels.set_away(true);

    let error = shop.runtime.refresh().await.unwrap_err();

    assert_eq!(error.to_string(), "the activated strategies cannot be read: the database is away");
    assert_eq!(shop.taxes().unwrap()[0].tax(&taxable("standard", 100)).unwrap().amounts[0].amount.minor, 20);
}
