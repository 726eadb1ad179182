//! Rules of orders that are pure: totals, shares of returned lines, what is held for an order.

use vectis_contracts::orders::{Order, OrderTotals};
use vectis_contracts::points::OrderFacts;
use vectis_kernel::unit_price::round_half_away;
use vectis_kernel::{Money, MoneyError, Quantity};

/// What has been done to an order's stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StockState {
    /// Nothing yet.
    Untouched,
    /// Firmly assigned.
    Allocated,
    /// Off hand.
    Shipped,
    /// Given back.
    Released,
}

impl StockState {
    const ALL: [(&'static str, Self); 4] = [
        ("untouched", Self::Untouched),
        ("allocated", Self::Allocated),
        ("shipped", Self::Shipped),
        ("released", Self::Released),
    ];

    /// As stored.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Untouched => "untouched",
            Self::Allocated => "allocated",
            Self::Shipped => "shipped",
            Self::Released => "released",
        }
    }

    /// From the store.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, state)| *state)
    }
}

/// What is set aside and booked for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holdings {
    pub(crate) stock: StockState,
    pub(crate) credit_held: Money,
    pub(crate) paid: Money,
}

/// An order with what only this module knows of it.
#[derive(Clone, Debug)]
pub(crate) struct StoredOrder {
    pub(crate) order: Order,
    pub(crate) stock: StockState,
    pub(crate) credit_held: Money,
}

impl StoredOrder {
    pub(crate) fn holdings(&self) -> Holdings {
        Holdings { stock: self.stock, credit_held: self.credit_held, paid: self.order.totals.paid }
    }

    /// The order after effects.
    pub(crate) fn hold(&mut self, holdings: Holdings) {
        self.stock = holdings.stock;
        self.credit_held = holdings.credit_held;
        self.order.totals.paid = holdings.paid;
    }

    /// What the process may know.
    pub(crate) fn facts(&self) -> OrderFacts {
        let order = &self.order;
        let is_shipped = self.stock == StockState::Shipped;
        OrderFacts {
            state: order.state.clone(),
            grand_total: order.totals.grand_total,
            paid: order.totals.paid,
            payment_terms: order.payment_terms.clone(),
            line_count: order.line_count.unsigned_abs(),
            is_company: order.buyer_ids().account_id.is_some(),
            was_approved: order.approval_request_id.is_some(),
            has_shipments: is_shipped,
            is_fully_shipped: is_shipped,
        }
    }
}

/// What is still to pay or was paid, credits taken off; never below zero.
pub(crate) fn owed(totals: &OrderTotals) -> Result<Money, MoneyError> {
    let owed = totals.grand_total.minus(totals.credited)?;
    Ok(Money::new(owed.minor.max(0), owed.currency))
}

/// A change of what an order comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TotalsChange {
    pub(crate) lines_net: Money,
    pub(crate) charges_net: Money,
    pub(crate) tax: Money,
}

/// Totals after a change; they add up as before.
pub(crate) fn changed_totals(totals: &OrderTotals, change: TotalsChange) -> Result<OrderTotals, MoneyError> {
    let lines_net = totals.lines_net.plus(change.lines_net)?;
    let charges_net = totals.charges_net.plus(change.charges_net)?;
    let tax_total = totals.tax_total.plus(change.tax)?;
    Ok(OrderTotals {
        lines_net,
        charges_net,
        tax_total,
        grand_total: lines_net.plus(charges_net)?.plus(tax_total)?,
        ..*totals
    })
}

/// The part of a line's amount that belongs to the next `now` of it, after `before` has been given back: the share up to
/// there, less the share already credited. The last piece is therefore the exact remainder.
pub(crate) fn returned_share(amount: Money, bought: Quantity, before: Quantity, now: Quantity) -> Money {
    let share = |quantity: i64| {
        let exact = i128::from(amount.minor) * i128::from(quantity);
        round_half_away(exact, i128::from(bought.milli().max(1)))
    };
    let piece = share(before.milli() + now.milli()) - share(before.milli());
    // Invariant: before + now ≤ bought, so no share is larger than the amount itself.
    let minor = i64::try_from(piece).expect("a share of an amount fits where the amount fits");
    Money::new(minor, amount.currency)
}

/// Net and tax of the next `now` of a line. Net and gross are shared, tax is what lies between: whichever of the two the
/// price was set in comes out exact.
pub(crate) fn returned_amounts(
    (net, tax): (Money, Money),
    bought: Quantity,
    before: Quantity,
    now: Quantity,
) -> Result<(Money, Money), MoneyError> {
    let gross = returned_share(net.plus(tax)?, bought, before, now);
    let net = returned_share(net, bought, before, now);
    Ok((net, gross.minus(net)?))
}

/// Whether a text has at most so many characters, and none that the database cannot keep.
pub(crate) fn fits(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.contains('\0')
}
