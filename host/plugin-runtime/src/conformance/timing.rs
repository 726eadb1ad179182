//! What a call costs: the median of many, in whole nanoseconds.

use std::time::{Duration, Instant};

use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::{Exam, why};
use crate::conformance::subject::{Origin, Subject};

const BATCHES: [usize; 5] = [1, 10, 100, 1_000, 10_000];
/// How long one figure is measured for.
const TIME_PER_FIGURE: Duration = Duration::from_millis(200);
const LEAST_RUNS: usize = 5;
const MOST_RUNS: usize = 20_000;

/// What an entry point costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Lines of the batch and nanoseconds per line, at points that take batches.
    pub per_line: Vec<(usize, u64)>,
    /// Nanoseconds of a call, at the others.
    pub per_call: Option<u64>,
}

/// Times an entry point.
pub(crate) fn time<E: Exam>(origin: &Origin, seed: u64) -> Result<Timings, String> {
    let subject = Subject::<E::Adapter>::start(origin).map_err(|fault| fault.why)?;
    let words = Words::of(&origin.config);
    let adapter = subject.live();
    let ground = E::ground(origin, &adapter, &words);
    let mut timings = Timings::default();
    for lines in BATCHES {
        if let Some(question) = E::batch(&ground, lines) {
            let ns = median::<E>(&adapter, &[question])?;
            timings.per_line.push((lines, ns / lines as u64));
        }
    }
    if timings.per_line.is_empty() {
        let questions = E::questions(&ground, &words, &mut Dice::new(seed));
        let ordinary = questions.into_iter().filter(|asked| asked.is_ordinary).map(|asked| asked.question);
        let ordinary: Vec<_> = ordinary.collect();
        if ordinary.is_empty() {
            return Err("it has no question that must be answered, so there is nothing to time".to_owned());
        }
        timings.per_call = Some(median::<E>(&adapter, &ordinary)?);
    }
    Ok(timings)
}

/// Nanoseconds of the median call, the questions taken in turn.
fn median<E: Exam>(adapter: &E::Adapter, questions: &[E::Question]) -> Result<u64, String> {
    let mut runs = Vec::new();
    let begun = Instant::now();
    for question in questions.iter().cycle().take(MOST_RUNS) {
        let started = Instant::now();
        let answer = E::ask(adapter, question);
        runs.push(started.elapsed().as_nanos());
        answer.map_err(|error| why(&error))?;
        if runs.len() >= LEAST_RUNS && begun.elapsed() > TIME_PER_FIGURE {
            break;
        }
    }
    runs.sort_unstable();
    Ok(runs.get(runs.len() / 2).and_then(|ns| u64::try_from(*ns).ok()).unwrap_or_default())
}
