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
    ShippingRate,
    Task,
    Observer,
}

impl Point {
    pub(crate) const ALL: [Self; 8] = [
        Self::Pricing,
        Self::Tax,
        Self::OrderProcess,
        Self::Approval,
        Self::Fields,
        Self::ShippingRate,
        Self::Task,
        Self::Observer,
    ];

    /// The group of the manifest: `vectis.pricing`.
    pub(crate) const fn group(self) -> &'static str {
        match self {
            Self::Pricing => "vectis.pricing",
            Self::Tax => "vectis.tax",
            Self::OrderProcess => "vectis.order_process",
            Self::Approval => "vectis.approval",
            Self::Fields => "vectis.fields",
            Self::ShippingRate => "vectis.shipping_rate",
            Self::Task => "vectis.task",
            Self::Observer => "vectis.observer",
        }
    }

    /// The point of a group, `None` for one this host does not know.
    pub(crate) fn of_group(group: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|point| point.group() == group)
    }

    /// The groups of those that [wait](Self::waits).
    pub(crate) fn waiting() -> String {
        let groups: Vec<_> = Self::ALL.into_iter().filter(|point| point.waits()).map(Self::group).collect();
        let (last, others) = groups.split_last().expect("some wait");
        format!("{} and {last}", others.join(", "))
    }

    /// Whether it is asked outside of any transaction and may wait for services of the host.
    pub(crate) const fn waits(self) -> bool {
        matches!(self, Self::Fields | Self::ShippingRate | Self::Task | Self::Observer)
    }

    /// Whether all activated entry points answer, or one of them.
    pub(crate) const fn asks_all(self) -> bool {
        matches!(self, Self::Tax | Self::Fields | Self::ShippingRate | Self::Task | Self::Observer)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.group())
    }
}
