//! The time budget of a call.

use std::time::{Duration, Instant};

use crate::error::{Error, ErrorCode};

/// When the host stops waiting. Deadlines are cooperative: nothing interrupts a plugin, it asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// The deadline of a call that starts now and may take `budget_ns`; 0 means there is none.
    pub(crate) fn after(budget_ns: u64) -> Self {
        Self((budget_ns > 0).then(|| Instant::now() + Duration::from_nanos(budget_ns)))
    }

    /// Fails with [`ErrorCode::DEADLINE`] once the budget is used up. It reads the clock (about 30 ns), so ask every few
    /// hundred lines, not for each.
    pub fn check(self) -> Result<(), Error> {
        match self.0 {
            Some(end) if Instant::now() >= end => {
                Err(Error::new(ErrorCode::DEADLINE, "the time budget of the call is used up"))
            }
            _ => Ok(()),
        }
    }
}
