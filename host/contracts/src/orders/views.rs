//! What an order looks like to others: views, none of which can be changed.

use chrono::{DateTime, Utc};
use vectis_kernel::ids::{
    AccountId, ApprovalRequestId, CartId, ChannelId, CreditNoteId, EmployeeId, LocationId, LoginId,
    OrderChargeId, OrderId, OrderLineId, ReturnId, VariantId,
};
use vectis_kernel::{Currency, Money, Quantity, UnitPrice};

use crate::accounts::PostalAddress;
use crate::carts::{CartOwner, PackageChoice, PriceOverride};

/// A placed order without its lines.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// For people: `SO-100042`.
    pub number: String,
    /// Where it was bought.
    pub channel_id: ChannelId,
    /// Who bought.
    pub buyer: CartOwner,
    /// The cart it came from.
    pub cart_id: CartId,
    /// The approval behind it.
    pub approval_request_id: Option<ApprovalRequestId>,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Key of its state, from the order process.
    pub state: String,
    /// The process that owns its states: `plugin/entry-point@version` at placement.
    pub process: String,
    /// The buyer's purchase-order number.
    pub po_number: String,
    /// The buyer's note.
    pub note: String,
    /// `Net30`, or empty.
    pub payment_terms: String,
    /// Where goods go.
    pub shipping_address: Option<PostalAddress>,
    /// Where the invoice goes.
    pub billing_address: Option<PostalAddress>,
    /// Whether unit prices include tax.
    pub prices_include_tax: bool,
    /// Number of lines.
    pub line_count: i32,
    /// Lines and charges.
    pub totals: OrderTotals,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
    /// Changes with each write.
    pub version: i64,
}

/// What an order comes to. `grand_total = lines_net + charges_net + tax_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderTotals {
    /// Sum of the lines without tax.
    pub lines_net: Money,
    /// Sum of the charges without tax.
    pub charges_net: Money,
    /// All tax.
    pub tax_total: Money,
    /// Everything to pay.
    pub grand_total: Money,
    /// Paid so far.
    pub paid: Money,
    /// Credited by returns and credit notes so far, with tax.
    pub credited: Money,
}

/// A line of an order, frozen at placement but for staff edits, which are kept in the history.
#[derive(Clone, Debug)]
pub struct OrderLine {
    /// Its id.
    pub id: OrderLineId,
    /// Its order.
    pub order_id: OrderId,
    /// Place in the order.
    pub position: i32,
    /// What.
    pub variant_id: VariantId,
    /// SKU then.
    pub sku: String,
    /// Name then.
    pub name: String,
    /// Tax category then.
    pub tax_category: String,
    /// How much.
    pub quantity: Quantity,
    /// In which package.
    pub package: Option<PackageChoice>,
    /// Price of one unit, charged.
    pub unit_price: UnitPrice,
    /// Price by the strategy, where staff set another.
    pub list_unit_price: Option<UnitPrice>,
    /// Set by staff.
    pub price_override: Option<PriceOverride>,
    /// Without tax.
    pub net: Money,
    /// Its tax.
    pub tax: Money,
    /// With tax.
    pub gross: Money,
    /// Taxes by kind.
    pub taxes: Vec<OrderLineTax>,
    /// Returned so far.
    pub returned: Quantity,
}

/// One kind of tax on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLineTax {
    /// `VAT`.
    pub name: String,
    /// `GB`.
    pub jurisdiction: String,
    /// 20 % is 200,000.
    pub rate_ppm: i64,
    /// How much.
    pub amount: Money,
}

/// What a charge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChargeKind {
    /// Postage, carriage.
    Shipping,
    /// Handling, packaging.
    Handling,
    /// A discount; its amount is negative.
    Discount,
    /// Bank, marketplace and other fees.
    Fee,
    /// A manual amount of either sign, with a reason.
    Manual,
}

