use super::rows;
use crate::classify::classify;
use crate::countries;
use crate::mine::{accounts, articles};

fn names(lines: &[&str]) -> Vec<(String, String)> {
    let rows = rows(lines);
    let articles = articles(&rows, &classify(&rows));
    articles.into_iter().map(|article| (article.sku.to_string(), article.name)).collect()
}

fn pair(sku: &str, name: &str) -> (String, String) {
    (sku.to_owned(), name.to_owned())
}

#[test]
fn the_most_frequent_capital_description_names_an_article_and_case_variants_are_one() {
    let found = names(&[
        "1,85123a,wrong barcode,1,2011-01-01T00:00,1,1,UK",
        "2,85123A,wrong barcode,1,2011-01-01T00:00,1,1,UK",
        "3,85123A,wrong barcode,1,2011-01-01T00:00,1,1,UK",
        "4,85123A,HEART  HOLDER ,1,2011-01-01T00:00,1,1,UK",
        "5,85123A,HEART HOLDER,1,2011-01-01T00:00,1,1,UK",
        "6,85123A,CREAM HEART,1,2011-01-01T00:00,1,1,UK",
    ]);

    assert_eq!(found, [pair("85123A", "HEART HOLDER")]);
}

#[test]
fn mixed_case_is_taken_when_there_is_nothing_better_and_the_code_when_there_is_nothing() {
    let found = names(&[
        "1,21595,Dad's Cab Electronic Meter,1,2011-01-01T00:00,1,1,UK",
        "2,46000M,,1,2011-01-01T00:00,1,1,UK",
        "3,84546,DAMAGED,-5,2011-01-01T00:00,0,,UK",
    ]);

    assert_eq!(
        found,
        [pair("21595", "Dad's Cab Electronic Meter"), pair("46000M", "46000M"), pair("84546", "84546")]
    );
}

#[test]
fn charges_debts_and_rejected_rows_make_no_article() {
    let found = names(&[
        "1,POST,POSTAGE,1,2011-01-01T00:00,18,1,UK",
        "A2,B,Adjust bad debt,1,2011-01-01T00:00,-5,,UK",
        "3,22841,TIN,0,2011-01-01T00:00,1,1,UK",
    ]);

    assert_eq!(found, []);
}

#[test]
fn an_account_has_the_country_most_of_its_rows_name() {
    let rows = rows(&[
        "1,A1,X,1,2011-01-01T00:00,1,12431,Australia",
        "2,A1,X,1,2011-01-01T00:00,1,12431,Belgium",
        "3,A1,X,1,2011-01-01T00:00,1,12431,Belgium",
        "4,A1,X,1,2011-01-01T00:00,1,12363,Unspecified",
        "5,A1,X,1,2011-01-01T00:00,1,,France",
    ]);

    let accounts = accounts(&rows);

    let seen: Vec<_> =
        accounts.iter().map(|account| (account.number.as_str(), account.country_code)).collect();
    assert_eq!(seen, [("12363", "GB"), ("12431", "BE")]);
    assert_eq!(accounts[1].buyer_email(), "buyer-12431@customers.example");
    assert_eq!(accounts[1].approver_email(), "approver-12431@customers.example");
}

#[test]
fn country_names_of_tills_become_iso_codes() {
    let known =
        [("EIRE", "IE"), ("RSA", "ZA"), ("USA", "US"), ("Channel Islands", "JE"), ("Czech Republic", "CZ")];
    for (name, code) in known {
        assert_eq!(countries::code(name), Some(code), "{name}");
    }
    for name in ["Unspecified", "European Community", ""] {
        assert_eq!(countries::code(name), None, "{name}");
    }
}
