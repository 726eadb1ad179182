//! Goods sold: a cart, filled, priced, submitted and, where asked for, approved; then what is charged beside the goods.

mod cart;
mod charges;

use std::collections::HashMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::Deserialize;
use vectis_kernel::Money;

use crate::client::{Amount, CallError};
use crate::countries;
use crate::documents::Document;
use crate::row::Buyer;
use crate::session::Identity;
use crate::source::guest_token;

use super::outcome::{Outcome, Sent, reason};
use super::{Channel, Replay};

use self::cart::Ordering;
use self::charges::Charge;
#[cfg(test)]
pub(crate) use self::charges::api_kind;

/// What is asked of an order wherever one comes back.
const ORDER: &str = "id lines { id sku quantity netTotal { amount } grandTotal { amount } } \
    charges { netTotal { amount } taxTotal { amount } }";

/// An order in the shop: what returns need of it.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) id: String,
    /// Lines by row.
    pub(crate) lines: Arc<HashMap<usize, String>>,
}

/// An order as it comes back; lines and charges by position.
#[derive(Debug, Deserialize)]
struct Order {
    id: String,
    lines: Vec<OrderLine>,
    charges: Vec<Charge>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderLine {
    id: String,
    sku: String,
    quantity: Decimal,
    net_total: Amount,
    grand_total: Amount,
}

/// Places the order and charges what stands beside the goods.
pub(crate) async fn send(
    replay: &Replay,
    document: &Document,
    lines: &[usize],
    charge_rows: &[usize],
) -> Outcome {
    let all = || lines.iter().chain(charge_rows).copied();
    let guest = Identity::Guest(guest_token(&replay.key(document, "guest")));
    let company = match &document.buyer {
        Buyer::WalkIn => None,
        Buyer::Account(number) => match replay.buyers.find(number) {
            None => return Ok(Sent::not_taken(all(), &format!("there is no account of customer {number}"))),
            found => found,
        },
    };
    let country = countries::code(&document.country).unwrap_or(countries::MERCHANT);
    let ordering = Ordering {
        replay,
        document,
        buyer: company.map_or(&guest, |company| &company.buyer),
        approver: company.map(|company| &company.approver),
        ship_to: Some(country)
            .filter(|country| company.is_none_or(|company| company.country_code != *country)),
    };
    let order = match ordering.place(lines).await {
        Ok(order) => order,
        Err((step, error)) => return Sent::refused(all(), step, error),
    };
    let mut sent = compare(replay, document, lines, &order)?;
    match charges::add(replay, document, &order, charge_rows).await {
        Ok(values) => sent.rows.extend(charge_rows.iter().copied().zip(values.into_iter().map(Ok))),
        Err(error) => {
            let reason = reason("charging", error)?;
            sent.rows.extend(charge_rows.iter().map(|row| (*row, Err(reason.clone()))));
        }
    }
    Ok(sent)
}

/// The values of the lines, which stand in the order of the rows.
fn compare(replay: &Replay, document: &Document, rows: &[usize], order: &Order) -> Outcome {
    let is_same = |(row, line): (&usize, &OrderLine)| {
        let row = replay.row(*row);
        row.sku.as_str() == line.sku && Decimal::from(row.quantity) == line.quantity
    };
    if order.lines.len() != rows.len() || !rows.iter().zip(&order.lines).all(is_same) {
        let reason = format!("the lines of {} are not those of the invoice", order.id);
        return Ok(Sent::not_taken(rows.iter().copied(), &reason));
    }
    let channel = replay.channel(document);
    let mut values = Vec::with_capacity(rows.len());
    for (row, line) in rows.iter().zip(&order.lines) {
        values.push((*row, Ok(line_value(channel, line)?)));
    }
    let lines = rows.iter().copied().zip(order.lines.iter().map(|line| line.id.clone())).collect();
    Ok(Sent {
        rows: values,
        order: Some(Placed { id: order.id.clone(), lines: Arc::new(lines) }),
        written: Some(order.id.clone()),
    })
}

fn line_value(channel: &Channel, line: &OrderLine) -> Result<Money, CallError> {
    if channel.prices_include_tax { line.grand_total.money() } else { line.net_total.money() }
}
