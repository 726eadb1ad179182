use super::{GERMANY, TEXAS, amounts, standard, table, to_austin, to_germany};

#[test]
fn the_tax_in_a_gross_amount_is_what_is_left_of_it_without_the_net_amount() {
    let cart = to_germany().including_tax().line(standard(11_900)).line(standard(1_999));

    let taxed = table(GERMANY).tax(&cart).unwrap();

    // 19.99 is 16.80 without tax.
    assert_eq!(amounts(&taxed), [("VAT", "DE", 1_900), ("VAT", "DE", 319)]);
}

#[test]
fn the_parts_of_several_rates_sum_up_with_the_remainder_on_the_largest() {
    let cart = to_austin().including_tax().line(standard(10_000));

    let taxed = table(TEXAS).tax(&cart).unwrap();

    // 8.25 % of 92.379… is 7.62: 5.772… and 1.847…
    assert_eq!(amounts(&taxed), [("State tax", "US-TX", 578), ("City tax", "US-TX-Austin", 184)]);
}

#[test]
fn returned_gross_amounts_give_back_exactly_what_was_taken() {
    let sold = to_austin().including_tax().line(standard(10_000));
    let returned = to_austin().including_tax().line(standard(-10_000));
    let table = table(TEXAS);

    let taken: Vec<_> = table.tax(&sold).unwrap().iter().map(|tax| tax.amount_minor).collect();
    let given: Vec<_> = table.tax(&returned).unwrap().iter().map(|tax| -tax.amount_minor).collect();

    assert_eq!(given, taken);
}

#[test]
fn the_tax_of_earlier_stages_is_in_the_basis_only_of_a_compound_table() {
    let compound = GERMANY.replace(r#""stage": 300"#, r#""stage": 300, "compound": true"#);
    let cart = to_germany().including_tax().line(standard(11_900).taxed_before(1_190));

    let plain = table(GERMANY).tax(&cart).unwrap();
    let compound = table(&compound).tax(&cart).unwrap();

    assert_eq!(amounts(&plain), [("VAT", "DE", 1_710)]);
    assert_eq!(amounts(&compound), [("VAT", "DE", 1_900)]);
}

#[test]
fn zero_rates_find_nothing_in_a_gross_amount() {
    let config = r#"{ "rates": [
        { "country": "DE", "rate_percent": "0", "name": "VAT" },
        { "country": "DE", "rate_percent": "0", "name": "Levy" }
    ] }"#;
    let cart = to_germany().including_tax().line(standard(11_900));

    assert_eq!(amounts(&table(config).tax(&cart).unwrap()), [("VAT", "DE", 0), ("Levy", "DE", 0)]);
}
