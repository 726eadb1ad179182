//! What a customer may buy of a variant in 30 days, counted by days in the channel's time zone. Pure; the store counts.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use vectis_contracts::carts::CartOwner;
use vectis_contracts::channels::Channel;
use vectis_contracts::orders::PlaceCode;
use vectis_contracts::priced_cart::PricedCart;
use vectis_kernel::ids::VariantId;
use vectis_kernel::{Ctx, Quantity, Refusal};

/// A capped variant in a cart.
pub(crate) struct Capped {
    pub(crate) variant_id: VariantId,
    /// Wanted by all its lines together.
    pub(crate) wanted: Quantity,
    sku: String,
    cap: Quantity,
    lines: Vec<usize>,
}

/// Whose usage of what is counted, as of when.
pub(crate) struct UsageWindow {
    pub(crate) customer_key: String,
    pub(crate) variant_ids: Vec<uuid::Uuid>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) time_zone: String,
}

/// The capped variants of a cart, in the order of their first lines.
pub(crate) fn capped(priced: &PricedCart) -> Vec<Capped> {
    let mut found: Vec<Capped> = Vec::new();
    let mut place_of: HashMap<VariantId, usize> = HashMap::new();
    for (index, (line, raw)) in priced.lines.iter().zip(&priced.cart.lines).enumerate() {
        let Some(variant) = &line.variant else { continue };
        let Some(cap) = variant.limits.max_per_customer_30_days else { continue };
        let place = *place_of.entry(variant.id).or_insert(found.len());
        if place == found.len() {
            found.push(Capped {
                variant_id: variant.id,
                wanted: Quantity::ZERO,
                sku: variant.sku.clone(),
                cap,
                lines: Vec::new(),
            });
        }
        let entry = &mut found[place];
        entry.lines.push(index);
        // A sum out of range is certainly above the cap.
        entry.wanted = entry.wanted.checked_add(raw.quantity).unwrap_or(Quantity::from_milli(i64::MAX));
    }
    found
}

/// The window to count in for these variants.
pub(crate) fn window(ctx: &Ctx, owner: &CartOwner, channel: &Channel, capped: &[Capped]) -> UsageWindow {
    UsageWindow {
        customer_key: customer_key(owner),
        variant_ids: capped.iter().map(|capped| capped.variant_id.0).collect(),
        now: ctx.now(),
        time_zone: channel.time_zone.clone(),
    }
}

/// A company's employees share its caps.
fn customer_key(owner: &CartOwner) -> String {
    match owner {
        CartOwner::Employee { account_id, .. } => format!("account:{account_id}"),
        CartOwner::Customer(login_id) => format!("customer:{login_id}"),
        CartOwner::Guest(hash) => format!("guest:{hash}"),
    }
}

/// Refuses every line of a variant of which more is wanted than is left.
pub(crate) fn refusals(capped: &[Capped], used: &HashMap<VariantId, Quantity>) -> Vec<Refusal<PlaceCode>> {
    let mut refusals = Vec::new();
    for entry in capped {
        let used = used.get(&entry.variant_id).copied().unwrap_or_default();
        let left = Quantity::from_milli(entry.cap.milli().saturating_sub(used.milli()).max(0));
        if entry.wanted <= left {
            continue;
        }
        let (sku, cap, wanted) = (&entry.sku, entry.cap, entry.wanted);
        for line in &entry.lines {
            let message = format!(
                "at most {cap} of {sku} can be bought in 30 days; {wanted} are wanted and {left} left"
            );
            let field = format!("lines.{line}.quantity");
            refusals.push(Refusal::at(PlaceCode::CustomerCap, &field, message));
        }
    }
    refusals
}
