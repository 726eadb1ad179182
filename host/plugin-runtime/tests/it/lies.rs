//! Answers: what comes through unharmed, and what is thrown away.

use chrono::DateTime;
use uuid::Uuid;
use vectis_contracts::points::{
    ApprovalStep, Approver, OrderEffect, OrderFacts, OrderStep, PointError, PricedAnswer, TaxAmount, TaxKind,
};
use vectis_contracts::price_candidates::PriceCandidates;
use vectis_kernel::{Currency, Money, UnitPrice};

use crate::libraries::{fault_plugin, template};
use crate::questions::{cart, decision, employee, order, submitted, taxable};
use crate::shop::{Folder, SHOP, Shop, binding, surcharge};

async fn shop() -> Shop {
    Shop::with(&[("fault.so", fault_plugin())]).await
}

/// What the answer was thrown away for.
#[track_caller]
fn lie<A: std::fmt::Debug>(answer: Result<A, PointError>) -> String {
    match answer {
        Err(PointError::InvalidAnswer { what, plugin, .. }) if plugin.ends_with("@1.0.0") => what,
        other => panic!("not an invalid answer: {other:?}"),
    }
}

#[tokio::test]
async fn prices_name_the_candidate_of_their_line() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    folder.bind("vectis.pricing", surcharge(25));
    let mut question = cart("A-1", 3);
    question.lines[1].candidates = 0..0;

    let priced = folder.start().await.pricing().unwrap().price(&question).unwrap();

    let at = |candidate| {
        Some(PricedAnswer {
            unit_price: UnitPrice::from_micros(1_000_025, Currency::EUR),
            candidate: Some(candidate),
        })
    };
    assert_eq!(priced, [at(0), None, at(2)]);
}

#[tokio::test]
async fn the_whole_question_reaches_the_plugin() {
    let folder = Folder::new(&[("template.so", template())]);
    let config = serde_json::json!({ "percent": 50 });
    folder.channels.bind(binding(SHOP, "vectis.pricing", ("plugin-template", "plugin-template"), config));
    let mut question = cart("A-1", 3);
    question.at = DateTime::from_timestamp(1_000, 0).unwrap();
    // Expired, not reached, and not yet in force: the template takes none of them.
    let mut candidates: Vec<_> = question.candidates.iter().collect();
    candidates[0].valid_to = Some(question.at);
    candidates[1].min_quantity = vectis_kernel::Quantity::from_milli(1_001);
    candidates[2].valid_from = DateTime::from_timestamp(1_001, 0);
    question.candidates = PriceCandidates::of(Currency::EUR, candidates.clone());
    let none = folder.start().await.pricing().unwrap();
    assert_eq!(none.price(&question).unwrap(), [None, None, None]);

    candidates[0].valid_to = DateTime::from_timestamp(1_001, 0);
    candidates[1].min_quantity = question.lines[1].quantity;
    candidates[2].valid_from = Some(question.at);
    question.candidates = PriceCandidates::of(Currency::EUR, candidates);
    let prices: Vec<_> =
        none.price(&question).unwrap().into_iter().map(|answer| answer.unwrap().unit_price.micros).collect();
    assert_eq!(prices, [500_000; 3]);
}

#[tokio::test]
async fn a_question_without_lines_has_an_answer_without_asking() {
    let shop = shop().await;
    let mut taxing = taxable("panic", 100);
    taxing.lines.clear();

    assert_eq!(shop.pricing().unwrap().price(&cart("panic", 0)).unwrap(), []);
    assert_eq!(shop.taxes().unwrap()[0].tax(&taxing).unwrap().amounts, []);
}

#[tokio::test]
async fn wrong_prices_are_thrown_away() {
    let pricing = shop().await.pricing().unwrap();
    let cases = [
        ("negative", "line 0 has the negative unit price -1 millionths"),
        ("huge", "line 0 has the unit price 9223372036854775807 millionths, more than anything costs"),
        ("candidate", "line 0 names candidate 1 of 1"),
        ("status", "line 0 has the unknown status 7"),
    ];
    for (sku, what) in cases {
        assert_eq!(lie(pricing.price(&cart(sku, 2))), what);
    }
    assert_eq!(pricing.price(&cart("A-1", 2)).unwrap().len(), 2);
}

#[tokio::test]
async fn a_plugin_out_of_time_fails_and_may_be_asked_again() {
    let error = shop().await.pricing().unwrap().price(&cart("slow", 1)).unwrap_err();

    assert_eq!(
        error,
        PointError::Failed {
            point: "vectis.pricing",
            plugin: "fault/fault-pricing@1.0.0".to_owned(),
            message: "the time budget of the call is used up".to_owned(),
            retryable: true,
        }
    );
}

#[tokio::test]
async fn taxes_come_through() {
    let tax = shop().await.taxes().unwrap().remove(0);

    let answer = tax.tax(&taxable("standard", -999)).unwrap();

    let kind = TaxKind { name: "VAT".to_owned(), jurisdiction: "DE".to_owned(), rate_ppm: 200_000 };
    assert_eq!(answer.kinds, [kind]);
    let amount = Money::new(-200, Currency::EUR);
    assert_eq!(answer.amounts, [TaxAmount { line: 0, kind: 0, amount }]);
}

