//! The time a call takes without the time its threads were ready and the machine was busy with something else.

use std::time::{Duration, Instant};

use crate::load::Library;

/// How long a call takes.
pub(crate) fn time<A>(library: &Library, call: impl FnOnce() -> A) -> Duration {
    let (ready_before, started) = (kept_waiting(library), Instant::now());
    call();
    let (elapsed, ready_after) = (started.elapsed(), kept_waiting(library));
    elapsed.saturating_sub(ready_after.saturating_sub(ready_before))
}

/// How long this thread and the plugin's processes were kept waiting for a processor so far.
fn kept_waiting(library: &Library) -> Duration {
    let pids = library.processes().map(|processes| processes.pids).unwrap_or_default();
    let own = run_delay("/proc/thread-self/schedstat");
    own + pids.iter().map(|pid| run_delay(&format!("/proc/{pid}/schedstat"))).sum::<Duration>()
}

/// The second of the three numbers of the kernel's scheduler statistics; nothing where it keeps none.
fn run_delay(file: &str) -> Duration {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let nanoseconds = text.split_whitespace().nth(1).and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}
