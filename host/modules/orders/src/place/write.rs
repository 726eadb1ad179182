//! The writing half of a placement, inside the unit of work of whoever places.

use serde_json::json;
use vectis_contracts::Tx;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::orders::{Order, OrderTotals, PlaceCode};
use vectis_db::outbox;
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::{Ctx, Failure, Money};

use crate::effects::EffectScope;
use crate::events;
use crate::model::{Holdings, StockState, StoredOrder};
use crate::place::{Placement, caps, freeze};
use crate::refusals::{cart_to_place, effect_to_place};
use crate::service::PgOrders;
use crate::store;
use crate::store::placed::PlaceError;

impl PgOrders {
    /// Cart, stock, credit, order with lines, taxes and history, caps, audit, outbox. The cart comes first: its row is
    /// where two placements of one cart meet.
    pub(crate) async fn write_order(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        placement: &Placement,
    ) -> Result<Order, Failure<PlaceCode>> {
        let gathered = &placement.gathered;
        let cart = &gathered.priced.cart;
        let marked = self.deps.carts.mark_placed(tx, ctx, cart, placement.order_id).await;
        marked.map_err(cart_to_place)?;
        let held = self.run_placing_effects(tx, ctx, placement).await?;
        let lines = freeze::line_columns(ctx, placement)?;
        let mut stored = new_order(ctx, placement, held)?;
        let placed = store::placed::insert(tx, ctx, &stored, &lines, &gathered.priced.tax_kinds).await;
        let number = placed.map_err(placed_twice)?;
        self.use_up_caps(tx, ctx, placement).await?;
        let record = AuditRecord {
            action: "order.place",
            subject_kind: "order",
            subject_id: placement.order_id.0,
            account_id: gathered.buyer.account_id,
            detail: json!({
                "number": number,
                "cartId": cart.id,
                "lines": cart.lines.len(),
                "grandTotal": gathered.priced.gross.to_string(),
                "approvalRequestId": placement.approval_request_id,
            }),
        };
        self.audit(tx, ctx, record).await?;
        let event = events::order_placed(placement, &number, held.paid, &lines);
        outbox::append(tx, ctx, &[event]).await?;
        tracing::info!(order.id = %placement.order_id, order.number = %number, lines = cart.lines.len(), "order placed");
        stored.order.number = number;
        Ok(stored.order)
    }

    async fn run_placing_effects(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        placement: &Placement,
    ) -> Result<Holdings, Failure<PlaceCode>> {
        let gathered = &placement.gathered;
        let nothing = Money::zero(gathered.priced.gross.currency);
        let scope = EffectScope {
            order_id: placement.order_id,
            held_by: gathered.held_by(),
            account_id: gathered.buyer.account_id,
            grand_total: gathered.priced.gross,
            owed: gathered.priced.gross,
            warehouse_ids: &gathered.channel.warehouse_ids,
            needs: &gathered.needs(),
        };
        let before = Holdings { stock: StockState::Untouched, credit_held: nothing, paid: nothing };
        let held = self.run_effects(tx, ctx, &scope, before, &placement.effects).await;
        held.map_err(|failure| failure.map_code(effect_to_place))
    }

    /// Counts again behind a lock per customer, so that two carts at once cannot pass the cap together.
    async fn use_up_caps(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        placement: &Placement,
    ) -> Result<(), Failure<PlaceCode>> {
        let gathered = &placement.gathered;
        let capped = caps::capped(&gathered.priced);
        if capped.is_empty() {
            return Ok(());
        }
        let window = caps::window(ctx, &gathered.priced.cart.owner, &gathered.channel, &capped);
        store::usage::lock(tx, &window).await?;
        let used = store::usage::used(vectis_db::conn(tx), &window).await?;
        refuse_if_any(caps::refusals(&capped, &used))?;
        let wanted: Vec<i64> = capped.iter().map(|capped| capped.wanted.milli()).collect();
        store::usage::add(tx, placement.order_id, &window, &wanted).await?;
        Ok(())
    }
}

/// The order as it is written, but for its number, which the store draws.
fn new_order<C>(ctx: &Ctx, placement: &Placement, held: Holdings) -> Result<StoredOrder, Failure<C>> {
    let gathered = &placement.gathered;
    let (priced, cart) = (&gathered.priced, &gathered.priced.cart);
    let nothing = Money::zero(cart.currency);
    let order = Order {
        id: placement.order_id,
        number: String::new(),
        channel_id: cart.channel_id,
        buyer: cart.owner.clone(),
        cart_id: cart.id,
        approval_request_id: placement.approval_request_id,
        currency: cart.currency,
        state: placement.state.clone(),
        process: placement.process.clone(),
        po_number: cart.po_number.clone(),
        note: cart.note.clone(),
        payment_terms: gathered.payment_terms().to_owned(),
        shipping_address: freeze::shipping_address(gathered).cloned(),
        billing_address: freeze::billing_address(gathered).cloned(),
        prices_include_tax: gathered.channel.prices_include_tax,
        line_count: i32::try_from(priced.lines.len())?,
        totals: OrderTotals {
            lines_net: priced.net,
            charges_net: nothing,
            tax_total: priced.tax,
            grand_total: priced.gross,
            paid: held.paid,
            credited: nothing,
        },
        placed_at: ctx.now(),
        version: 1,
    };
    Ok(StoredOrder { order, stock: held.stock, credit_held: held.credit_held })
}

/// The last guard behind the cart's own: one order per cart.
fn placed_twice(error: PlaceError) -> Failure<PlaceCode> {
    match error {
        PlaceError::CartPlaced => Failure::refused(PlaceCode::CartNotOpen, "the cart has been placed"),
        PlaceError::Db(error) => error.into(),
    }
}