#[tokio::test]
async fn wrong_taxes_are_thrown_away() {
    let tax = shop().await.taxes().unwrap().remove(0);
    let cases = [
        ("line", 100, "it taxes line 1 of 1"),
        ("kind", 100, "line 0 has tax kind 1 of 1"),
        ("sign", 100, "line 0 of 100 has the tax -1, of another sign"),
        ("sign", -100, "line 0 of -100 has the tax 1, of another sign"),
        ("too much", 100, "line 0 of 100 has taxes of 1001, more than 1000"),
        ("too much in parts", 100, "line 0 of 100 has taxes of 1100, more than 1000"),
        ("too much", 0, "line 0 of 0 has the tax 1, of another sign"),
        ("unnamed", 100, "a tax kind is named \" \" of \"GB\", not 1 to 200 letters"),
        ("negative rate", 100, "the tax kind VAT has the negative rate -1"),
    ];
    // The first answer leaves a kind behind that the second one names without having it.
    tax.tax(&taxable("kind", 100)).unwrap();
    for (category, minor, what) in cases {
        assert_eq!(lie(tax.tax(&taxable(category, minor))), what);
    }
}

#[tokio::test]
async fn included_taxes_are_never_more_than_the_line() {
    let tax = shop().await.taxes().unwrap().remove(0);
    let mut question = taxable("more than the line", 100);
    assert!(tax.tax(&question).is_ok());

    question.prices_include_tax = true;

    assert_eq!(lie(tax.tax(&question)), "line 0 of 100 has taxes of 101, more than 100");
}

#[tokio::test]
async fn order_steps_come_through() {
    let process = shop().await.order_process().unwrap();

    assert_eq!(
        process.place(&order("Net30")).unwrap(),
        OrderStep::Go {
            state: "Open".to_owned(),
            effects: vec![OrderEffect::ReserveStock, OrderEffect::HoldCredit],
        }
    );
    let facts = OrderFacts { state: "Open".to_owned(), ..order("") };
    assert_eq!(
        process.step(&facts, "Done").unwrap(),
        OrderStep::Go { state: "Done".to_owned(), effects: vec![OrderEffect::ShipStock] }
    );
    assert_eq!(
        process.place(&order("refuse")).unwrap(),
        OrderStep::Refuse { reason: "not today".to_owned() }
    );
    let transition = &process.transitions()[0];
    assert_eq!((transition.name.as_str(), transition.buyer_may), ("finish", true));
    let flags: Vec<_> = process
        .states()
        .iter()
        .map(|state| (state.key.as_str(), state.is_editable, state.is_final))
        .collect();
    assert_eq!(flags, [("Open", true, false), ("Done", false, true)]);
}

#[tokio::test]
async fn wrong_order_steps_are_thrown_away() {
    let process = shop().await.order_process().unwrap();
    let cases = [
        ("nowhere", "it leads to \"Nowhere\", which is none of its states"),
        ("effect", "it asks for \"print_label\", which this server cannot do"),
        ("effect twice", "it asks for reserve_stock twice in one step"),
        ("no reason", "it refuses without a reason"),
    ];
    for (terms, what) in cases {
        assert_eq!(lie(process.place(&order(terms))), what);
    }
    assert_eq!(lie(process.step(&order("nowhere"), "Done")), cases[0].1);
}

#[tokio::test]
async fn approvals_come_through() {
    let approval = shop().await.approval().unwrap();

    let steps = approval.plan(&submitted("buyer")).unwrap();

    let approvers =
        vec![Approver::Employee(employee(9)), Approver::AnyApprover, Approver::Role("manager".to_owned())];
    assert_eq!(steps, [ApprovalStep { name: "over 500".to_owned(), quorum: 1, approvers }]);
    let mut facts = decision("manager");
    assert_eq!(approval.may_decide(&facts).unwrap(), None);
    facts.approved_by.push(facts.decided_by);
    assert_eq!(approval.may_decide(&facts).unwrap().as_deref(), Some("once is enough"));
}

#[tokio::test]
async fn wrong_approvals_are_thrown_away() {
    let approval = shop().await.approval().unwrap();
    let cases = [
        ("no quorum", "the step \"free\" needs no approvals"),
        ("nobody", "the step \"alone\" has nobody to approve it"),
        ("nil employee", "the step \"nil\" names nobody as an employee"),
        ("nameless role", "the step \"role\" names a role without a name"),
        ("unnamed", "a step has no name"),
        ("unreachable", "the step \"both\" needs 2 approvals and names 1 employees"),
        ("many", "it plans 21 steps, at most 20 are taken"),
    ];
    for (role, what) in cases {
        assert_eq!(lie(approval.plan(&submitted(role))), what);
    }
    assert_eq!(lie(approval.may_decide(&decision("no reason"))), "it objects to a decision without a reason");
}

#[tokio::test]
async fn ids_arrive_as_they_are() {
    let mut facts = submitted("buyer");
    facts.employee_id = employee(0x0198_c2a4_7d3e_7c1a_9b5f_0d2e_4f6a_8b1c);

    let steps = shop().await.approval().unwrap().plan(&facts).unwrap();

    assert_eq!(steps[0].approvers[0], Approver::Employee(facts.employee_id));
    assert_eq!(facts.employee_id.0, Uuid::parse_str("0198c2a4-7d3e-7c1a-9b5f-0d2e4f6a8b1c").unwrap());
}
