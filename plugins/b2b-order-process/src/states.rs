//! The map: states and the transitions between them.

use vectis_plugin_api::order_process::{State, Transition};

pub(crate) const CREATED: &str = "Created";
pub(crate) const PENDING_APPROVAL: &str = "PendingApproval";
pub(crate) const AWAITING_PAYMENT: &str = "AwaitingPayment";
pub(crate) const MANUALLY_VERIFY_PAYMENT: &str = "ManuallyVerifyPayment";
pub(crate) const HELD_FOR_REVIEW: &str = "HeldForReview";
pub(crate) const AWAITING_FULFILLMENT: &str = "AwaitingFulfillment";
pub(crate) const PARTIALLY_FULFILLED: &str = "PartiallyFulfilled";
pub(crate) const FULFILLED: &str = "Fulfilled";
pub(crate) const CANCELLED: &str = "Cancelled";
pub(crate) const REFUNDED: &str = "Refunded";

/// What somebody does to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Submit,
    Approve,
    RequestPayment,
    VerifyPayment,
    ConfirmPayment,
    Hold,
    Release,
    FulfillPartially,
    Fulfill,
    Cancel,
    Refund,
}

impl Verb {
    /// The name of the transition.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Approve => "approve",
            Self::RequestPayment => "request_payment",
            Self::VerifyPayment => "verify_payment",
            Self::ConfirmPayment => "confirm_payment",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::FulfillPartially => "fulfill_partially",
            Self::Fulfill => "fulfill",
            Self::Cancel => "cancel",
            Self::Refund => "refund",
        }
    }
}

/// From, verb, to. A verb leads to one state from any state, and one verb leads from one state to another.
const WAYS: &[(&str, Verb, &str)] = &[
    (CREATED, Verb::Submit, PENDING_APPROVAL),
    (CREATED, Verb::Approve, AWAITING_FULFILLMENT),
    (CREATED, Verb::RequestPayment, AWAITING_PAYMENT),
    (CREATED, Verb::Cancel, CANCELLED),
    (PENDING_APPROVAL, Verb::Approve, AWAITING_FULFILLMENT),
    (PENDING_APPROVAL, Verb::RequestPayment, AWAITING_PAYMENT),
    (PENDING_APPROVAL, Verb::Cancel, CANCELLED),
    (AWAITING_PAYMENT, Verb::ConfirmPayment, AWAITING_FULFILLMENT),
    (AWAITING_PAYMENT, Verb::VerifyPayment, MANUALLY_VERIFY_PAYMENT),
    (AWAITING_PAYMENT, Verb::Hold, HELD_FOR_REVIEW),
    (AWAITING_PAYMENT, Verb::Cancel, CANCELLED),
    (MANUALLY_VERIFY_PAYMENT, Verb::ConfirmPayment, AWAITING_FULFILLMENT),
    (MANUALLY_VERIFY_PAYMENT, Verb::RequestPayment, AWAITING_PAYMENT),
    (MANUALLY_VERIFY_PAYMENT, Verb::Hold, HELD_FOR_REVIEW),
    (MANUALLY_VERIFY_PAYMENT, Verb::Cancel, CANCELLED),
    (HELD_FOR_REVIEW, Verb::Release, AWAITING_FULFILLMENT),
    (HELD_FOR_REVIEW, Verb::RequestPayment, AWAITING_PAYMENT),
    (HELD_FOR_REVIEW, Verb::Cancel, CANCELLED),
    (AWAITING_FULFILLMENT, Verb::FulfillPartially, PARTIALLY_FULFILLED),
    (AWAITING_FULFILLMENT, Verb::Fulfill, FULFILLED),
    (AWAITING_FULFILLMENT, Verb::ConfirmPayment, AWAITING_FULFILLMENT),
    (AWAITING_FULFILLMENT, Verb::RequestPayment, AWAITING_PAYMENT),
    (AWAITING_FULFILLMENT, Verb::Hold, HELD_FOR_REVIEW),
    (AWAITING_FULFILLMENT, Verb::Cancel, CANCELLED),
    (PARTIALLY_FULFILLED, Verb::Fulfill, FULFILLED),
    (PARTIALLY_FULFILLED, Verb::ConfirmPayment, PARTIALLY_FULFILLED),
    (FULFILLED, Verb::ConfirmPayment, FULFILLED),
    (FULFILLED, Verb::Refund, REFUNDED),
];

/// Where a buyer may cancel. Elsewhere somebody is at work on the order.
const BUYERS_CANCEL_IN: &[&str] = &[CREATED, PENDING_APPROVAL, AWAITING_PAYMENT, AWAITING_FULFILLMENT];

/// All states, in the order an order usually meets them.
pub(crate) fn all() -> Vec<State> {
    vec![
        State::new(CREATED, "Created").editable(),
        State::new(PENDING_APPROVAL, "Pending approval").editable(),
        State::new(AWAITING_PAYMENT, "Awaiting payment").editable(),
        State::new(MANUALLY_VERIFY_PAYMENT, "Payment to be verified").editable(),
        State::new(HELD_FOR_REVIEW, "Held for review").editable(),
        State::new(AWAITING_FULFILLMENT, "Awaiting fulfillment").editable(),
        State::new(PARTIALLY_FULFILLED, "Partially fulfilled"),
        State::new(FULFILLED, "Fulfilled"),
        State::new(CANCELLED, "Canceled").last().canceled(),
        State::new(REFUNDED, "Refunded").last().canceled(),
    ]
}

pub(crate) fn transitions(buyers_may_cancel: bool) -> Vec<Transition> {
    WAYS.iter()
        .map(|(from, verb, to)| {
            let transition = Transition::new(verb.name(), *from, *to);
            let is_for_buyers = buyers_may_cancel && *verb == Verb::Cancel && BUYERS_CANCEL_IN.contains(from);
            if is_for_buyers { transition.for_buyers() } else { transition }
        })
        .collect()
}

/// What leads from one state to another.
pub(crate) fn verb(from: &str, to: &str) -> Option<Verb> {
    WAYS.iter().find(|(way_from, _, way_to)| *way_from == from && *way_to == to).map(|(_, verb, _)| *verb)
}
