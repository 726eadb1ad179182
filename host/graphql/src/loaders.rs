//! Relations, in batches: one call per kind and level of the query, never one per line. A fresh set per request, so that
//! nothing one caller may see is ever cached for another.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, Loader};
use vectis_contracts::accounts::{Account, Address, Employee, Location};
use vectis_contracts::approvals::ApprovalRequest;
use vectis_contracts::channels::Channel;
use vectis_contracts::inventory::Availability;
use vectis_contracts::just_written::JustWritten;
use vectis_contracts::orders::{CreditNote, Order, OrderCharge, OrderHistoryEntry, OrderLine, OrderReturn};
use vectis_contracts::products::{Product, Variant};
use vectis_contracts::workflows::{Workflow, WorkflowRun, WorkflowStep};
use vectis_kernel::ids::{
    AccountId, ApprovalRequestId, ChannelId, CreditNoteId, EmployeeId, LocationId, OrderId, ProductId,
    VariantId, WorkflowId,
};

use crate::Services;
use crate::caller::Caller;
use crate::error::loaded;

/// What loads.
pub(crate) struct Batches {
    services: Arc<Services>,
    caller: Arc<Caller>,
}

impl Batches {
    pub(crate) fn services(&self) -> &Services {
        &self.services
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// The loaders of one request.
pub(crate) type Loaders = DataLoader<Batches>;

/// Makes the loaders of one request.
pub(crate) fn loaders(services: Arc<Services>, caller: Arc<Caller>) -> Loaders {
    #[expect(clippy::disallowed_methods, reason = "the loader's timer lives no longer than its request")]
    let spawn = tokio::spawn;
    // A level of the query is complete within microseconds; waiting longer would only add to every level.
    DataLoader::new(Batches { services, caller }, spawn)
        .delay(Duration::from_micros(100))
        .max_batch_size(10_000)
}

/// The loaders of the request at hand.
pub(crate) fn of<'a>(ctx: &Context<'a>) -> &'a Loaders {
    ctx.data_unchecked::<Loaders>()
}

/// What a command has just written, or, for an answer given before, what there is under its id.
pub(crate) async fn just_written<K, T>(
    ctx: &Context<'_>,
    written: JustWritten<T>,
    id: Option<K>,
) -> async_graphql::Result<Option<Arc<T>>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    T: Send + Sync + 'static,
    Batches: Loader<K, Value = Arc<T>, Error = async_graphql::Error>,
{
    match (written.0, id) {
        (Some(written), _) => Ok(Some(written)),
        (None, Some(id)) => of(ctx).load_one(id).await,
        (None, None) => Ok(None),
    }
}

macro_rules! load_one {
    ($key:ty => $value:ty, |$services:ident, $ctx:ident, $keys:ident| $call:expr, $id:expr) => {
        impl Loader<$key> for Batches {
            type Value = Arc<$value>;
            type Error = async_graphql::Error;

            async fn load(&self, $keys: &[$key]) -> async_graphql::Result<HashMap<$key, Arc<$value>>> {
                let ($services, $ctx) = (&self.services, &self.caller.ctx);
                let found = loaded(&self.caller, stringify!($value), $call.await)?;
                Ok(found.into_iter().map(|item| ($id(&item), Arc::new(item))).collect())
            }
        }
    };
}

load_one!(ChannelId => Channel, |s, ctx, keys| s.channels.get_many(ctx, keys), |c: &Channel| c.id);
load_one!(AccountId => Account, |s, ctx, keys| s.accounts.get_many(ctx, keys), |a: &Account| a.id);
load_one!(EmployeeId => Employee, |s, ctx, keys| s.accounts.employees_by_id(ctx, keys), |e: &Employee| e.id);
load_one!(ProductId => Product, |s, ctx, keys| s.products.products_by_id(ctx, keys), |p: &Product| p.id);
load_one!(VariantId => Variant, |s, ctx, keys| s.products.variants_by_id(ctx, keys), |v: &Variant| v.id);
load_one!(OrderId => Order, |s, ctx, keys| s.orders.get_many(ctx, keys), |o: &Order| o.id);
load_one!(WorkflowId => Workflow, |s, ctx, keys| s.workflows.get_many(ctx, keys), |w: &Workflow| w.id);
load_one!(CreditNoteId => CreditNote, |s, ctx, keys| s.orders.credit_notes_by_id(ctx, keys), |n: &CreditNote| n.id);
load_one!(
    ApprovalRequestId => ApprovalRequest,
    |s, ctx, keys| s.approvals.get_many(ctx, keys),
    |r: &ApprovalRequest| r.id
);

