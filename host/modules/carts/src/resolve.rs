//! From SKUs, ids and package slugs to variants and units, in one statement each way of naming.

use std::collections::HashMap;
use std::sync::Arc;

use vectis_contracts::carts::{AddLine, CartCode, PackageChoice, VariantRef};
use vectis_contracts::products::{ProductCode, Variant};
use vectis_kernel::ids::VariantId;
use vectis_kernel::{Ctx, Failure, Quantity, Refusal};

use crate::plan::{WantedLine, in_units};
use crate::service::PgCarts;

/// Variants that were named, active or not.
#[derive(Default)]
struct Named {
    by_id: HashMap<VariantId, Arc<Variant>>,
    by_sku: HashMap<String, Arc<Variant>>,
}

impl PgCarts {
    /// The lines that can be understood, and a refusal for each that cannot.
    pub(crate) async fn resolve(
        &self,
        ctx: &Ctx,
        lines: &[AddLine],
    ) -> Result<(Vec<WantedLine>, Vec<Refusal<CartCode>>), Failure<CartCode>> {
        let named = self.named(ctx, lines).await?;
        let (mut wanted, mut refusals) = (Vec::with_capacity(lines.len()), Vec::new());
        for (index, line) in lines.iter().enumerate() {
            match resolve_line(index, line, &named) {
                Ok(line) => wanted.push(line),
                Err(refusal) => refusals.push(refusal),
            }
        }
        Ok((wanted, refusals))
    }

    /// Variants by id that can be bought, in one statement.
    pub(crate) async fn buyable(
        &self,
        ctx: &Ctx,
        mut ids: Vec<VariantId>,
    ) -> Result<HashMap<VariantId, Arc<Variant>>, Failure<CartCode>> {
        ids.sort_unstable();
        ids.dedup();
        let variants = self.products.variants_by_id(ctx, &ids).await.map_err(unknown)?;
        let active = variants.into_iter().filter(|variant| variant.is_active);
        Ok(active.map(|variant| (variant.id, Arc::new(variant))).collect())
    }

    async fn named(&self, ctx: &Ctx, lines: &[AddLine]) -> Result<Named, Failure<CartCode>> {
        let (mut ids, mut skus) = (Vec::new(), Vec::new());
        for line in lines {
            match &line.variant {
                VariantRef::Id(id) => ids.push(*id),
                VariantRef::Sku(sku) if sku.contains('\0') => {} // No SKU has one, and no database takes one.
                VariantRef::Sku(sku) => skus.push(sku.clone()),
            }
        }
        skus.sort_unstable();
        skus.dedup();
        let mut named = Named::default();
        if !ids.is_empty() {
            named.by_id = self.buyable(ctx, ids).await?;
        }
        if !skus.is_empty() {
            let variants = self.products.variants_by_sku(ctx, &skus).await.map_err(unknown)?;
            let active = variants.into_iter().filter(|variant| variant.is_active);
            named.by_sku = active.map(|variant| (variant.sku.clone(), Arc::new(variant))).collect();
        }
        Ok(named)
    }
}

fn resolve_line(index: usize, line: &AddLine, named: &Named) -> Result<WantedLine, Refusal<CartCode>> {
    let at =
        |code, field: &str, message: String| Refusal::at(code, &format!("lines.{index}.{field}"), message);
    let variant = match &line.variant {
        VariantRef::Id(id) => named.by_id.get(id).ok_or_else(|| {
            let message = format!("there is no variant {id} that can be bought");
            at(CartCode::UnknownVariant, "variant_id", message)
        })?,
        VariantRef::Sku(sku) => named.by_sku.get(sku).ok_or_else(|| {
            let message = format!("there is no SKU {sku:?} that can be bought");
            at(CartCode::UnknownVariant, "sku", message)
        })?,
    };
    let package = line.package.as_deref().map(|slug| package(variant, slug));
    let package = package.transpose().map_err(|message| at(CartCode::UnknownPackage, "package", message))?;
    let quantity = in_units(line.quantity, package.as_ref())
        .and_then(|units| precise(units, variant))
        .map_err(|message| at(CartCode::InvalidQuantity, "quantity", message))?;
    Ok(WantedLine { index, variant: Arc::clone(variant), quantity, package })
}

fn package(variant: &Variant, slug: &str) -> Result<PackageChoice, String> {
    let found = variant.packages.iter().find(|package| package.slug == slug);
    let found = found.ok_or_else(|| format!("{} is not sold in {slug:?}", variant.sku))?;
    Ok(PackageChoice { slug: found.slug.clone(), multiplier: found.multiplier })
}

/// Each line of the input must be precise itself: two halves of a piece are no piece.
fn precise(units: Quantity, variant: &Variant) -> Result<Quantity, String> {
    let places = variant.precision;
    if units.fits_precision(places) {
        Ok(units)
    } else {
        Err(format!("{units} is not a quantity of {} ({places} decimal places)", variant.sku))
    }
}

fn unknown(failure: Failure<ProductCode>) -> Failure<CartCode> {
    failure.map_code(|_| CartCode::UnknownVariant)
}
