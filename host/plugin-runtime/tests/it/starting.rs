//! Starting: what the operator asks for, what channels ask for, and what the first questions find.

use serde_json::json;
use vectis_contracts::points::PointError;

use crate::libraries::{fault_plugin, template, with};
use crate::questions::cart;
use crate::refusals::assert_says;
use crate::shop::{Folder, Shop, loaded, refusals, surcharge};

#[tokio::test]
async fn a_required_plugin_that_is_missing_stops_the_start() {
    let folder = Folder::new(&[("template.so", template())]);
    let mut options = folder.options();
    options.required = vec!["plugin-template".to_owned(), "fault".to_owned()];

    let (_, error) = folder.start_with(options).await.err().unwrap();

    assert_eq!(
        error.to_string(),
        "the required plugin fault does not run: no file of the plugins folder holds it; copy it there or take fault off \
         the required ones"
    );
}

#[tokio::test]
async fn a_required_plugin_that_is_refused_stops_the_start_with_the_reason() {
    let bytes = with(fault_plugin(), "api = \"^1.0\"", "api = \"^1.5\"");
    let folder = Folder::new(&[("fault.so", &bytes)]);
    let mut options = folder.options();
    options.required = vec!["fault".to_owned()];

    let (_, error) = folder.start_with(options).await.err().unwrap();

    assert_says(
        &error.to_string(),
        &["the required plugin fault does not run: fault 1.0.0 (fault.so) refused at step api: needs ^1.5"],
    );
}

#[tokio::test]
async fn a_folder_that_does_not_exist_is_an_empty_one() {
    let folder = Folder::new(&[]);
    let mut options = folder.options();
    options.folder = folder.path("nowhere");

    let shop = folder.start_with(options).await.ok().unwrap();

    assert_eq!(shop.list().await, []);
}

#[tokio::test]
async fn other_files_in_the_folder_are_not_looked_at() {
    let shop = Shop::with(&[("README.md", b"hello"), (".hidden.so", b"x"), ("half.so.tmp", b"x")]).await;

    assert_eq!(shop.list().await, []);
}

#[tokio::test]
async fn a_start_without_a_database_says_so() {
    let folder = Folder::new(&[]);
    folder.channels.set_away(true);
    let options = folder.options();

    let (_, error) = folder.start_with(options).await.err().unwrap();

    assert_eq!(error.to_string(), "the activated strategies cannot be read: the database is away");
}

#[tokio::test]
async fn a_constructor_that_panics_takes_only_its_own_channel_down() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    folder.bind("vectis.pricing", json!({ "fault": "panic in constructor" }));

    let shop = folder.start().await;

    let error = shop.pricing().err().unwrap().to_string();
    assert_says(
        &error,
        &[
            "fault/fault-pricing failed at vectis.pricing: it is activated in channel shop, but does not start",
            "no price list at hand",
        ],
    );
    let list = shop.list().await;
    assert_eq!(loaded(&list), ["fault 1.0.0"]);
    assert_says(
        refusals(&list)[0],
        &[
            "fault 1.0.0 (fault.so) refused at step construct: vectis.pricing fault-pricing in channel shop: panicked at",
        ],
    );
    assert!(shop.order_process().is_ok());
}

#[tokio::test]
async fn a_configuration_against_the_schema_is_refused_with_its_pointer() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    folder.bind("vectis.pricing", json!({ "surcharge_micro": 5 }));

    let list = folder.start().await.list().await;

    assert_eq!(
        refusals(&list),
        [
            "fault 1.0.0 (fault.so) refused at step config: vectis.pricing fault-pricing in channel shop: /surcharge_micro: \
          unknown key; did you mean surcharge_micros?"
        ]
    );
}

#[tokio::test]
async fn a_configuration_that_the_constructor_refuses_is_refused_with_its_pointer() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    folder.bind("vectis.pricing", json!({ "fault": "refuse in constructor" }));

    let list = folder.start().await.list().await;

    assert_says(
        refusals(&list)[0],
        &["refused at step config", "in channel shop: /surcharge_micros: must be even; mend"],
    );
}

#[tokio::test]
async fn first_answers_that_lie_or_panic_fail_the_self_test() {
    let cases = [
        ("vectis.pricing", "panic", "the tiers are gone"),
        ("vectis.pricing", "negative", "line 0 has the negative unit price -1 millionths"),
        ("vectis.tax", "sign", "line 0 of 10000 has the tax -1, of another sign"),
        ("vectis.tax", "panic", "the rates are gone"),
        ("vectis.order_process", "no states", "it has no states"),
        ("vectis.order_process", "panic in states", "the states are gone"),
        ("vectis.order_process", "state twice", "it has the state Open twice"),
        ("vectis.order_process", "unnamed state", "a state has the key \"\" and the name \"Open\""),
        (
            "vectis.order_process",
            "unknown state",
            "its transition lose names \"Lost\", which is none of its states",
        ),
        ("vectis.order_process", "leaves final", "its transition reopen leaves Done, which is final"),
        ("vectis.order_process", "unnamed transition", "the transition from Open to Done has no name"),
        ("vectis.order_process", "effect", "it asks for \"print_label\", which this server cannot do"),
        ("vectis.approval", "nobody", "the step \"alone\" has nobody to approve it"),
    ];
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    let shop = folder.start().await;
    for (point, fault, why) in cases {
        shop.folder.bind(point, json!({ "fault": fault }));
        shop.runtime.refresh().await.unwrap();

        let list = shop.list().await;
        let found = refusals(&list)
            .into_iter()
            .any(|sentence| sentence.contains("refused at step self-test") && sentence.contains(why));
        assert!(found, "{why} missing in {:?}", refusals(&list));
        shop.folder.bind(point, json!({}));
    }
}

#[tokio::test]
async fn an_honest_error_to_the_first_question_is_no_reason_to_refuse() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    folder.bind("vectis.pricing", json!({ "fault": "error" }));

    let shop = folder.start().await;

    assert_eq!(refusals(&shop.list().await), [""; 0]);
    assert_eq!(
        shop.pricing().unwrap().price(&cart("A-1", 1)).unwrap_err(),
        PointError::Failed {
            point: "vectis.pricing",
            plugin: "fault/fault-pricing@1.0.0".to_owned(),
            message: "the price server is away".to_owned(),
            retryable: true,
        }
    );
}

#[tokio::test]
async fn a_good_configuration_is_used() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    folder.bind("vectis.pricing", surcharge(5));

    let priced = folder.start().await.pricing().unwrap().price(&cart("A-1", 1)).unwrap();

    assert_eq!(priced[0].unwrap().unit_price.micros, 1_000_005);
}
