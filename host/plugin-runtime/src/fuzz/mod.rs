//! What comes from strangers is thrown at what reads it, as long as one likes: `make fuzz`, or `VECTIS_FUZZ_SECONDS=600 cargo
//! test -p vectis-plugin-runtime --lib fuzz`. A plain `cargo test` gives each target a second.
//!
//! A target takes a case from the dice and panics when something is wrong. Every case has its own seed, which the failure
//! names; `VECTIS_FUZZ_SEED` begins with it.

mod elf;
mod manifest;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::conformance::Dice;

/// A case that takes longer is a way to stop a host.
const LONGEST_CASE: Duration = Duration::from_secs(5);

/// Puts cases to a target until the time is up.
pub(crate) fn fuzz(target: &str, mut case: impl FnMut(&mut Dice)) {
    let time = Duration::from_secs(number("VECTIS_FUZZ_SECONDS").unwrap_or(1));
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let first = number("VECTIS_FUZZ_SEED").unwrap_or(since_1970.as_secs() << 20);
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < time {
        let seed = first + count;
        let started = Instant::now();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| case(&mut Dice::new(seed)))) {
            println!("{target}: the case VECTIS_FUZZ_SEED={seed} failed");
            resume_unwind(panic);
        }
        let took = started.elapsed();
        assert!(took < LONGEST_CASE, "{target}: the case VECTIS_FUZZ_SEED={seed} took {took:?}");
        count += 1;
    }
    println!("{target}: {count} cases in {} s", time.as_secs());
}

#[expect(clippy::disallowed_methods, reason = "how long a test runs is no configuration of the program")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Changes bytes in a few places: flipped, cut out, doubled, or replaced by something of the dictionary.
pub(crate) fn mutated(bytes: &[u8], dictionary: &[&[u8]], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + dice.below(6) {
        let at = dice.below(bytes.len());
        let length = 1 + dice.below(40);
        let end = (at + length).min(bytes.len());
        match dice.below(6) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            1 if !bytes.is_empty() => bytes[at] = dice.pick(&[0, 1, 0x7f, 0x80, 0xff]),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let doubled = bytes[at..end].to_vec();
                let to = dice.below(bytes.len() + 1);
                bytes.splice(to..to, doubled);
            }
            4 if !dictionary.is_empty() => {
                let word = dice.pick(dictionary);
                bytes.splice(at..at, word.iter().copied());
            }
            _ if !dictionary.is_empty() => {
                let word = dice.pick(dictionary);
                bytes.splice(at..end, word.iter().copied());
            }
            _ => {}
        }
    }
    bytes
}
