//! Staff add amounts that are not goods: postage, fees, discounts.

use serde_json::json;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::carts::MAX_LINES;
use vectis_contracts::channels::Channel;
use vectis_contracts::orders::{AddCharge, ChargeKind, Order, OrderCode};
use vectis_contracts::tax::TaxQueryLine;
use vectis_db::{idempotency, outbox, retrying};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::OrderId;
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Currency, Failure, Money, Quantity, Refusal};

use crate::access::must_be_staff_with;
use crate::effects::EffectScope;
use crate::events;
use crate::model::{StoredOrder, TotalsChange, changed_totals, fits, owed};
use crate::needs::Needs;
use crate::refusals::{effect_to_order, strategy_failed};
use crate::service::PgOrders;
use crate::store;
use crate::store::charge::NewCharge;
use crate::store::order::Happened;
use crate::transition::{MAX_REASON, find_state};

/// Longest label of a charge or credit note line.
pub(crate) const MAX_LABEL: usize = 200;
/// Longest key of a tax category.
const MAX_CATEGORY: usize = 100;

/// Taxed charges of one order.
struct Charging<'a> {
    order_id: OrderId,
    reason: &'a str,
    channel: Channel,
    charges: Vec<NewCharge<'a>>,
}

impl PgOrders {
    pub(crate) async fn add_charges(
        &self,
        ctx: &Ctx,
        order_id: OrderId,
        charges: Vec<AddCharge>,
        reason: &str,
    ) -> Result<(), Failure<OrderCode>> {
        must_be_staff_with(ctx, &staff::ORDERS_WRITE)?;
        let order = self.readable_order(ctx, order_id).await?;
        check_charges(&charges, reason, order.currency)?;
        let channel = self.channel_of(ctx, &order).await?;
        let taxed = self.tax_charges(ctx, &order, &channel, &charges).await?;
        let charging = Charging { order_id, reason, channel, charges: taxed };
        retrying(|| self.charge_in_one(ctx, &charging)).await
    }

    /// Charges with a category are taxed like a line of it.
    async fn tax_charges<'a>(
        &self,
        ctx: &Ctx,
        order: &Order,
        channel: &Channel,
        charges: &'a [AddCharge],
    ) -> Result<Vec<NewCharge<'a>>, Failure<OrderCode>> {
        let lines = charges.iter().filter_map(|charge| {
            let category = charge.tax_category.clone()?;
            Some(TaxQueryLine { amount: charge.amount, quantity: Quantity::from_milli(1_000), category })
        });
        let assessed = self.assess(ctx, order, channel, lines.collect()).await?;
        let mut taxed = assessed.lines.into_iter();
        let new_charges = charges.iter().map(|charge| {
            let (net, tax) = match charge.tax_category {
                None => (charge.amount, Money::zero(order.currency)),
                Some(_) => {
                    let taxed = taxed.next().ok_or_else(|| Failure::internal("a charge was not taxed"))?;
                    (taxed.net, taxed.tax)
                }
            };
            Ok(NewCharge {
                id: ctx.new_id(),
                kind: charge.kind,
                label: &charge.label,
                tax_category: charge.tax_category.as_deref(),
                net,
                tax,
            })
        });
        new_charges.collect()
    }

    async fn charge_in_one(&self, ctx: &Ctx, charging: &Charging<'_>) -> Result<(), Failure<OrderCode>> {
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = idempotency::find(&mut tx, ctx).await? {
            return Ok(answer);
        }
        let mut stored = self.claim_order(&mut tx, ctx, charging.order_id, None).await?;
        self.must_not_be_canceled(ctx, &stored.order)?;
        stored.order.totals = charged_totals(&stored, &charging.charges)?;
        let order = &stored.order;
        let scope = EffectScope {
            order_id: order.id,
            held_by: Some(order.cart_id),
            account_id: order.buyer_ids().account_id,
            grand_total: order.totals.grand_total,
            owed: owed(&order.totals)?,
            warehouse_ids: &charging.channel.warehouse_ids,
            needs: &Needs::default(),
        };
        let followed = self.follow_credit(&mut tx, ctx, &scope, stored.credit_held).await;
        stored.credit_held = followed.map_err(|failure| failure.map_code(effect_to_order))?;
        store::charge::insert(&mut tx, ctx, stored.order.id, &charging.charges).await?;
        let order = &stored.order;
        let happened = Happened { kind: "charged", from_state: &order.state, note: charging.reason };
        store::order::write_down(&mut tx, ctx, &stored, &happened).await?;
        let sum = order.totals.charges_net.to_string();
        let record = AuditRecord {
            action: "order.charge",
            subject_kind: "order",
            subject_id: order.id.0,
            account_id: order.buyer_ids().account_id,
            detail: json!({ "reason": charging.reason, "charges": charging.charges.len(), "chargesNet": sum }),
        };
        self.audit(&mut tx, ctx, record).await?;
        outbox::append(&mut tx, ctx, &[events::order_charged(order, &charging.charges)]).await?;
        idempotency::record(&mut tx, ctx, &()).await?;
        tx.commit().await?;
        tracing::info!(order.id = %order.id, order.number = %order.number, "order charged");
        Ok(())
    }

    /// Canceled orders owe nothing and give nothing back.
    pub(crate) fn must_not_be_canceled(&self, ctx: &Ctx, order: &Order) -> Result<(), Failure<OrderCode>> {
        let point = self.deps.strategies.order_process(ctx, order.channel_id);
        let point = point.map_err(strategy_failed(OrderCode::StrategyFailed))?;
        if find_state(&*point, &order.state).is_some_and(|state| state.is_canceled) {
            let message = format!("an order in {} cannot be changed any more", order.state);
            return Err(Failure::refused(OrderCode::NotEditable, message));
        }
        Ok(())
    }
}

