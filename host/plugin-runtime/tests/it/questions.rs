//! Questions as modules ask them. What the fault plugin does wrong stands in the first line, the payment terms or the role.

use chrono::DateTime;
use uuid::Uuid;
use vectis_contracts::points::{
    ApprovalFacts, ApprovalStep, Approver, DecisionFacts, Jurisdiction, OrderFacts, PriceCandidate,
    PriceLevel, PricingLine, PricingQuestion, TaxingLine, TaxingQuestion,
};
use vectis_contracts::price_candidates::PriceCandidates;
use vectis_kernel::ids::{AccountId, EmployeeId, LocationId, PriceListId, VariantId};
use vectis_kernel::{Currency, Money, Quantity, UnitPrice};

use crate::shop::SHOP;

/// Lines of one piece at 1 EUR each, with one candidate of their own.
pub(crate) fn cart(sku: &str, lines: usize) -> PricingQuestion {
    let one = Quantity::from_milli(1_000);
    let candidate = PriceCandidate {
        level: PriceLevel::Account,
        price_list_id: Some(PriceListId(Uuid::from_u128(7))),
        priority: 3,
        min_quantity: one,
        unit_price: UnitPrice::from_micros(1_000_000, Currency::EUR),
        converted: false,
        valid_from: None,
        valid_to: None,
    };
    let line = |index: usize| PricingLine {
        variant_id: VariantId(Uuid::from_u128(index as u128)),
        sku: sku.to_owned(),
        quantity: one,
        candidates: index..index + 1,
    };
    PricingQuestion {
        channel_id: SHOP,
        account_id: Some(AccountId(Uuid::from_u128(5))),
        location_id: None,
        currency: Currency::EUR,
        at: DateTime::UNIX_EPOCH,
        lines: (0..lines).map(line).collect(),
        candidates: PriceCandidates::of(Currency::EUR, vec![candidate; lines]),
    }
}

/// One line of `minor` cents.
pub(crate) fn taxable(category: &str, minor: i64) -> TaxingQuestion {
    let line = TaxingLine {
        amount: Money::new(minor, Currency::EUR),
        quantity: Quantity::from_milli(1_000),
        category: category.to_owned(),
        is_exempt: false,
    };
    TaxingQuestion {
        channel_id: SHOP,
        currency: Currency::EUR,
        prices_include_tax: false,
        destination: Jurisdiction { country: "DE".to_owned(), ..Jurisdiction::default() },
        at: DateTime::UNIX_EPOCH,
        lines: vec![line],
        taxed_before: vec![Money::zero(Currency::EUR)],
    }
}

pub(crate) fn order(payment_terms: &str) -> OrderFacts {
    OrderFacts {
        state: String::new(),
        grand_total: Money::new(1_000, Currency::EUR),
        paid: Money::zero(Currency::EUR),
        payment_terms: payment_terms.to_owned(),
        line_count: 1,
        is_company: true,
        was_approved: false,
        has_shipments: false,
        is_fully_shipped: false,
    }
}

pub(crate) fn submitted(role: &str) -> ApprovalFacts {
    ApprovalFacts {
        account_id: AccountId(Uuid::from_u128(5)),
        location_id: LocationId(Uuid::from_u128(6)),
        employee_id: employee(9),
        employee_role: role.to_owned(),
        grand_total: Money::new(1_000, Currency::EUR),
        line_count: 1,
        categories: vec!["books".to_owned()],
        order_limit: Some(Money::new(500, Currency::EUR)),
    }
}

pub(crate) fn decision(role: &str) -> DecisionFacts {
    DecisionFacts {
        submitted_by: employee(9),
        decided_by: employee(8),
        decider_role: role.to_owned(),
        approved_by: Vec::new(),
        step: ApprovalStep { name: "large".to_owned(), quorum: 1, approvers: vec![Approver::AnyApprover] },
        grand_total: Money::new(1_000, Currency::EUR),
    }
}

pub(crate) fn employee(number: u128) -> EmployeeId {
    EmployeeId(Uuid::from_u128(number))
}
