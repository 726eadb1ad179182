//! The orders an order process is asked about.

use vectis_contracts::points::{OrderFacts, OrderTransition};
use vectis_kernel::{Currency, Money};

use super::Question;
use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::Asked;

const RANDOM: usize = 30;
/// Orders each transition is asked about.
const PER_TRANSITION: usize = 6;

/// An order of 100.00 EUR by a company, nothing paid, nothing shipped.
pub(super) fn order() -> OrderFacts {
    OrderFacts {
        state: String::new(),
        grand_total: Money::new(10_000, Currency::EUR),
        paid: Money::zero(Currency::EUR),
        payment_terms: String::new(),
        line_count: 3,
        is_company: true,
        was_approved: false,
        has_shipments: false,
        is_fully_shipped: false,
    }
}

/// Orders that may be there, each with what is special about it.
pub(super) fn ordinary() -> Vec<(&'static str, OrderFacts)> {
    let with = |change: fn(&mut OrderFacts)| {
        let mut facts = order();
        change(&mut facts);
        facts
    };
    let paid = |minor| Money::new(minor, Currency::EUR);
    let terms = OrderFacts { payment_terms: "Net30".to_owned(), ..order() };
    let full = OrderFacts { paid: paid(10_000), ..order() };
    let shipped = OrderFacts { has_shipments: true, is_fully_shipped: true, ..full.clone() };
    vec![
        ("unpaid", order()),
        ("paid", full.clone()),
        ("on payment terms", terms.clone()),
        ("paid and shipped", shipped.clone()),
        ("partly paid", OrderFacts { paid: paid(1), ..order() }),
        ("on terms, shipped", OrderFacts { payment_terms: "Net30".to_owned(), paid: paid(0), ..shipped }),
        ("paid, partly shipped", OrderFacts { has_shipments: true, ..full.clone() }),
        ("on terms and paid", OrderFacts { paid: paid(10_000), ..terms.clone() }),
        ("all but a cent paid", OrderFacts { paid: paid(9_999), ..order() }),
        ("paid too much", OrderFacts { paid: paid(10_001), ..order() }),
        ("of nothing", with(|facts| facts.grand_total.minor = 0)),
        ("of a cent", with(|facts| facts.grand_total.minor = 1)),
        ("large", with(|facts| facts.grand_total.minor = 100_000_000)),
        (
            "large and approved",
            with(|facts| (facts.grand_total.minor, facts.was_approved) = (100_000_000, true)),
        ),
        ("of no company", with(|facts| facts.is_company = false)),
        ("paid, of no company", OrderFacts { is_company: false, ..full }),
        ("approved, on terms", OrderFacts { was_approved: true, ..terms }),
        ("of 10,000 lines", with(|facts| facts.line_count = 10_000)),
        ("in yen", OrderFacts { grand_total: yen(10_000), paid: yen(0), ..order() }),
        ("in yen and paid", OrderFacts { grand_total: yen(10_000), paid: yen(10_000), ..order() }),
    ]
}

fn yen(minor: i64) -> Money {
    Money::new(minor, "JPY".parse().unwrap_or(Currency::EUR))
}

pub(super) fn all(transitions: &[OrderTransition], words: &Words, dice: &mut Dice) -> Vec<Asked<Question>> {
    let place = |facts: OrderFacts| Question { facts, to: None };
    let mut all: Vec<_> = ordinary()
        .into_iter()
        .map(|(name, facts)| Asked::ordinary(format!("placing an order {name}"), place(facts)))
        .collect();
    all.extend(texts(words).into_iter().map(|text| {
        let terms = OrderFacts { payment_terms: text.clone(), ..order() };
        Asked::ordinary(format!("placing an order on the terms {text:?}"), place(terms))
    }));
    all.extend(
        at_numbers(words)
            .into_iter()
            .map(|(name, facts)| Asked::ordinary(format!("placing an order {name}"), place(facts))),
    );
    all.extend(
        extremes()
            .into_iter()
            .map(|(name, facts)| Asked::extreme(format!("placing an order {name}"), place(facts))),
    );
    for transition in transitions {
        let OrderTransition { name, from, to, .. } = transition;
        let asked = |facts: &OrderFacts| Question {
            facts: OrderFacts { state: from.clone(), ..facts.clone() },
            to: Some(to.clone()),
        };
        let way = format!("{name} from {from}");
        let (usual, seldom) = (ordinary(), extremes());
        all.extend(
            usual[..PER_TRANSITION]
                .iter()
                .map(|(what, facts)| Asked::ordinary(format!("{way}, {what}"), asked(facts))),
        );
        let (what, facts) = dice.pick(&usual[PER_TRANSITION..]);
        all.push(Asked::ordinary(format!("{way}, {what}"), asked(&facts)));
        let (what, facts) = dice.pick(&seldom);
        all.push(Asked::extreme(format!("{way}, {what}"), asked(&facts)));
    }
    for number in 1..=RANDOM {
        let facts = random(words, dice);
        all.push(Asked::ordinary(format!("random placement {number}"), place(facts.clone())));
        if transitions.is_empty() {
            continue;
        }
        let OrderTransition { name, from, to, .. } = dice.pick(transitions);
        let question = Question { facts: OrderFacts { state: from.clone(), ..facts }, to: Some(to.clone()) };
        all.push(Asked::ordinary(format!("random {name} from {from} {number}"), question));
    }
    all
}

