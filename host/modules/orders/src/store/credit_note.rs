//! Credit notes with their lines.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::orders::{CreditNote, CreditNoteLine};
use vectis_db::conn;
use vectis_kernel::ids::{AccountId, ChannelId, CreditNoteId, OrderId};
use vectis_kernel::{Money, Quantity};

use crate::store::{Currencies, StoreError};

/// A credit note with its lines, in one statement; its number. `note.number` is not read.
#[tracing::instrument(name = "db.orders.insert_credit_note", skip_all)]
pub(crate) async fn insert(tx: &mut Tx, note: &CreditNote) -> Result<String, sqlx::Error> {
    let positions: Vec<i32> = (1..).take(note.lines.len()).collect();
    let labels: Vec<&str> = note.lines.iter().map(|line| line.label.as_str()).collect();
    let skus: Vec<Option<&str>> = note.lines.iter().map(|line| line.sku.as_deref()).collect();
    let quantities: Vec<i64> = note.lines.iter().map(|line| line.quantity.milli()).collect();
    let nets: Vec<i64> = note.lines.iter().map(|line| line.net.minor).collect();
    let taxes: Vec<i64> = note.lines.iter().map(|line| line.tax.minor).collect();
    sqlx::query_scalar!(
        r#"
        WITH note AS (
            INSERT INTO orders.credit_note
                (id, number, channel_id, account_id, order_id, currency, reference, reason, net_minor, tax_minor,
                 issued_at, created_at, updated_at)
            VALUES
                ($1, 'CN-' || nextval('orders.credit_note_number'), $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10)
            RETURNING number
        ),
        line AS (
            INSERT INTO orders.credit_note_line
                (credit_note_id, position, label, sku, quantity_milli, net_minor, tax_minor)
            SELECT $1, given.position, given.label, given.sku, given.quantity_milli, given.net_minor, given.tax_minor
            FROM UNNEST($11::int4[], $12::text[], $13::text[], $14::int8[], $15::int8[], $16::int8[])
                AS given (position, label, sku, quantity_milli, net_minor, tax_minor)
        )
        SELECT number AS "number!"
        FROM note
        "#,
        note.id.0,
        note.channel_id.0,
        note.account_id.map(Uuid::from),
        note.order_id.map(Uuid::from),
        note.net.currency.code(),
        note.reference,
        note.reason,
        note.net.minor,
        note.tax.minor,
        note.at,
        &positions,
        &labels as &[&str],
        &skus as &[Option<&str>],
        &quantities,
        &nets,
        &taxes
    )
    .fetch_one(conn(tx))
    .await
}

struct NoteRow {
    id: Uuid,
    number: String,
    channel_id: Uuid,
    account_id: Option<Uuid>,
    order_id: Option<Uuid>,
    currency: String,
    reference: String,
    reason: String,
    net_minor: i64,
    tax_minor: i64,
    issued_at: DateTime<Utc>,
}

struct NoteLineRow {
    credit_note_id: Uuid,
    label: String,
    sku: Option<String>,
    quantity_milli: i64,
    net_minor: i64,
    tax_minor: i64,
}

/// Credit notes by id with their lines, in no order; missing ones are left out. Two statements.
#[tracing::instrument(name = "db.orders.load_credit_notes", skip_all)]
pub(crate) async fn load(pool: &PgPool, ids: &[CreditNoteId]) -> Result<Vec<CreditNote>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        NoteRow,
        r#"
        SELECT id, number, channel_id, account_id, order_id, currency, reference, reason, net_minor, tax_minor,
               issued_at
        FROM orders.credit_note
        WHERE id = ANY($1)
        "#,
        &ids
    )
    .fetch_all(pool)
    .await?;
    let mut lines = lines_of(pool, &ids).await?;
    let mut currencies = Currencies::default();
    let mut notes = Vec::with_capacity(rows.len());
    for row in rows {
        let currency = currencies.parse(&row.currency)?;
        let money = |minor| Money::new(minor, currency);
        let of_note = lines.remove(&row.id).unwrap_or_default();
        notes.push(CreditNote {
            id: CreditNoteId(row.id),
            number: row.number,
            channel_id: ChannelId(row.channel_id),
            account_id: row.account_id.map(AccountId),
            order_id: row.order_id.map(OrderId),
            reference: row.reference,
            at: row.issued_at,
            reason: row.reason,
            lines: of_note
                .into_iter()
                .map(|line| CreditNoteLine {
                    label: line.label,
                    sku: line.sku,
                    quantity: Quantity::from_milli(line.quantity_milli),
                    net: money(line.net_minor),
                    tax: money(line.tax_minor),
                })
                .collect(),
            net: money(row.net_minor),
            tax: money(row.tax_minor),
        });
    }
    Ok(notes)
}

async fn lines_of(pool: &PgPool, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<NoteLineRow>>, sqlx::Error> {
    let rows = sqlx::query_as!(
        NoteLineRow,
        r#"
        SELECT credit_note_id, label, sku, quantity_milli, net_minor, tax_minor
        FROM orders.credit_note_line
        WHERE credit_note_id = ANY($1)
        ORDER BY credit_note_id, position
        "#,
        ids
    )
    .fetch_all(pool)
    .await?;
    let mut by_note: HashMap<Uuid, Vec<NoteLineRow>> = HashMap::new();
    for row in rows {
        by_note.entry(row.credit_note_id).or_default().push(row);
    }
    Ok(by_note)
}
