use vectis_contracts::accounts::{AccountCode, PostalAddress};
use vectis_kernel::{Currency, Money};

use crate::model::Refusals;
use crate::tests::shop::postal;

fn fields(check: impl FnOnce(&mut Refusals)) -> Vec<String> {
    let mut refusals = Refusals::default();
    check(&mut refusals);
    let refusals = refusals.into_inner();
    assert!(refusals.iter().all(|refusal| refusal.code == AccountCode::InvalidInput));
    refusals.into_iter().map(|refusal| refusal.field.join(".")).collect()
}

#[test]
fn payment_terms_are_net_days_or_nothing() {
    for terms in ["", "Net0", "Net7", "Net30", "Net365"] {
        assert!(fields(|refusals| drop(refusals.payment_terms("terms", terms))).is_empty(), "{terms:?}");
    }
    for terms in ["Net", "Net366", "Net0030", "net30", "Net 30", "Net-1", "Net+1", "30", "Net3O", "Net30\n"] {
        assert_eq!(fields(|refusals| drop(refusals.payment_terms("terms", terms))), ["terms"], "{terms:?}");
    }
}

#[test]
fn texts_are_trimmed_counted_in_characters_and_free_of_control_characters() {
    let mut refusals = Refusals::default();
    assert_eq!(refusals.text("name", "  Müller & Söhne\u{a0}", 1..=14), "Müller & Söhne");
    assert!(refusals.into_inner().is_empty());
    for text in ["", " \t ", "a\0b", "a\nb", "a\u{1b}[31mb", "xxxxxxxxxxxxxxx"] {
        assert_eq!(fields(|refusals| drop(refusals.text("name", text, 1..=14))), ["name"], "{text:?}");
    }
}

#[test]
fn every_bad_line_of_an_address_is_named() {
    let bad = PostalAddress {
        name: "x".repeat(201),
        street: "x".repeat(401),
        city: "Lon\ndon".to_owned(),
        region: "x".repeat(201),
        postal_code: "x".repeat(33),
        country: "gb".to_owned(),
    };
    let expected =
        ["a.country", "a.name", "a.street", "a.city", "a.region", "a.postalCode"].map(str::to_owned);
    assert_eq!(fields(|refusals| drop(refusals.postal("a", &bad))), expected);
    assert!(fields(|refusals| drop(refusals.postal("a", &postal()))).is_empty());
    for country in ["", "GBR", "ZZ", "UK", "G\0"] {
        let postal = PostalAddress { country: country.to_owned(), ..postal() };
        assert_eq!(fields(|refusals| drop(refusals.postal("", &postal))), ["country"], "{country:?}");
    }
}

#[test]
fn a_limit_is_not_negative() {
    assert!(fields(|refusals| refusals.limit("limit", Money::new(0, Currency::EUR))).is_empty());
    assert_eq!(fields(|refusals| refusals.limit("limit", Money::new(-1, Currency::EUR))), ["limit"]);
}
