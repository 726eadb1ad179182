//! A priced cart as the columns of an order: what was checked is what is written. Pure.

use std::borrow::Cow;

use uuid::Uuid;
use vectis_contracts::accounts::PostalAddress;
use vectis_contracts::products::Variant;
use vectis_kernel::ids::OrderLineId;
use vectis_kernel::{Ctx, Failure};

use crate::place::{Gathered, Placement};
use crate::store::placed::LineColumns;

/// Where goods go: the cart's address, else the buyer's default, kept so that later edits are taxed alike.
pub(super) fn shipping_address(gathered: &Gathered) -> Option<&PostalAddress> {
    let written = gathered.priced.cart.shipping_address.as_ref();
    written.or(gathered.buyer.default_address.as_ref())
}

/// Where the invoice goes; where the goods go when the cart does not say.
pub(super) fn billing_address(gathered: &Gathered) -> Option<&PostalAddress> {
    let written = gathered.priced.cart.billing_address.as_ref();
    written.or_else(|| shipping_address(gathered))
}

/// The lines and their taxes, column by column, borrowing all text from the cart.
pub(super) fn line_columns<'a, C>(
    ctx: &Ctx,
    placement: &'a Placement,
) -> Result<LineColumns<'a>, Failure<C>> {
    let priced = &placement.gathered.priced;
    let mut columns = LineColumns::with_capacity(priced.lines.len());
    for (index, (line, raw)) in priced.lines.iter().zip(&priced.cart.lines).enumerate() {
        let Some(variant) = line.variant.as_deref() else {
            return Err(Failure::internal("a line without its variant was about to be placed"));
        };
        let line_id: OrderLineId = ctx.new_id();
        columns.ids.push(line_id.0);
        columns.positions.push(i32::try_from(index + 1)?);
        columns.variant_ids.push(variant.id.0);
        columns.skus.push(&variant.sku);
        columns.names.push(name_of(variant));
        columns.tax_categories.push(&variant.tax_category);
        columns.precisions.push(i16::try_from(variant.precision)?);
        columns.stocked.push(variant.is_stocked);
        columns.backorders.push(variant.allows_backorder);
        columns.quantities.push(raw.quantity.milli());
        let package = raw.package.as_ref();
        columns.package_slugs.push(package.map(|package| package.slug.as_str()));
        columns.package_multipliers.push(package.map(|package| package.multiplier.milli()));
        columns.unit_prices.push(line.unit_price.to_decimal());
        let by_staff = raw.price_override.as_ref();
        let by_strategy = line.quoted.filter(|_| by_staff.is_some());
        columns.list_unit_prices.push(by_strategy.map(|quote| quote.unit_price.to_decimal()));
        columns.override_reasons.push(by_staff.map(|set| set.reason.as_str()));
        columns.override_logins.push(by_staff.and_then(|set| set.by).map(Uuid::from));
        columns.nets.push(line.taxed.net.minor);
        columns.taxes.push(line.taxed.tax.minor);
        columns.grosses.push(line.taxed.gross.minor);
        columns.parts.extend(line_id.0, &line.taxed.parts)?;
    }
    Ok(columns)
}

fn name_of(variant: &Variant) -> Cow<'_, str> {
    if variant.name.is_empty() {
        Cow::Borrowed(&variant.product_name)
    } else {
        Cow::Owned(format!("{} {}", variant.product_name, variant.name))
    }
}