impl ChargeKind {
    /// All, with their names.
    pub const ALL: [(&'static str, Self); 5] = [
        ("shipping", Self::Shipping),
        ("handling", Self::Handling),
        ("discount", Self::Discount),
        ("fee", Self::Fee),
        ("manual", Self::Manual),
    ];
}

/// An amount on an order that is not goods.
#[derive(Clone, Debug)]
pub struct OrderCharge {
    /// Its id.
    pub id: OrderChargeId,
    /// Its order.
    pub order_id: OrderId,
    /// What for.
    pub kind: ChargeKind,
    /// For people.
    pub label: String,
    /// Without tax (with tax when the order's prices include it and it is taxed).
    pub net: Money,
    /// Its tax.
    pub tax: Money,
}

/// Something that happened to an order.
#[derive(Clone, Debug)]
pub struct OrderHistoryEntry {
    /// Its order.
    pub order_id: OrderId,
    /// When.
    pub at: DateTime<Utc>,
    /// Who: `login:<id>`, `system:<part>`, `guest:<hash>`.
    pub actor: String,
    /// `placed`, `transition`, `edited`, `charged`, `returned`, `credited`.
    pub kind: String,
    /// State before; empty at placement.
    pub from_state: String,
    /// State after.
    pub to_state: String,
    /// Reason or summary, for people.
    pub note: String,
}

/// Goods given back against an order.
#[derive(Clone, Debug)]
pub struct OrderReturn {
    /// Its id.
    pub id: ReturnId,
    /// For people: `RMA-100003`.
    pub number: String,
    /// Its order.
    pub order_id: OrderId,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// What comes back.
    pub lines: Vec<ReturnLine>,
    /// Credited, without tax.
    pub net: Money,
    /// Credited tax.
    pub tax: Money,
    /// The credit note made for it.
    pub credit_note_id: CreditNoteId,
}

/// A line of a return. Its amounts are the line's own, in proportion; the last piece takes the remainder, so that
/// returning all returns exactly what was charged.
#[derive(Clone, Debug)]
pub struct ReturnLine {
    /// The order line.
    pub order_line_id: OrderLineId,
    /// How much.
    pub quantity: Quantity,
    /// Credited, without tax.
    pub net: Money,
    /// Credited tax.
    pub tax: Money,
}

/// A negative claim, with or without an order behind it.
#[derive(Clone, Debug)]
pub struct CreditNote {
    /// Its id.
    pub id: CreditNoteId,
    /// For people: `CN-100003`.
    pub number: String,
    /// Its channel.
    pub channel_id: ChannelId,
    /// Whose it is; `None` for walk-ins.
    pub account_id: Option<AccountId>,
    /// The order behind it.
    pub order_id: Option<OrderId>,
    /// An outside document's number.
    pub reference: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// What for; amounts as positive numbers give money back, negative ones claim it.
    pub lines: Vec<CreditNoteLine>,
    /// Sum without tax.
    pub net: Money,
    /// Sum of tax.
    pub tax: Money,
}

/// A line of a credit note.
#[derive(Clone, Debug)]
pub struct CreditNoteLine {
    /// For people.
    pub label: String,
    /// The goods, when it is about goods.
    pub sku: Option<String>,
    /// How much; 0 when it is not about goods.
    pub quantity: Quantity,
    /// Without tax.
    pub net: Money,
    /// Its tax.
    pub tax: Money,
}

/// Who placed an order, in a form lists can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderBuyerIds {
    /// The company.
    pub account_id: Option<AccountId>,
    /// Its site.
    pub location_id: Option<LocationId>,
    /// The employee.
    pub employee_id: Option<EmployeeId>,
    /// The retail customer.
    pub customer_id: Option<LoginId>,
}

impl From<&CartOwner> for OrderBuyerIds {
    fn from(owner: &CartOwner) -> Self {
        let none = Self { account_id: None, location_id: None, employee_id: None, customer_id: None };
        match owner {
            CartOwner::Guest(_) => none,
            CartOwner::Customer(login_id) => Self { customer_id: Some(*login_id), ..none },
            CartOwner::Employee { account_id, location_id, employee_id } => Self {
                account_id: Some(*account_id),
                location_id: Some(*location_id),
                employee_id: Some(*employee_id),
                customer_id: None,
            },
        }
    }
}

impl Order {
    /// Ids of who bought.
    pub fn buyer_ids(&self) -> OrderBuyerIds {
        OrderBuyerIds::from(&self.buyer)
    }
}
