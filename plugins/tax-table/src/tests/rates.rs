use vectis_plugin_api::tax::TaxLine;

use super::{GERMANY, TEXAS, amounts, standard, table, to_austin, to_germany};

#[test]
fn a_rate_is_taken_on_the_net_amount_of_each_line() {
    let cart = to_germany().line(standard(10_000)).line(standard(1_999));

    let taxed = table(GERMANY).tax(&cart).unwrap();

    let found: Vec<_> = taxed.iter().map(|tax| (tax.line, tax.amount_minor, tax.rate_ppm)).collect();
    assert_eq!(found, [(0, 1_900, 190_000), (1, 380, 190_000)]);
    assert_eq!(amounts(&taxed[..1]), [("VAT", "DE", 1_900)]);
}

#[test]
fn tax_is_rounded_half_away_from_zero() {
    let config = r#"{ "rates": [{ "country": "DE", "rate_percent": "10", "name": "VAT" }] }"#;
    let cart =
        [14, 15, 25, -14, -15, -25].into_iter().fold(to_germany(), |cart, minor| cart.line(standard(minor)));

    let taxed = table(config).tax(&cart).unwrap();

    let found: Vec<_> = taxed.iter().map(|tax| tax.amount_minor).collect();
    assert_eq!(found, [1, 2, 3, -1, -2, -3]);
}

#[test]
fn rates_of_region_and_city_add_up() {
    let taxed = table(TEXAS).tax(&to_austin().line(standard(10_000))).unwrap();

    assert_eq!(amounts(&taxed), [("State tax", "US-TX", 625), ("City tax", "US-TX-Austin", 200)]);
}

#[test]
fn a_rate_of_a_category_replaces_the_general_one_of_its_place_only() {
    let cart = to_austin().line(TaxLine::new("food", 10_000, 1_000));

    let taxed = table(TEXAS).tax(&cart).unwrap();

    assert_eq!(amounts(&taxed), [("State tax", "US-TX", 625), ("City tax", "US-TX-Austin", 50)]);
}

#[test]
fn several_rates_of_one_place_add_up_and_a_category_replaces_all_of_them() {
    let config = r#"{ "rates": [
        { "country": "CA", "rate_percent": "5", "name": "GST" },
        { "country": "CA", "rate_percent": "7", "name": "PST" },
        { "country": "CA", "category": "books", "rate_percent": "5", "name": "GST" }
    ] }"#;
    let cart = vectis_plugin_api::testing::TaxCart::new("CAD", 2, "CA");
    let table = table(config);

    let of_standard = table.tax(&cart.clone().line(standard(1_000))).unwrap();
    let of_books = table.tax(&cart.line(TaxLine::new("books", 1_000, 1_000))).unwrap();

    assert_eq!(amounts(&of_standard), [("GST", "CA", 50), ("PST", "CA", 70)]);
    assert_eq!(amounts(&of_books), [("GST", "CA", 50)]);
}

#[test]
fn a_zero_rate_is_stated_with_a_zero_amount() {
    let cart = to_germany().line(TaxLine::new("gold", 10_000, 1_000));

    assert_eq!(amounts(&table(GERMANY).tax(&cart).unwrap()), [("VAT", "DE", 0)]);
}

#[test]
fn exempt_lines_have_no_tax_and_leave_the_others_alone() {
    let cart = to_germany().line(standard(10_000).exempt(true)).line(standard(10_000));

    let taxed = table(GERMANY).tax(&cart).unwrap();

    assert_eq!(taxed.iter().map(|tax| tax.line).collect::<Vec<_>>(), [1]);
}

#[test]
fn lines_of_several_categories_are_taxed_by_their_own_rates() {
    let cart = ["books", "standard", "books"]
        .into_iter()
        .fold(to_germany(), |cart, category| cart.line(TaxLine::new(category, 10_000, 1_000)));

    let taxed = table(GERMANY).tax(&cart).unwrap();

    let found: Vec<_> = taxed.iter().map(|tax| (tax.line, tax.amount_minor, tax.rate_ppm)).collect();
    assert_eq!(found, [(0, 700, 70_000), (1, 1_900, 190_000), (2, 700, 70_000)]);
}

#[test]
fn earlier_tax_is_taxed_only_by_a_compound_table() {
    let compound = GERMANY.replace(r#""stage": 300"#, r#""stage": 300, "compound": true"#);
    let cart = to_germany().line(standard(10_000).taxed_before(1_000));

    assert_eq!(amounts(&table(GERMANY).tax(&cart).unwrap()), [("VAT", "DE", 1_900)]);
    assert_eq!(amounts(&table(&compound).tax(&cart).unwrap()), [("VAT", "DE", 2_090)]);
}

#[test]
fn an_amount_that_cannot_be_taxed_is_an_error_that_names_the_line() {
    let compound = GERMANY.replace(r#""stage": 300"#, r#""compound": true"#);
    let cart = to_germany().line(standard(1)).line(standard(i64::MAX).taxed_before(1));

    let error = table(&compound).tax(&cart).unwrap_err();

    assert_eq!(error.message, "line 1 is too large to be taxed");
}
