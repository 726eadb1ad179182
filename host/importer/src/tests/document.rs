use super::{line, plan};
use crate::documents::{Body, NotedGoods, ReturnedLine};
use crate::row::Buyer;

fn bodies(lines: &[String]) -> Vec<(String, Body)> {
    plan(lines).documents.into_iter().map(|document| (document.key, document.body)).collect()
}

fn order(lines: &[usize], charges: &[usize]) -> Body {
    Body::Order { lines: lines.to_vec(), charges: charges.to_vec() }
}

#[test]
fn an_invoice_is_one_order_of_its_goods_and_charges_even_when_its_rows_are_scattered() {
    let documents = bodies(&[
        line("1", "A1", 6, "2.55", "17850"),
        line("2", "A1", 6, "2.55", "17851"),
        line("1", "A1", 2, "2.95", "17850"),
        line("1", "POST", 1, "18", "17850"),
    ]);

    assert_eq!(documents, [("1-order".into(), order(&[0, 2], &[3])), ("2-order".into(), order(&[1], &[]))]);
}

#[test]
fn an_invoice_number_with_two_buyers_makes_two_orders() {
    let plan = plan(&[
        line("1", "A1", 6, "2.55", "17850"),
        line("1", "A1", 6, "2.55", ""),
        line("1", "A1", 6, "2.55", "17850"),
    ]);

    let seen: Vec<_> =
        plan.documents.iter().map(|document| (document.key.as_str(), &document.buyer)).collect();
    assert_eq!(seen, [("1-order", &Buyer::Account("17850".into())), ("1.2-order", &Buyer::WalkIn)]);
}

#[test]
fn charges_without_goods_and_bad_debts_are_notes() {
    let documents = bodies(&[
        line("1", "M", 1, "15", "17850"),
        line("C2", "AMAZONFEE", -1, "13541.33", ""),
        line("A3", "B", 1, "-11062.06", ""),
    ]);

    let note = |row| Body::Note { goods: vec![], charges: vec![row] };
    assert_eq!(
        documents,
        [("1-note".into(), note(0)), ("C2-note".into(), note(1)), ("A3-note".into(), note(2))]
    );
}

#[test]
fn write_offs_beside_sold_goods_are_a_document_of_their_own() {
    let documents = bodies(&[line("1", "A1", 6, "2.55", ""), line("1", "A2", -3, "0", "")]);

    let stock = Body::StockAdjustment { rows: vec![1] };
    assert_eq!(documents, [("1-order".into(), order(&[0], &[])), ("1-stock".into(), stock)]);
}

#[test]
fn a_return_goes_to_the_latest_sale_that_covers_it() {
    let documents = bodies(&[
        line("1", "A1", 6, "2.55", "17850"),
        line("2", "A1", 6, "2.55", "17850"),
        line("3", "A1", 2, "2.55", "17850"),
        line("C4", "a1", -6, "2.55", "17850"),
    ]);

    let lines = vec![ReturnedLine { row: 3, sold: 1, quantity: 6 }];
    assert_eq!(documents[3], ("C4-return-of-2-order".into(), Body::Return { order: 1, lines }));
}

#[test]
fn one_cancellation_splits_over_orders_and_what_is_left_is_noted_with_its_charges() {
    let documents = bodies(&[
        line("1", "A1", 2, "2.55", "17850"),
        line("2", "A1", 3, "2.55", "17850"),
        line("C3", "A1", -6, "2.55", "17850"),
        line("C3", "POST", -1, "18", "17850"),
    ]);

    let returned =
        |order, sold, quantity| Body::Return { order, lines: vec![ReturnedLine { row: 2, sold, quantity }] };
    let note = Body::Note { goods: vec![NotedGoods { row: 2, quantity: 1 }], charges: vec![3] };
    assert_eq!(
        documents[2..],
        [
            ("C3-return-of-1-order".into(), returned(0, 0, 2)),
            ("C3-return-of-2-order".into(), returned(1, 1, 3)),
            ("C3-note".into(), note),
        ]
    );
}

#[test]
fn another_buyer_price_or_article_or_a_later_sale_does_not_match() {
    let documents = bodies(&[
        line("1", "A1", 6, "2.55", "17851"),
        line("2", "A1", 6, "2.95", "17850"),
        line("3", "A2", 6, "2.55", "17850"),
        line("4", "A1", 6, "2.55", ""),
        line("C5", "A1", -1, "2.55", "17850"),
        line("6", "A1", 6, "2.55", "17850"),
    ]);

    let note = Body::Note { goods: vec![NotedGoods { row: 4, quantity: 1 }], charges: vec![] };
    assert_eq!(documents[4], ("C5-note".into(), note));
}

#[test]
fn pieces_come_back_only_once() {
    let documents = bodies(&[
        line("1", "A1", 80_995, "2.08", "16446"),
        line("C2", "A1", -80_995, "2.08", "16446"),
        line("C3", "A1", -1, "2.08", "16446"),
    ]);

    assert!(matches!(documents[1].1, Body::Return { order: 0, .. }));
    assert!(matches!(documents[2].1, Body::Note { .. }));
}

#[test]
fn prices_finer_than_a_penny_are_not_split() {
    let documents = bodies(&[
        line("1", "PADS", 5, "0.001", "17850"),
        line("2", "PADS", 5, "0.001", "17850"),
        line("C3", "PADS", -10, "0.001", "17850"),
        line("C4", "PADS", -5, "0.001", "17850"),
    ]);

    assert!(matches!(&documents[2].1, Body::Note { goods, .. } if goods[0].quantity == 10));
    assert!(matches!(documents[3].1, Body::Return { order: 1, .. }));
}
