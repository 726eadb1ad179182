//! The GraphQL API: the platform's face. One schema, shaped by who asks; no logic, no SQL, no plugin.
//!
//! *Owns*: types, names and descriptions of the API, its limits, who may ask for which field. *Depends on*: contracts and
//! kernel. *Invariants*: a resolver decodes, calls one service, encodes; relations go through [`loaders`]; every field of
//! every object has a rule in a `POLICY` table; amounts are decimal strings. *Start reading at*: [`carts`] for the shape
//! of a domain, [`document`] for what is checked before anything runs, [`execute`] for the way in.

pub mod account_commands;
pub mod accounts;
pub mod approvals;
pub mod audit;
pub mod auth;
mod buyer_prices;
pub mod caller;
pub mod cart_commands;
pub mod carts;
pub mod catalog;
pub mod catalog_commands;
pub mod channels;
pub mod contributions;
pub mod document;
pub mod error;
pub mod event_desk;
pub mod id;
mod loaders;
mod mixing;
pub mod order_commands;
pub mod order_process;
pub mod orders;
mod page;
mod paths;
pub mod plugin_life;
pub mod plugin_schedules;
pub mod plugins;
pub mod policy;
pub mod prices;
mod references;
pub mod returns;
pub mod scalars;
pub mod search;
mod shape;
pub mod shipping;
pub mod stock;
pub mod taxes;
mod variant_refs;
pub mod webhooks;
pub mod workflows;

use std::sync::Arc;

use async_graphql::{MergedObject, Request, Response, ServerError};
use vectis_contracts::accounts::Accounts;
use vectis_contracts::approvals::Approvals;
use vectis_contracts::audit::Audit;
use vectis_contracts::carts::Carts;
use vectis_contracts::channels::Channels;
use vectis_contracts::event_desk::EventDesk;
use vectis_contracts::identity::Identity;
use vectis_contracts::inventory::Inventory;
use vectis_contracts::once::Once;
use vectis_contracts::orders::Orders;
use vectis_contracts::plugin_fields::PluginFields;
use vectis_contracts::plugin_schedules::{PluginSchedules, ScheduledTasks};
use vectis_contracts::plugins::Plugins;
use vectis_contracts::priced_cart::CartPricer;
use vectis_contracts::pricing::Pricing;
use vectis_contracts::products::Products;
use vectis_contracts::search::ProductSearch;
use vectis_contracts::shipping::ShippingRates;
use vectis_contracts::tax::Tax;
use vectis_contracts::webhooks::Webhooks;
use vectis_contracts::workflows::Workflows;

pub use crate::caller::{Caller, guest_hash};
pub use crate::document::{DocumentCheck, FieldTypes, Limits};
use crate::mixing::Current;
pub use crate::mixing::{declared_fields, judge_additions, sdl_with};
use crate::policy::TypePolicy;
use crate::shape::POLICY;

/// Every contract the API speaks to.
#[expect(missing_docs, reason = "each is its contract")]
pub struct Services {
    pub accounts: Arc<dyn Accounts>,
    pub approvals: Arc<dyn Approvals>,
    pub audit: Arc<dyn Audit>,
    pub cart_pricer: CartPricer,
    pub carts: Arc<dyn Carts>,
    pub channels: Arc<dyn Channels>,
    pub event_desk: Arc<dyn EventDesk>,
    pub identity: Arc<dyn Identity>,
    pub inventory: Arc<dyn Inventory>,
    pub once: Once,
    pub orders: Arc<dyn Orders>,
    pub plugin_fields: Arc<dyn PluginFields>,
    pub plugin_schedules: Arc<dyn PluginSchedules>,
    pub plugins: Arc<dyn Plugins>,
    pub pricing: Arc<dyn Pricing>,
    pub products: Arc<dyn Products>,
    pub scheduled_tasks: Arc<dyn ScheduledTasks>,
    pub search: Arc<dyn ProductSearch>,
    pub shipping: Arc<dyn ShippingRates>,
    pub tax: Arc<dyn Tax>,
    pub webhooks: Arc<dyn Webhooks>,
    pub workflows: Arc<dyn Workflows>,
}

/// Everything that can be asked.
#[derive(MergedObject, Default)]
pub struct Query(
    auth::AuthQuery,
    channels::ChannelQuery,
    catalog::CatalogQuery,
    search::SearchQuery,
    cart_commands::CartQuery,
    shipping::ShippingQuery,
    approvals::ApprovalQuery,
    orders::OrderQuery,
    accounts::AccountQuery,
    prices::PriceQuery,
    stock::StockQuery,
    plugins::PluginQuery,
    plugin_life::PluginLifeQuery,
    plugin_schedules::PluginScheduleQuery,
    contributions::ContributionQuery,
    event_desk::EventDeskQuery,
    audit::AuditQuery,
    webhooks::WebhookQuery,
    workflows::WorkflowQuery,
);

