//! The states of orders, as data from the channel's order process.

use async_graphql::SimpleObject;
use vectis_contracts::points;

use crate::policy::{Access, TypePolicy};

pub(crate) const POLICY: &[TypePolicy] = &[
    ("OrderProcess", &[(Access::Owner, "states transitions")]),
    ("OrderState", &[(Access::Owner, "key name isEditable isFinal isCanceled")]),
    ("OrderTransition", &[(Access::Owner, "name from to buyerMay")]),
];

/// The states and transitions of a channel's orders, from its order process.
#[derive(SimpleObject)]
pub struct OrderProcess {
    /// All states.
    pub states: Vec<OrderState>,
    /// All transitions.
    pub transitions: Vec<OrderTransition>,
}

/// A state an order may be in.
#[derive(SimpleObject)]
pub struct OrderState {
    /// Stored on orders.
    pub key: String,
    /// For people.
    pub name: String,
    /// Whether staff may edit lines.
    pub is_editable: bool,
    /// Whether nothing leads out of it.
    pub is_final: bool,
    /// Whether orders in it do not count as revenue.
    pub is_canceled: bool,
}

/// A way from one state to another.
#[derive(SimpleObject)]
pub struct OrderTransition {
    /// The verb, sent to `orderTransition`.
    pub name: String,
    /// From this state.
    pub from: String,
    /// To this state.
    pub to: String,
    /// Whether buyers may take it.
    pub buyer_may: bool,
}

impl From<(Vec<points::OrderState>, Vec<points::OrderTransition>)> for OrderProcess {
    fn from((states, transitions): (Vec<points::OrderState>, Vec<points::OrderTransition>)) -> Self {
        let state = |state: points::OrderState| OrderState {
            key: state.key,
            name: state.name,
            is_editable: state.is_editable,
            is_final: state.is_final,
            is_canceled: state.is_canceled,
        };
        let transition = |transition: points::OrderTransition| OrderTransition {
            name: transition.name,
            from: transition.from,
            to: transition.to,
            buyer_may: transition.buyer_may,
        };
        Self {
            states: states.into_iter().map(state).collect(),
            transitions: transitions.into_iter().map(transition).collect(),
        }
    }
}
