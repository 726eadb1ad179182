//! All SQL of the schema `pricing`, by table; `quote` reads across them.

pub(crate) mod exchange_rate;
pub(crate) mod managed_price;
pub(crate) mod price_list;
pub(crate) mod price_tier;
pub(crate) mod quote;

use rust_decimal::Decimal;
use vectis_kernel::{Currency, MoneyError, UnitPrice};

/// The database failed, or a stored row holds what the module never writes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("database: {0}")]
    Db(#[from] sqlx::Error),
    #[error("a stored amount does not fit: {0}")]
    Money(#[from] MoneyError),
    #[error("stored audience or level {0:?} is unknown")]
    Kind(String),
}

fn unit_price(amount: Decimal, currency: &str) -> Result<UnitPrice, MoneyError> {
    UnitPrice::from_decimal(amount, currency.parse::<Currency>()?)
}
