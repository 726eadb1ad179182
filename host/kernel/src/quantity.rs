//! Quantities: thousandths of the variant's unit, so that 1.5 kg is exact. How many places a variant really allows is
//! its precision.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A quantity in thousandths of a piece (or kg, m, …). May be negative in stock adjustments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(i64);

impl Quantity {
    /// None.
    pub const ZERO: Self = Self(0);
    /// Decimal places kept.
    pub const SCALE: u32 = 3;

    /// From thousandths.
    #[inline]
    pub const fn from_milli(milli: i64) -> Self {
        Self(milli)
    }

    /// From whole units. `None` when out of range.
    pub const fn from_units(units: i64) -> Option<Self> {
        match units.checked_mul(1000) {
            Some(milli) => Some(Self(milli)),
            None => None,
        }
    }

    /// From a decimal number; `None` with more than three places or out of range.
    pub fn from_decimal(value: Decimal) -> Option<Self> {
        let normal = value.normalize();
        if normal.scale() > Self::SCALE {
            return None;
        }
        let milli = normal.mantissa().checked_mul(10i128.pow(Self::SCALE - normal.scale()))?;
        i64::try_from(milli).ok().map(Self)
    }

    /// Thousandths.
    #[inline]
    pub const fn milli(self) -> i64 {
        self.0
    }

    /// As a decimal number without trailing zeros.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, Self::SCALE).normalize()
    }

    /// Sum, `None` on overflow.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Difference, `None` on overflow.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// More than nothing.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether it has no more decimal places than `precision`.
    pub fn fits_precision(self, precision: u32) -> bool {
        self.to_decimal().scale() <= precision
    }

    /// Whether it is a whole number of `step`s (`step` above zero).
    pub fn is_multiple_of(self, step: Self) -> bool {
        step.0 > 0 && self.0 % step.0 == 0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_decimal().fmt(f)
    }
}
