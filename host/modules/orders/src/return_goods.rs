//! Goods come back: they are counted, put back on the shelf, and credited in proportion.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::carts::MAX_LINES;
use vectis_contracts::channels::Channel;
use vectis_contracts::inventory::StockNeed;
use vectis_contracts::orders::{
    CreateReturn, CreditNote, CreditNoteLine, Order, OrderCode, OrderReturn, Restock, ReturnLine,
};
use vectis_db::{conn, idempotency, outbox, retrying};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::{OrderLineId, ReturnId, WarehouseId};
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure, Money, Quantity, Refusal};

use crate::access::must_be_staff_with;
use crate::charge::MAX_LABEL;
use crate::effects::EffectScope;
use crate::events;
use crate::model::{StockState, StoredOrder, fits, owed, returned_amounts};
use crate::needs::Needs;
use crate::refusals::{effect_to_order, unexpected};
use crate::service::PgOrders;
use crate::store;
use crate::store::line::FrozenLine;
use crate::store::order::Happened;
use crate::transition::MAX_REASON;

/// Longest number of an outside document.
pub(crate) const MAX_REFERENCE: usize = 100;

/// What comes back of one line, with its share of the line's amounts.
struct Piece {
    line: FrozenLine,
    quantity: Quantity,
    net: Money,
    tax: Money,
}

impl PgOrders {
    pub(crate) async fn create_return(
        &self,
        ctx: &Ctx,
        create: CreateReturn,
    ) -> Result<ReturnId, Failure<OrderCode>> {
        must_be_staff_with(ctx, &staff::ORDERS_WRITE)?;
        check_texts(&create.reason, &create.reference)?;
        check_lines(&create)?;
        let order = self.readable_order(ctx, create.order_id).await?;
        let channel = self.channel_of(ctx, &order).await?;
        retrying(|| self.return_in_one(ctx, &create, &channel)).await
    }

    async fn return_in_one(
        &self,
        ctx: &Ctx,
        create: &CreateReturn,
        channel: &Channel,
    ) -> Result<ReturnId, Failure<OrderCode>> {
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = idempotency::find(&mut tx, ctx).await? {
            return Ok(answer);
        }
        let mut stored = self.claim_order(&mut tx, ctx, create.order_id, None).await?;
        self.must_not_be_canceled(ctx, &stored.order)?;
        let pieces = pieces_of(&mut tx, create, &stored.order).await?;
        count_returned(&mut tx, ctx, &stored.order, &pieces).await?;
        self.put_back(&mut tx, ctx, create.restock, channel, &stored, &pieces).await?;
        let (given_back, note) = self.credit(&mut tx, ctx, create, &mut stored, &pieces).await?;
        self.follow_return(&mut tx, ctx, &mut stored, channel).await?;
        let order = &stored.order;
        let happened = Happened {
            kind: "returned",
            from_state: &order.state,
            note: &format!("{}: {}", given_back.number, create.reason),
        };
        store::order::write_down(&mut tx, ctx, &stored, &happened).await?;
        let record = AuditRecord {
            action: "order.return",
            subject_kind: "order",
            subject_id: order.id.0,
            account_id: order.buyer_ids().account_id,
            detail: json!({
                "number": given_back.number,
                "creditNote": note.number,
                "lines": pieces.len(),
                "net": given_back.net.to_string(),
                "tax": given_back.tax.to_string(),
            }),
        };
        self.audit(&mut tx, ctx, record).await?;
        let events = [events::return_created(order, &given_back), events::credit_note_issued(&note)];
        outbox::append(&mut tx, ctx, &events).await?;
        idempotency::record(&mut tx, ctx, &given_back.id).await?;
        tx.commit().await?;
        tracing::info!(order.id = %order.id, return.number = %given_back.number, "goods returned");
        Ok(given_back.id)
    }

