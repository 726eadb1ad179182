//! The extension points this host asks.

use std::fmt;

/// An extension point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Point {
    Pricing,
    Tax,
    OrderProcess,
    Approval,
    Fields,
}

impl Point {
    pub(crate) const ALL: [Self; 5] =
        [Self::Pricing, Self::Tax, Self::OrderProcess, Self::Approval, Self::Fields];

    /// The group of the manifest: `vectis.pricing`.
    pub(crate) const fn group(self) -> &'static str {
        match self {
            Self::Pricing => "vectis.pricing",
            Self::Tax => "vectis.tax",
            Self::OrderProcess => "vectis.order_process",
            Self::Approval => "vectis.approval",
            Self::Fields => "vectis.fields",
        }
    }

    /// The point of a group, `None` for one this host does not know.
    pub(crate) fn of_group(group: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|point| point.group() == group)
    }

    /// Whether all activated entry points answer, or one of them.
    pub(crate) const fn asks_all(self) -> bool {
        matches!(self, Self::Tax | Self::Fields)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.group())
    }
}
