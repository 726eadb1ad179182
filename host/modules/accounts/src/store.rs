//! All SQL of accounts.

pub(crate) mod accounts;
pub(crate) mod credit;
pub(crate) mod memberships;
pub(crate) mod people;
pub(crate) mod places;
pub(crate) mod roles;

use vectis_contracts::accounts::AccountStatus;
use vectis_kernel::Money;

fn money(minor: i64, currency: &str) -> Result<Money, sqlx::Error> {
    let currency = currency.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    Ok(Money::new(minor, currency))
}

fn optional_money(minor: Option<i64>, currency: Option<&str>) -> Result<Option<Money>, sqlx::Error> {
    minor.zip(currency).map(|(minor, currency)| money(minor, currency)).transpose()
}

fn status(number: i16) -> Result<AccountStatus, sqlx::Error> {
    AccountStatus::from_number(number)
        .ok_or_else(|| sqlx::Error::Decode(format!("no account status has the number {number}").into()))
}
