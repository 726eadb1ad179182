//! The questions that are put to a tax strategy.

use std::fmt::Write as _;

use chrono::DateTime;
use uuid::Uuid;
use vectis_contracts::points::{Jurisdiction, TaxingLine, TaxingQuestion};
use vectis_kernel::ids::ChannelId;
use vectis_kernel::{Currency, Money, Quantity};

use super::places::{Home, place};
use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::Asked;

const RANDOM: usize = 25;
/// A postal code no plugin writes by itself.
pub(super) const POSTAL_CODE: &str = "KIT-98765";

type Questions = Vec<Asked<TaxingQuestion>>;

/// Goods of 10.00 apiece, so that taxes per piece keep in proportion.
pub(super) fn line(minor: i64, category: &str) -> TaxingLine {
    TaxingLine {
        amount: Money::new(minor, Currency::EUR),
        quantity: Quantity::from_milli(minor.saturating_abs().max(1)),
        category: category.to_owned(),
        is_exempt: false,
    }
}

/// Net amounts in euro that nothing has been taken of before.
pub(super) fn question(
    destination: &Jurisdiction,
    lines: impl IntoIterator<Item = TaxingLine>,
) -> TaxingQuestion {
    let lines: Vec<_> = lines.into_iter().collect();
    TaxingQuestion {
        channel_id: ChannelId(Uuid::from_u128(1)),
        currency: Currency::EUR,
        prices_include_tax: false,
        destination: destination.clone(),
        at: DateTime::from_timestamp_millis(1_768_478_400_000).unwrap_or_default(),
        taxed_before: vec![Money::zero(Currency::EUR); lines.len()],
        lines,
    }
}

pub(super) fn all(homes: &[Home], words: &Words, dice: &mut Dice) -> Questions {
    let mut all = Vec::new();
    for (home, number) in homes.iter().zip(1..) {
        let known = at_home(home).into_iter();
        all.extend(known.map(|asked| Asked { name: format!("place {number}: {}", asked.name), ..asked }));
    }
    if homes.is_empty() {
        // It answers nowhere, and says so here.
        all.push(Asked::ordinary(
            "a line of 100.00",
            question(&place("DE", "", ""), [line(10_000, "standard")]),
        ));
    }
    let home = homes.first().cloned().unwrap_or_default();
    all.extend(elsewhere(&home));
    all.extend(extremes(&home));
    for (number, home) in (1..=RANDOM).zip(homes.iter().cycle()) {
        all.push(Asked::ordinary(format!("random lines {number}"), random(home, dice)));
    }
    for number in 1..=RANDOM / 2 {
        let mut question = random(&home, dice);
        let words: Vec<&str> = words.texts.iter().map(String::as_str).chain(["DE", "", "books"]).collect();
        question.destination = place(dice.pick(&words), dice.pick(&words), dice.pick(&words));
        for line in &mut question.lines {
            dice.pick(&words).clone_into(&mut line.category);
        }
        all.push(Asked::extreme(format!("words of the configuration {number}"), question));
    }
    all
}

/// The same, gross.
fn gross(question: TaxingQuestion) -> TaxingQuestion {
    TaxingQuestion { prices_include_tax: true, ..question }
}

fn after(before: i64, question: TaxingQuestion) -> TaxingQuestion {
    TaxingQuestion {
        taxed_before: vec![Money::new(before, question.currency); question.lines.len()],
        ..question
    }
}

/// The same numbers in another currency.
pub(super) fn in_currency(currency: Currency, question: TaxingQuestion) -> TaxingQuestion {
    let lines = question.lines.into_iter();
    let lines =
        lines.map(|line| TaxingLine { amount: Money::new(line.amount.minor, currency), ..line }).collect();
    let taxed_before =
        question.taxed_before.iter().map(|before| Money::new(before.minor, currency)).collect();
    TaxingQuestion { currency, lines, taxed_before, ..question }
}

fn at_home(home: &Home) -> Questions {
    let category = home.category.as_str();
    let one = |minor: i64| home.question([line(minor, category)]);
    let mut all: Questions = [0, 1, 2, 3, 5, 7, 10, 13, 50, 99, 101, 250, 1_999, 10_000, 33_333, 123_456_789]
        .into_iter()
        .flat_map(|minor| {
            let net = Asked::ordinary(format!("net {minor}"), one(minor));
            [net, Asked::ordinary(format!("gross {minor}"), gross(one(minor)))]
        })
        .collect();
    let exempt = |minor| TaxingLine { is_exempt: true, ..line(minor, category) };
    let some = [
        line(1_000, category),
        exempt(1_000),
        line(0, category),
        line(-500, category),
        line(1_999, category),
    ];
    let of = |milli| TaxingLine { quantity: Quantity::from_milli(milli), ..line(10_000, category) };
    let quantities = [of(1), of(500), of(1_000), of(12_000), of(20_000)];
    let currency = |code: &str| code.parse().unwrap_or(Currency::EUR);
    let ask = Asked::ordinary;
    all.extend([
        ask("an exempt line", home.question([exempt(10_000)])),
        ask("an exempt line, gross", gross(home.question([exempt(10_000)]))),
        ask("taxed, exempt, free and returned lines", home.question(some.clone())),
        ask("the same, gross", gross(home.question(some))),
        ask("after a tax of 500", after(500, one(10_000))),
        ask("after a tax of 500, gross", gross(after(500, one(10_000)))),
        ask("a return after a tax of -500", after(-500, one(-10_000))),
        ask("a returned line", one(-1_999)),
        ask("a returned line, gross", gross(one(-1_999))),
        ask("different quantities", home.question(quantities)),
        Asked::extreme("yen", in_currency(currency("JPY"), one(1_999))),
        Asked::extreme("yen, gross", gross(in_currency(currency("JPY"), one(1_999)))),
        Asked::extreme("Kuwaiti dinar", in_currency(currency("KWD"), one(1_999))),
    ]);
    all
}

