//! Isolation changes nothing but where the code runs: every plugin Vectis is shipped with gives the same answers apart.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;
use vectis_contracts::plugin_fields::{FieldKind, FieldParent, FieldQuestion, PluginFields as _};
use vectis_contracts::points::{
    ApprovalFacts, Jurisdiction, OrderFacts, PriceCandidate, PriceLevel, PricingLine, PricingQuestion,
    TaxingLine, TaxingQuestion,
};
use vectis_contracts::price_candidates::PriceCandidates;
use vectis_kernel::ids::{PriceListId, VariantId};
use vectis_kernel::{Ctx, Currency, Money, Quantity, UnitPrice};
use vectis_plugin_runtime::RuntimeOptions;

use crate::libraries::{fault_fields, fault_plugin, first_party};
use crate::questions::{cart, decision, order, submitted, taxable};
use crate::shop::{Folder, SHOP, Shop, binding, ctx};

const SIZES: [usize; 3] = [1, 1_000, 10_000];

/// The same shop twice: in process and apart.
async fn both(bindings: &[(&str, &str, Value)]) -> [Shop; 2] {
    [folder(bindings).start().await, folder(bindings).start_apart().await]
}

/// The same with time enough for large answers.
async fn both_unhurried(bindings: &[(&str, &str, Value)]) -> [Shop; 2] {
    let [here, apart] = [folder(bindings), folder(bindings)];
    let unhurried = |options| RuntimeOptions { call_budget: Duration::from_secs(20), ..options };
    let (at_here, at_apart) = (unhurried(here.options()), unhurried(apart.options_apart()));
    let started = (here.start_with(at_here).await, apart.start_with(at_apart).await);
    let (Ok(here), Ok(apart)) = started else { panic!("they do not start") };
    [here, apart]
}

/// With every plugin Vectis is shipped with, and two that lie on request.
fn folder(bindings: &[(&str, &str, Value)]) -> Folder {
    let names = [
        "tiered-pricing",
        "tax-table",
        "approval-rules",
        "b2b-order-process",
        "retail-order-process",
        "product-warranty",
    ];
    let folder = Folder::new(&[("fault.so", fault_plugin()), ("fields.so", fault_fields())]);
    for name in names {
        folder.put(&format!("{name}.so"), &first_party(name));
    }
    for (point, plugin, config) in bindings {
        let (plugin, entry_point) = plugin.split_once('/').unwrap();
        folder.channels.bind(binding(SHOP, point, (plugin, entry_point), config.clone()));
    }
    folder
}

/// Lines with tiers, validity and levels as a large shop has them.
fn pricing(lines: usize) -> PricingQuestion {
    let candidate = |index: usize| PriceCandidate {
        level: [
            PriceLevel::Managed,
            PriceLevel::Location,
            PriceLevel::Account,
            PriceLevel::Group,
            PriceLevel::Default,
        ][index % 5],
        price_list_id: (!index.is_multiple_of(5)).then(|| PriceListId(Uuid::from_u128(index as u128 % 7))),
        priority: i32::try_from(index % 3).unwrap() - 1,
        min_quantity: Quantity::from_milli(i64::try_from(index % 4).unwrap() * 10_000),
        unit_price: UnitPrice::from_micros(12_345 + i64::try_from(index).unwrap() * 17, Currency::EUR),
        converted: index.is_multiple_of(11),
        valid_from: None,
        valid_to: (index.is_multiple_of(13)).then_some(chrono::DateTime::UNIX_EPOCH),
    };
    let line = |index: usize| PricingLine {
        variant_id: VariantId(Uuid::from_u128(index as u128)),
        sku: format!("ÄÖ-{index:05}"),
        quantity: Quantity::from_milli(i64::try_from(index % 50).unwrap() * 1_000 + 1),
        candidates: index * 4..index * 4 + index % 5,
    };
    PricingQuestion {
        lines: (0..lines).map(line).collect(),
        candidates: PriceCandidates::of(Currency::EUR, (0..lines * 4 + 4).map(candidate)),
        ..cart("", 0)
    }
}

fn taxing(lines: usize) -> TaxingQuestion {
    let line = |index: usize| TaxingLine {
        amount: Money::new(i64::try_from(index).unwrap() * 97 - 40_000, Currency::EUR),
        quantity: Quantity::from_milli(i64::try_from(index % 9).unwrap() * 1_000 + 1_000),
        category: ["standard", "books", "spirits", ""][index % 4].to_owned(),
        is_exempt: index.is_multiple_of(17),
    };
    TaxingQuestion {
        destination: Jurisdiction {
            country: "DE".to_owned(),
            region: "BY".to_owned(),
            city: "München".to_owned(),
            postal_code: "80331".to_owned(),
        },
        lines: (0..lines).map(line).collect(),
        taxed_before: (0..lines)
            .map(|index| Money::new(i64::try_from(index % 3).unwrap(), Currency::EUR))
            .collect(),
        ..taxable("", 0)
    }
}

#[tokio::test]
async fn prices_are_the_same() {
    for (plugin, config) in
        [("tiered-pricing/tiered", json!({})), ("fault/fault-pricing", json!({ "surcharge_micros": 3 }))]
    {
        let [here, apart] = both(&[("vectis.pricing", plugin, config)]).await;
        for lines in SIZES {
            let question = pricing(lines);
            let answer = here.pricing().unwrap().price(&question).unwrap();
            assert_eq!(answer.len(), lines);
            assert!(lines == 1 || answer.iter().any(Option::is_some));
            assert_eq!(apart.pricing().unwrap().price(&question).unwrap(), answer, "{plugin}, {lines} lines");
        }
    }
}

