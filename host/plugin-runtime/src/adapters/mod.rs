//! One file per extension point: the domain's question in wire records, the plugin's answer checked and in domain words.

mod approval;
mod order_process;
mod pricing;
mod tax;

use uuid::Uuid;
use vectis_plugin_api::abi::host::{HostObj, HostServices, object};
use vectis_plugin_api::abi::module::PluginModRef;
use vectis_plugin_api::{Error, Id};

pub(crate) use crate::adapters::approval::ApprovalAdapter;
pub(crate) use crate::adapters::order_process::OrderProcessAdapter;
pub(crate) use crate::adapters::pricing::PricingAdapter;
pub(crate) use crate::adapters::tax::TaxAdapter;
use crate::lifecycle::Recipe;
use crate::point::Point;
use crate::refusal::Fault;

/// An entry point behind its extension point.
pub(crate) trait Adapter: Sized + Send + Sync + 'static {
    const POINT: Point;

    /// Constructs the entry point and asks it the first questions.
    fn start(recipe: Recipe) -> Result<Self, Fault>;

    /// Whether it panicked too often to be asked again.
    fn has_given_up(&self) -> bool;

    /// Lower answers first, among several.
    fn stage(&self) -> u32 {
        0
    }
}

/// Starts an entry point only to see that it does.
pub(crate) fn rehearse(point: Point, recipe: Recipe) -> Result<(), Fault> {
    match point {
        Point::Pricing => PricingAdapter::start(recipe).map(drop),
        Point::Tax => TaxAdapter::start(recipe).map(drop),
        Point::OrderProcess => OrderProcessAdapter::start(recipe).map(drop),
        Point::Approval => ApprovalAdapter::start(recipe).map(drop),
    }
}

fn id(uuid: impl Into<Uuid>) -> Id {
    Id(uuid.into().into_bytes())
}

fn id_if_any(uuid: Option<impl Into<Uuid>>) -> Id {
    uuid.map_or(Id::NIL, id)
}
