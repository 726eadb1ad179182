//! Goods that come back to an order, taken back by staff.

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use vectis_kernel::{Currency, Money};

use crate::client::{Amount, Call, CallError, USER_ERRORS};
use crate::documents::{Document, ReturnedLine};

use super::Replay;
use super::order::Placed;
use super::outcome::{Outcome, Sent};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Return {
    credit_note: Note,
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
struct Note {
    id: String,
    reference: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    order_line_id: String,
    net_total: Amount,
    tax_total: Amount,
}

/// What comes back of one line of the order: one row, or several.
struct Piece<'a> {
    line_id: &'a str,
    parts: Vec<&'a ReturnedLine>,
}

/// Takes the goods back.
pub(crate) async fn send(
    replay: &Replay,
    document: &Document,
    lines: &[ReturnedLine],
    order: Option<&Placed>,
) -> Outcome {
    let rows = || lines.iter().map(|line| line.row);
    let Some(order) = order else { return Ok(Sent::not_taken(rows(), "its order was not placed")) };
    let Some(pieces) = pieces(lines, order) else {
        return Ok(Sent::not_taken(rows(), "its order lacks the line"));
    };
    match give_back(replay, document, order, &pieces).await {
        Ok(given_back) => credited(replay, document, &pieces, &given_back),
        Err(error) => Sent::refused(rows(), "returning", error),
    }
}

/// By line, in the order of the rows.
fn pieces<'a>(lines: &'a [ReturnedLine], order: &'a Placed) -> Option<Vec<Piece<'a>>> {
    let mut pieces: Vec<Piece<'a>> = Vec::new();
    for part in lines {
        let line_id = order.lines.get(&part.sold)?;
        match pieces.iter_mut().find(|piece| piece.line_id == line_id) {
            Some(piece) => piece.parts.push(part),
            None => pieces.push(Piece { line_id, parts: vec![part] }),
        }
    }
    Some(pieces)
}

/// The return that carries the invoice's number: an order has one per invoice.
async fn give_back(
    replay: &Replay,
    document: &Document,
    order: &Placed,
    pieces: &[Piece<'_>],
) -> Result<Return, CallError> {
    #[derive(Deserialize)]
    struct Created {
        order: Order,
    }
    #[derive(Deserialize)]
    struct Order {
        returns: Vec<Return>,
    }
    let mutation = format!(
        "mutation Return($input: OrderReturnCreateInput!) {{ orderReturnCreate(input: $input) {{ order {{ \
         returns {{ creditNote {{ id reference }} \
         lines {{ orderLineId netTotal {{ amount }} taxTotal {{ amount }} }} }} }} {USER_ERRORS} }} }}"
    );
    let line =
        |piece: &Piece<'_>| json!({ "orderLineId": piece.line_id, "quantity": piece.quantity().to_string() });
    let input = json!({
        "orderId": order.id,
        "lines": pieces.iter().map(line).collect::<Vec<Value>>(),
        "reason": format!("invoice {}", document.invoice),
        "reference": document.invoice,
        "restock": "ON_HAND",
        "idempotencyKey": replay.key(document, "return"),
    });
    let call = Call::new(&mutation, json!({ "input": input })).in_channel(&replay.channel(document).slug);
    let created: Created = replay.desk.command(&call).await?;
    let ours =
        created.order.returns.into_iter().rfind(|found| found.credit_note.reference == document.invoice);
    ours.ok_or_else(|| CallError::Unreadable("the order lacks the return just made".to_owned()))
}

/// What was credited, below zero, shared out over the rows.
fn credited(replay: &Replay, document: &Document, pieces: &[Piece<'_>], given_back: &Return) -> Outcome {
    let with_tax = replay.channel(document).prices_include_tax;
    let mut by_line: HashMap<&str, Money> = HashMap::with_capacity(given_back.lines.len());
    for line in &given_back.lines {
        let value = if with_tax { line.net_total.plus(line.tax_total)? } else { line.net_total.money()? };
        by_line.insert(&line.order_line_id, value);
    }
    let mut rows = Vec::new();
    for piece in pieces {
        let total = by_line.get(piece.line_id).copied();
        let total = total.ok_or_else(|| CallError::Unreadable("the return lacks a line".to_owned()))?;
        rows.extend(piece.share(replay, total));
    }
    Ok(Sent { rows, order: None, written: Some(given_back.credit_note.id.clone()) })
}

impl Piece<'_> {
    fn quantity(&self) -> Decimal {
        self.parts.iter().map(|part| Decimal::from(part.quantity)).sum()
    }

    /// Every row what its pieces are worth, the last one what is left.
    fn share(&self, replay: &Replay, total: Money) -> Vec<(usize, Result<Money, String>)> {
        let mut left = total.minor;
        let last = self.parts.len() - 1;
        self.parts
            .iter()
            .enumerate()
            .map(|(index, part)| {
                let worth = replay.row(part.row).value_of(part.quantity).map_or(0, |value| value.minor);
                let share = if index == last { left } else { worth.min(left) };
                left -= share;
                (part.row, Ok(Money::new(-share, Currency::GBP)))
            })
            .collect()
    }
}
