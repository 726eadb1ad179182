use super::{line, rows};
use crate::classify::{ChargeKind, Rejection, RowKind, classify};

fn kinds(lines: &[String]) -> Vec<RowKind> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    classify(&rows(&lines))
}

fn kind(invoice: &str, sku: &str, quantity: i64, price: &str, customer: &str) -> RowKind {
    kinds(&[line(invoice, sku, quantity, price, customer)])[0]
}

#[test]
fn goods_are_sales_on_invoices_and_returns_on_cancellations() {
    assert_eq!(kind("536365", "85123A", 6, "2.55", "17850"), RowKind::Sale);
    assert_eq!(kind("536365", "85123A", 6, "2.55", ""), RowKind::Sale);
    assert_eq!(kind("C536379", "22556", -12, "1.65", "17548"), RowKind::Return);
    assert_eq!(kind("c536379", "22556", -12, "0", "17548"), RowKind::Return);
}

#[test]
fn articles_with_unusual_codes_are_goods() {
    for code in ["SP1002", "DCGSSGIRL", "DCGS0003", "PADS", "pads", "15056bl", "90214Y", "23843"] {
        assert_eq!(kind("536365", code, 1, "0.001", "17850"), RowKind::Sale, "{code}");
    }
}

#[test]
fn charges_are_told_by_their_code_whatever_the_case_and_sign() {
    let expected = [
        ("POST", ChargeKind::Postage),
        ("DOT", ChargeKind::Postage),
        ("C2", ChargeKind::Carriage),
        ("M", ChargeKind::Manual),
        ("m", ChargeKind::Manual),
        ("D", ChargeKind::Discount),
        ("S", ChargeKind::Samples),
        ("BANK CHARGES", ChargeKind::BankCharges),
        ("AMAZONFEE", ChargeKind::MarketplaceFee),
        ("CRUK", ChargeKind::CharityCommission),
        ("gift_0001_20", ChargeKind::GiftVoucher),
        ("ADJUST", ChargeKind::Other),
    ];
    for (code, charge) in expected {
        assert_eq!(kind("536365", code, 1, "18", "17850"), RowKind::Charge(charge), "{code}");
        assert_eq!(kind("C536365", code, -1, "18", ""), RowKind::Charge(charge), "{code}");
        assert_eq!(kind("536365", code, 1, "-18", ""), RowKind::Charge(charge), "{code}");
    }
}

#[test]
fn a_charge_of_nothing_is_rejected() {
    for code in ["DOT", "gift_0001_20"] {
        let rejected = RowKind::Rejected(Rejection::NothingToCharge);
        assert_eq!(kind("556955", code, 10, "0", ""), rejected);
    }
}

#[test]
fn bad_debts_are_told_by_invoice_or_code_with_either_sign() {
    assert_eq!(kind("A563185", "B", 1, "11062.06", ""), RowKind::BadDebt);
    assert_eq!(kind("A563186", "B", 1, "-11062.06", ""), RowKind::BadDebt);
    assert_eq!(kind("563187", "B", 1, "-11062.06", ""), RowKind::BadDebt);
    assert_eq!(kind("A563187", "B", 1, "0", ""), RowKind::Rejected(Rejection::NothingToCharge));
}

#[test]
fn free_goods_of_a_customer_or_beside_priced_rows_are_sold_and_others_are_stock_adjustments() {
    let kinds = kinds(&[
        line("1", "22841", 1, "0", "12647"),
        line("2", "22841", 5568, "0", ""),
        line("3", "22841", -6, "0", ""),
        line("4", "22841", -6, "0", "12647"),
        line("5", "22841", 1, "0", ""),
        line("5", "DOT", 1, "20.5", ""),
        line("5", "22842", -1, "0", ""),
    ]);

    use RowKind::{Charge, Sale, StockAdjustment};
    let expected = [
        Sale,
        StockAdjustment,
        StockAdjustment,
        StockAdjustment,
        Sale,
        Charge(ChargeKind::Postage),
        StockAdjustment,
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn rows_that_contradict_themselves_are_rejected_with_a_reason() {
    let expected = [
        (kind("1", "22841", 0, "1", "12647"), Rejection::ZeroQuantity),
        (kind("1", "22841", 1, "-1", "12647"), Rejection::NegativeGoodsPrice),
        (kind("C1", "22841", 1, "1", "12647"), Rejection::PositiveOnCancellation),
        (kind("1", "22841", -1, "1", "12647"), Rejection::NegativeOnInvoice),
        (kind("X1", "22841", 1, "1", "12647"), Rejection::UnknownInvoiceForm),
        (kind("C", "22841", -1, "1", "12647"), Rejection::UnknownInvoiceForm),
    ];
    for (kind, rejection) in expected {
        assert_eq!(kind, RowKind::Rejected(rejection));
    }
}
