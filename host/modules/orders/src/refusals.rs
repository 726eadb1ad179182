//! What a sibling's refusal means here.

use vectis_contracts::accounts::CreditCode;
use vectis_contracts::approvals::ApprovalCode;
use vectis_contracts::carts::CartCode;
use vectis_contracts::inventory::ReserveCode;
use vectis_contracts::orders::{DecideCode, OrderCode, PlaceCode};
use vectis_contracts::points::PointError;
use vectis_contracts::priced_cart::PricingCode;
use vectis_contracts::tax::AssessCode;
use vectis_kernel::{Failure, Refusal, RefusalCode};

vectis_kernel::refusal_codes! {
    /// Why an effect of the order process could not be had.
    EffectCode {
        /// Not enough stock.
        InsufficientStock = "INSUFFICIENT_STOCK": Refused,
        /// Not enough credit, or none at all.
        InsufficientCredit = "INSUFFICIENT_CREDIT": Refused,
    }
}

/// A sibling's failure in the caller's codes: the refusals `known` has a word for; others are a bug between modules.
pub(crate) fn translated<C: RefusalCode, D>(
    failure: Failure<C>,
    known: impl Fn(C) -> Option<D>,
) -> Failure<D> {
    let refusals = match failure {
        Failure::Internal(error) => return Failure::Internal(error),
        Failure::Refused(refusals) => refusals,
    };
    let mut ours = Vec::with_capacity(refusals.len());
    for refusal in refusals {
        let Some(code) = known(refusal.code) else {
            let code = refusal.code.code();
            return Failure::internal(format!("unexpected refusal {code}: {}", refusal.message));
        };
        ours.push(Refusal { code, field: refusal.field, message: refusal.message });
    }
    Failure::Refused(ours)
}

/// A failure that can be no refusal of ours.
pub(crate) fn unexpected<C: RefusalCode, D>(failure: Failure<C>) -> Failure<D> {
    translated(failure, |_| None)
}

/// A strategy that gave no answer.
pub(crate) fn strategy_failed<C>(code: C) -> impl FnOnce(PointError) -> Failure<C> {
    |error| Failure::refused(code, error.to_string())
}

/// The cart moved on while it was being placed or submitted.
pub(crate) fn cart_to_place(failure: Failure<CartCode>) -> Failure<PlaceCode> {
    translated(failure, |code| match code {
        CartCode::StaleVersion => Some(PlaceCode::StaleVersion),
        CartCode::CartNotOpen => Some(PlaceCode::CartNotOpen),
        CartCode::CartNotFound => Some(PlaceCode::CartNotFound),
        _ => None,
    })
}

/// The cart moved on while its approval was being decided.
pub(crate) fn cart_to_decide(failure: Failure<CartCode>) -> Failure<DecideCode> {
    translated(failure, |code| match code {
        CartCode::StaleVersion | CartCode::CartNotOpen | CartCode::CartNotFound => {
            Some(DecideCode::CartChanged)
        }
        _ => None,
    })
}

pub(crate) fn pricing_to_place(code: PricingCode) -> PlaceCode {
    match code {
        PricingCode::StrategyFailed => PlaceCode::StrategyFailed,
        PricingCode::UnknownCurrency => PlaceCode::ChannelUnavailable,
        PricingCode::OutOfRange => PlaceCode::OutOfRange,
    }
}

pub(crate) fn approval_to_decide(failure: Failure<ApprovalCode>) -> Failure<DecideCode> {
    failure.map_code(|code| match code {
        ApprovalCode::Forbidden => DecideCode::Forbidden,
        ApprovalCode::RequestNotFound => DecideCode::RequestNotFound,
        ApprovalCode::NotPending => DecideCode::NotPending,
        ApprovalCode::AlreadyDecided => DecideCode::AlreadyDecided,
        ApprovalCode::StaleVersion => DecideCode::StaleVersion,
        ApprovalCode::InvalidInput => DecideCode::InvalidInput,
    })
}

pub(crate) fn stock_to_effect(code: ReserveCode) -> EffectCode {
    match code {
        ReserveCode::InsufficientStock => EffectCode::InsufficientStock,
    }
}

pub(crate) fn credit_to_effect(code: CreditCode) -> EffectCode {
    match code {
        CreditCode::NoCredit | CreditCode::InsufficientCredit => EffectCode::InsufficientCredit,
    }
}

pub(crate) fn effect_to_place(code: EffectCode) -> PlaceCode {
    match code {
        EffectCode::InsufficientStock => PlaceCode::InsufficientStock,
        EffectCode::InsufficientCredit => PlaceCode::InsufficientCredit,
    }
}

pub(crate) fn effect_to_order(code: EffectCode) -> OrderCode {
    match code {
        EffectCode::InsufficientStock => OrderCode::InsufficientStock,
        EffectCode::InsufficientCredit => OrderCode::InsufficientCredit,
    }
}

pub(crate) fn assess_to_order(code: AssessCode) -> OrderCode {
    match code {
        AssessCode::StrategyFailed => OrderCode::StrategyFailed,
        AssessCode::OutOfRange => OrderCode::InvalidAmount,
    }
}
