//! Reads, scoped to who asks.

use std::collections::HashMap;
use std::hash::Hash;

use vectis_contracts::orders::{
    CreditNote, Order, OrderCharge, OrderCode, OrderFilter, OrderHistoryEntry, OrderLine, OrderReturn,
};
use vectis_contracts::points::{OrderState, OrderTransition};
use vectis_kernel::ids::{AccountId, ChannelId, CreditNoteId, OrderId};
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Actor, Ctx, Failure, Page, PageRequest};

use crate::access::{may_read, must_be_staff_with};
use crate::refusals::strategy_failed;
use crate::service::PgOrders;
use crate::store;
use crate::store::search::Scope;

impl PgOrders {
    /// In the order asked for.
    pub(crate) async fn visible_orders(
        &self,
        ctx: &Ctx,
        ids: &[OrderId],
    ) -> Result<Vec<Order>, Failure<OrderCode>> {
        let stored = store::order::load(self.deps.db.pool(), ids).await?;
        let orders = stored.into_iter().map(|stored| stored.order);
        let visible = orders.filter(|order| may_read(ctx, &order.buyer));
        Ok(in_order_of(ids, visible, |order| order.id))
    }

    pub(crate) async fn order_by_number(
        &self,
        ctx: &Ctx,
        number: &str,
    ) -> Result<Option<Order>, Failure<OrderCode>> {
        if number.contains('\0') {
            return Ok(None);
        }
        match store::search::order_by_number(self.deps.db.pool(), number).await? {
            Some(id) => Ok(self.visible_orders(ctx, &[id]).await?.pop()),
            None => Ok(None),
        }
    }

    pub(crate) async fn list_orders(
        &self,
        ctx: &Ctx,
        filter: &OrderFilter,
        page: PageRequest,
    ) -> Result<Page<Order>, Failure<OrderCode>> {
        let scope = match &ctx.actor {
            Actor::Staff(_) | Actor::System { .. } => {
                must_be_staff_with(ctx, &staff::ORDERS_READ)?;
                Scope::All
            }
            Actor::Buyer(acting) if ctx.may(&buyer::ORDERS_READ_ALL) => Scope::Account(acting.account_id.0),
            Actor::Buyer(acting) => Scope::Employee(acting.employee_id.0),
            Actor::Customer { login_id } => Scope::Customer(login_id.0),
            Actor::Anonymous { guest: Some(guest) } => Scope::Guest(guest),
            Actor::Anonymous { guest: None } => return Ok(nothing()),
        };
        let mut texts = [&filter.state, &filter.po_number].into_iter().flatten();
        if texts.any(|text| text.contains('\0')) {
            return Ok(nothing());
        }
        let pool = self.deps.db.pool();
        let ids = store::search::orders(pool, &scope, filter, &page).await?;
        let ids = Page::from_fetched(ids, &page);
        let items = self.visible_orders(ctx, &ids.items).await?;
        Ok(Page { items, has_next: ids.has_next })
    }

    pub(crate) async fn order_lines(
        &self,
        order_ids: &[OrderId],
    ) -> Result<Vec<OrderLine>, Failure<OrderCode>> {
        Ok(store::line::of_orders(self.deps.db.pool(), order_ids).await?)
    }

    pub(crate) async fn order_charges(
        &self,
        order_ids: &[OrderId],
    ) -> Result<Vec<OrderCharge>, Failure<OrderCode>> {
        Ok(store::charge::of_orders(self.deps.db.pool(), order_ids).await?)
    }

    pub(crate) async fn order_history(
        &self,
        order_ids: &[OrderId],
    ) -> Result<Vec<OrderHistoryEntry>, Failure<OrderCode>> {
        Ok(store::history::of_orders(self.deps.db.pool(), order_ids).await?)
    }

    pub(crate) async fn order_returns(
        &self,
        order_ids: &[OrderId],
    ) -> Result<Vec<OrderReturn>, Failure<OrderCode>> {
        Ok(store::returned::returns(self.deps.db.pool(), order_ids).await?)
    }

    pub(crate) async fn list_credit_notes(
        &self,
        ctx: &Ctx,
        account_id: Option<AccountId>,
        page: PageRequest,
    ) -> Result<Page<CreditNote>, Failure<OrderCode>> {
        let account_id = match &ctx.actor {
            Actor::Buyer(acting) if ctx.may(&buyer::ORDERS_READ_ALL) => {
                if account_id.is_some_and(|asked| asked != acting.account_id) {
                    return Ok(nothing());
                }
                Some(acting.account_id)
            }
            _ => {
                must_be_staff_with(ctx, &staff::ORDERS_READ)?;
                account_id
            }
        };
        let pool = self.deps.db.pool();
        let ids = store::search::credit_notes(pool, account_id, &page).await?;
        let ids = Page::from_fetched(ids, &page);
        let notes = store::credit_note::load(pool, &ids.items).await?;
        Ok(Page { items: in_order_of(&ids.items, notes, |note| note.id), has_next: ids.has_next })
    }

    pub(crate) async fn visible_credit_notes(
        &self,
        ctx: &Ctx,
        ids: &[CreditNoteId],
    ) -> Result<Vec<CreditNote>, Failure<OrderCode>> {
        let notes = store::credit_note::load(self.deps.db.pool(), ids).await?;
        let visible = notes.into_iter().filter(|note| may_read_note(ctx, note));
        Ok(in_order_of(ids, visible, |note| note.id))
    }

    pub(crate) async fn states_and_transitions(
        &self,
        ctx: &Ctx,
        channel_id: ChannelId,
    ) -> Result<(Vec<OrderState>, Vec<OrderTransition>), Failure<OrderCode>> {
        if self.find_channel(ctx, channel_id).await?.is_none() {
            return Err(no_such_channel(channel_id));
        }
        let point = self.deps.strategies.order_process(ctx, channel_id);
        let point = point.map_err(strategy_failed(OrderCode::StrategyFailed))?;
        Ok((point.states().to_vec(), point.transitions().to_vec()))
    }
}

pub(crate) fn no_such_channel(id: ChannelId) -> Failure<OrderCode> {
    Failure::at(OrderCode::ChannelNotFound, "channelId", format!("there is no channel {id}"))
}

/// Staff all, employees with `orders.read_all` their account's.
fn may_read_note(ctx: &Ctx, note: &CreditNote) -> bool {
    match &ctx.actor {
        Actor::Buyer(acting) => {
            ctx.may(&buyer::ORDERS_READ_ALL) && note.account_id == Some(acting.account_id)
        }
        _ => ctx.is_staff() && ctx.may(&staff::ORDERS_READ),
    }
}

fn nothing<T>() -> Page<T> {
    Page { items: Vec::new(), has_next: false }
}

/// What was found, in the order of the ids asked for, each once.
fn in_order_of<K: Eq + Hash + Copy, T>(
    ids: &[K],
    found: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> K,
) -> Vec<T> {
    let mut by_id: HashMap<K, T> = found.into_iter().map(|thing| (key(&thing), thing)).collect();
    ids.iter().filter_map(|id| by_id.remove(id)).collect()
}
