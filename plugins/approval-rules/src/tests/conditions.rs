use vectis_plugin_api::Id;
use vectis_plugin_api::approval::ApprovalFacts;
use vectis_plugin_api::testing::approval_facts;

use super::{rules, steps};

/// Whether a cart meets a rule with this condition.
fn meets(when: &str, change: impl FnOnce(&mut ApprovalFacts<'static>)) -> bool {
    let config = format!(
        r#"{{ "order_limit_needs_approval": false, "rules": [
            {{ "name": "rule", "when": {when}, "steps": [{{ "name": "step", "approvers": ["any"] }}] }}
        ] }}"#
    );
    !steps(&rules(&config), &approval_facts(change)).unwrap().is_empty()
}

#[test]
fn a_rule_without_conditions_is_met_by_every_cart() {
    assert!(meets("{}", |_| {}));
}

#[test]
fn the_smallest_total_counts_itself() {
    let when = r#"{ "min_total": { "amount": "100", "currency": "EUR" } }"#;

    assert!(!meets(when, |facts| facts.grand_total_minor = 9_999));
    assert!(meets(when, |facts| facts.grand_total_minor = 10_000));
}

#[test]
fn totals_are_compared_with_the_decimals_of_their_currency() {
    let when = r#"{ "min_total": { "amount": "100.5", "currency": "JPY" } }"#;
    let yen = |total| {
        move |facts: &mut ApprovalFacts<'static>| {
            facts.currency = "JPY";
            facts.exponent = 0;
            facts.grand_total_minor = total;
        }
    };

    assert!(!meets(when, yen(100)));
    assert!(meets(when, yen(101)));
}

#[test]
fn a_total_in_a_currency_that_no_rule_names_reaches_every_amount() {
    let when = r#"{ "min_total": { "amount": "5000", "currency": "EUR" } }"#;

    assert!(meets(when, |facts| facts.currency = "USD"));
}

#[test]
fn the_smallest_number_of_lines_counts_itself() {
    let when = r#"{ "min_lines": 100 }"#;

    assert!(!meets(when, |facts| facts.line_count = 99));
    assert!(meets(when, |facts| facts.line_count = 100));
}

#[test]
fn one_category_of_several_is_enough() {
    let when = r#"{ "categories_any": ["chemicals", "weapons"] }"#;

    assert!(!meets(when, |facts| facts.categories = vec!["books", "chemical"]));
    assert!(meets(when, |facts| facts.categories = vec!["books", "weapons"]));
}

#[test]
fn the_submitters_role_is_one_of_those_named() {
    let when = r#"{ "roles": ["Trainee", "Buyer"] }"#;

    assert!(!meets(when, |facts| facts.employee_role = "Approver"));
    assert!(meets(when, |facts| facts.employee_role = "Buyer"));
}

#[test]
fn employees_and_locations_are_named_by_id() {
    let other = Id([9; 16]);
    let employee = format!(r#"{{ "employees": ["{other}", "{}"] }}"#, Id([3; 16]));
    let location = format!(r#"{{ "locations": ["{}"] }}"#, Id([2; 16]));

    assert!(meets(&employee, |_| {}));
    assert!(!meets(&employee, |facts| facts.employee_id = Id([4; 16])));
    assert!(meets(&location, |_| {}));
    assert!(!meets(&location, |facts| facts.location_id = other));
}

#[test]
fn an_order_limit_is_passed_only_above_it() {
    let (above, within) = (r#"{ "above_order_limit": true }"#, r#"{ "above_order_limit": false }"#);
    for (limit, is_above) in [(Some(9_999), true), (Some(10_000), false), (None, false)] {
        assert_eq!(meets(above, |facts| facts.order_limit_minor = limit), is_above, "{limit:?}");
        assert_eq!(meets(within, |facts| facts.order_limit_minor = limit), !is_above, "{limit:?}");
    }
}

#[test]
fn all_conditions_of_a_rule_have_to_hold() {
    let when = r#"{ "min_lines": 3, "roles": ["Buyer"] }"#;

    assert!(meets(when, |facts| facts.employee_role = "Buyer"));
    assert!(!meets(when, |facts| facts.employee_role = "Approver"));
    assert!(!meets(when, |facts| {
        facts.employee_role = "Buyer";
        facts.line_count = 2;
    }));
}
