//! Statements of a plugin: those it embeds, by name, for who may have tables.

use std::sync::Arc;

use serde_json::{Value, json};
use vectis_contracts::plugin_services::{
    PluginServices as _, ServiceAnswer, ServiceCaller, ServiceError, ServiceErrorKind, ServiceQuestion,
};
use vectis_contracts::plugin_tables::TablesPlan;

use super::{granted, room};

fn caller() -> ServiceCaller {
    let statements = [("all", "SELECT 1"), ("away", "DROP")];
    let statements = statements.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    let plan = TablesPlan { plugin: "acme".to_owned(), statements, ..TablesPlan::default() };
    ServiceCaller { tables: Some(Arc::new(plan)), ..granted(&[("tables", &["own"])]) }
}

async fn sql(
    caller: &ServiceCaller,
    statement: &str,
    parameters: Value,
) -> Result<ServiceAnswer, ServiceError> {
    let question = json!({ "statement": statement, "parameters": parameters }).to_string();
    let question = ServiceQuestion { service: "sql", json: &question, body: &[] };
    room().services.serve(caller, question).await
}

#[tokio::test]
async fn a_statement_runs_by_its_name_with_its_parameters() {
    let answer = sql(&caller(), "all", json!({ "serial": "A1" })).await.unwrap();

    let row = json!({ "plugin": "acme", "statement": "SELECT 1", "parameters": { "serial": "A1" } });
    assert_eq!(serde_json::from_str::<Value>(&answer.json).unwrap(), json!([row]));
}

#[tokio::test]
async fn text_that_the_plugin_does_not_embed_is_no_statement() {
    for (statement, parameters) in [("SELECT 1", json!({})), ("all", json!([1]))] {
        let why = sql(&caller(), statement, parameters).await.unwrap_err();
        assert_eq!(why.kind, ServiceErrorKind::Input, "{why}");
    }
}

#[tokio::test]
async fn tables_have_to_be_asked_for_and_granted() {
    for part in ["asked", "granted"] {
        let mut caller = caller();
        if part == "asked" { &mut caller.asked } else { &mut caller.granted }.remove("tables");
        let why = sql(&caller, "all", json!({})).await.unwrap_err();
        assert_eq!(why.kind, ServiceErrorKind::Denied, "{part}: {why}");
    }
}

#[tokio::test]
async fn what_the_database_refuses_names_the_statement() {
    let why = sql(&caller(), "away", json!({})).await.unwrap_err();

    assert!(why.message.starts_with("statement away: "), "{why}");
}
