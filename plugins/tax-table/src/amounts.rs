//! What rates come to on a line, in whole minor units. Rounds half away from zero.

use vectis_plugin_api::tax::TaxLine;
use vectis_plugin_api::units::{PPM, share};

/// What the rates of a batch are taken on.
#[derive(Clone, Copy)]
pub(crate) struct Basis {
    /// Whether line amounts include tax.
    pub(crate) is_gross: bool,
    /// Whether the tax of earlier stages is taxed too.
    pub(crate) is_compound: bool,
}

/// The rates on a line, in parts per million.
pub(crate) struct Shares {
    ppm: Vec<i64>,
    sum: i64,
    /// Index of the largest, the first of several.
    largest: usize,
}

impl Shares {
    pub(crate) fn new(ppm: impl Iterator<Item = i64>) -> Self {
        let ppm: Vec<_> = ppm.collect();
        let largest = (0..ppm.len()).rev().max_by_key(|index| ppm[*index]);
        Self { sum: ppm.iter().sum(), largest: largest.unwrap_or_default(), ppm }
    }
}

impl Basis {
    /// The tax of each rate on the line, in the order of the rates; `None` where it does not fit.
    pub(crate) fn amounts<'a>(
        self,
        line: &TaxLine<'_>,
        shares: &'a Shares,
    ) -> impl Iterator<Item = Option<i64>> + 'a {
        let base = self.base(line);
        let included = base.filter(|_| self.is_gross).and_then(|gross| Included::new(gross, shares));
        shares.ppm.iter().enumerate().map(move |(index, ppm)| {
            if self.is_gross {
                included.map(|included| included.part(index, *ppm))
            } else {
                share(base?, *ppm, PPM)
            }
        })
    }

    /// What the rates are taken on: an amount without these taxes, or with them when prices include tax.
    fn base(self, line: &TaxLine<'_>) -> Option<i64> {
        match (self.is_gross, self.is_compound) {
            (false, false) | (true, true) => Some(line.amount_minor),
            (false, true) => line.amount_minor.checked_add(line.taxed_before_minor),
            (true, false) => line.amount_minor.checked_sub(line.taxed_before_minor),
        }
    }
}

/// The tax inside a gross amount, split over its rates.
#[derive(Clone, Copy)]
struct Included<'a> {
    tax: i64,
    /// What the parts, cut off towards zero, leave of the tax; it has the sign of the tax.
    remainder: i64,
    shares: &'a Shares,
}

impl<'a> Included<'a> {
    /// The tax is gross − gross ÷ (1 + sum of the rates).
    fn new(gross: i64, shares: &'a Shares) -> Option<Self> {
        let tax = share(gross, shares.sum, PPM + shares.sum)?;
        let parts: i64 = shares.ppm.iter().map(|ppm| cut(tax, *ppm, shares.sum)).sum();
        Some(Self { tax, remainder: tax - parts, shares })
    }

    fn part(self, index: usize, ppm: i64) -> i64 {
        let part = cut(self.tax, ppm, self.shares.sum);
        if index == self.shares.largest { part + self.remainder } else { part }
    }
}

/// `tax * ppm / sum`, cut off towards zero.
fn cut(tax: i64, ppm: i64, sum: i64) -> i64 {
    // A sum of zero means that all rates, and so the tax, are zero.
    let part = i128::from(tax) * i128::from(ppm) / i128::from(sum.max(1));
    // Invariant: no rate is above the sum, so no part is above the tax.
    i64::try_from(part).expect("a part of an amount fits where the amount fits")
}
