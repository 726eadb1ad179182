//! Facts about orders. Quantities and prices are decimal texts; no names, notes or addresses leave this way.

use rust_decimal::Decimal;
use serde::Serialize;
use vectis_contracts::orders::{CreditNote, Order, OrderBuyerIds, OrderReturn, OrderTotals};
use vectis_kernel::ids::{
    AccountId, ApprovalRequestId, CartId, ChannelId, CreditNoteId, EmployeeId, LocationId, LoginId,
    OrderChargeId, OrderId, OrderLineId, ReturnId, VariantId,
};
use vectis_kernel::{Currency, Event, Money};

use crate::place::Placement;
use crate::store::charge::{NewCharge, kind_name};
use crate::store::line::FrozenLine;
use crate::store::placed::LineColumns;

/// Money as events say it.
#[derive(Serialize)]
struct Amount {
    amount: String,
    currency: Currency,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self { amount: money.to_decimal().to_string(), currency: money.currency }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    lines_net: Amount,
    charges_net: Amount,
    tax_total: Amount,
    grand_total: Amount,
    paid: Amount,
    credited: Amount,
}

impl From<&OrderTotals> for Totals {
    fn from(totals: &OrderTotals) -> Self {
        Self {
            lines_net: totals.lines_net.into(),
            charges_net: totals.charges_net.into(),
            tax_total: totals.tax_total.into(),
            grand_total: totals.grand_total.into(),
            paid: totals.paid.into(),
            credited: totals.credited.into(),
        }
    }
}

fn quantity_text(milli: i64) -> String {
    Decimal::new(milli, 3).normalize().to_string()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderPlaced<'a> {
    order_id: OrderId,
    number: &'a str,
    channel_id: ChannelId,
    cart_id: CartId,
    approval_request_id: Option<ApprovalRequestId>,
    account_id: Option<AccountId>,
    location_id: Option<LocationId>,
    employee_id: Option<EmployeeId>,
    customer_id: Option<LoginId>,
    process: &'a str,
    state: &'a str,
    po_number: &'a str,
    payment_terms: &'a str,
    currency: Currency,
    totals: Totals,
    lines: Vec<PlacedLine<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlacedLine<'a> {
    line_id: OrderLineId,
    variant_id: VariantId,
    sku: &'a str,
    quantity: String,
    unit_price: String,
}

/// A cart became an order.
pub(crate) fn order_placed(
    placement: &Placement,
    number: &str,
    paid: Money,
    lines: &LineColumns<'_>,
) -> Event {
    let gathered = &placement.gathered;
    let cart = &gathered.priced.cart;
    let buyer = OrderBuyerIds::from(&cart.owner);
    let nothing = Money::zero(cart.currency);
    let totals = OrderTotals {
        lines_net: gathered.priced.net,
        charges_net: nothing,
        tax_total: gathered.priced.tax,
        grand_total: gathered.priced.gross,
        paid,
        credited: nothing,
    };
    let lines = (0..lines.ids.len()).map(|index| PlacedLine {
        line_id: OrderLineId(lines.ids[index]),
        variant_id: VariantId(lines.variant_ids[index]),
        sku: lines.skus[index],
        quantity: quantity_text(lines.quantities[index]),
        unit_price: lines.unit_prices[index].to_string(),
    });
    let payload = OrderPlaced {
        order_id: placement.order_id,
        number,
        channel_id: cart.channel_id,
        cart_id: cart.id,
        approval_request_id: placement.approval_request_id,
        account_id: buyer.account_id,
        location_id: buyer.location_id,
        employee_id: buyer.employee_id,
        customer_id: buyer.customer_id,
        process: &placement.process,
        state: &placement.state,
        po_number: &cart.po_number,
        payment_terms: gathered.payment_terms(),
        currency: cart.currency,
        totals: (&totals).into(),
        lines: lines.collect(),
    };
    about_order("vectis.orders.order_placed.v1", placement.order_id, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StateChanged<'a> {
    order_id: OrderId,
    number: &'a str,
    transition: &'a str,
    from_state: &'a str,
    to_state: &'a str,
    is_canceled: bool,
    totals: Totals,
}

/// An order took a transition of its process.
pub(crate) fn order_state_changed(order: &Order, transition: &str, from: &str, is_canceled: bool) -> Event {
    let payload = StateChanged {
        order_id: order.id,
        number: &order.number,
        transition,
        from_state: from,
        to_state: &order.state,
        is_canceled,
        totals: (&order.totals).into(),
    };
    about_order("vectis.orders.order_state_changed.v1", order.id, payload)
}

/// What an edit made of a line.
pub(crate) struct EditedLine<'a> {
    pub(crate) before: &'a FrozenLine,
    pub(crate) quantity_milli: i64,
    pub(crate) unit_price: Decimal,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderEdited<'a> {
    order_id: OrderId,
    number: &'a str,
    totals: Totals,
    lines: Vec<LineChange<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LineChange<'a> {
    line_id: OrderLineId,
    variant_id: VariantId,
    sku: &'a str,
    quantity_before: String,
    quantity_after: String,
    unit_price_before: String,
    unit_price_after: String,
}