    /// Shipped goods go back on hand or are written off; goods not shipped yet are simply not needed any more.
    async fn put_back(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        restock: Restock,
        channel: &Channel,
        stored: &StoredOrder,
        pieces: &[Piece],
    ) -> Result<(), Failure<OrderCode>> {
        let stocked = pieces.iter().filter(|piece| piece.line.is_stocked);
        let needs: Vec<StockNeed> = stocked
            .map(|piece| StockNeed {
                variant_id: piece.line.variant_id,
                quantity: piece.quantity,
                allows_backorder: piece.line.allows_backorder,
            })
            .collect();
        match (stored.stock, restock) {
            (StockState::Allocated, _) => self.release_goods(tx, ctx, stored.order.id, &needs).await,
            (StockState::Shipped, Restock::OnHand) => {
                self.take_back(tx, ctx, stored.order.id.0, channel, &needs).await
            }
            (StockState::Shipped, Restock::WriteOff) | (StockState::Untouched | StockState::Released, _) => {
                Ok(())
            }
        }
    }

    /// Puts goods back on hand in the channel's first warehouse.
    pub(crate) async fn take_back(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        owner_id: Uuid,
        channel: &Channel,
        needs: &[StockNeed],
    ) -> Result<(), Failure<OrderCode>> {
        if needs.is_empty() {
            return Ok(());
        }
        let warehouse_id: WarehouseId = *channel.warehouse_ids.first().ok_or_else(|| {
            let message = format!("the channel {} has no warehouse to put goods back into", channel.slug);
            Failure::at(OrderCode::InvalidInput, "restock", message)
        })?;
        let inventory = &self.deps.inventory;
        let taken = inventory.take_back(tx, ctx, owner_id, warehouse_id, needs).await;
        taken.map_err(unexpected)
    }

    /// Writes the credit note and the return, and counts the credit on the order.
    async fn credit(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        create: &CreateReturn,
        stored: &mut StoredOrder,
        pieces: &[Piece],
    ) -> Result<(OrderReturn, CreditNote), Failure<OrderCode>> {
        let order = &stored.order;
        let net = Money::sum(order.currency, pieces.iter().map(|piece| piece.net))?;
        let tax = Money::sum(order.currency, pieces.iter().map(|piece| piece.tax))?;
        let mut note = CreditNote {
            id: ctx.new_id(),
            number: String::new(),
            channel_id: order.channel_id,
            account_id: order.buyer_ids().account_id,
            order_id: Some(order.id),
            reference: create.reference.clone(),
            at: ctx.now(),
            reason: create.reason.clone(),
            lines: pieces.iter().map(Piece::credited).collect(),
            net,
            tax,
        };
        note.number = store::credit_note::insert(tx, &note).await?;
        let mut given_back = OrderReturn {
            id: ctx.new_id(),
            number: String::new(),
            order_id: order.id,
            at: ctx.now(),
            reason: create.reason.clone(),
            lines: pieces.iter().map(Piece::returned).collect(),
            net,
            tax,
            credit_note_id: note.id,
        };
        given_back.number = store::returned::insert(tx, &given_back, create.restock).await?;
        let totals = &mut stored.order.totals;
        totals.credited = totals.credited.plus(net)?.plus(tax)?;
        Ok((given_back, note))
    }

    async fn follow_return(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        stored: &mut StoredOrder,
        channel: &Channel,
    ) -> Result<(), Failure<OrderCode>> {
        let order = &stored.order;
        let scope = EffectScope {
            order_id: order.id,
            held_by: Some(order.cart_id),
            account_id: order.buyer_ids().account_id,
            grand_total: order.totals.grand_total,
            owed: owed(&order.totals)?,
            warehouse_ids: &channel.warehouse_ids,
            needs: &Needs::default(),
        };
        let followed = self.follow_credit(tx, ctx, &scope, stored.credit_held).await;
        stored.credit_held = followed.map_err(|failure| failure.map_code(effect_to_order))?;
        Ok(())
    }
}

impl Piece {
    fn credited(&self) -> CreditNoteLine {
        CreditNoteLine {
            label: self.line.name.chars().take(MAX_LABEL).collect(),
            sku: Some(self.line.sku.clone()),
            quantity: self.quantity,
            net: self.net,
            tax: self.tax,
        }
    }

    fn returned(&self) -> ReturnLine {
        ReturnLine { order_line_id: self.line.id, quantity: self.quantity, net: self.net, tax: self.tax }
    }
}

