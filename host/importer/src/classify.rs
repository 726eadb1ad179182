//! What each row is. Every row becomes exactly one [`RowKind`]; nothing is dropped silently.
//!
//! | the row | becomes |
//! |---|---|
//! | invoice `A…`, or code `B` | bad debt, any sign |
//! | a code of the [charge table](ChargeKind::of) | charge of quantity × price, any sign; refused when the price is 0 |
//! | goods, positive, price above 0, ordinary invoice | sale |
//! | goods, positive, price 0, of a customer or beside priced rows of its invoice | sale: free goods on an order |
//! | goods, price 0, otherwise, ordinary invoice | stock adjustment, the description is its note |
//! | goods, negative, price 0 or more, invoice `C…` | return |
//! | anything else | rejected, with the reason |

use std::collections::HashSet;

use crate::row::{Buyer, Row};

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// Goods sold, also free of charge.
    Sale,
    /// Goods taken back.
    Return,
    /// Something charged, or given, that is not goods.
    Charge(ChargeKind),
    /// Stock found, lost, damaged or recoded; no money.
    StockAdjustment,
    /// A debt written off or written back; no goods.
    BadDebt,
    /// Cannot be taken.
    Rejected(Rejection),
}

/// What is charged when it is not goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChargeKind {
    /// `POST`, `DOT` (the online shop's).
    Postage,
    /// `C2`.
    Carriage,
    /// `M`: typed in by hand.
    Manual,
    /// `D`.
    Discount,
    /// `S`: samples given away.
    Samples,
    /// `BANK CHARGES`.
    BankCharges,
    /// `AMAZONFEE`.
    MarketplaceFee,
    /// `CRUK`: commission to a charity.
    CharityCommission,
    /// `GIFT_…`.
    GiftVoucher,
    /// A code without any digit that is in no table.
    Other,
}

impl ChargeKind {
    /// The kind of charge `code` (folded) stands for, `None` when it is an article. Articles are everything with a digit,
    /// and `DCGS…` and `PADS`, which are sold although their codes look like charges.
    pub fn of(code: &str) -> Option<Self> {
        match code {
            "POST" | "DOT" => Some(Self::Postage),
            "C2" => Some(Self::Carriage),
            "M" => Some(Self::Manual),
            "D" => Some(Self::Discount),
            "S" => Some(Self::Samples),
            "BANK CHARGES" => Some(Self::BankCharges),
            "AMAZONFEE" => Some(Self::MarketplaceFee),
            "CRUK" => Some(Self::CharityCommission),
            _ if code.starts_with("GIFT_") => Some(Self::GiftVoucher),
            "PADS" => None,
            _ if code.starts_with("DCGS") => None,
            _ if code.bytes().any(|byte| byte.is_ascii_digit()) => None,
            _ => Some(Self::Other),
        }
    }

    /// For people, where the file has no description.
    pub fn label(self) -> &'static str {
        match self {
            Self::Postage => "Postage",
            Self::Carriage => "Carriage",
            Self::Manual => "Manual",
            Self::Discount => "Discount",
            Self::Samples => "Samples",
            Self::BankCharges => "Bank charges",
            Self::MarketplaceFee => "Marketplace fee",
            Self::CharityCommission => "Commission to a charity",
            Self::GiftVoucher => "Gift voucher",
            Self::Other => "Other charge",
        }
    }
}

/// Why a row cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum Rejection {
    /// Nothing moved.
    #[error("the quantity is 0")]
    ZeroQuantity,
    /// A charge of nothing.
    #[error("price 0 on a code that is not goods: nothing to charge and no stock to move")]
    NothingToCharge,
    /// Goods sold or taken back for less than nothing.
    #[error("a negative price on goods")]
    NegativeGoodsPrice,
    /// A cancellation that sells.
    #[error("a positive quantity of goods on a cancellation")]
    PositiveOnCancellation,
    /// An invoice that takes back.
    #[error("a negative quantity of priced goods on an invoice that is no cancellation")]
    NegativeOnInvoice,
    /// Neither digits, `C…` nor `A…`.
    #[error("the invoice number is of no known form")]
    UnknownInvoiceForm,
}

/// What the form of its number says an invoice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvoiceForm {
    Ordinary,
    Cancellation,
    DebtAdjustment,
    Unknown,
}

impl InvoiceForm {
    pub(crate) fn of(number: &str) -> Self {
        let (form, digits) = match number.as_bytes().first() {
            Some(b'C') => (Self::Cancellation, &number[1..]),
            Some(b'A') => (Self::DebtAdjustment, &number[1..]),
            _ => (Self::Ordinary, number),
        };
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { form } else { Self::Unknown }
    }
}

/// One kind per row, in the same order.
pub fn classify(rows: &[Row]) -> Vec<RowKind> {
    let priced: HashSet<&str> =
        rows.iter().filter(|row| row.unit_price.micros > 0).map(|row| row.invoice.as_str()).collect();
    rows.iter().map(|row| kind_of(row, priced.contains(row.invoice.as_str()))).collect()
}

fn kind_of(row: &Row, stands_beside_priced_rows: bool) -> RowKind {
    let form = InvoiceForm::of(&row.invoice);
    if form == InvoiceForm::Unknown {
        return RowKind::Rejected(Rejection::UnknownInvoiceForm);
    }
    if row.quantity == 0 {
        return RowKind::Rejected(Rejection::ZeroQuantity);
    }
    let price = row.unit_price.micros;
    let is_debt = form == InvoiceForm::DebtAdjustment || row.sku.as_str() == "B";
    match ChargeKind::of(row.sku.as_str()) {
        _ if is_debt && price != 0 => RowKind::BadDebt,
        _ if is_debt => RowKind::Rejected(Rejection::NothingToCharge),
        Some(_) if price == 0 => RowKind::Rejected(Rejection::NothingToCharge),
        Some(kind) => RowKind::Charge(kind),
        None if price < 0 => RowKind::Rejected(Rejection::NegativeGoodsPrice),
        None => kind_of_goods(row, form, stands_beside_priced_rows),
    }
}

fn kind_of_goods(row: &Row, form: InvoiceForm, stands_beside_priced_rows: bool) -> RowKind {
    let is_free = row.unit_price.micros == 0;
    let is_ordered = row.buyer != Buyer::WalkIn || stands_beside_priced_rows;
    match (form, row.quantity > 0) {
        (InvoiceForm::Cancellation, false) => RowKind::Return,
        (InvoiceForm::Cancellation, true) => RowKind::Rejected(Rejection::PositiveOnCancellation),
        (_, true) if !is_free || is_ordered => RowKind::Sale,
        (_, _) if is_free => RowKind::StockAdjustment,
        _ => RowKind::Rejected(Rejection::NegativeOnInvoice),
    }
}
