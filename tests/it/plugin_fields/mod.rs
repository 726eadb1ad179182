//! Plugins add typed fields, queries and mutations to the API.

mod answers;
mod batches;
mod contributions;
mod life;
mod mutations;
pub(crate) mod permissions;
mod refusals;
pub(crate) mod tables;

use serde_json::{Value, json};
use vectis_tests::{Client, Graphql, PluginFolder, TestHost};

/// A shop with the first-party plugins, the warranties and the fields that lie on request.
async fn shop() -> TestHost {
    let folder = PluginFolder::first_party();
    folder.drop_in("product-warranty");
    folder.drop_in("fault-fields");
    TestHost::start(folder, true).await
}

/// Asks without variables.
async fn ask(client: &Client, query: &str) -> Graphql {
    client.send(query, json!({})).await
}

/// Messages of the top-level errors, each with its path.
fn errors(answer: &Graphql) -> Vec<String> {
    let path = |error: &Value| {
        let parts = error["path"].as_array().cloned().unwrap_or_default();
        parts.iter().map(|part| part.to_string().replace('"', "")).collect::<Vec<_>>().join(".")
    };
    let all = answer.body["errors"].as_array().cloned().unwrap_or_default();
    all.iter().map(|error| format!("{}: {}", path(error), error["message"].as_str().unwrap())).collect()
}

/// What `pluginsReload` says of a plugin's file.
async fn reload(staff: &Client, file: &str) -> Value {
    let answer = ask(
        staff,
        "mutation { pluginsReload { plugins { name version file status refusal } userErrors { code } } }",
    )
    .await;
    let plugins = answer.at("/pluginsReload/plugins");
    let mut found = plugins.as_array().unwrap().iter().filter(|plugin| plugin["file"] == file);
    let refused = found.clone().find(|plugin| plugin["status"] == "REFUSED").cloned();
    refused.or_else(|| found.next().cloned()).expect("the file is listed")
}
