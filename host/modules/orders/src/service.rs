//! The module put together: every use case by name, each in a file of its own.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use vectis_contracts::Tx;
use vectis_contracts::accounts::Accounts;
use vectis_contracts::approvals::Approvals;
use vectis_contracts::audit::{Audit, AuditRecord};
use vectis_contracts::carts::Carts;
use vectis_contracts::channels::{Channel, Channels};
use vectis_contracts::inventory::Inventory;
use vectis_contracts::orders::{
    AddCharge, CreateReturn, CreditNote, DecideApproval, DecideCode, Decided, EditLine, IssueCreditNote,
    Order, OrderCharge, OrderCode, OrderFilter, OrderHistoryEntry, OrderLine, OrderReturn, Orders, PlaceCode,
    PlaceOrder, Submitted,
};
use vectis_contracts::points::{OrderState, OrderTransition, Strategies};
use vectis_contracts::ports::process::Process;
use vectis_contracts::priced_cart::CartPricer;
use vectis_contracts::products::Products;
use vectis_contracts::shopper::find_channel;
use vectis_contracts::tax::Tax;
use vectis_db::{Db, idempotency};
use vectis_kernel::ids::{AccountId, CartId, ChannelId, CreditNoteId, OrderId, ReturnId};
use vectis_kernel::{Ctx, Failure, Page, PageRequest};

use crate::Config;
use crate::approval_process::ApprovalProcess;
use crate::refusals::unexpected;

/// What the module needs.
pub struct Deps {
    /// The database.
    pub db: Db,
    /// Prices and taxes a cart.
    pub pricer: CartPricer,
    /// Buyers and their credit.
    pub accounts: Arc<dyn Accounts>,
    /// Requests and decisions.
    pub approvals: Arc<dyn Approvals>,
    /// Where changes are recorded.
    pub audit: Arc<dyn Audit>,
    /// What is to be placed.
    pub carts: Arc<dyn Carts>,
    /// Where it is bought.
    pub channels: Arc<dyn Channels>,
    /// Stock.
    pub inventory: Arc<dyn Inventory>,
    /// Goods of credit notes, by SKU.
    pub products: Arc<dyn Products>,
    /// Taxes of edits, charges and credit notes.
    pub tax: Arc<dyn Tax>,
    /// The order process and the approval strategy.
    pub strategies: Arc<dyn Strategies>,
    /// The section `[orders]`.
    pub config: Config,
}

/// What the module gives.
pub struct Built {
    /// Orders.
    pub orders: Arc<dyn Orders>,
    /// What time does to approvals.
    pub approval_process: Arc<dyn Process>,
}

/// Puts the module together.
pub fn build(deps: Deps) -> Built {
    let times = deps.config.approvals.clone();
    let orders = Arc::new(PgOrders { deps });
    let approval_process = Arc::new(ApprovalProcess { orders: orders.clone(), times });
    Built { orders, approval_process }
}

/// Orders over Postgres.
pub(crate) struct PgOrders {
    pub(crate) deps: Deps,
}

impl PgOrders {
    /// The answer of `work`. When it refuses, the answer given before under the same key: it may have met what this very
    /// request, or a twin of it, has done.
    pub(crate) async fn once<T, C>(
        &self,
        ctx: &Ctx,
        work: impl Future<Output = Result<T, Failure<C>>>,
    ) -> Result<T, Failure<C>>
    where
        T: DeserializeOwned,
    {
        match work.await {
            Err(Failure::Refused(refusals)) => {
                let twins = idempotency::answered(&self.deps.db, ctx).await?;
                twins.ok_or(Failure::Refused(refusals))
            }
            outcome => outcome,
        }
    }

    /// Records what was done to one subject.
    pub(crate) async fn audit<C>(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        record: AuditRecord,
    ) -> Result<(), Failure<C>> {
        let recorded = self.deps.audit.record(tx, ctx, &[record]).await;
        recorded.map_err(unexpected)
    }

    /// A channel, if there is one with this id.
    pub(crate) async fn find_channel<C>(
        &self,
        ctx: &Ctx,
        id: ChannelId,
    ) -> Result<Option<Channel>, Failure<C>> {
        let found = find_channel(ctx, &*self.deps.channels, id).await;
        found.map_err(unexpected)
    }

    /// The channel of a placed order; channels are never deleted.
    pub(crate) async fn channel_of(&self, ctx: &Ctx, order: &Order) -> Result<Channel, Failure<OrderCode>> {
        let channel = self.find_channel(ctx, order.channel_id).await?;
        channel.ok_or_else(|| Failure::internal(format!("order {} has no channel", order.number)))
    }
}

