//! How long to wait after a failure: longer each time, up to a limit, never quite the same.

use std::time::Duration;

use vectis_kernel::IdSource as _;
use vectis_kernel::SystemIds;

/// Counts failures in a row.
#[derive(Debug)]
pub(crate) struct BackOff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl BackOff {
    pub(crate) fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, failures: 0 }
    }

    /// All is well again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// How long to wait after one more failure: the doubled wait, less up to a quarter by chance.
    pub(crate) fn next(&mut self) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.failures.min(16));
        self.failures += 1;
        let wait = doubled.min(self.most);
        let chance = u32::from(SystemIds.next().as_bytes()[15]);
        wait - wait.mul_f64(0.25) * chance / 255
    }
}