/// Places, categories and texts the strategy may not know.
fn elsewhere(home: &Home) -> Questions {
    let at = |place: Jurisdiction, category: &str| {
        in_currency(home.currency, question(&place, [line(10_000, category)]))
    };
    let texts = ["", " ", "Île-de-France", "🦀", "\u{202e}שלום", "a'b\"; DROP", "\n\0", "漢字"];
    let mut all: Questions = texts
        .into_iter()
        .flat_map(|text| {
            let category = Asked::extreme(format!("the category {text:?}"), at(home.place.clone(), text));
            let country = home.place.country.as_str();
            [
                category,
                Asked::extreme(
                    format!("the region and city {text:?}"),
                    at(place(country, text, text), &home.category),
                ),
            ]
        })
        .collect();
    for country in ["", "ZZ", "DE", "FR", "US", "JP"] {
        all.push(Asked::extreme(
            format!("the country {country:?}"),
            at(place(country, "", ""), &home.category),
        ));
    }
    let long = "x".repeat(100_000);
    all.push(Asked::extreme("a category of 100,000 letters", at(home.place.clone(), &long)));
    let private = Jurisdiction { postal_code: POSTAL_CODE.to_owned(), ..home.place.clone() };
    all.push(Asked::ordinary("a postal code", at(private, &home.category)));
    all
}

fn extremes(home: &Home) -> Questions {
    let one = |minor: i64| home.question([line(minor, &home.category)]);
    let largest = i64::MAX;
    let mut all: Questions = (12..=18)
        .flat_map(|power| {
            let minor = 10_i64.pow(power);
            let net = Asked::extreme(format!("net 10^{power}"), one(minor));
            [net, Asked::extreme(format!("gross 10^{power}"), gross(one(-minor)))]
        })
        .collect();
    let many = TaxingLine { quantity: Quantity::from_milli(largest), ..line(10_000, &home.category) };
    let ask = Asked::extreme;
    all.extend([
        ask("the largest amount", one(largest)),
        ask("the largest amount, gross", gross(one(largest))),
        ask("the smallest amount", one(i64::MIN)),
        ask("the largest amount after the largest tax", after(largest, one(largest))),
        ask("the smallest amount after the smallest tax", after(i64::MIN, one(i64::MIN))),
        ask("the largest quantity", home.question([many])),
    ]);
    all
}

fn random(home: &Home, dice: &mut Dice) -> TaxingQuestion {
    let mut categories = vec![home.category.as_str()];
    categories.extend(home.others.iter().map(String::as_str));
    let lines: Vec<_> = (0..1 + dice.below(15))
        .map(|_| {
            let most = dice.pick(&[10, 1_000, 1_000_000]);
            let mut line = line(dice.between(-most / 4, most), dice.pick(&categories));
            line.quantity = Quantity::from_milli(dice.between(1, 2 * line.quantity.milli()));
            line.is_exempt = dice.below(6) == 0;
            line
        })
        .collect();
    TaxingQuestion { prices_include_tax: dice.coin(), ..home.question(lines) }
}

/// A question in few words.
pub(super) fn short(question: &TaxingQuestion) -> String {
    let Jurisdiction { country, region, city, .. } = &question.destination;
    let place: String = format!("{country:?} {region:?} {city:?}").chars().take(60).collect();
    let basis = if question.prices_include_tax { "gross" } else { "net" };
    let count = question.lines.len();
    let mut text = format!("{count} lines in {} to {place}, {basis}", question.currency);
    for (line, before) in question.lines.iter().zip(&question.taxed_before).take(4) {
        let category: String = line.category.chars().take(20).collect();
        let exempt = if line.is_exempt { ", exempt" } else { "" };
        let _ = write!(
            text,
            "; {} × {} of {category:?} after {}{exempt}",
            line.amount.minor, line.quantity, before.minor
        );
    }
    if count > 4 {
        text.push_str("; …");
    }
    text
}
