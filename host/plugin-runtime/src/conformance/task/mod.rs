//! How `vectis.task` is examined: on a shop whose tables are empty and whose carriers are no good, so that the same run asked
//! for twice has the same to say.

mod questions;

use std::time::Duration;

use chrono::{DateTime, Utc};
use vectis_contracts::plugin_schedules::{TakenRun, TaskReport};
use vectis_contracts::points::PointError;

use crate::adapters::TaskAdapter;
use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::{Asked, Broken, Exam, Sitting, must, same, why};
use crate::conformance::promise::{DEADLINE, FEW_LOGS, Promise};
use crate::conformance::subject::Origin;

pub(crate) const REPEATS: Promise =
    Promise("A run that is repeated does no harm: what the one before has done is not done twice.");
pub(crate) const REPORTS: Promise =
    Promise("A run reports how much it did, in a sentence that is not empty and has at most 500 letters.");
pub(crate) const ANSWERS: Promise =
    Promise("An error is for a run that is to be attempted again; having nothing to do is none.");

#[cfg(test)]
pub(crate) const PROMISES: [Promise; 3] = [REPEATS, REPORTS, ANSWERS];

/// Lines a run may log, whatever it is asked.
const MOST_LOG_LINES: usize = 100;
/// A run that is attempted so often has been killed before each time.
const MANY: u32 = 10;

/// A run, and when it begins.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) run: TakenRun,
    pub(crate) now: DateTime<Utc>,
}

pub(crate) struct TaskExam;

impl Exam for TaskExam {
    type Adapter = TaskAdapter;
    type Question = Question;
    type Answer = TaskReport;
    /// Entry point and the plugin's own schedules of it.
    type Ground = Vec<String>;

    const ANSWERS: Promise = ANSWERS;
    const ORDER: Promise = REPEATS;

    fn ground(origin: &Origin, _: &TaskAdapter, _: &Words) -> Vec<String> {
        let own = origin.library.manifest.schedules.iter();
        own.filter(|schedule| schedule.task == origin.entry.name)
            .map(|schedule| schedule.name.clone())
            .collect()
    }

    fn questions(schedules: &Vec<String>, words: &Words, dice: &mut Dice) -> Vec<Asked<Question>> {
        questions::all(schedules, words, dice)
    }

    fn ask(adapter: &TaskAdapter, question: &Question) -> Result<TaskReport, PointError> {
        adapter.ask(&question.run, question.now)
    }

    fn short(question: &Question) -> String {
        let Question { run, now } = question;
        let late = if run.is_late { ", late" } else { "" };
        format!("{} for {} at {now}, attempt {}{late}", run.declared.name, run.slot_at, run.attempt)
    }

    /// The host has refused what breaks a rule by itself.
    fn judge(_: &Words, _: &Question, report: &TaskReport) -> Result<(), Broken> {
        if report.summary.chars().any(char::is_control) {
            return Err((REPORTS, format!("the summary {:?} is more than a sentence", report.summary)));
        }
        Ok(())
    }

    fn reordered(_: &TaskAdapter, _: &Question, _: &mut Dice) -> Option<Result<TaskReport, PointError>> {
        None
    }

    fn batch(_: &Vec<String>, _: usize) -> Option<Question> {
        None
    }

    fn own_cases(sitting: &Sitting<'_, Self>) {
        let question = questions::in_time(&sitting.ground);
        repeated(sitting, &question);
        without_time(sitting, &question);
        sitting.case("what a run logs", FEW_LOGS, &question, || {
            let (_, lines) = sitting.subject.logged(|| sitting.ask(&question));
            must(lines.len() <= MOST_LOG_LINES, || format!("{} lines", lines.len()))
        });
    }
}

/// The same run again and again, as after so many crashes: it says the same, wherever it is attempted.
fn repeated(sitting: &Sitting<'_, TaskExam>, question: &Question) {
    let Ok(first) = sitting.ask(question) else { return };
    for attempt in 2..=MANY {
        let mut again = question.clone();
        again.run.attempt = attempt;
        let found = match attempt % 2 {
            0 => sitting.subject.another().map(|other| TaskExam::ask(&other, &again)),
            _ => Ok(sitting.ask(&again)),
        };
        sitting.case(format!("attempt {attempt} of a run that was done"), REPEATS, &again, || {
            same::<TaskExam>(&first, found?)
        });
    }
}

fn without_time(sitting: &Sitting<'_, TaskExam>, question: &Question) {
    let unhurried = sitting.ask(question);
    for (name, budget) in [("a nanosecond", 1), ("a hundred microseconds", 100_000)] {
        sitting.case(format!("a run with {name} of time"), DEADLINE, question, || {
            match TaskExam::ask(&sitting.subject.within(Duration::from_nanos(budget))?, question) {
                Ok(report) => match &unhurried {
                    Ok(unhurried) if *unhurried != report => {
                        Err(format!("{:?} instead of {:?}, as with time", report.summary, unhurried.summary))
                    }
                    _ => Ok(()),
                },
                Err(PointError::Failed { retryable: true, .. }) => Ok(()),
                Err(error) => Err(format!("an error that is not retryable: {}", why(&error))),
            }
        });
    }
}
