use std::collections::HashMap;

use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};

use super::{line, plan};
use crate::classify::RowKind;
use crate::documents::Body;
use crate::plan::Plan;
use crate::reconcile::rows_of;

/// Few buyers, articles and prices, so that much matches.
fn invoices() -> impl Strategy<Value = Vec<String>> {
    let row = (0_u32..3, 0_u32..3, 0_usize..4, 1_i64..9, 0_u8..5, 0_u32..4);
    let line_of =
        |(index, (buyer, sku, price, quantity, form, fresh)): (usize, (u32, u32, usize, i64, u8, u32))| {
            let price = ["2.55", "2.95", "0.001", "0"][price];
            let customer = ["17850", "17851", ""][buyer as usize];
            let (prefix, quantity) = if form < 2 { ("C", -quantity) } else { ("", quantity) };
            let number = index as u32 / 3 + fresh;
            line(&format!("{prefix}{number}"), &format!("A{sku}"), quantity, price, customer)
        };
    proptest::collection::vec(row, 1..60)
        .prop_map(move |rows| rows.into_iter().enumerate().map(line_of).collect())
}

/// Pieces per row, in all documents.
fn pieces_sent(plan: &Plan) -> HashMap<usize, i64> {
    let mut sent: HashMap<usize, i64> = HashMap::new();
    for document in &plan.documents {
        match &document.body {
            Body::Return { lines, .. } => {
                lines.iter().for_each(|part| *sent.entry(part.row).or_default() -= part.quantity)
            }
            Body::Note { goods, .. } => {
                goods.iter().for_each(|part| *sent.entry(part.row).or_default() -= part.quantity)
            }
            body => rows_of(body)
                .into_iter()
                .for_each(|row| *sent.entry(row).or_default() += plan.rows[row].quantity),
        }
    }
    sent
}

proptest! {
    #[test]
    fn every_row_is_sent_with_exactly_its_pieces_unless_rejected(lines in invoices()) {
        let plan = plan(&lines);

        let sent = pieces_sent(&plan);

        for (index, kind) in plan.kinds.iter().enumerate() {
            let expected = if matches!(kind, RowKind::Rejected(_)) { None } else { Some(plan.rows[index].quantity) };
            prop_assert_eq!(sent.get(&index).copied(), expected);
        }
    }

    #[test]
    fn no_sold_row_gets_back_more_than_it_sold_and_only_from_its_own_buyer_article_and_price(lines in invoices()) {
        let plan = plan(&lines);

        let mut back: HashMap<usize, i64> = HashMap::new();
        for (position, document) in plan.documents.iter().enumerate() {
            let Body::Return { order, lines } = &document.body else { continue };
            prop_assert!(*order < position);
            let sold_there = rows_of(&plan.documents[*order].body);
            for part in lines {
                let (returned, sold) = (&plan.rows[part.row], &plan.rows[part.sold]);
                prop_assert!(part.quantity > 0 && sold_there.contains(&part.sold));
                prop_assert_eq!((&returned.buyer, &returned.sku, returned.unit_price), (&sold.buyer, &sold.sku, sold.unit_price));
                *back.entry(part.sold).or_default() += part.quantity;
            }
        }
        prop_assert!(back.iter().all(|(sold, pieces)| *pieces <= plan.rows[*sold].quantity));
    }

    #[test]
    fn parts_of_a_row_are_worth_the_row(lines in invoices()) {
        let plan = plan(&lines);

        let mut values: HashMap<usize, i64> = HashMap::new();
        for document in &plan.documents {
            let parts: Vec<(usize, i64)> = match &document.body {
                Body::Return { lines, .. } => lines.iter().map(|part| (part.row, part.quantity)).collect(),
                Body::Note { goods, .. } => goods.iter().map(|part| (part.row, part.quantity)).collect(),
                Body::Order { .. } | Body::StockAdjustment { .. } => Vec::new(),
            };
            for (row, quantity) in parts {
                *values.entry(row).or_default() += plan.rows[row].value_of(-quantity).unwrap().minor;
            }
        }
        prop_assert!(values.iter().all(|(row, value)| *value == plan.rows[*row].value.minor));
    }

    #[test]
    fn document_keys_are_unique_and_the_same_on_every_run(lines in invoices()) {
        let keys: Vec<String> = plan(&lines).documents.into_iter().map(|document| document.key).collect();
        let again: Vec<String> = plan(&lines).documents.into_iter().map(|document| document.key).collect();

        prop_assert_eq!(&keys, &again);
        let distinct: std::collections::HashSet<&String> = keys.iter().collect();
        prop_assert_eq!(distinct.len(), keys.len());
    }
}
