//! Money, and goods without a known order: a credit note, line by line, issued by staff.

use serde::Deserialize;
use serde_json::{Value, json};
use vectis_kernel::{Money, UnitPrice};

use crate::client::{Amount, Call, CallError, USER_ERRORS};
use crate::documents::{Document, NotedGoods};
use crate::row::Buyer;

use super::outcome::{Outcome, Sent};
use super::{Replay, label};

#[derive(Debug, Deserialize)]
struct Note {
    id: String,
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    net_total: Amount,
    tax_total: Amount,
}

/// Issues the note.
pub(crate) async fn send(
    replay: &Replay,
    document: &Document,
    goods: &[NotedGoods],
    charges: &[usize],
) -> Outcome {
    let rows: Vec<usize> = goods.iter().map(|part| part.row).chain(charges.iter().copied()).collect();
    match issue(replay, document, goods, charges).await {
        Ok(note) if note.lines.len() == rows.len() => {
            let mut values = Vec::with_capacity(rows.len());
            for (row, line) in rows.into_iter().zip(&note.lines) {
                values.push((row, Ok(line.value(replay, document)?)));
            }
            Ok(Sent { rows: values, order: None, written: Some(note.id) })
        }
        Ok(note) => {
            Ok(Sent::not_taken(rows, &format!("the lines of {} are not those of the invoice", note.id)))
        }
        Err(error) => Sent::refused(rows, "crediting", error),
    }
}

async fn issue(
    replay: &Replay,
    document: &Document,
    goods: &[NotedGoods],
    charges: &[usize],
) -> Result<Note, CallError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Issued {
        credit_note: Note,
    }
    let mutation = format!(
        "mutation Note($input: CreditNoteIssueInput!) {{ creditNoteIssue(input: $input) {{ \
         creditNote {{ id lines {{ netTotal {{ amount }} taxTotal {{ amount }} }} }} {USER_ERRORS} }} }}"
    );
    let account_id = match &document.buyer {
        Buyer::Account(number) => replay.account_ids.get(number),
        Buyer::WalkIn => None,
    };
    let channel = replay.channel(document);
    let lines = goods.iter().map(|part| goods_line(replay, part));
    let input = json!({
        "channelId": channel.id,
        "accountId": account_id,
        "currencyCode": "GBP",
        "reason": format!("invoice {}", document.invoice),
        "reference": document.invoice,
        "lines": lines.chain(charges.iter().map(|row| charge_line(replay, *row))).collect::<Vec<_>>(),
        "restock": "ON_HAND",
        "idempotencyKey": replay.key(document, "note"),
    });
    let call = Call::new(&mutation, json!({ "input": input })).in_channel(&channel.slug);
    Ok(replay.desk.command::<Issued>(&call).await?.credit_note)
}

fn goods_line(replay: &Replay, part: &NotedGoods) -> Value {
    let row = replay.row(part.row);
    json!({
        "label": label(replay, part.row),
        "sku": row.sku.as_str(),
        "quantity": part.quantity.to_string(),
        "unitPrice": row.unit_price.to_decimal().to_string(),
    })
}

/// What the file charges, the note claims: the sign turns around.
fn charge_line(replay: &Replay, index: usize) -> Value {
    let row = replay.row(index);
    let micros = if row.quantity > 0 { -row.unit_price.micros } else { row.unit_price.micros };
    let unit_price = UnitPrice::from_micros(micros, row.unit_price.currency);
    json!({
        "label": label(replay, index),
        "quantity": row.quantity.unsigned_abs().to_string(),
        "unitPrice": unit_price.to_decimal().to_string(),
    })
}

impl Line {
    /// Below zero where money is given back.
    fn value(&self, replay: &Replay, document: &Document) -> Result<Money, CallError> {
        let credited = if replay.channel(document).prices_include_tax {
            self.net_total.plus(self.tax_total)?
        } else {
            self.net_total.money()?
        };
        Ok(Money::new(-credited.minor, credited.currency))
    }
}