#[async_trait]
impl Orders for PgOrders {
    async fn cart_submit(&self, ctx: &Ctx, place: PlaceOrder) -> Result<Submitted, Failure<PlaceCode>> {
        self.once(ctx, self.submit_or_place(ctx, place)).await
    }

    async fn order_place(&self, ctx: &Ctx, place: PlaceOrder) -> Result<Submitted, Failure<PlaceCode>> {
        self.once(ctx, self.place_now(ctx, place)).await
    }

    async fn cart_withdraw(&self, ctx: &Ctx, cart_id: CartId) -> Result<(), Failure<DecideCode>> {
        self.once(ctx, self.withdraw(ctx, cart_id)).await
    }

    async fn approval_decide(
        &self,
        ctx: &Ctx,
        decide: DecideApproval,
    ) -> Result<Decided, Failure<DecideCode>> {
        // On the heap: it may place an order.
        Box::pin(self.once(ctx, self.decide(ctx, decide))).await
    }

    async fn get_many(&self, ctx: &Ctx, ids: &[OrderId]) -> Result<Vec<Order>, Failure<OrderCode>> {
        self.visible_orders(ctx, ids).await
    }

    async fn find_by_number(&self, ctx: &Ctx, number: &str) -> Result<Option<Order>, Failure<OrderCode>> {
        self.order_by_number(ctx, number).await
    }

    async fn list(
        &self,
        ctx: &Ctx,
        filter: &OrderFilter,
        page: PageRequest,
    ) -> Result<Page<Order>, Failure<OrderCode>> {
        self.list_orders(ctx, filter, page).await
    }

    async fn lines(&self, _ctx: &Ctx, order_ids: &[OrderId]) -> Result<Vec<OrderLine>, Failure<OrderCode>> {
        self.order_lines(order_ids).await
    }

    async fn charges(
        &self,
        _ctx: &Ctx,
        order_ids: &[OrderId],
    ) -> Result<Vec<OrderCharge>, Failure<OrderCode>> {
        self.order_charges(order_ids).await
    }

    async fn history(
        &self,
        _ctx: &Ctx,
        order_ids: &[OrderId],
    ) -> Result<Vec<OrderHistoryEntry>, Failure<OrderCode>> {
        self.order_history(order_ids).await
    }

    async fn returns(
        &self,
        _ctx: &Ctx,
        order_ids: &[OrderId],
    ) -> Result<Vec<OrderReturn>, Failure<OrderCode>> {
        self.order_returns(order_ids).await
    }

    async fn credit_notes(
        &self,
        ctx: &Ctx,
        account_id: Option<AccountId>,
        page: PageRequest,
    ) -> Result<Page<CreditNote>, Failure<OrderCode>> {
        self.list_credit_notes(ctx, account_id, page).await
    }

    async fn credit_notes_by_id(
        &self,
        ctx: &Ctx,
        ids: &[CreditNoteId],
    ) -> Result<Vec<CreditNote>, Failure<OrderCode>> {
        self.visible_credit_notes(ctx, ids).await
    }

    async fn process(
        &self,
        ctx: &Ctx,
        channel_id: ChannelId,
    ) -> Result<(Vec<OrderState>, Vec<OrderTransition>), Failure<OrderCode>> {
        self.states_and_transitions(ctx, channel_id).await
    }

    async fn order_transition(
        &self,
        ctx: &Ctx,
        order_id: OrderId,
        version: Option<i64>,
        transition: &str,
        reason: &str,
    ) -> Result<(), Failure<OrderCode>> {
        let step = crate::transition::Step { order_id, version, transition, reason };
        self.once(ctx, self.take_step(ctx, &step)).await
    }

    async fn order_lines_edit(
        &self,
        ctx: &Ctx,
        order_id: OrderId,
        version: i64,
        changes: Vec<EditLine>,
        reason: &str,
    ) -> Result<(), Failure<OrderCode>> {
        let edit = crate::edit::Edit { order_id, version, changes, reason };
        self.once(ctx, self.edit_lines(ctx, &edit)).await
    }

    async fn order_charges_add(
        &self,
        ctx: &Ctx,
        order_id: OrderId,
        charges: Vec<AddCharge>,
        reason: &str,
    ) -> Result<(), Failure<OrderCode>> {
        self.once(ctx, self.add_charges(ctx, order_id, charges, reason)).await
    }

    async fn return_create(&self, ctx: &Ctx, create: CreateReturn) -> Result<ReturnId, Failure<OrderCode>> {
        self.once(ctx, self.create_return(ctx, create)).await
    }

    async fn credit_note_issue(
        &self,
        ctx: &Ctx,
        issue: IssueCreditNote,
    ) -> Result<CreditNoteId, Failure<OrderCode>> {
        self.once(ctx, self.issue_credit_note(ctx, issue)).await
    }
}
