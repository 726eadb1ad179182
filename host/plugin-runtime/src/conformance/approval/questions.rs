//! The carts an approval strategy plans for, and the people who decide.

use uuid::Uuid;
use vectis_contracts::points::{ApprovalFacts, ApprovalStep, Approver, DecisionFacts};
use vectis_kernel::ids::{AccountId, EmployeeId, LocationId};
use vectis_kernel::{Currency, Money};

use super::Question;
use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::Asked;

const RANDOM: usize = 40;

pub(super) fn employee(number: u128) -> EmployeeId {
    EmployeeId(Uuid::from_u128(0xE000 + number))
}

/// Three lines of 100.00 EUR by a buyer without a limit.
pub(super) fn cart() -> ApprovalFacts {
    ApprovalFacts {
        account_id: AccountId(Uuid::from_u128(1)),
        location_id: LocationId(Uuid::from_u128(2)),
        employee_id: employee(0),
        employee_role: "buyer".to_owned(),
        grand_total: Money::new(10_000, Currency::EUR),
        line_count: 3,
        categories: vec!["books".to_owned()],
        order_limit: None,
    }
}

/// The carts that plans are asked for, extreme ones left out.
pub(super) fn carts(words: &Words) -> Vec<(String, ApprovalFacts)> {
    let euro = |minor| Money::new(minor, Currency::EUR);
    let named = |name: &str, facts| (name.to_owned(), facts);
    let mut carts = vec![
        named("of 100.00", cart()),
        named("of nothing", ApprovalFacts { grand_total: euro(0), ..cart() }),
        named("of a cent", ApprovalFacts { grand_total: euro(1), ..cart() }),
        named("of a million", ApprovalFacts { grand_total: euro(100_000_000), ..cart() }),
        named("below the own limit", ApprovalFacts { order_limit: Some(euro(10_001)), ..cart() }),
        named("at the own limit", ApprovalFacts { order_limit: Some(euro(10_000)), ..cart() }),
        named("above the own limit", ApprovalFacts { order_limit: Some(euro(9_999)), ..cart() }),
        named("above a limit of nothing", ApprovalFacts { order_limit: Some(euro(0)), ..cart() }),
        named("without categories", ApprovalFacts { categories: Vec::new(), ..cart() }),
        named("of one line", ApprovalFacts { line_count: 1, ..cart() }),
        named("of 10,000 lines", ApprovalFacts { line_count: 10_000, ..cart() }),
        named("in yen", ApprovalFacts { grand_total: money(10_000, "JPY"), ..cart() }),
        named("in Kuwaiti dinar", ApprovalFacts { grand_total: money(10_000, "KWD"), ..cart() }),
        named("in dollars, above the limit", limited(money(10_000, "USD"), 1)),
    ];
    let odd = ["", " ", "Käufer", "🦀", "\u{202e}מנהל", "a'b\"\n\0"];
    for text in odd.into_iter().map(str::to_owned).chain(words.texts.iter().take(20).cloned()) {
        carts
            .push((format!("by the role {text:?}"), ApprovalFacts { employee_role: text.clone(), ..cart() }));
        carts.push((format!("of the category {text:?}"), ApprovalFacts { categories: vec![text], ..cart() }));
    }
    for number in words.numbers.iter().take(6) {
        for minor in [
            number.saturating_sub(1),
            *number,
            number.saturating_mul(100),
            number.saturating_mul(100).saturating_add(1),
        ] {
            if (0..=1_000_000_000_000).contains(&minor) {
                carts.push((format!("of {minor}"), ApprovalFacts { grand_total: euro(minor), ..cart() }));
            }
        }
    }
    carts
}

fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, code.parse().unwrap_or(Currency::EUR))
}

fn limited(total: Money, limit: i64) -> ApprovalFacts {
    ApprovalFacts { grand_total: total, order_limit: Some(Money::new(limit, total.currency)), ..cart() }
}

pub(super) fn all(words: &Words, dice: &mut Dice) -> Vec<Asked<Question>> {
    let mut all: Vec<_> = carts(words)
        .into_iter()
        .map(|(name, facts)| Asked::ordinary(format!("the plan of a cart {name}"), Question::Plan(facts)))
        .collect();
    all.extend(extremes());
    for number in 1..=RANDOM {
        all.push(Asked::ordinary(
            format!("the plan of random cart {number}"),
            Question::Plan(random(words, dice)),
        ));
    }
    all.extend(decisions());
    all
}

