//! An order process and an approval strategy the test writes itself.

use std::collections::HashMap;
use std::sync::Arc;

use vectis_contracts::points::{
    ApprovalFacts, ApprovalPoint, ApprovalStep, DecisionFacts, OrderEffect, OrderFacts, OrderProcessPoint,
    OrderState, OrderStep, OrderTransition, PointError, PricingPoint, Strategies, TaxPoint,
};
use vectis_kernel::Ctx;
use vectis_kernel::ids::ChannelId;

use super::{Fakes, never};

fn missing(point: &'static str) -> PointError {
    PointError::Missing { point, channel: "shop".to_owned() }
}

impl Strategies for Fakes {
    fn pricing(&self, _ctx: &Ctx, _channel_id: ChannelId) -> Result<Arc<dyn PricingPoint>, PointError> {
        never()
    }

    fn tax(&self, _ctx: &Ctx, _channel_id: ChannelId) -> Result<Vec<Arc<dyn TaxPoint>>, PointError> {
        never()
    }

    fn order_process(
        &self,
        _ctx: &Ctx,
        _channel_id: ChannelId,
    ) -> Result<Arc<dyn OrderProcessPoint>, PointError> {
        match &self.state().process {
            Some(process) => Ok(process.clone()),
            None => Err(missing("vectis.order_process")),
        }
    }

    fn approval(&self, _ctx: &Ctx, _channel_id: ChannelId) -> Result<Arc<dyn ApprovalPoint>, PointError> {
        match &self.state().approval {
            Some(approval) => Ok(Arc::new(approval.clone())),
            None => Err(missing("vectis.approval")),
        }
    }
}

/// Always plans the same steps, and objects to the submitter and to whoever it is told to.
#[derive(Clone, Default)]
pub(crate) struct FakeApproval {
    pub(crate) steps: Vec<ApprovalStep>,
    pub(crate) seen: Arc<std::sync::Mutex<Vec<ApprovalFacts>>>,
}

impl ApprovalPoint for FakeApproval {
    fn name(&self) -> &str {
        "fake/approval@1"
    }

    fn plan(&self, facts: &ApprovalFacts) -> Result<Vec<ApprovalStep>, PointError> {
        self.seen.lock().unwrap().push(facts.clone());
        Ok(self.steps.clone())
    }

    fn may_decide(&self, facts: &DecisionFacts) -> Result<Option<String>, PointError> {
        let is_own = facts.submitted_by == facts.decided_by;
        Ok(is_own.then(|| "nobody approves the own order".to_owned()))
    }
}

/// States, transitions and answers, all given.
pub(crate) struct FakeProcess {
    name: &'static str,
    states: Vec<OrderState>,
    transitions: Vec<OrderTransition>,
    start: OrderStep,
    steps: HashMap<&'static str, OrderStep>,
    pub(crate) seen: std::sync::Mutex<Vec<OrderFacts>>,
}

fn state(key: &str, is_editable: bool, is_canceled: bool) -> OrderState {
    OrderState { key: key.to_owned(), name: key.to_owned(), is_editable, is_final: false, is_canceled }
}

fn transition(name: &str, from: &str, to: &str, buyer_may: bool) -> OrderTransition {
    OrderTransition { name: name.to_owned(), from: from.to_owned(), to: to.to_owned(), buyer_may }
}

fn go(state: &str, effects: &[OrderEffect]) -> OrderStep {
    OrderStep::Go { state: state.to_owned(), effects: effects.to_vec() }
}

impl FakeProcess {
    /// New (editable) → Shipped, Held (refused), Canceled; reserves stock and credit at placement.
    pub(crate) fn company() -> Self {
        use OrderEffect::{
            CapturePayment, HoldCredit, RefundPayment, ReleaseCredit, ReleaseStock, ReserveStock, ShipStock,
        };
        Self {
            name: "fake/company@1",
            states: vec![
                state("New", true, false),
                state("Shipped", false, false),
                state("Held", false, false),
                state("Canceled", false, true),
            ],
            transitions: vec![
                transition("ship", "New", "Shipped", false),
                transition("hold", "New", "Held", false),
                transition("cancel", "New", "Canceled", true),
            ],
            start: go("New", &[ReserveStock, HoldCredit]),
            steps: HashMap::from([
                ("Shipped", go("Shipped", &[ShipStock, ReleaseCredit, CapturePayment])),
                ("Held", OrderStep::Refuse { reason: "nothing is held here".to_owned() }),
                ("Canceled", go("Canceled", &[ReleaseStock, ReleaseCredit, RefundPayment])),
            ]),
            seen: std::sync::Mutex::default(),
        }
    }

    /// Paid at once; stock is taken when the order is packed.
    pub(crate) fn retail() -> Self {
        use OrderEffect::{CapturePayment, ReserveStock, ShipStock};
        Self {
            name: "fake/retail@2",
            states: vec![state("Paid", false, false), state("Packed", false, false)],
            transitions: vec![transition("pack", "Paid", "Packed", false)],
            start: go("Paid", &[CapturePayment]),
            steps: HashMap::from([("Packed", go("Packed", &[ReserveStock, ShipStock]))]),
            seen: std::sync::Mutex::default(),
        }
    }

    /// The company process, but it takes no order.
    pub(crate) fn refusing(reason: &str) -> Self {
        Self { start: OrderStep::Refuse { reason: reason.to_owned() }, ..Self::company() }
    }

    /// The company process, but it leads where it declares no state.
    pub(crate) fn leading_astray() -> Self {
        let start = go("Limbo", &[]);
        Self { start, steps: HashMap::from([("Shipped", go("Nowhere", &[]))]), ..Self::company() }
    }
}

impl OrderProcessPoint for FakeProcess {
    fn name(&self) -> &str {
        self.name
    }

    fn states(&self) -> &[OrderState] {
        &self.states
    }

    fn transitions(&self) -> &[OrderTransition] {
        &self.transitions
    }

    fn place(&self, facts: &OrderFacts) -> Result<OrderStep, PointError> {
        self.seen.lock().unwrap().push(facts.clone());
        Ok(self.start.clone())
    }

    fn step(&self, facts: &OrderFacts, to: &str) -> Result<OrderStep, PointError> {
        self.seen.lock().unwrap().push(facts.clone());
        Ok(self.steps[to].clone())
    }
}
