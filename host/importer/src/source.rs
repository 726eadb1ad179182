//! The invoice file, read and worked out.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use crate::plan::Plan;
use crate::read::{OnBadRows, RowError, read_file};
use crate::row::{Buyer, Row};

/// A file and what is to be done with it.
#[derive(Debug)]
pub(crate) struct Source {
    /// What to import and send.
    pub(crate) plan: Plan,
    /// What could not be read.
    pub(crate) bad_rows: Vec<RowError>,
    /// Tells this file from others, packed or not: the start of all idempotency keys.
    pub(crate) digest: String,
}

impl Source {
    /// Reads and works out.
    pub(crate) fn read(file: &Path, on_bad_rows: OnBadRows) -> anyhow::Result<Self> {
        let reading =
            read_file(file, on_bad_rows).with_context(|| format!("{} cannot be taken", file.display()))?;
        let digest = digest(&reading.rows);
        Ok(Self { plan: Plan::of(reading.rows), bad_rows: reading.bad_rows, digest })
    }

    /// The idempotency key of a step: the same on every run over the same file.
    pub(crate) fn key(&self, step: &str) -> String {
        format!("{}:{step}", self.digest)
    }
}

/// A hexadecimal digest of 128 bits.
fn digest(rows: &[Row]) -> String {
    let mut hash = Sha256::new();
    for row in rows {
        let customer = match &row.buyer {
            Buyer::Account(number) => number,
            Buyer::WalkIn => "",
        };
        let texts = [
            &row.invoice,
            row.sku.as_str(),
            row.description.as_deref().unwrap_or(""),
            customer,
            &row.country,
        ];
        for text in texts {
            hash.update(text.as_bytes());
            hash.update(b"\0");
        }
        for number in [row.quantity, row.unit_price.micros, row.at.and_utc().timestamp()] {
            hash.update(number.to_be_bytes());
        }
    }
    hex(&hash.finalize()[..16])
}

/// A guest token nobody else has: the same on every run over the same file.
pub(crate) fn guest_token(key: &str) -> String {
    hex(&Sha256::digest(format!("guest:{key}")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// Whether rows that cannot be read stop everything.
pub(crate) fn on_bad_rows(take_good_rows: bool) -> OnBadRows {
    if take_good_rows { OnBadRows::TakeGoodRows } else { OnBadRows::RefuseFile }
}