fn extremes() -> Vec<Asked<Question>> {
    let euro = |minor| Money::new(minor, Currency::EUR);
    let many = (0..10_000).map(|number| format!("category-{number:05}")).collect();
    [
        ("of the largest total", ApprovalFacts { grand_total: euro(i64::MAX), ..cart() }),
        ("of the smallest total", ApprovalFacts { grand_total: euro(i64::MIN), ..cart() }),
        ("of the largest total above the smallest limit", limited(euro(i64::MAX), i64::MIN)),
        ("of the smallest total below the largest limit", limited(euro(i64::MIN), i64::MAX)),
        ("of the most lines", ApprovalFacts { line_count: u32::MAX, ..cart() }),
        ("of no lines", ApprovalFacts { line_count: 0, ..cart() }),
        ("of 10,000 categories", ApprovalFacts { categories: many, ..cart() }),
        ("by a role of 100,000 letters", ApprovalFacts { employee_role: "x".repeat(100_000), ..cart() }),
    ]
    .into_iter()
    .map(|(name, facts)| Asked::extreme(format!("the plan of a cart {name}"), Question::Plan(facts)))
    .collect()
}

/// Decisions about a step made up here, as if the plan had been another configuration's.
fn decisions() -> Vec<Asked<Question>> {
    let step = ApprovalStep { name: "large".to_owned(), quorum: 2, approvers: vec![Approver::AnyApprover] };
    let facts = DecisionFacts {
        submitted_by: employee(0),
        decided_by: employee(1),
        decider_role: "approver".to_owned(),
        approved_by: Vec::new(),
        step,
        grand_total: Money::new(10_000, Currency::EUR),
    };
    let role = |role: &str| DecisionFacts { decider_role: role.to_owned(), ..facts.clone() };
    let total = |minor| DecisionFacts { grand_total: Money::new(minor, Currency::EUR), ..facts.clone() };
    let by = |number| DecisionFacts { decided_by: employee(number), ..facts.clone() };
    let after =
        |number: u128| DecisionFacts { approved_by: (1..=number).map(employee).collect(), ..facts.clone() };
    let after_by = |count, by: DecisionFacts| DecisionFacts { approved_by: after(count).approved_by, ..by };
    [
        ("by another employee", facts.clone()),
        ("by who submitted", by(0)),
        ("by who submitted, after others", after_by(3, by(0))),
        ("by who has approved", after_by(1, by(1))),
        ("by who was the second to approve", after_by(2, by(2))),
        ("by who was the last of a thousand to approve", after_by(1_000, by(1_000))),
        ("by the next after one", after_by(1, by(2))),
        ("by an empty role", role("")),
        ("by a role of emoji", role("🦀")),
        ("about the largest total", total(i64::MAX)),
        ("about the smallest total", total(i64::MIN)),
        ("about nothing", total(0)),
    ]
    .into_iter()
    .map(|(name, facts)| Asked::ordinary(format!("a decision {name}"), Question::Decide(facts)))
    .collect()
}

fn random(words: &Words, dice: &mut Dice) -> ApprovalFacts {
    let mut total = dice.between(0, 100_000_000);
    if !words.numbers.is_empty() && dice.coin() {
        total = dice.pick(&words.numbers).saturating_mul(100).clamp(0, 1_000_000_000_000);
    }
    let texts: Vec<&str> =
        words.texts.iter().map(String::as_str).chain(["buyer", "manager", "tools"]).collect();
    let mut categories: Vec<String> = (0..dice.below(4)).map(|_| dice.pick(&texts).to_owned()).collect();
    categories.sort();
    categories.dedup();
    let grand_total = money(total, dice.pick(&["EUR", "EUR", "GBP", "USD", "JPY"]));
    let limit = dice.between(0, 2 * total);
    ApprovalFacts {
        employee_role: dice.pick(&texts).to_owned(),
        grand_total,
        line_count: u32::try_from(1 + dice.below(10_000)).unwrap_or(1),
        categories,
        order_limit: dice.coin().then(|| Money::new(limit, grand_total.currency)),
        ..cart()
    }
}

/// A question in few words.
pub(super) fn short(question: &Question) -> String {
    let cut = |text: &str| text.chars().take(20).collect::<String>();
    match question {
        Question::Plan(facts) => format!(
            "plan for {} {} of {} lines by the role {:?}, limit {:?}, categories {:?}",
            facts.grand_total.minor,
            facts.grand_total.currency,
            facts.line_count,
            cut(&facts.employee_role),
            facts.order_limit.map(|limit| limit.minor),
            facts.categories.iter().take(4).map(|category| cut(category)).collect::<Vec<_>>()
        ),
        Question::Decide(facts) => format!(
            "may {} decide {:?} ({} of {:?}) as {:?}, submitted by {}, {} have approved",
            facts.decided_by,
            facts.step.name,
            facts.step.quorum,
            facts.step.approvers,
            cut(&facts.decider_role),
            facts.submitted_by,
            facts.approved_by.len()
        ),
    }
}
