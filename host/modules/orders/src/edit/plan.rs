//! What an edit makes of lines. Pure.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;
use vectis_contracts::carts::MAX_LINES;
use vectis_contracts::inventory::StockNeed;
use vectis_contracts::orders::{EditLine, Order, OrderCode};
use vectis_contracts::points::TaxKind;
use vectis_contracts::tax::TaxAssessment;
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::OrderLineId;
use vectis_kernel::{Failure, Money, Quantity, Refusal, UnitPrice};

use crate::edit::Edit;
use crate::events::EditedLine;
use crate::model::{StockState, StoredOrder, TotalsChange, fits};
use crate::needs::Needs;
use crate::store::line::{EditedColumns, FrozenLine};
use crate::transition::MAX_REASON;

/// Largest quantity of a line: a billion.
const MAX_QUANTITY: Quantity = Quantity::from_milli(1_000_000_000_000);
/// Lines a history note tells; the audit trail has all.
const TOLD: usize = 20;

/// A line before and after.
pub(super) struct LinePlan {
    pub(super) before: FrozenLine,
    pub(super) quantity: Quantity,
    pub(super) unit_price: UnitPrice,
    /// `unit_price × quantity`.
    pub(super) amount: Money,
    is_priced: bool,
}

/// What the input says by itself.
pub(super) fn check_input(edit: &Edit<'_>) -> Result<(), Failure<OrderCode>> {
    if edit.reason.trim().is_empty() || !fits(edit.reason, MAX_REASON) {
        let message = format!("an edit has a reason of 1 to {MAX_REASON} characters");
        return Err(Failure::at(OrderCode::InvalidInput, "reason", message));
    }
    let count = edit.changes.len();
    if count > MAX_LINES {
        let message = format!("at most {MAX_LINES} lines are edited at once, not {count}");
        return Err(Failure::at(OrderCode::TooMany, "lines", message));
    }
    if count == 0 {
        let message = "an edit changes at least one line";
        return Err(Failure::at(OrderCode::InvalidInput, "lines", message));
    }
    let mut refusals = Vec::new();
    let mut seen: HashSet<OrderLineId> = HashSet::new();
    for (index, change) in edit.changes.iter().enumerate() {
        let message = if !seen.insert(change.line_id) {
            "this line stands twice in the edit"
        } else if change.quantity.is_none() && change.unit_price.is_none() {
            "nothing is changed of this line"
        } else {
            continue;
        };
        refusals.push(Refusal::at(OrderCode::InvalidInput, &format!("lines.{index}"), message));
    }
    refuse_if_any(refusals)
}

/// Checks every change against its line; the plans in the order of the input.
pub(super) fn plan_lines(
    changes: &[EditLine],
    lines: Vec<FrozenLine>,
    stored: &StoredOrder,
) -> Result<Vec<LinePlan>, Failure<OrderCode>> {
    let mut by_id: HashMap<OrderLineId, FrozenLine> = lines.into_iter().map(|line| (line.id, line)).collect();
    let mut refusals = Vec::new();
    let mut plans = Vec::with_capacity(changes.len());
    for (index, change) in changes.iter().enumerate() {
        let planned = match by_id.remove(&change.line_id) {
            Some(line) => plan_line(change, line, stored.stock),
            None => {
                let message = format!("the order has no line {}", change.line_id);
                Err((OrderCode::UnknownLine, "lineId", message))
            }
        };
        match planned {
            Ok(plan) => plans.push(plan),
            Err((code, field, message)) => {
                refusals.push(Refusal::at(code, &format!("lines.{index}.{field}"), message));
            }
        }
    }
    refuse_if_any(refusals)?;
    let removed = plans.iter().filter(|plan| plan.quantity == Quantity::ZERO).count();
    if i32::try_from(removed)? >= stored.order.line_count {
        let message = "an order keeps at least one line; cancel it instead";
        return Err(Failure::at(OrderCode::InvalidInput, "lines", message));
    }
    Ok(plans)
}

