//! The carts a carrier is asked about. A strategy may decline any of them: the kit's carriers are no good, and not every strategy
//! has something to fall back on.

use chrono::DateTime;
use uuid::Uuid;
use vectis_contracts::points::Jurisdiction;
use vectis_contracts::shipping::{ShippingItem, ShippingQuestion};
use vectis_kernel::ids::{AccountId, CartId, ChannelId};
use vectis_kernel::{Currency, Money, Quantity};

use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::Asked;

const RANDOM: usize = 40;

fn item(number: usize, quantity_milli: i64, weight_g: i64) -> ShippingItem {
    ShippingItem { sku: format!("SKU-{number}"), quantity: Quantity::from_milli(quantity_milli), weight_g }
}

fn to(country: &str, postal_code: &str) -> Jurisdiction {
    Jurisdiction {
        country: country.to_owned(),
        postal_code: postal_code.to_owned(),
        ..Jurisdiction::default()
    }
}

/// A cart of so many lines to Berlin.
pub(super) fn cart(lines: usize) -> ShippingQuestion {
    ShippingQuestion {
        channel_id: ChannelId(Uuid::from_u128(1)),
        cart_id: CartId(Uuid::from_u128(2)),
        account_id: Some(AccountId(Uuid::from_u128(3))),
        destination: to("DE", "10115"),
        goods_total: Money::new(10_000, Currency::EUR),
        at: DateTime::from_timestamp(1_768_478_400, 0).unwrap_or_default(),
        items: (0..lines).map(|number| item(number, 2_000, 500)).collect(),
    }
}

pub(super) fn all(words: &Words, dice: &mut Dice) -> Vec<Asked<ShippingQuestion>> {
    let mut all = vec![
        Asked::extreme("a cart to Berlin", cart(3)),
        Asked::extreme("a cart of nobody's company", ShippingQuestion { account_id: None, ..cart(3) }),
        Asked::extreme("a cart of one line", cart(1)),
        Asked::extreme("a cart without lines", cart(0)),
        Asked::extreme(
            "goods for nothing",
            ShippingQuestion { goods_total: money(0, Currency::EUR), ..cart(3) },
        ),
        Asked::extreme("goods without a weight", weighing(0)),
        Asked::extreme("goods of a ton", weighing(1_000_000)),
        Asked::extreme("goods too heavy to be added up", weighing(i64::MAX)),
        Asked::extreme("goods that weigh less than nothing", weighing(i64::MIN)),
        Asked::extreme(
            "goods worth all there is",
            ShippingQuestion { goods_total: money(i64::MAX, Currency::EUR), ..cart(3) },
        ),
    ];
    for code in ["JPY", "KWD", "USD"] {
        if let Ok(currency) = code.parse::<Currency>() {
            let question = ShippingQuestion { goods_total: money(10_000, currency), ..cart(3) };
            all.push(Asked::extreme(format!("a cart in {code}"), question));
        }
    }
    let places = ["", "AT", "US", "GB", "NZ", "zz", "🦀", "\u{202e}מ", "a'b\"\n\0&?/%"];
    let known = words.texts.iter().map(String::as_str).take(20);
    for place in places.into_iter().chain(known) {
        let question = ShippingQuestion { destination: to(place, place), ..cart(3) };
        all.push(Asked::extreme(format!("a cart to {place:?}"), question));
    }
    for number in 0..RANDOM {
        let items =
            (0..dice.below(20)).map(|line| item(line, dice.between(1, 5_000_000), dice.between(0, 50_000)));
        let items = items.collect();
        let goods_total = money(dice.between(0, 10_000_000), Currency::EUR);
        let destination = to(dice.pick(&["DE", "AT", "FR", "US"]), &dice.between(0, 99_999).to_string());
        let question = ShippingQuestion { items, goods_total, destination, ..cart(0) };
        all.push(Asked::extreme(format!("a cart by dice, {number}"), question));
    }
    all
}

fn weighing(weight_g: i64) -> ShippingQuestion {
    ShippingQuestion { items: vec![item(1, 1_000, weight_g), item(2, 2_000, weight_g)], ..cart(0) }
}

fn money(minor: i64, currency: Currency) -> Money {
    Money::new(minor, currency)
}
