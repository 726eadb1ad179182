use vectis_plugin_api::approval::{Approval, ApprovalFacts, ApprovalStep, Approver, DecisionFacts};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::{Error, ErrorCode, Host, Id, testing};

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
struct Config {}

/// What it sees comes back as the name of its step and as its objection.
struct Echo;

impl Approval for Echo {
    type Config = Config;

    fn new(_config: Config, _host: Host) -> Result<Self, Error> {
        Ok(Self)
    }

    fn plan(&self, facts: &ApprovalFacts<'_>) -> Result<Vec<ApprovalStep>, Error> {
        assert!(facts.line_count > 0, "an empty cart was submitted");
        Ok(vec![ApprovalStep::new(format!("{facts:?}"), 2, approvers())])
    }

    fn may_decide(&self, facts: &DecisionFacts<'_>) -> Result<Option<String>, Error> {
        Ok((facts.submitted_by != facts.decided_by).then(|| format!("{facts:?}")))
    }
}

fn approvers() -> [Approver; 3] {
    [Approver::Employee(Id([9; 16])), Approver::Role("head".to_owned()), Approver::AnyApprover]
}

#[test]
fn facts_and_steps_cross_the_border_unchanged() {
    let harness = testing::approval::<Echo>("{}").unwrap();
    let facts = testing::approval_facts(|facts| {
        facts.employee_role = "clerk";
        facts.currency = "GBP";
        facts.grand_total_minor = i64::MAX;
        facts.order_limit_minor = Some(0);
        facts.categories = vec!["chairs", "desks"];
    });

    assert_eq!(harness.plan(&facts).unwrap(), [ApprovalStep::new(format!("{facts:?}"), 2, approvers())]);
}

#[test]
fn decisions_cross_the_border_unchanged() {
    let harness = testing::approval::<Echo>("{}").unwrap();
    let before = [Id([7; 16]), Id([8; 16])];
    let facts = testing::decision_facts(|facts| {
        facts.approved_by = &before;
        facts.step = ApprovalStep::new("over 50", 3, approvers());
    });

    assert_eq!(harness.may_decide(&facts).unwrap(), Some(format!("{facts:?}")));
    let own = testing::decision_facts(|facts| facts.decided_by = facts.submitted_by);
    assert_eq!(harness.may_decide(&own).unwrap(), None);
}

#[test]
fn a_panic_is_an_error() {
    let harness = testing::approval::<Echo>("{}").unwrap();

    let error = harness.plan(&testing::approval_facts(|facts| facts.line_count = 0)).unwrap_err();

    assert_eq!(error.code, ErrorCode::PANICKED);
    assert!(error.message.ends_with("an empty cart was submitted"), "{}", error.message);
}
