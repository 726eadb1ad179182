use super::{line, plan};
use crate::plan::Plan;
use crate::prices::PriceSource;

fn sources(plan: &Plan) -> Vec<PriceSource> {
    plan.rows.iter().map(|row| plan.prices.source(row)).collect()
}

#[test]
fn lines_are_explained_by_base_price_tier_retail_list_or_override() {
    let mut lines: Vec<String> = (0..5).map(|_| line("1", "A1", 6, "2.95", "17850")).collect();
    lines.extend((0..4).map(|_| line("2", "A1", 32, "2.55", "17851")));
    lines.extend((0..2).map(|_| line("3", "A1", 1, "5.79", "")));
    lines.push(line("4", "A1", 1, "1.00", "17852"));
    lines.push(line("5", "A1", 1, "1.00", ""));
    lines.push(line("6", "A1", 1, "0", "17850"));
    let plan = plan(&lines);

    use PriceSource::{Override, Retail, WholesaleBase, WholesaleTier};
    let mut expected = vec![WholesaleBase; 5];
    expected.extend([WholesaleTier, WholesaleTier, WholesaleTier, WholesaleTier, Retail, Retail]);
    expected.extend([Override, Override, Override]);
    assert_eq!(sources(&plan), expected);
}

fn with_negotiated(lines: &[String]) -> Option<String> {
    let mut all: Vec<String> = (0..10).map(|_| line("1", "A1", 6, "2.95", "17850")).collect();
    all.extend_from_slice(lines);
    let plan = plan(&all);
    let prices = plan.prices.negotiated.get("17851")?;
    assert_eq!(plan.prices.negotiated.len(), 1);
    Some(prices.values().map(|price| price.to_decimal().to_string()).collect())
}

#[test]
fn a_price_of_its_own_on_two_invoices_is_negotiated() {
    let found = with_negotiated(&[line("2", "A1", 6, "2.10", "17851"), line("3", "A1", 12, "2.1", "17851")]);

    assert_eq!(found.as_deref(), Some("2.1"));
}

#[test]
fn one_invoice_or_no_majority_or_the_list_price_is_not_negotiated() {
    let same_invoice = [line("2", "A1", 6, "2.10", "17851"), line("2", "A1", 12, "2.10", "17851")];
    let no_majority = [
        line("2", "A1", 6, "2.10", "17851"),
        line("3", "A1", 6, "2.10", "17851"),
        line("4", "A1", 6, "1.90", "17851"),
        line("5", "A1", 6, "1.80", "17851"),
    ];
    let at_list = [line("2", "A1", 6, "2.95", "17851"), line("3", "A1", 6, "2.95", "17851")];

    assert_eq!(with_negotiated(&same_invoice), None);
    assert_eq!(with_negotiated(&no_majority), None);
    assert_eq!(with_negotiated(&at_list), None);
}

#[test]
fn everything_sold_has_a_price_in_both_channels() {
    let plan = plan(&[
        line("1", "A1", 6, "2.95", "17850"),
        line("2", "A2", 6, "5.79", ""),
        line("3", "A3", 6, "0", "17850"),
        line("4", "A4", -6, "0", ""),
    ]);

    let wholesale: Vec<_> = plan.prices.wholesale.values().map(|tiers| tiers[0].unit_price.micros).collect();
    let retail: Vec<_> = plan.prices.retail.values().map(|price| price.micros).collect();
    assert_eq!(wholesale, [2_950_000, 5_790_000, 0]);
    assert_eq!(retail, wholesale);
}

#[test]
fn returns_and_charges_do_not_make_prices() {
    let plan = plan(&[line("C1", "A1", -6, "2.95", "17850"), line("2", "POST", 1, "18", "17850")]);

    assert!(plan.prices.wholesale.is_empty() && plan.prices.retail.is_empty());
}
