//! One file per extension point: the domain's question in wire records, the plugin's answer checked and in domain words.

mod approval;
mod fields;
#[cfg(test)]
mod fuzz;
mod observer;
mod order_process;
mod pricing;
mod shipping_rate;
mod task;
mod tax;
mod waiting;

use std::sync::Arc;

use uuid::Uuid;
use vectis_plugin_api::abi::host::{HostServices, object};
use vectis_plugin_api::abi::module::PluginModRef;
use vectis_plugin_api::{ErrorCode, Id};

pub(crate) use crate::adapters::approval::{ApprovalAdapter, construct as construct_approval};
pub(crate) use crate::adapters::fields::{FieldsAdapter, construct as construct_fields};
pub(crate) use crate::adapters::observer::{
    ObserverAdapter, ObserverQuestion, construct as construct_observer,
};
pub(crate) use crate::adapters::order_process::{OrderProcessAdapter, construct as construct_order_process};
pub(crate) use crate::adapters::pricing::{PricingAdapter, construct as construct_pricing};
pub(crate) use crate::adapters::shipping_rate::{ShippingRateAdapter, construct as construct_shipping_rate};
pub(crate) use crate::adapters::task::{TaskAdapter, construct as construct_task};
pub(crate) use crate::adapters::tax::{TaxAdapter, construct as construct_tax};
use crate::lifecycle::Recipe;
use crate::point::Point;
use crate::refusal::Fault;

/// The longest name that an answer may give anything.
const MAX_NAME_BYTES: usize = 200;

/// An entry point behind its extension point.
pub(crate) trait Adapter: Sized + Send + Sync + 'static {
    const POINT: Point;

    /// Constructs the entry point and asks it the first questions.
    fn start(recipe: Recipe) -> Result<Self, Fault>;

    /// Whether it failed too often to be asked again.
    fn has_given_up(&self) -> bool;

    /// Why it is not asked again.
    fn given_up(&self) -> Option<String>;

    /// `plugin/entry-point@version`.
    fn instance_name(&self) -> &str;

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
        Point::Fields => FieldsAdapter::start(recipe).map(drop),
        Point::ShippingRate => ShippingRateAdapter::start(recipe).map(drop),
        Point::Task => TaskAdapter::start(recipe).map(drop),
        Point::Observer => ObserverAdapter::start(recipe).map(drop),
    }
}

/// Whether a plugin's code has the entry point. Asked with a text that is no configuration, so that nothing is constructed.
pub(crate) fn is_in_code(point: Point, module: PluginModRef, name: &str) -> bool {
    let host = object(Arc::new(NoServices));
    let outcome = match point {
        Point::Pricing => pricing::construct(module, name, "", host).map(drop),
        Point::Tax => tax::construct(module, name, "", host).map(drop),
        Point::OrderProcess => order_process::construct(module, name, "", host).map(drop),
        Point::Approval => approval::construct(module, name, "", host).map(drop),
        Point::Fields => fields::construct(module, name, "", host).map(drop),
        Point::ShippingRate => shipping_rate::construct(module, name, "", host).map(drop),
        Point::Task => task::construct(module, name, "", host).map(drop),
        Point::Observer => observer::construct(module, name, "", host).map(drop),
    };
    !outcome.is_err_and(|error| error.code == ErrorCode::UNSUPPORTED)
}

/// For a constructor that gets no further than its configuration.
struct NoServices;

impl HostServices for NoServices {
    fn log(&self, _level: u32, _message: &str, _fields_json: &str) {}

    fn now_ms(&self) -> i64 {
        0
    }
}

#[inline]
fn id(uuid: impl Into<Uuid>) -> Id {
    Id(uuid.into().into_bytes())
}

fn id_if_any(uuid: Option<impl Into<Uuid>>) -> Id {
    uuid.map_or(Id::NIL, id)
}
