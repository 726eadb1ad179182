//! Fields of plugins in the one schema. The room that works on async-graphql's hidden registry and on what its executor does
//! with a field no resolver answers; its tests hold those inner workings fast (host/docs/adr/0015).
//!
//! A request without such fields runs as if this room were not there. One with them takes three steps: the document gets the
//! ids of the parents beside their added fields ([`inject`]); the executor runs it, answering null for added fields; then
//! every added field is asked for once, for all its parents ([`gather`]), and the nulls are replaced by checked answers
//! ([`fill`]). Mutations are the exception: they run in their place in the document ([`asking`]).
//!
//! Start reading at [`Mixed`], then [`read`] for what a plugin may declare and [`plan`] for what a request asks.

mod added;
mod arguments;
mod asking;
mod declared;
mod fill;
mod gather;
mod inject;
mod plan;
mod read;
mod registry;
mod scalars;

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use arc_swap::ArcSwap;
use async_graphql::parser::types::ServiceDocument;
use async_graphql::{EmptySubscription, Request, Response, Schema};
use vectis_contracts::plugin_fields::{AddedSdl, Additions};
use vectis_kernel::Ctx;

pub(crate) use crate::mixing::added::{Added, AddedField};
pub(crate) use crate::mixing::asking::Asking;
pub use crate::mixing::declared::declared_fields;
use crate::mixing::plan::Plan;
use crate::mixing::read::Core;
pub(crate) use crate::mixing::registry::merge;
use crate::shape::Shaped;
use crate::{Caller, FieldTypes, Mutation, Query, Services};

/// Names of our own in a request's answer begin with it; no alias may.
pub(crate) const RESERVED: &str = "__vectis";

pub(crate) type RootSchema = Schema<Shaped<Query>, Shaped<Mutation>, EmptySubscription>;

/// The platform's own types.
static CORE: LazyLock<Core> = LazyLock::new(|| Core::new(parsed(&build(&Arc::default()).sdl())));

fn parsed(sdl: &str) -> ServiceDocument {
    async_graphql::parser::parse_schema(sdl).expect("the schema prints SDL that parses")
}

fn build(added: &Arc<Added>) -> RootSchema {
    registry::with(added, || {
        Schema::build(Shaped(Query::default()), Shaped(Mutation::default()), EmptySubscription)
            .limit_recursive_depth(64)
            .disable_suggestions()
            .data(added.clone())
            .finish()
    })
}

/// The schema of one plugin set.
pub(crate) struct Mixed {
    pub(crate) schema: RootSchema,
    pub(crate) types: FieldTypes,
    pub(crate) added: Arc<Added>,
    /// What it was made of.
    additions: Arc<Additions>,
}

impl Mixed {
    pub(crate) fn new(additions: Arc<Additions>) -> Self {
        let added = Arc::new(Added::new(&CORE, &additions.plugins));
        let types = CORE.field_types().with(&added);
        Self { schema: build(&added), types, added, additions }
    }

    /// Runs a request that has passed the document check.
    pub(crate) async fn execute(
        self: &Arc<Self>,
        mut request: Request,
        caller: &Arc<Caller>,
        services: &Arc<Services>,
    ) -> Response {
        let Ok(document) = request.parsed_query() else {
            return self.schema.execute(request).await; // It says what is wrong.
        };
        let mut document = document.clone();
        let plan = Plan::new(self, &document, request.operation_name.as_deref(), &request.variables);
        if let Some(misfit) = plan.misfit {
            return Response::from_errors(vec![misfit]);
        }
        inject::parents(&mut document, &self.types, &self.added);
        request.set_parsed_query(document);
        let asking = Arc::new(Asking::new(self.clone(), plan, caller.clone(), services.clone()));
        let response = self.schema.execute(request.data(asking.clone())).await;
        asking.complete(response).await
    }
}

/// The schema in force, made anew when a request comes with another plugin set. Requests under way keep theirs.
pub(crate) struct Current {
    mixed: ArcSwap<Mixed>,
    building: Mutex<()>,
}

impl Default for Current {
    fn default() -> Self {
        Self { mixed: ArcSwap::from_pointee(Mixed::new(Arc::default())), building: Mutex::default() }
    }
}

impl Current {
    /// The schema of a request's plugin set.
    pub(crate) fn of(&self, services: &Services, ctx: &Ctx) -> Arc<Mixed> {
        let additions = services.plugin_fields.additions(ctx);
        let found = self.mixed.load_full();
        if found.additions == additions {
            return found;
        }
        let _turn = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.mixed.load_full();
        if found.additions == additions {
            return found;
        }
        let is_newer = additions.generation > found.additions.generation;
        let made = Arc::new(Mixed::new(additions));
        // A request of the set before may come late; it gets its own schema and leaves the newer one in force.
        if is_newer {
            self.mixed.store(made.clone());
        }
        made
    }
}

/// Whether a plugin's additions can be merged beside those accepted before; otherwise one sentence.
pub fn judge_additions(accepted: &[AddedSdl], candidate: &AddedSdl) -> Result<(), String> {
    let accepted = Added::new(&CORE, accepted);
    accepted.and(&CORE, candidate).map(drop)
}

/// The schema definition with what plugins add.
pub fn sdl_with(plugins: Vec<AddedSdl>) -> String {
    Mixed::new(Arc::new(Additions { generation: 0, plugins })).schema.sdl()
}

#[cfg(test)]
mod tests;
