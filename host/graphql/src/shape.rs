//! Root types that shape the registry by the policy when the schema is built. The one room (with `policy`) that touches
//! async-graphql's hidden registry; hence the exact version pin.

use std::borrow::Cow;
use std::sync::LazyLock;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::{ContainerType, resolve_container};
use async_graphql::{Context, ContextSelectionSet, ObjectType, OutputType, Positioned, ServerResult, Value};

use crate::policy::Policy;

/// The policy of the whole schema.
pub(crate) static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::new(crate::POLICIES));

/// A root type whose registry entries are shaped by [`POLICY`].
pub(crate) struct Shaped<T>(pub(crate) T);

impl<T: ObjectType> ContainerType for Shaped<T> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        self.0.resolve_field(ctx).await
    }
}

impl<T: ObjectType> OutputType for Shaped<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let name = T::create_type_info(registry);
        POLICY.shape(registry);
        name
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        resolve_container(ctx, self).await
    }
}

impl<T: ObjectType> ObjectType for Shaped<T> {}