/// Staff changed lines; a quantity of 0 means that the line went.
pub(crate) fn order_edited(order: &Order, edited: &[EditedLine<'_>]) -> Event {
    let lines = edited.iter().map(|line| LineChange {
        line_id: line.before.id,
        variant_id: line.before.variant_id,
        sku: &line.before.sku,
        quantity_before: quantity_text(line.before.quantity.milli()),
        quantity_after: quantity_text(line.quantity_milli),
        unit_price_before: line.before.unit_price.to_decimal().to_string(),
        unit_price_after: line.unit_price.normalize().to_string(),
    });
    let payload = OrderEdited {
        order_id: order.id,
        number: &order.number,
        totals: (&order.totals).into(),
        lines: lines.collect(),
    };
    about_order("vectis.orders.order_edited.v1", order.id, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderCharged<'a> {
    order_id: OrderId,
    number: &'a str,
    totals: Totals,
    charges: Vec<Charge>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Charge {
    charge_id: OrderChargeId,
    kind: &'static str,
    net: Amount,
    tax: Amount,
}

/// Charges were added.
pub(crate) fn order_charged(order: &Order, charges: &[NewCharge<'_>]) -> Event {
    let charges = charges.iter().map(|charge| Charge {
        charge_id: charge.id,
        kind: kind_name(charge.kind),
        net: charge.net.into(),
        tax: charge.tax.into(),
    });
    let payload = OrderCharged {
        order_id: order.id,
        number: &order.number,
        totals: (&order.totals).into(),
        charges: charges.collect(),
    };
    about_order("vectis.orders.order_charged.v1", order.id, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReturnCreated<'a> {
    order_id: OrderId,
    order_number: &'a str,
    return_id: ReturnId,
    number: &'a str,
    credit_note_id: CreditNoteId,
    net: Amount,
    tax: Amount,
    lines: Vec<ReturnedLine>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReturnedLine {
    line_id: OrderLineId,
    quantity: String,
    net: Amount,
    tax: Amount,
}

/// Goods came back.
pub(crate) fn return_created(order: &Order, given_back: &OrderReturn) -> Event {
    let lines = given_back.lines.iter().map(|line| ReturnedLine {
        line_id: line.order_line_id,
        quantity: quantity_text(line.quantity.milli()),
        net: line.net.into(),
        tax: line.tax.into(),
    });
    let payload = ReturnCreated {
        order_id: order.id,
        order_number: &order.number,
        return_id: given_back.id,
        number: &given_back.number,
        credit_note_id: given_back.credit_note_id,
        net: given_back.net.into(),
        tax: given_back.tax.into(),
        lines: lines.collect(),
    };
    about_order("vectis.orders.return_created.v1", order.id, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreditNoteIssued<'a> {
    credit_note_id: CreditNoteId,
    number: &'a str,
    channel_id: ChannelId,
    account_id: Option<AccountId>,
    order_id: Option<OrderId>,
    reference: &'a str,
    net: Amount,
    tax: Amount,
    line_count: usize,
}

/// A negative claim came into being.
pub(crate) fn credit_note_issued(note: &CreditNote) -> Event {
    let payload = CreditNoteIssued {
        credit_note_id: note.id,
        number: &note.number,
        channel_id: note.channel_id,
        account_id: note.account_id,
        order_id: note.order_id,
        reference: &note.reference,
        net: note.net.into(),
        tax: note.tax.into(),
        line_count: note.lines.len(),
    };
    let event_type = "vectis.orders.credit_note_issued.v1";
    Event::new(event_type, "credit_note", note.id.0, payload)
}

fn about_order(event_type: &'static str, order_id: OrderId, payload: impl Serialize) -> Event {
    Event::new(event_type, "order", order_id.0, payload)
}
