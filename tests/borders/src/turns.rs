//! Two ways by turns, so that what else happens on the machine meets both.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;
use vectis_plugin_api::pricing::Priced;

/// More samples change no figure.
const AT_MOST: usize = 50_000;

/// How long each call took, in nanoseconds.
#[derive(Default, Serialize)]
pub struct Turns {
    samples: Vec<u64>,
    floor: Vec<u64>,
}

/// One after the other until the window is over. `check` is not measured.
pub fn by_turns(
    window: Duration,
    warm_up: Duration,
    mut linked: impl FnMut() -> Result<Vec<Priced>>,
    mut over: impl FnMut() -> Result<Vec<Priced>>,
    check: impl Fn(&[Priced]) -> Result<()>,
) -> Result<Turns> {
    let mut turns = Turns::default();
    let begun = Instant::now();
    while turns.samples.len() < AT_MOST && (turns.samples.len() < 2 || begun.elapsed() < warm_up + window) {
        let is_warm = begun.elapsed() >= warm_up;
        let floor = timed(&mut linked, &check)?;
        let sample = timed(&mut over, &check)?;
        if is_warm || turns.samples.len() < 2 {
            turns.floor.push(floor);
            turns.samples.push(sample);
        }
    }
    Ok(turns)
}

fn timed(
    price: &mut impl FnMut() -> Result<Vec<Priced>>,
    check: &impl Fn(&[Priced]) -> Result<()>,
) -> Result<u64> {
    let started = Instant::now();
    let answer = black_box(price()?);
    let took = started.elapsed();
    check(&answer)?;
    Ok(u64::try_from(took.as_nanos())?)
}