type Bad = (OrderCode, &'static str, String);

fn plan_line(change: &EditLine, before: FrozenLine, stock: StockState) -> Result<LinePlan, Bad> {
    if before.returned.is_positive() {
        let message =
            format!("{} of {} have been returned; the line stays as it is", before.returned, before.sku);
        return Err((OrderCode::NotEditable, "lineId", message));
    }
    let quantity = change.quantity.unwrap_or(before.quantity);
    if quantity < Quantity::ZERO || quantity > MAX_QUANTITY || !quantity.fits_precision(before.precision) {
        let (sku, places) = (&before.sku, before.precision);
        let message = format!("{quantity} is not a quantity of {sku} ({places} decimal places)");
        return Err((OrderCode::InvalidQuantity, "quantity", message));
    }
    if stock == StockState::Shipped && quantity != before.quantity {
        let message = format!("{} has been shipped; take it back with a return", before.sku);
        return Err((OrderCode::NotEditable, "quantity", message));
    }
    let currency = before.unit_price.currency;
    let unit_price = match change.unit_price {
        None => before.unit_price,
        Some(price) if price.is_sign_negative() && !price.is_zero() => {
            let message = format!("{price} is not a price");
            return Err((OrderCode::InvalidAmount, "unitPrice", message));
        }
        Some(price) => UnitPrice::from_decimal(price, currency)
            .map_err(|error| (OrderCode::InvalidAmount, "unitPrice", error.to_string()))?,
    };
    let amount = unit_price
        .times(quantity)
        .map_err(|error| (OrderCode::InvalidAmount, "unitPrice", error.to_string()))?;
    Ok(LinePlan { before, quantity, unit_price, amount, is_priced: change.unit_price.is_some() })
}

/// A checked, taxed edit: only the writing is left.
pub(super) struct Plan {
    pub(super) lines: Vec<LinePlan>,
    pub(super) columns: EditedColumns,
    pub(super) kinds: Vec<TaxKind>,
    pub(super) change: TotalsChange,
    /// How many lines go.
    pub(super) removed: i32,
}

impl Plan {
    /// `assessment` has one line per line that stays.
    pub(super) fn new(
        lines: Vec<LinePlan>,
        assessment: TaxAssessment,
        order: &Order,
    ) -> Result<Self, Failure<OrderCode>> {
        let nothing = Money::zero(order.currency);
        let mut columns = EditedColumns::default();
        let mut change = TotalsChange { lines_net: nothing, charges_net: nothing, tax: nothing };
        let mut removed = 0;
        let mut taxed = assessment.lines.into_iter();
        for line in &lines {
            let (net, tax, parts) = if line.quantity.is_positive() {
                let taxed = taxed.next().ok_or_else(|| Failure::internal("a line was not taxed"))?;
                (taxed.net, taxed.tax, taxed.parts)
            } else {
                removed += 1;
                (nothing, nothing, Vec::new())
            };
            let id = line.before.id.0;
            columns.ids.push(id);
            columns.quantities.push(line.quantity.milli());
            columns.unit_prices.push(line.unit_price.to_decimal());
            columns.priced.push(line.is_priced);
            columns.nets.push(net.minor);
            columns.taxes.push(tax.minor);
            columns.parts.extend(id, &parts)?;
            change.lines_net = change.lines_net.plus(net)?.minus(line.before.net)?;
            change.tax = change.tax.plus(tax)?.minus(line.before.tax)?;
        }
        let kinds = assessment.kinds;
        Ok(Self { lines, columns, kinds, change, removed })
    }

    /// Stock by which lines rise or fall, as `moves` chooses.
    pub(super) fn needs(&self, moves: impl Fn(i64) -> bool) -> Needs {
        let mut needs = Needs::default();
        for (index, line) in self.lines.iter().enumerate() {
            let delta = line.delta();
            if line.before.is_stocked && delta != 0 && moves(delta) {
                let need = StockNeed {
                    variant_id: line.before.variant_id,
                    quantity: Quantity::from_milli(delta.abs()),
                    allows_backorder: line.before.allows_backorder,
                };
                needs.push(index, need);
            }
        }
        needs
    }

    /// Variants and by how much they rise or fall, line by line.
    pub(super) fn deltas(&self) -> (Vec<Uuid>, Vec<i64>) {
        self.lines.iter().map(|line| (line.before.variant_id.0, line.delta())).unzip()
    }

    /// The edit as events tell it.
    pub(super) fn edited(&self) -> Vec<EditedLine<'_>> {
        let lines = self.lines.iter().map(|line| EditedLine {
            before: &line.before,
            quantity_milli: line.quantity.milli(),
            unit_price: line.unit_price.to_decimal(),
        });
        lines.collect()
    }

    /// The edit as the audit trail keeps it.
    pub(super) fn before_and_after(&self) -> Value {
        let lines = self.lines.iter().map(|line| {
            let before = &line.before;
            json!({
                "lineId": before.id,
                "sku": before.sku,
                "quantity": [before.quantity.to_string(), line.quantity.to_string()],
                "unitPrice": [before.unit_price.to_decimal().to_string(), line.unit_price.to_decimal().to_string()],
            })
        });
        lines.collect()
    }

    /// The edit as the history tells it: the reason, then what became of the lines.
    pub(super) fn note(&self, reason: &str) -> String {
        let mut told: Vec<String> = self.lines.iter().take(TOLD).map(LinePlan::told).collect();
        let more = self.lines.len().saturating_sub(TOLD);
        if more > 0 {
            told.push(format!("and {more} more"));
        }
        format!("{reason} ({})", told.join(", "))
    }
}

impl LinePlan {
    fn delta(&self) -> i64 {
        self.quantity.milli() - self.before.quantity.milli()
    }

    /// `10002: 5 → 3 at 2.55 → 2.40`
    fn told(&self) -> String {
        let before = &self.before;
        let mut told = format!("{}: {}", before.sku, before.quantity);
        if self.quantity != before.quantity {
            told.push_str(&format!(" → {}", self.quantity));
        }
        if self.unit_price != before.unit_price {
            let (old, new) = (before.unit_price.to_decimal(), self.unit_price.to_decimal());
            told.push_str(&format!(" at {old} → {new}"));
        }
        told
    }
}