fn texts(words: &Words) -> Vec<String> {
    let odd = ["Net0", "Net365", "net30", "Zahlung in 30 Tagen", "🦀", "\u{202e}", " ", "a'b\"\n"];
    odd.into_iter().map(str::to_owned).chain(words.texts.iter().take(10).cloned()).collect()
}

/// Totals at the numbers of the configuration, in every way they may be meant.
fn at_numbers(words: &Words) -> Vec<(String, OrderFacts)> {
    let meant = words.numbers.iter().take(8).flat_map(|number| [*number, number.saturating_mul(100)]);
    let around = meant.flat_map(|edge| [edge.saturating_sub(1), edge, edge.saturating_add(1)]);
    let totals = around.filter(|minor| (0..=1_000_000_000_000).contains(minor));
    totals
        .map(|minor| {
            (format!("of {minor}"), OrderFacts { grand_total: Money::new(minor, Currency::EUR), ..order() })
        })
        .collect()
}

fn extremes() -> Vec<(&'static str, OrderFacts)> {
    let money = |minor| Money::new(minor, Currency::EUR);
    let of = |total, paid| OrderFacts { grand_total: money(total), paid: money(paid), ..order() };
    vec![
        ("of the largest total", of(i64::MAX, 0)),
        ("of the largest total, paid", of(i64::MAX, i64::MAX)),
        ("of the largest total, less than nothing paid", of(i64::MAX, i64::MIN)),
        ("of the smallest total, the largest paid", of(i64::MIN, i64::MAX)),
        ("of the most lines", OrderFacts { line_count: u32::MAX, ..order() }),
        ("of no lines", OrderFacts { line_count: 0, ..order() }),
        ("on terms of 100,000 letters", OrderFacts { payment_terms: "N".repeat(100_000), ..order() }),
    ]
}

fn random(words: &Words, dice: &mut Dice) -> OrderFacts {
    let mut total = dice.between(0, 10_000_000);
    if !words.numbers.is_empty() && dice.coin() {
        total = dice.pick(&words.numbers).saturating_mul(100).clamp(0, 1_000_000_000_000);
    }
    let currency = dice.pick(&["EUR", "EUR", "USD", "GBP", "JPY", "KWD"]).parse().unwrap_or(Currency::EUR);
    let paid = dice.pick(&[0, 0, total / 2, total]);
    let is_company = dice.coin();
    let on_terms = is_company && dice.coin();
    let is_fully_shipped = dice.below(5) == 0;
    OrderFacts {
        state: String::new(),
        grand_total: Money::new(total, currency),
        paid: Money::new(paid, currency),
        payment_terms: if on_terms { "Net30".to_owned() } else { String::new() },
        line_count: u32::try_from(1 + dice.below(10_000)).unwrap_or(1),
        is_company,
        was_approved: dice.coin(),
        has_shipments: is_fully_shipped || dice.below(5) == 0,
        is_fully_shipped,
    }
}

/// A question in few words.
pub(super) fn short(question: &Question) -> String {
    let OrderFacts { state, grand_total, paid, payment_terms, line_count, .. } = &question.facts;
    let terms: String = payment_terms.chars().take(20).collect();
    let flags = [
        (question.facts.is_company, "company"),
        (question.facts.was_approved, "approved"),
        (question.facts.has_shipments, "has shipments"),
        (question.facts.is_fully_shipped, "fully shipped"),
    ];
    let flags: Vec<&str> = flags.into_iter().filter(|(holds, _)| *holds).map(|(_, word)| word).collect();
    let way = match &question.to {
        None => "place".to_owned(),
        Some(to) => format!("{state} to {to}"),
    };
    format!(
        "{way}: {} of {} {} paid, terms {terms:?}, {line_count} lines; {}",
        paid.minor,
        grand_total.minor,
        grand_total.currency,
        flags.join(", ")
    )
}
