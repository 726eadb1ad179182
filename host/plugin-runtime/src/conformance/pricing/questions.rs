//! The questions that are put to a pricing strategy.

use vectis_contracts::points::{PriceCandidate, PricingQuestion};
use vectis_kernel::Quantity;

use super::cart::{Cart, LEVELS, at, in_ms, now, one, price, tier};
use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::Asked;

const RANDOM: usize = 30;
/// What hosts take as a unit price: a thousand thousand million.
const DEAREST: i64 = 1_000_000_000_000_000_000;

type Questions = Vec<Asked<PricingQuestion>>;

pub(super) fn all(words: &Words, dice: &mut Dice) -> Questions {
    let mut all = plain();
    all.extend(tiers());
    all.extend(lists());
    all.extend(texts());
    all.extend(at_numbers(words));
    all.extend(extremes());
    all.extend(
        (1..=RANDOM).map(|number| Asked::ordinary(format!("random cart {number}"), random(words, dice))),
    );
    all
}

fn ask(name: &str, question: PricingQuestion) -> Asked<PricingQuestion> {
    Asked::ordinary(name, question)
}

fn plain() -> Questions {
    let known = [price(5_000_000)];
    let mut nobody = one(1_000, &known);
    (nobody.account_id, nobody.location_id) = (None, None);
    let mut no_location = one(1_000, &known);
    no_location.location_id = None;
    let unknown_among = |position: usize| {
        let mut cart = Cart::new();
        for index in 0..3 {
            let own: &[PriceCandidate] = if index == position { &[] } else { &known };
            cart.line(&format!("KIT-{index}"), 1_000, own);
        }
        cart.question
    };
    let twice = Cart::new().with("KIT-1", 1_000, &known).with("KIT-1", 12_000, &known).question;
    vec![
        ask("one line, one price", one(1_000, &known)),
        ask("the smallest quantity", one(1, &known)),
        ask("half a unit", one(500, &known)),
        ask("a price of nothing", one(1_000, &[price(0)])),
        ask("the smallest price", one(1_000, &[price(1)])),
        ask("a line nothing is known of", one(1_000, &[])),
        ask("an unknown line before others", unknown_among(0)),
        ask("an unknown line between others", unknown_among(1)),
        ask("an unknown line after others", unknown_among(2)),
        ask("no company buys", nobody),
        ask("a company without a location buys", no_location),
        ask("one variant on two lines", twice),
        ask("yen", Cart::new().with("KIT-1", 1_000, &[price(500_000_000)]).in_currency("JPY").question),
        ask(
            "Kuwaiti dinar",
            Cart::new().with("KIT-1", 1_000, &[price(1_234_567)]).in_currency("KWD").question,
        ),
    ]
}

fn tiers() -> Questions {
    let tiers =
        [(100, 6), (1, 10), (50, 7), (10, 8)].map(|(from, units)| tier(units * 1_000_000, from * 1_000));
    let mut questions: Questions = [1_000, 9_999, 10_000, 10_001, 49_999, 50_000, 99_999, 100_000, 5_000_000]
        .into_iter()
        .map(|milli| {
            let quantity = Quantity::from_milli(milli);
            Asked::ordinary(format!("tiers at 1, 10, 50, 100, quantity {quantity}"), one(milli, &tiers))
        })
        .collect();
    let below = one(999, &tiers);
    questions.push(ask("a quantity below every tier", below));
    let many: Vec<_> = (1..=50).rev().map(|from| tier(10_000_000 - from * 1_000, from * 1_000)).collect();
    questions.push(ask("fifty tiers, the largest first", one(25_000, &many)));
    questions
}

fn lists() -> Questions {
    let mut questions: Questions = LEVELS
        .into_iter()
        .map(|level| Asked::ordinary(format!("a {level:?} price alone"), one(1_000, &[at(level, 5_000_000)])))
        .collect();
    let all: Vec<_> =
        LEVELS.into_iter().zip(1..).map(|(level, units)| at(level, units * 1_000_000)).collect();
    let urgent = PriceCandidate { priority: 9, ..at(LEVELS[2], 3_000_000) };
    let equal = [price(5_000_000), price(5_000_000)];
    let converted = PriceCandidate { converted: true, ..price(4_000_000) };
    let between =
        |from, to| PriceCandidate { valid_from: in_ms(from), valid_to: in_ms(to), ..price(4_000_000) };
    let expired = between(-2_000, -1_000);
    questions.extend([
        ask("all levels", one(1_000, &all)),
        ask("two lists of different priority", one(1_000, &[all[4].clone(), urgent])),
        ask("two equal prices", one(1_000, &equal)),
        ask("a converted price alone", one(1_000, std::slice::from_ref(&converted))),
        ask("a converted price and an own one", one(1_000, &[converted, price(5_000_000)])),
        ask("an expired price alone", one(1_000, std::slice::from_ref(&expired))),
        ask("a future price alone", one(1_000, &[between(1_000, 2_000)])),
        ask("a price that begins now", one(1_000, &[between(0, 1_000)])),
        ask("a price that ends now", one(1_000, &[between(-1_000, 0)])),
        ask("a price of this millisecond", one(1_000, &[between(0, 1)])),
        ask("an expired price and one in force", one(1_000, &[expired, price(5_000_000)])),
        ask("a tier above the quantity alone", one(1_000, &[tier(4_000_000, 1_001)])),
    ]);
    questions
}

