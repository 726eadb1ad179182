//! Root types that shape the registry by the policy when the schema is built. With `policy` and
//! `mixing` the only place that touches async-graphql's hidden registry; hence the exact version pin.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::{ContainerType, resolve_container};
use async_graphql::{Context, ContextSelectionSet, ObjectType, OutputType, Positioned, ServerResult, Value};

use crate::mixing::{self, Asking};
use crate::policy::Policy;

/// The policy of the whole schema.
pub(crate) static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::new(crate::POLICIES));

/// A root type whose registry entries are shaped by [`POLICY`].
pub(crate) struct Shaped<T>(pub(crate) T);

impl<T: ObjectType> ContainerType for Shaped<T> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        if let Some(value) = self.0.resolve_field(ctx).await? {
            return Ok(Some(value));
        }
        // No field of the platform: an added one. Mutations run in their turn, the others when all else is answered.
        if let Some(asking) = ctx.data_opt::<Arc<Asking>>() {
            asking.mutate(ctx).await?;
        }
        Ok(None)
    }
}

impl<T: ObjectType> OutputType for Shaped<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let name = T::create_type_info(registry);
        POLICY.shape(registry);
        mixing::merge(registry);
        name
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        resolve_container(ctx, self).await
    }
}

impl<T: ObjectType> ObjectType for Shaped<T> {}