fn charged_totals(
    stored: &StoredOrder,
    charges: &[NewCharge<'_>],
) -> Result<vectis_contracts::orders::OrderTotals, Failure<OrderCode>> {
    let totals = &stored.order.totals;
    let currency = stored.order.currency;
    let out_of_range = |error: vectis_kernel::MoneyError| {
        Failure::at(OrderCode::InvalidAmount, "charges", error.to_string())
    };
    let change = TotalsChange {
        lines_net: Money::zero(currency),
        charges_net: Money::sum(currency, charges.iter().map(|charge| charge.net)).map_err(out_of_range)?,
        tax: Money::sum(currency, charges.iter().map(|charge| charge.tax)).map_err(out_of_range)?,
    };
    let after = changed_totals(totals, change).map_err(out_of_range)?;
    if after.grand_total.minor < 0 {
        let message = format!("an order cannot come to {}", after.grand_total);
        return Err(Failure::at(OrderCode::InvalidAmount, "charges", message));
    }
    Ok(after)
}

fn check_charges(charges: &[AddCharge], reason: &str, currency: Currency) -> Result<(), Failure<OrderCode>> {
    if charges.len() > MAX_LINES {
        let message = format!("at most {MAX_LINES} charges are added at once, not {}", charges.len());
        return Err(Failure::at(OrderCode::TooMany, "charges", message));
    }
    let mut refusals = Vec::new();
    if charges.is_empty() {
        let message = "there is nothing to charge";
        refusals.push(Refusal::at(OrderCode::InvalidInput, "charges", message));
    }
    let is_manual = charges.iter().any(|charge| charge.kind == ChargeKind::Manual);
    if !fits(reason, MAX_REASON) || is_manual && reason.trim().is_empty() {
        let message = format!("a reason has at most {MAX_REASON} characters, and a manual amount has one");
        refusals.push(Refusal::at(OrderCode::InvalidInput, "reason", message));
    }
    for (index, charge) in charges.iter().enumerate() {
        if charge.label.trim().is_empty() || !fits(&charge.label, MAX_LABEL) {
            let message = format!("a label has 1 to {MAX_LABEL} characters");
            let field = format!("charges.{index}.label");
            refusals.push(Refusal::at(OrderCode::InvalidInput, &field, message));
        }
        if charge.tax_category.as_deref().is_some_and(|category| !fits(category, MAX_CATEGORY)) {
            let message = format!("a tax category has at most {MAX_CATEGORY} characters");
            let field = format!("charges.{index}.taxCategory");
            refusals.push(Refusal::at(OrderCode::InvalidInput, &field, message));
        }
        if let Some(message) = amount_fault(charge, currency) {
            let field = format!("charges.{index}.amount");
            refusals.push(Refusal::at(OrderCode::InvalidAmount, &field, message));
        }
    }
    refuse_if_any(refusals)
}

fn amount_fault(charge: &AddCharge, currency: Currency) -> Option<String> {
    let amount = charge.amount;
    if amount.currency != currency {
        return Some(format!("{amount} is not in {currency}, the order's currency"));
    }
    match charge.kind {
        ChargeKind::Manual => None,
        ChargeKind::Discount => (amount.minor >= 0).then(|| format!("a discount is negative, not {amount}")),
        ChargeKind::Shipping | ChargeKind::Handling | ChargeKind::Fee => (amount.minor < 0)
            .then(|| format!("only discounts and manual amounts are negative, not {amount}")),
    }
}
