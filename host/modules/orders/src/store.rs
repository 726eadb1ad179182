//! All SQL of the schema `orders`, by what it is about.

pub(crate) mod charge;
pub(crate) mod credit_note;
pub(crate) mod history;
pub(crate) mod line;
pub(crate) mod order;
pub(crate) mod placed;
pub(crate) mod returned;
pub(crate) mod search;
pub(crate) mod usage;

use std::collections::HashMap;

use vectis_kernel::{Currency, MoneyError};

/// A stored row holds what the module never writes, or the database failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("database: {0}")]
    Db(#[from] sqlx::Error),
    #[error("a stored amount is out of range or of an unknown currency: {0}")]
    Money(#[from] MoneyError),
    #[error("a stored address is not an address: {0}")]
    Address(#[from] serde_json::Error),
    #[error("stored {column} {value:?} is unknown")]
    Unknown { column: &'static str, value: String },
}

/// Currencies by code, each parsed once however many rows name it.
#[derive(Default)]
struct Currencies(HashMap<String, Currency>);

impl Currencies {
    fn parse(&mut self, code: &str) -> Result<Currency, MoneyError> {
        if let Some(known) = self.0.get(code) {
            return Ok(*known);
        }
        let currency = code.parse()?;
        self.0.insert(code.to_owned(), currency);
        Ok(currency)
    }
}