/// The lines behind the order's lock, each with what comes back of it.
async fn pieces_of(
    tx: &mut Tx,
    create: &CreateReturn,
    order: &Order,
) -> Result<Vec<Piece>, Failure<OrderCode>> {
    let named: Vec<Uuid> = create.lines.iter().map(|(id, _)| id.0).collect();
    let lines = store::line::frozen(conn(tx), order.id, order.currency, Some(&named)).await?;
    let mut by_id: HashMap<OrderLineId, FrozenLine> = lines.into_iter().map(|line| (line.id, line)).collect();
    let mut refusals = Vec::new();
    let mut pieces = Vec::with_capacity(create.lines.len());
    for (index, (id, quantity)) in create.lines.iter().enumerate() {
        let piece = match by_id.remove(id) {
            Some(line) => piece_of(line, *quantity),
            None => Err((OrderCode::UnknownLine, "lineId", format!("the order has no line {id}"))),
        };
        match piece {
            Ok(piece) => pieces.push(piece),
            Err((code, field, message)) => {
                refusals.push(Refusal::at(code, &format!("lines.{index}.{field}"), message));
            }
        }
    }
    refuse_if_any(refusals)?;
    Ok(pieces)
}

fn piece_of(line: FrozenLine, quantity: Quantity) -> Result<Piece, (OrderCode, &'static str, String)> {
    let sku = &line.sku;
    if !quantity.is_positive() || !quantity.fits_precision(line.precision) {
        let message = format!("{quantity} is not a quantity of {sku} ({} decimal places)", line.precision);
        return Err((OrderCode::InvalidQuantity, "quantity", message));
    }
    let left = line.quantity.checked_sub(line.returned).unwrap_or_default();
    if quantity > left {
        let message = format!("{quantity} of {sku} cannot be returned; {left} can");
        return Err((OrderCode::AboveReturnable, "quantity", message));
    }
    let (net, tax) = returned_amounts((line.net, line.tax), line.quantity, line.returned, quantity)
        .map_err(|error| (OrderCode::InvalidAmount, "quantity", error.to_string()))?;
    Ok(Piece { line, quantity, net, tax })
}

async fn count_returned(
    tx: &mut Tx,
    ctx: &Ctx,
    order: &Order,
    pieces: &[Piece],
) -> Result<(), Failure<OrderCode>> {
    let ids: Vec<Uuid> = pieces.iter().map(|piece| piece.line.id.0).collect();
    let quantities: Vec<i64> = pieces.iter().map(|piece| piece.quantity.milli()).collect();
    let counted = store::line::count_returned(tx, ctx, order.id, &ids, &quantities).await?;
    if usize::try_from(counted)? == pieces.len() {
        return Ok(());
    }
    let message = "more has been returned in the meantime";
    Err(Failure::refused(OrderCode::AboveReturnable, message))
}

/// Reason and reference of a return or credit note.
pub(crate) fn check_texts(reason: &str, reference: &str) -> Result<(), Failure<OrderCode>> {
    let mut refusals = Vec::new();
    if reason.trim().is_empty() || !fits(reason, MAX_REASON) {
        let message = format!("a reason has 1 to {MAX_REASON} characters");
        refusals.push(Refusal::at(OrderCode::InvalidInput, "reason", message));
    }
    if !fits(reference, MAX_REFERENCE) {
        let message = format!("a reference has at most {MAX_REFERENCE} characters");
        refusals.push(Refusal::at(OrderCode::InvalidInput, "reference", message));
    }
    refuse_if_any(refusals)
}

fn check_lines(create: &CreateReturn) -> Result<(), Failure<OrderCode>> {
    let count = create.lines.len();
    if count > MAX_LINES {
        let message = format!("at most {MAX_LINES} lines are returned at once, not {count}");
        return Err(Failure::at(OrderCode::TooMany, "lines", message));
    }
    if count == 0 {
        let message = "a return has at least one line";
        return Err(Failure::at(OrderCode::InvalidInput, "lines", message));
    }
    let mut seen: HashSet<OrderLineId> = HashSet::new();
    let twice = create.lines.iter().enumerate().filter(|(_, (id, _))| !seen.insert(*id));
    let refusals = twice.map(|(index, _)| {
        let field = format!("lines.{index}.lineId");
        Refusal::at(OrderCode::InvalidInput, &field, "this line stands twice in the return")
    });
    refuse_if_any(refusals.collect())
}
