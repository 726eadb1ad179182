use vectis_plugin_api::Id;
use vectis_plugin_api::approval::{ApprovalStep, Approver};
use vectis_plugin_api::testing::decision_facts;

use super::rules;

#[test]
fn an_approver_may_decide() {
    assert_eq!(rules("{}").may_decide(&decision_facts(|_| {})), Ok(None));
}

#[test]
fn nobody_decides_about_the_own_order() {
    let own = decision_facts(|facts| facts.decided_by = facts.submitted_by);

    assert_eq!(
        rules("{}").may_decide(&own),
        Ok(Some("Nobody decides about the own order; somebody else has to.".into()))
    );
}

#[test]
fn nobody_approves_a_step_twice() {
    let approved = [Id([4; 16]), Id([5; 16])];
    let again = decision_facts(|facts| facts.approved_by = &approved);
    let next = decision_facts(|facts| {
        facts.approved_by = &approved;
        facts.decided_by = Id([6; 16]);
    });

    assert_eq!(
        rules("{}").may_decide(&again),
        Ok(Some("You have approved this step already; it takes somebody else now.".into()))
    );
    assert_eq!(rules("{}").may_decide(&next), Ok(None));
}

#[test]
fn only_approvers_of_the_step_decide() {
    for (approver, is_one) in [
        (Approver::Role("approver".into()), true),
        (Approver::Role("Admin".into()), false),
        (Approver::Employee(Id([4; 16])), true),
        (Approver::Employee(Id([5; 16])), false),
    ] {
        let facts = decision_facts(|facts| facts.step = ApprovalStep::new("board", 1, [approver.clone()]));

        let objection = rules("{}").may_decide(&facts).unwrap();

        let expected =
            (!is_one).then(|| r#"You are not one of the approvers of the step "board"."#.to_owned());
        assert_eq!(objection, expected, "{approver:?}");
    }
}
