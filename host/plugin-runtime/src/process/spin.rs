//! Looking again and again before going to sleep: worth it while the answer comes sooner than a sleeper wakes.

use std::time::{Duration, Instant};

/// About what it costs to fall asleep and be woken.
const LONGEST: Duration = Duration::from_micros(50);
/// Looks between two looks at the clock.
const LOOKS: u32 = 64;
/// After failures in a row, so many times at most it goes to sleep at once.
const MOST_SKIPPED: u32 = 63;

/// Spins less the more often it was in vain.
#[derive(Debug, Default)]
pub(crate) struct Spin {
    /// Times it goes to sleep at once from now on.
    skip: u32,
    /// How many it skips after the next failure.
    penalty: u32,
}

impl Spin {
    /// Whether what is waited for came before it is time to sleep.
    pub(crate) fn until(&mut self, mut came: impl FnMut() -> bool) -> bool {
        if came() {
            return true;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        let end = Instant::now() + LONGEST;
        loop {
            for _ in 0..LOOKS {
                if came() {
                    self.penalty = 0;
                    return true;
                }
                std::hint::spin_loop();
            }
            if Instant::now() >= end {
                self.penalty = (self.penalty * 2 + 1).min(MOST_SKIPPED);
                self.skip = self.penalty;
                return false;
            }
        }
    }
}
