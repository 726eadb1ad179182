//! What plugins add to the API: found, judged, asked.

use std::sync::Arc;

use serde_json::{Map, json};
use uuid::Uuid;
use vectis_contracts::plugin_fields::{
    AddedSdl, FieldKind, FieldParent, FieldQuestion, PluginFields, Unanswered,
};
use vectis_contracts::points::PointError;
use vectis_kernel::Ctx;
use vectis_plugin_runtime::RuntimeOptions;

use crate::libraries::{fault_fields, golden, with};
use crate::shop::{Folder, SHOP, Shop, binding, ctx, loaded, refusals};

/// As the API would: nothing called `faultSku` twice, and never version 1.9.0's `faultXku`.
fn judge(accepted: &[AddedSdl], candidate: &AddedSdl) -> Result<(), String> {
    let names = |added: &AddedSdl| added.sdl.contains("faultSku");
    match accepted.iter().find(|other| names(other) && names(candidate)) {
        Some(other) => Err(format!("faultSku is added by {} already", other.plugin)),
        None if candidate.sdl.contains("faultXku") => Err("faultXku is bad".to_owned()),
        None => Ok(()),
    }
}

async fn shop(files: &[(&str, &[u8])]) -> Shop {
    let folder = Folder::new(files);
    let options = RuntimeOptions { judge_additions: judge, ..folder.options() };
    folder.start_with(options).await.unwrap_or_else(|(_, error)| panic!("{error}"))
}

fn rival() -> Vec<u8> {
    with(fault_fields(), "name = \"fault-fields\"", "name = \"rival-fields\"")
}

fn version(version: &str, from: &str, to: &str) -> Vec<u8> {
    with(&with(fault_fields(), "version = \"1.0.0\"", &format!("version = \"{version}\"")), from, to)
}

fn question(kind: FieldKind, field: &str, arguments: serde_json::Value) -> FieldQuestion {
    let parent = |number| FieldParent {
        id: Uuid::from_u128(number),
        facts: Map::from_iter([("sku".to_owned(), json!("A"))]),
    };
    FieldQuestion {
        plugin: "fault-fields".to_owned(),
        kind,
        field: field.to_owned(),
        parents: if kind == FieldKind::Field { (1..=2).map(parent).collect() } else { Vec::new() },
        arguments: serde_json::from_value(arguments).unwrap(),
    }
}

fn in_shop() -> Ctx {
    Ctx { channel_id: Some(SHOP), ..ctx() }
}

#[tokio::test]
async fn what_a_plugin_adds_is_the_same_until_it_changes() {
    let shop = shop(&[("fault.so", fault_fields()), ("golden.so", &golden("golden-1.0.so"))]).await;

    let first = shop.runtime.additions(&ctx());
    shop.reload().await;
    let same = shop.runtime.additions(&ctx());
    shop.folder.remove("fault.so");
    let request = shop.request();
    shop.reload().await;
    let none = shop.runtime.additions(&ctx());

    assert_eq!(first.plugins.len(), 1);
    assert_eq!(first.plugins[0].plugin, "fault-fields");
    assert_eq!(first.plugins[0].permissions, ["fault.secret"]);
    assert!(first.plugins[0].sdl.contains("extend type ProductVariant {"));
    assert!(Arc::ptr_eq(&first, &same));
    assert!(none.plugins.is_empty() && none.generation > first.generation);
    assert!(Arc::ptr_eq(&shop.runtime.additions(&request), &first), "a request keeps what it began with");
}

#[tokio::test]
async fn the_one_that_was_there_first_keeps_its_name() {
    let shop = shop(&[("z.so", fault_fields())]).await;

    shop.folder.put("a.so", &rival());
    let list = shop.reload().await;

    assert_eq!(loaded(&list), ["fault-fields 1.0.0"]);
    assert_eq!(
        refusals(&list),
        ["rival-fields 1.0.0 (a.so) refused at step graphql: faultSku is added by fault-fields already"]
    );
}

