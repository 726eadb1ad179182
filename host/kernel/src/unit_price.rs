//! The price of one unit: finer than a cent, because wholesale sells screws at 0.0125. Becomes [`Money`] in exactly one
//! place, [`UnitPrice::times`].

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{Currency, Money, MoneyError, Quantity};

/// Price of one unit in millionths of the major unit: 2.55 GBP is 2,550,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UnitPrice {
    /// Millionths of the currency's major unit.
    pub micros: i64,
    /// The currency.
    pub currency: Currency,
}

impl UnitPrice {
    /// Decimal places kept.
    pub const SCALE: u32 = 6;

    /// From millionths.
    #[inline]
    pub const fn from_micros(micros: i64, currency: Currency) -> Self {
        Self { micros, currency }
    }

    /// From a decimal number; refuses more than six places.
    pub fn from_decimal(value: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let normal = value.normalize();
        if normal.scale() > Self::SCALE {
            return Err(MoneyError::TooPrecise(value, Self::SCALE));
        }
        let micros = normal
            .mantissa()
            .checked_mul(10i128.pow(Self::SCALE - normal.scale()))
            .and_then(|micros| i64::try_from(micros).ok())
            .ok_or(MoneyError::OutOfRange)?;
        Ok(Self { micros, currency })
    }

    /// As a decimal number without trailing zeros.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.micros, Self::SCALE).normalize()
    }

    /// The one rounding of the platform: unit price × quantity → money of the line, half away from zero, to the
    /// currency's minor unit.
    pub fn times(self, quantity: Quantity) -> Result<Money, MoneyError> {
        // micros (10^-6) × milli (10^-3) = 10^-9 of the major unit.
        let exact = i128::from(self.micros) * i128::from(quantity.milli());
        let divisor = 10i128.pow(9 - self.currency.exponent());
        let minor = round_half_away(exact, divisor);
        let minor = i64::try_from(minor).map_err(|_| MoneyError::OutOfRange)?;
        Ok(Money::new(minor, self.currency))
    }
}

/// `numerator / divisor`, rounded half away from zero. `divisor` is above zero. Also the rule by which tax plugins'
/// answers are checked.
pub fn round_half_away(numerator: i128, divisor: i128) -> i128 {
    let half = divisor / 2;
    if numerator >= 0 { (numerator + half) / divisor } else { (numerator - half) / divisor }
}