fn texts() -> Questions {
    let long = "X".repeat(100);
    [
        ("an empty SKU", ""),
        ("a SKU of one blank", " "),
        ("a SKU with umlauts", "Größe-ÄÖÜ-ß"),
        ("a SKU of emoji", "🦀🧾👩‍👩‍👧"),
        ("a Chinese SKU", "螺丝-不锈钢"),
        ("a SKU from right to left", "برغي\u{202e}-7"),
        ("a SKU with quotes", "a'b\"c\\d; DROP TABLE"),
        ("a SKU with line ends", "a\nb\r\n\0c"),
        ("a SKU of a hundred letters", &long),
        ("a SKU of one combining mark", "\u{301}"),
    ]
    .into_iter()
    .map(|(name, sku)| ask(name, Cart::new().with(sku, 2_000, &[price(5_000_000)]).question))
    .collect()
}

/// Around the numbers of the configuration, as pieces and as thousandths.
fn at_numbers(words: &Words) -> Questions {
    let around = |number: &i64| {
        let pieces = number.saturating_mul(1_000);
        [*number, pieces].into_iter().flat_map(|edge| [edge.saturating_sub(1), edge, edge.saturating_add(1)])
    };
    let sold = |milli: &i64| (1..=1_000_000_000_000).contains(milli);
    let quantities = words.numbers.iter().flat_map(around).filter(sold).take(30);
    let mut questions: Questions = quantities
        .map(|milli| {
            let quantity = Quantity::from_milli(milli);
            Asked::ordinary(
                format!("the quantity {quantity}, of the configuration"),
                one(milli, &[price(5_000_000)]),
            )
        })
        .collect();
    for text in words.texts.iter().take(10) {
        let question = Cart::new().with(text, 2_000, &[price(5_000_000)]).question;
        questions.push(Asked::ordinary(format!("the SKU {text:?}, of the configuration"), question));
    }
    questions
}

fn extremes() -> Questions {
    let ask = |name: &str, question| Asked::extreme(name, question);
    let mut questions: Questions = (12..=18)
        .map(|power| {
            let micros = 10_i64.pow(power);
            Asked::extreme(format!("a price of 10^{power} millionths"), one(1_000, &[price(micros)]))
        })
        .collect();
    let mut early = one(1_000, &[price(5_000_000)]);
    early.at = chrono::DateTime::UNIX_EPOCH;
    let mut late = early.clone();
    late.at = now() + chrono::TimeDelta::days(36_500 * 20);
    let dear = [price(DEAREST)];
    let both = Cart::new().with("KIT-1", i64::MAX, &dear).with("KIT-2", i64::MAX, &dear).question;
    let priorities = [i32::MIN, i32::MAX].map(|priority| PriceCandidate { priority, ..price(5_000_000) });
    questions.extend([
        ask("the largest quantity", one(i64::MAX, &[price(5_000_000)])),
        ask("the largest quantity of the dearest", one(i64::MAX, &dear)),
        ask("the largest quantity twice", both),
        ask("a tier at the largest quantity", one(i64::MAX, &[tier(1, i64::MAX), price(2)])),
        ask("the lowest and the highest priority", one(1_000, &priorities)),
        ask("the first instant", early),
        ask("an instant two thousand years from now", late),
        ask(
            "a thousand candidates",
            one(500_000, &(1..=1_000).map(|from| tier(from, from * 1_000)).collect::<Vec<_>>()),
        ),
    ]);
    questions
}

/// Some lines with some candidates, of the configuration's numbers now and then.
fn random(words: &Words, dice: &mut Dice) -> PricingQuestion {
    let mut cart = Cart::new();
    for index in 0..1 + dice.below(12) {
        let candidates: Vec<_> = (0..dice.below(7)).map(|_| random_candidate(dice)).collect();
        let quantity = match words.numbers.is_empty() || dice.coin() {
            true => dice.between(1, 200_000),
            false => dice.pick(&words.numbers).saturating_mul(1_000).clamp(1, 1_000_000_000_000),
        };
        cart.line(&format!("KIT-{index}"), quantity, &candidates);
    }
    let currency = dice.pick(&["EUR", "EUR", "USD", "JPY", "KWD"]);
    cart.in_currency(currency).question
}

fn random_candidate(dice: &mut Dice) -> PriceCandidate {
    let level = dice.pick(&LEVELS);
    let mut candidate = at(level, dice.between(0, 100_000_000));
    candidate.min_quantity = Quantity::from_milli(dice.pick(&[0, 1_000, 10_000, 50_000, 100_000]));
    candidate.priority = i32::try_from(dice.between(-2, 2)).unwrap_or_default();
    candidate.converted = dice.below(4) == 0;
    let starts = dice.between(-3, 2);
    candidate.valid_from = if dice.below(3) == 0 { in_ms(starts) } else { None };
    candidate.valid_to = if dice.below(3) == 0 { in_ms(starts + dice.between(1, 3)) } else { None };
    candidate
}