#[tokio::test]
async fn a_new_version_that_is_refused_leaves_the_old_one_answering() {
    let shop = shop(&[("fault.so", fault_fields())]).await;

    shop.folder.put("fault.so", &version("1.9.0", "faultSku(fault", "faultXku(fault"));
    let list = shop.reload().await;

    assert_eq!(
        refusals(&list),
        [
            "fault-fields 1.9.0 (fault.so) refused at step graphql: faultXku is bad; fault-fields 1.0.0 keeps answering"
        ]
    );
    let answers =
        shop.runtime.ask(&in_shop(), question(FieldKind::Field, "ProductVariant.faultSku", json!({}))).await;
    assert_eq!(answers.unwrap(), ["A", "A"]);
}

#[tokio::test]
async fn definitions_and_entry_points_belong_together() {
    let shop = shop(&[("fault.so", &with(fault_fields(), ".vectis.graphql", ".vectis.graphqx"))]).await;

    let list = shop.list().await;

    assert_eq!(
        refusals(&list),
        [
            "fault-fields 1.0.0 (fault.so) refused at step manifest: plugin.toml offers vectis.fields, but the file embeds no \
          definitions; give export_plugin! the file after graphql:"
        ]
    );
}

#[tokio::test]
async fn a_permission_that_reads_otherwise_is_refused() {
    let shop = shop(&[("fault.so", &with(fault_fields(), "\"fault.secret\"]", "\"fault-secret\"]"))]).await;

    let list = shop.list().await;

    assert!(
        refusals(&list)[0].contains("the permission \"fault-secret\" must read area.action"),
        "{list:#?}"
    );
}

#[tokio::test]
async fn permissions_are_declared_as_long_as_the_plugin_is_there() {
    let shop = shop(&[("fault.so", fault_fields())]).await;
    let keys = || shop.runtime.declared_permissions().iter().map(ToString::to_string).collect::<Vec<_>>();

    assert_eq!(keys(), ["fault.secret"]);
    shop.folder.remove("fault.so");
    shop.reload().await;
    assert_eq!(keys(), Vec::<String>::new());
}

#[tokio::test]
async fn a_channel_asks_its_own_instance_and_the_others_theirs() {
    let shop = shop(&[("fault.so", fault_fields())]).await;
    let point = ("fault-fields", "fault-fields");
    shop.folder.channels.bind(binding(SHOP, "vectis.fields", point, json!({})));
    shop.runtime.refresh().await.unwrap();
    let add = |ctx| {
        let (runtime, question) =
            (shop.runtime.clone(), question(FieldKind::Mutation, "faultAdd", json!({ "by": 1 })));
        async move { runtime.ask(&ctx, question).await.unwrap() }
    };

    assert_eq!(add(in_shop()).await, [1]);
    assert_eq!(add(in_shop()).await, [2]);
    assert_eq!(add(ctx()).await, [1]);
}

#[tokio::test]
async fn a_late_answer_is_not_waited_for_and_may_still_come() {
    let shop = shop(&[("fault.so", fault_fields())]).await;

    let late = shop
        .runtime
        .ask(&ctx(), question(FieldKind::Mutation, "faultAdd", json!({ "by": 1, "fault": "late" })))
        .await;
    let wrong =
        shop.runtime.ask(&ctx(), question(FieldKind::Mutation, "faultAdd", json!({ "by": "x" }))).await;

    let Err(Unanswered { error: PointError::Failed { message, .. }, is_underway: true }) = late else {
        panic!("{late:?}")
    };
    assert_eq!(message, "it did not answer within 20 ms");
    let Err(Unanswered { error: PointError::Failed { message, .. }, is_underway: false }) = wrong else {
        panic!("{wrong:?}")
    };
    assert!(message.starts_with("by: invalid type"), "{message}");
}

#[tokio::test]
async fn a_plugin_that_is_not_there_answers_nothing() {
    let shop = shop(&[]).await;

    let nobody = shop.runtime.ask(&ctx(), question(FieldKind::Query, "faultCalls", json!({}))).await;

    assert!(nobody.unwrap_err().error.to_string().contains("it is no longer loaded"));
}
