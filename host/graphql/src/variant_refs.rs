//! Variants named by id or by SKU in staff's bulk inputs, resolved in one statement.

use std::collections::HashMap;

use async_graphql::{Context, OutputType};
use vectis_kernel::ids::VariantId;

use crate::caller::ContextExt;
use crate::error::{UserError, answer};
use crate::id::GlobalId;

/// Exactly one of the two.
pub(crate) struct VariantNamed {
    pub(crate) sku: Option<String>,
    pub(crate) id: Option<GlobalId<VariantId>>,
}

/// The ids of named variants in the order given, or one user error per unknown one, with its index under `list`.
pub(crate) async fn resolve<C: OutputType + Copy>(
    ctx: &Context<'_>,
    list: &str,
    named: &[VariantNamed],
    unknown: C,
) -> async_graphql::Result<Result<Vec<VariantId>, Vec<UserError<C>>>> {
    let mut skus: Vec<String> = named.iter().filter_map(|one| one.sku.clone()).collect();
    skus.sort_unstable();
    skus.dedup();
    let mut by_sku = HashMap::new();
    if !skus.is_empty() {
        let found = answer(ctx, ctx.services().products.variants_by_sku(&ctx.caller().ctx, &skus).await)?;
        by_sku.extend(found.into_iter().map(|variant| (variant.sku.clone(), variant.id)));
    }
    let mut ids = Vec::with_capacity(named.len());
    let mut errors = Vec::new();
    for (index, one) in named.iter().enumerate() {
        let id = match (&one.sku, one.id) {
            (None, Some(id)) => Ok(id.0),
            (Some(sku), None) => {
                by_sku.get(sku).copied().ok_or_else(|| format!("there is no variant with SKU {sku:?}"))
            }
            _ => Err("exactly one of sku and variantId is needed".to_owned()),
        };
        match id {
            Ok(id) => ids.push(id),
            Err(message) => errors.push(UserError {
                code: unknown,
                field: vec![list.to_owned(), index.to_string(), "sku".to_owned()],
                message,
            }),
        }
    }
    Ok(if errors.is_empty() { Ok(ids) } else { Err(errors) })
}
