//! Variants named by id or by SKU in staff's bulk inputs, resolved in one statement each way of naming.

use std::collections::{HashMap, HashSet};

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
    let mut wanted: Vec<VariantId> = named.iter().filter_map(|one| Some(one.id?.0)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut existing = HashSet::new();
    if !wanted.is_empty() {
        let found = answer(ctx, ctx.services().products.variants_by_id(&ctx.caller().ctx, &wanted).await)?;
        existing.extend(found.into_iter().map(|variant| variant.id));
    }
    let mut ids = Vec::with_capacity(named.len());
    let mut errors = Vec::new();
    for (index, one) in named.iter().enumerate() {
        let id = match (&one.sku, one.id) {
            (None, Some(id)) if existing.contains(&id.0) => Ok(id.0),
            (None, Some(id)) => Err(("variantId", format!("there is no variant {}", id.0))),
            (Some(sku), None) => by_sku
                .get(sku)
                .copied()
                .ok_or_else(|| ("sku", format!("there is no variant with SKU {sku:?}"))),
            _ => Err(("sku", "exactly one of sku and variantId is needed".to_owned())),
        };
        match id {
            Ok(id) => ids.push(id),
            Err((field, message)) => errors.push(UserError {
                code: unknown,
                field: vec![list.to_owned(), index.to_string(), field.to_owned()],
                message,
            }),
        }
    }
    Ok(if errors.is_empty() { Ok(ids) } else { Err(errors) })
}
