//! What is charged on an order beside the goods, by staff.

use serde::Deserialize;
use serde_json::{Value, json};
use vectis_kernel::Money;

use crate::classify::{ChargeKind, RowKind};
use crate::client::{Amount, Call, CallError, USER_ERRORS};
use crate::documents::Document;
use crate::replay::{Replay, label};

use super::Order;

/// Charges in one call.
const CHARGES_A_CALL: usize = 100;

/// A charge as it comes back.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Charge {
    net_total: Amount,
    tax_total: Amount,
}

/// Charges the rows; their values. An earlier run may have charged them already.
pub(super) async fn add(
    replay: &Replay,
    document: &Document,
    order: &Order,
    rows: &[usize],
) -> Result<Vec<Money>, CallError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    if order.charges.len() == rows.len() {
        return values(&order.charges, rows.len());
    }
    let mut charges = Vec::new();
    for (index, rows) in rows.chunks(CHARGES_A_CALL).enumerate() {
        charges = add_some(replay, document, &order.id, (index, rows)).await?;
    }
    values(&charges, rows.len())
}

/// All charges of the order then.
async fn add_some(
    replay: &Replay,
    document: &Document,
    order_id: &str,
    (index, rows): (usize, &[usize]),
) -> Result<Vec<Charge>, CallError> {
    #[derive(Deserialize)]
    struct Charged {
        order: Charges,
    }
    #[derive(Deserialize)]
    struct Charges {
        charges: Vec<Charge>,
    }
    let mutation = format!(
        "mutation Charge($input: OrderChargesAddInput!) {{ orderChargesAdd(input: $input) {{ \
         order {{ charges {{ netTotal {{ amount }} taxTotal {{ amount }} }} }} {USER_ERRORS} }} }}"
    );
    let input = json!({
        "id": order_id,
        "charges": rows.iter().map(|row| charge(replay, *row)).collect::<Vec<_>>(),
        "reason": format!("invoice {}", document.invoice),
        "idempotencyKey": replay.key(document, &format!("charges:{index}")),
    });
    let call = Call::new(&mutation, json!({ "input": input })).in_channel(&replay.channel(document).slug);
    Ok(replay.desk.command::<Charged>(&call).await?.order.charges)
}

fn charge(replay: &Replay, index: usize) -> Value {
    let row = replay.row(index);
    json!({
        "kind": api_kind(replay.source.plan.kinds[index], row.value),
        "label": label(replay, index),
        "amount": { "amount": row.value.to_decimal().to_string(), "currencyCode": row.value.currency.code() },
    })
}

/// Amounts of the wrong sign for their kind are manual ones.
pub(crate) fn api_kind(kind: RowKind, value: Money) -> &'static str {
    use ChargeKind::{BankCharges, Carriage, CharityCommission, Discount, MarketplaceFee, Postage};
    match kind {
        RowKind::Charge(Postage | Carriage) if value.minor >= 0 => "SHIPPING",
        RowKind::Charge(BankCharges | MarketplaceFee | CharityCommission) if value.minor >= 0 => "FEE",
        RowKind::Charge(Discount) if value.minor < 0 => "DISCOUNT",
        _ => "MANUAL",
    }
}

fn values(charges: &[Charge], wanted: usize) -> Result<Vec<Money>, CallError> {
    if charges.len() != wanted {
        let message = format!("the order has {} charges where the invoice has {wanted}", charges.len());
        return Err(CallError::Unreadable(message));
    }
    charges.iter().map(|charge| charge.net_total.plus(charge.tax_total)).collect()
}