/// Everything that can be done.
#[derive(MergedObject, Default)]
pub struct Mutation(
    auth::AuthMutation,
    cart_commands::CartMutation,
    order_commands::OrderMutation,
    approvals::ApprovalMutation,
    account_commands::AccountMutation,
    catalog_commands::CatalogMutation,
    prices::PriceMutation,
    stock::StockMutation,
    taxes::TaxMutation,
    channels::ChannelMutation,
    plugins::PluginMutation,
    plugin_life::PluginLifeMutation,
    plugin_schedules::PluginScheduleMutation,
    event_desk::EventDeskMutation,
    webhooks::WebhookMutation,
    workflows::WorkflowMutation,
);

/// Who may ask for which field, one table per domain.
pub(crate) const POLICIES: &[&[TypePolicy]] = &[
    account_commands::POLICY,
    accounts::POLICY,
    approvals::POLICY,
    audit::POLICY,
    auth::POLICY,
    cart_commands::POLICY,
    carts::POLICY,
    catalog::POLICY,
    catalog_commands::POLICY,
    channels::POLICY,
    event_desk::POLICY,
    order_commands::POLICY,
    order_process::POLICY,
    orders::POLICY,
    plugin_life::POLICY,
    plugin_schedules::POLICY,
    plugins::POLICY,
    contributions::POLICY,
    prices::POLICY,
    returns::POLICY,
    search::POLICY,
    shipping::POLICY,
    stock::POLICY,
    taxes::POLICY,
    webhooks::POLICY,
    workflows::POLICY,
    &[("Money", &[(policy::Access::Owner, "amount currencyCode")])],
    &[("UnitPrice", &[(policy::Access::Owner, "amount currencyCode")])],
];

/// The schema with its limits, ready to execute.
pub struct Api {
    current: Current,
    services: Arc<Services>,
    limits: Limits,
}

/// The schema definition without plugins, as committed.
pub fn sdl() -> String {
    sdl_with(Vec::new())
}

impl Api {
    /// Builds the schema over the services.
    pub fn new(services: Services, limits: Limits) -> Self {
        Self { current: Current::default(), services: Arc::new(services), limits }
    }

    /// The contracts behind the API.
    pub fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Runs one request for one caller. Every error says what a program can act on, and ties itself to the logs.
    pub async fn execute(&self, request: Request, caller: Arc<Caller>) -> Response {
        let trace_id = caller.ctx.trace_id.to_string();
        let mut response = self.run(request, caller).await;
        for error in &mut response.errors {
            let extensions = error.extensions.get_or_insert_default();
            if extensions.get("code").is_none() {
                // The executor's own: a document or a value that cannot be understood.
                extensions.set("code", "BAD_USER_INPUT");
            }
            extensions.set("traceId", trace_id.as_str());
        }
        response
    }

    async fn run(&self, mut request: Request, caller: Arc<Caller>) -> Response {
        let name = request.operation_name.clone();
        let variables = request.variables.clone();
        let mixed = self.current.of(&self.services, &caller.ctx);
        let check = DocumentCheck {
            limits: &self.limits,
            policy: &POLICY,
            added: &mixed.added,
            types: &mixed.types,
            caller: &caller,
        };
        let checked = match request.parsed_query() {
            Ok(document) => check.run(document, name.as_deref(), &variables),
            Err(error) => return Response::from_errors(vec![error]),
        };
        let asks_plugins = match checked {
            Ok(asks_plugins) => asks_plugins,
            Err(error) => {
                return Response::from_errors(vec![error.into_server_error(async_graphql::Pos::default())]);
            }
        };
        let loaders = loaders::loaders(self.services.clone(), caller.clone());
        let request = request.data(caller.clone()).data(self.services.clone()).data(loaders);
        if asks_plugins {
            mixed.execute(request, &caller, &self.services).await
        } else {
            mixed.schema.execute(request).await
        }
    }
}

/// A response that says only what went wrong before a request could run.
pub fn refused(code: &'static str, message: &str) -> Response {
    let error: ServerError = error::coded(code, message).into_server_error(async_graphql::Pos::default());
    Response::from_errors(vec![error])
}

#[cfg(test)]
mod tests;
