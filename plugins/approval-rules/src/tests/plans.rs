use vectis_plugin_api::approval::{ApprovalStep, Approver};
use vectis_plugin_api::testing::approval_facts;
use vectis_plugin_api::{ErrorCode, Id};

use super::{rules, steps};

const TWO_RULES: &str = r#"{ "rules": [
    { "name": "large", "when": { "min_total": { "amount": "50.00", "currency": "EUR" } }, "steps": [
        { "name": "manager", "approvers": ["role:Approver"] },
        { "name": "board", "quorum": 2, "approvers": ["role:Admin", "employee:09090909-0909-0909-0909-090909090909"] }
    ] },
    { "name": "long", "when": { "min_lines": 3 }, "steps": [
        { "name": "manager", "approvers": ["role:Approver"] },
        { "name": "warehouse", "approvers": ["any"] }
    ] }
] }"#;

#[test]
fn a_cart_that_meets_no_rule_needs_no_approval() {
    let facts = approval_facts(|facts| {
        facts.grand_total_minor = 4_999;
        facts.line_count = 2;
    });

    assert_eq!(rules(TWO_RULES).plan(&facts), Ok(vec![]));
    assert_eq!(rules("{}").plan(&approval_facts(|_| {})), Ok(vec![]));
}

#[test]
fn the_steps_of_all_rules_come_in_their_order_and_like_ones_once() {
    let plan = rules(TWO_RULES).plan(&approval_facts(|_| {})).unwrap();

    let board = [Approver::Role("Admin".into()), Approver::Employee(Id([9; 16]))];
    assert_eq!(
        plan,
        [
            ApprovalStep::new("manager", 1, [Approver::Role("Approver".into())]),
            ApprovalStep::new("board", 2, board),
            ApprovalStep::new("warehouse", 1, [Approver::AnyApprover]),
        ]
    );
}

#[test]
fn steps_of_one_name_that_differ_stay_two() {
    let config = TWO_RULES.replacen(r#""role:Approver""#, r#""role:Manager""#, 1);

    let found = steps(&rules(&config), &approval_facts(|_| {})).unwrap();

    assert_eq!(found, ["manager", "board", "manager", "warehouse"]);
}

#[test]
fn a_cart_above_the_employees_limit_needs_any_approver_first() {
    let above = approval_facts(|facts| facts.order_limit_minor = Some(9_999));
    let within = approval_facts(|facts| facts.order_limit_minor = Some(10_000));

    assert_eq!(
        rules("{}").plan(&above),
        Ok(vec![ApprovalStep::new("over the order limit", 1, [Approver::AnyApprover])])
    );
    assert_eq!(rules("{}").plan(&within), Ok(vec![]));
    assert_eq!(
        steps(&rules(TWO_RULES), &above).unwrap(),
        ["over the order limit", "manager", "board", "warehouse"]
    );
}

#[test]
fn the_order_limit_may_be_left_to_the_rules() {
    let above = approval_facts(|facts| facts.order_limit_minor = Some(0));

    assert_eq!(rules(r#"{ "order_limit_needs_approval": false }"#).plan(&above), Ok(vec![]));
}

#[test]
fn a_rule_for_each_currency_leaves_the_others_carts_alone() {
    let rule = |currency: &str, amount: &str| {
        format!(
            r#"{{ "name": "large", "when": {{ "min_total": {{ "amount": "{amount}", "currency": "{currency}" }} }},
                "steps": [{{ "name": "over {amount} {currency}", "approvers": ["any"] }}] }}"#
        )
    };
    let config = format!(r#"{{ "rules": [{}, {}] }}"#, rule("EUR", "50"), rule("USD", "1000"));
    let in_currency = |currency| approval_facts(|facts| facts.currency = currency);
    let rules = rules(&config);

    assert_eq!(steps(&rules, &in_currency("EUR")).unwrap(), ["over 50 EUR"]);
    assert_eq!(steps(&rules, &in_currency("USD")).unwrap(), [""; 0]);
    assert_eq!(steps(&rules, &in_currency("GBP")).unwrap(), ["over 50 EUR", "over 1000 USD"]);
}

#[test]
fn a_step_that_waits_for_its_submitter_alone_is_refused_at_submission() {
    let config = r#"{ "rules": [{ "name": "all", "when": {}, "steps": [
        { "name": "boss", "approvers": ["employee:03030303-0303-0303-0303-030303030303"] }
    ] }] }"#;
    let of_boss = approval_facts(|_| {});
    let of_other = approval_facts(|facts| facts.employee_id = Id([4; 16]));

    let error = rules(config).plan(&of_boss).unwrap_err();

    assert_eq!(error.code, ErrorCode::INPUT);
    assert_eq!(
        error.message,
        "the approval step \"boss\" takes 1 approvals and names 0 employees beside the one who submits; \
         name more approvers in the configuration of approval-rules"
    );
    assert_eq!(steps(&rules(config), &of_other).unwrap(), ["boss"]);
}