#[tokio::test]
async fn taxes_are_the_same() {
    let vat = json!({ "stage": 300, "rates": [
        { "country": "DE", "name": "VAT", "rate_percent": "19" },
        { "country": "DE", "category": "books", "name": "VAT", "rate_percent": "7" },
    ] });
    for (plugin, config) in [("tax-table/table", vat), ("fault/fault-tax", json!({ "stage": 7 }))] {
        let [here, apart] = both(&[("vectis.tax", plugin, config)]).await;
        let (here, apart) = (here.taxes().unwrap().remove(0), apart.taxes().unwrap().remove(0));
        assert_eq!(apart.stage(), here.stage());
        for lines in SIZES {
            let answer = here.tax(&taxing(lines)).unwrap();
            assert!(lines == 1 || !answer.amounts.is_empty());
            assert_eq!(apart.tax(&taxing(lines)).unwrap(), answer, "{plugin}, {lines} lines");
        }
    }
}

#[tokio::test]
async fn order_processes_are_the_same() {
    let plugins = ["b2b-order-process/b2b", "retail-order-process/retail", "fault/fault-process"];
    for plugin in plugins {
        let [here, apart] = both(&[("vectis.order_process", plugin, json!({}))]).await;
        let (here, apart) = (here.order_process().unwrap(), apart.order_process().unwrap());
        assert_eq!((apart.states(), apart.transitions()), (here.states(), here.transitions()));
        for terms in ["", "Net30", "prepaid", "refuse"] {
            assert_eq!(apart.place(&order(terms)), here.place(&order(terms)), "{plugin}, {terms}");
        }
        for transition in here.transitions() {
            let facts = OrderFacts { state: transition.from.clone(), has_shipments: true, ..order("Net30") };
            assert_eq!(
                apart.step(&facts, &transition.to),
                here.step(&facts, &transition.to),
                "{plugin}, {transition:?}"
            );
        }
    }
}

#[tokio::test]
async fn approvals_are_the_same() {
    let rules = json!({ "rules": [{
        "name": "large orders",
        "when": { "min_total": { "amount": "5.00", "currency": "EUR" } },
        "steps": [{ "name": "over 5 EUR", "quorum": 1, "approvers": ["any"] }],
    }] });
    for (plugin, config) in [("approval-rules/rules", rules), ("fault/fault-approval", json!({}))] {
        let [here, apart] = both(&[("vectis.approval", plugin, config)]).await;
        let (here, apart) = (here.approval().unwrap(), apart.approval().unwrap());
        for role in ["buyer", "manager", "nobody", "many"] {
            for order_limit in [None, Some(Money::new(1, Currency::EUR))] {
                let facts = ApprovalFacts { order_limit, ..submitted(role) };
                assert_eq!(apart.plan(&facts), here.plan(&facts), "{plugin}, {role}");
            }
            assert_eq!(
                apart.may_decide(&decision(role)),
                here.may_decide(&decision(role)),
                "{plugin}, {role}"
            );
        }
    }
}

/// Asked of so many products.
fn asking(plugin: &str, field: &str, products: usize, arguments: Value) -> FieldQuestion {
    let parent = |index: usize| {
        let (category, sku) = (["tools", "Bücher", "", "🦀"][index % 4], format!("ÄÖ-{index:05}"));
        let facts = json!({ "taxCategory": category, "sku": sku });
        FieldParent { id: Uuid::from_u128(index as u128), facts: serde_json::from_value(facts).unwrap() }
    };
    FieldQuestion {
        plugin: plugin.to_owned(),
        kind: FieldKind::Field,
        field: field.to_owned(),
        parents: (0..products).map(parent).collect(),
        arguments: serde_json::from_value(arguments).unwrap(),
    }
}

#[tokio::test]
async fn added_fields_are_the_same() {
    let terms =
        json!({ "categories": { "tools": { "months": 24, "scope": "PARTS", "conditions": "Ünïcode" } } });
    let [here, apart] = both_unhurried(&[("vectis.fields", "product-warranty/warranty", terms)]).await;
    let in_shop = Ctx { channel_id: Some(SHOP), ..ctx() };
    for (plugin, field) in [
        ("product-warranty", "Product.warrantyMonths"),
        ("product-warranty", "Product.warranty"),
        ("fault-fields", "ProductVariant.faultSku"),
    ] {
        for products in SIZES {
            let question = asking(plugin, field, products, json!({}));
            let answers = here.runtime.ask(&in_shop, question.clone()).await.unwrap();
            assert_eq!(answers.len(), products);
            assert!(answers.iter().any(|answer| !answer.is_null()));
            assert_eq!(
                apart.runtime.ask(&in_shop, question).await.unwrap(),
                answers,
                "{field} of {products}"
            );
        }
    }
    for fault in ["error", "panic", "too few"] {
        let question = asking("fault-fields", "Product.faultNumber", 2, json!({ "fault": fault }));
        let failed = here.runtime.ask(&in_shop, question.clone()).await.unwrap_err();
        assert_eq!(apart.runtime.ask(&in_shop, question).await.unwrap_err(), failed, "{fault}");
    }
}

/// Errors and refusals read the same, and wrong answers are thrown away for the same reason.
#[tokio::test]
async fn failures_are_the_same() {
    let [here, apart] = both(&[("vectis.pricing", "fault/fault-pricing", json!({}))]).await;
    let (here, apart) = (here.pricing().unwrap(), apart.pricing().unwrap());
    for sku in ["panic", "error", "slow", "negative", "huge", "candidate", "status"] {
        assert_eq!(apart.price(&cart(sku, 2)), here.price(&cart(sku, 2)), "{sku}");
    }
}