/// Key of "all `T` of one parent".
#[derive(Debug)]
pub(crate) struct AllOf<K, T>(pub(crate) K, std::marker::PhantomData<fn() -> T>);

impl<K, T> AllOf<K, T> {
    pub(crate) fn new(parent: K) -> Self {
        Self(parent, std::marker::PhantomData)
    }
}

impl<K: Copy, T> Clone for AllOf<K, T> {
    fn clone(&self) -> Self {
        Self::new(self.0)
    }
}

impl<K: PartialEq, T> PartialEq for AllOf<K, T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K: Eq, T> Eq for AllOf<K, T> {}

impl<K: Hash, T> Hash for AllOf<K, T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

macro_rules! load_many {
    ($key:ty => $value:ty, |$services:ident, $ctx:ident, $parents:ident| $call:expr, $parent:expr) => {
        impl Loader<AllOf<$key, $value>> for Batches {
            type Value = Vec<Arc<$value>>;
            type Error = async_graphql::Error;

            async fn load(
                &self,
                keys: &[AllOf<$key, $value>],
            ) -> async_graphql::Result<HashMap<AllOf<$key, $value>, Vec<Arc<$value>>>> {
                let parents: Vec<$key> = keys.iter().map(|key| key.0).collect();
                let ($services, $ctx, $parents) = (&self.services, &self.caller.ctx, &parents[..]);
                let found = loaded(&self.caller, stringify!($value), $call.await)?;
                let mut all: HashMap<_, Vec<_>> = keys.iter().map(|key| (key.clone(), Vec::new())).collect();
                for item in found {
                    if let Some(items) = all.get_mut(&AllOf::new($parent(&item))) {
                        items.push(Arc::new(item));
                    }
                }
                Ok(all)
            }
        }
    };
}

load_many!(OrderId => OrderLine, |s, ctx, ids| s.orders.lines(ctx, ids), |l: &OrderLine| l.order_id);
load_many!(OrderId => OrderCharge, |s, ctx, ids| s.orders.charges(ctx, ids), |c: &OrderCharge| c.order_id);
load_many!(OrderId => OrderHistoryEntry, |s, ctx, ids| s.orders.history(ctx, ids), |h: &OrderHistoryEntry| h.order_id);
load_many!(OrderId => OrderReturn, |s, ctx, ids| s.orders.returns(ctx, ids), |r: &OrderReturn| r.order_id);
load_many!(WorkflowId => WorkflowStep, |s, ctx, ids| s.workflows.history(ctx, ids), |w: &WorkflowStep| w.workflow_id);
load_many!(WorkflowId => WorkflowRun, |s, ctx, ids| s.workflows.runs(ctx, ids), |w: &WorkflowRun| w.workflow_id);
load_many!(ProductId => Variant, |s, ctx, ids| s.products.variants_of(ctx, ids), |v: &Variant| v.product_id);
load_many!(AccountId => Location, |s, ctx, ids| s.accounts.locations(ctx, ids), |l: &Location| l.account_id);
load_many!(AccountId => Employee, |s, ctx, ids| s.accounts.employees_of(ctx, ids), |e: &Employee| e.account_id);
load_many!(LocationId => Address, |s, ctx, ids| s.accounts.addresses(ctx, ids), |a: &Address| a.location_id);

/// Key of a variant's stock over the channel's warehouses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StockOf(pub(crate) VariantId);

impl Loader<StockOf> for Batches {
    type Value = Availability;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[StockOf]) -> async_graphql::Result<HashMap<StockOf, Availability>> {
        let ids: Vec<VariantId> = keys.iter().map(|key| key.0).collect();
        let warehouses = self.caller.channel.as_ref().map_or(&[][..], |channel| &channel.warehouse_ids);
        let found = self.services.inventory.availability(&self.caller.ctx, &ids, warehouses).await;
        let found = loaded(&self.caller, "Availability", found)?;
        Ok(found.into_iter().map(|stock| (StockOf(stock.variant_id), stock)).collect())
    }
}
