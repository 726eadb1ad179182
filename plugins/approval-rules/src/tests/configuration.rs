use vectis_plugin_api::serde_json::{Value, json};
use vectis_plugin_api::{ErrorCode, testing};

use crate::{ApprovalRules, Config};

/// What is said when the value at the pointer of a right configuration is replaced.
fn refusal(pointer: &str, value: Value) -> String {
    let mut config = json!({ "rules": [
        { "name": "first", "when": {}, "steps": [{ "name": "step", "approvers": ["any"] }] },
        {
            "name": "second",
            "when": { "min_total": { "amount": "5000.00", "currency": "EUR" } },
            "steps": [{
                "name": "step",
                "quorum": 1,
                "approvers": ["role:Approver", "employee:09090909-0909-0909-0909-090909090909"]
            }]
        }
    ] });
    assert!(testing::approval::<ApprovalRules>(&config).is_ok());

    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = config.pointer_mut(&format!("/rules/1{parent}")).unwrap();
    match key.parse::<usize>() {
        Ok(index) => parent[index] = value,
        Err(_) => parent[key] = value,
    }
    let error = testing::approval::<ApprovalRules>(&config).err().unwrap();
    assert_eq!(error.code, ErrorCode::CONFIG);
    error.message
}

#[test]
fn wrong_conditions_are_refused_with_place_and_fix() {
    for (pointer, value, message) in [
        (
            "/when/min_total/amount",
            json!("5.000,00"),
            r#"/rules/1/when/min_total/amount: must be an amount that is not negative, like "5000.00", not "5.000,00""#,
        ),
        (
            "/when/min_total/currency",
            json!("euro"),
            r#"/rules/1/when/min_total/currency: must be an ISO 4217 code of three upper-case letters, like "EUR", not "euro""#,
        ),
        (
            "/when/min_lines",
            json!(0),
            "/rules/1/when/min_lines: every cart has a line; state at least 1, or leave it out",
        ),
        (
            "/when/roles",
            json!([]),
            "/rules/1/when/roles: is empty, so no cart would ever meet the rule; fill it or leave it out",
        ),
        (
            "/when/employees",
            json!(["bob"]),
            "/rules/1/when/employees/0: expected an id like 0198c2a4-7d3e-7c1a-9b5f-0d2e4f6a8b1c",
        ),
    ] {
        assert_eq!(refusal(pointer, value), message);
    }
}

#[test]
fn wrong_steps_are_refused_with_place_and_fix() {
    const APPROVER: &str =
        r#"must be "any", "role:" and a role's name, or "employee:" and an employee's id, not"#;
    for (pointer, value, message) in [
        ("/name", json!(""), "/rules/1/name: is empty; say what it is for, people will read it".to_owned()),
        (
            "/steps",
            json!([]),
            "/rules/1/steps: is empty, so the rule would do nothing; add a step or remove the rule"
                .to_owned(),
        ),
        ("/steps/0/quorum", json!(0), "/rules/1/steps/0/quorum: must be at least 1".to_owned()),
        (
            "/steps/0/approvers",
            json!([]),
            "/rules/1/steps/0/approvers: is empty, so nobody could decide; name approvers, or \"any\""
                .to_owned(),
        ),
        (
            "/steps/0/approvers/0",
            json!("Approver"),
            format!(r#"/rules/1/steps/0/approvers/0: {APPROVER} "Approver""#),
        ),
        (
            "/steps/0/approvers/1",
            json!("employee:bob"),
            format!(r#"/rules/1/steps/0/approvers/1: {APPROVER} "employee:bob""#),
        ),
        (
            "/steps/0/approvers/1",
            json!("role: "),
            format!(r#"/rules/1/steps/0/approvers/1: {APPROVER} "role: ""#),
        ),
        (
            "/steps/0/approvers/1",
            json!("role:Approver"),
            "/rules/1/steps/0/approvers/1: is named for the second time; remove it".to_owned(),
        ),
    ] {
        assert_eq!(refusal(pointer, value), message);
    }
}

#[test]
fn a_quorum_above_the_number_of_named_employees_is_refused() {
    let step = |quorum: u32, more: &str| {
        json!([{
            "name": "step",
            "quorum": quorum,
            "approvers": ["employee:09090909-0909-0909-0909-090909090909", more]
        }])
    };
    let steps = step(3, "employee:08080808-0808-0808-0808-080808080808");
    let with_role = json!({ "rules": [{ "name": "rule", "when": {}, "steps": step(3, "role:Approver") }] });

    assert_eq!(
        refusal("/steps", steps),
        "/rules/1/steps/0/quorum: is more than the employees named as approvers; lower it or name more"
    );
    assert!(testing::approval::<ApprovalRules>(with_role).is_ok());
}

#[test]
fn the_example_of_the_readme_is_a_configuration() {
    let example =
        include_str!("../../README.md").split("```").find_map(|block| block.strip_prefix("json")).unwrap();

    assert_eq!(testing::approval::<ApprovalRules>(example).err(), None);
}

#[test]
fn the_manifest_states_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../../plugin.toml"), "rules");
}
