//! Amounts: decimal strings with a currency, never floats.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, SimpleObject, Value};
use rust_decimal::Decimal as Number;
use vectis_kernel::{
    Currency, Money as KernelMoney, Quantity as KernelQuantity, UnitPrice as KernelUnitPrice,
};

/// An exact decimal number as a string: `"1234.50"`. Never a JSON float. At most 28 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal(pub Number);

#[Scalar]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = match &value {
            Value::String(text) => text.clone(),
            Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
            _ => return Err(InputValueError::custom("a decimal is a string such as \"12.50\"")),
        };
        let plain = !text.is_empty()
            && text.len() <= 30
            && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
        let parsed = if plain { text.parse::<Number>().ok() } else { None };
        parsed.map(Self).ok_or_else(|| InputValueError::custom("a decimal is a string such as \"12.50\""))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An ISO 4217 currency code in use, upper case: `EUR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrencyCode(pub Currency);

#[Scalar]
impl ScalarType for CurrencyCode {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(code) => code.parse().map(Self).map_err(InputValueError::custom),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.code().to_owned())
    }
}

/// A quantity in the variant's unit as a decimal string with up to three places: `"24"`, `"1.5"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity(pub KernelQuantity);

#[Scalar]
impl ScalarType for Quantity {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Decimal(number) = <Decimal as ScalarType>::parse(value).map_err(InputValueError::propagate)?;
        KernelQuantity::from_decimal(number).map(Self).ok_or_else(|| {
            InputValueError::custom(format!("{number} has more than three places or is out of range"))
        })
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// Free-form JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Json(pub serde_json::Value);

#[Scalar(name = "JSON")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

/// What is charged, totalled or owed.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct Money {
    /// In major units with the currency's own number of places: `"12.50"`.
    pub amount: Decimal,
    /// The currency.
    pub currency_code: CurrencyCode,
}

impl From<KernelMoney> for Money {
    fn from(money: KernelMoney) -> Self {
        Self { amount: Decimal(money.to_decimal()), currency_code: CurrencyCode(money.currency) }
    }
}

/// The price of one unit; may be finer than the currency's minor unit, up to six places.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct UnitPrice {
    /// In major units: `"0.0125"`.
    pub amount: Decimal,
    /// The currency.
    pub currency_code: CurrencyCode,
}

impl From<KernelUnitPrice> for UnitPrice {
    fn from(price: KernelUnitPrice) -> Self {
        // At least the currency's own places: 2.5 GBP reads 2.50.
        let mut amount = price.to_decimal();
        let places = price.currency.exponent();
        if amount.scale() < places {
            amount.rescale(places);
        }
        Self { amount: Decimal(amount), currency_code: CurrencyCode(price.currency) }
    }
}

/// An amount sent in.
#[derive(Clone, Copy, Debug, async_graphql::InputObject)]
pub struct MoneyInput {
    /// In major units, with no more places than the currency has.
    pub amount: Decimal,
    /// The currency.
    pub currency_code: CurrencyCode,
}

impl MoneyInput {
    /// As money; the error is a sentence for the caller.
    pub fn money(self) -> Result<KernelMoney, String> {
        KernelMoney::from_decimal(self.amount.0, self.currency_code.0).map_err(|error| error.to_string())
    }
}
