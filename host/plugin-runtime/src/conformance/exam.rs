//! What is asked at every point: each question by itself, again, in another order, of another instance; all of them at once
//! from many threads; large batches; wrong configurations.

use std::fmt::Debug;
use std::time::Duration;

use vectis_contracts::points::PointError;

use crate::adapters::Adapter;
use crate::conformance::config_cases;
use crate::conformance::dice::{Dice, Words};
use crate::conformance::promise::{
    CHECKED, DEADLINE, FEW_LOGS, IN_TIME, NO_PANIC, Promise, SAME, SPEAKS, STARTS,
};
use crate::conformance::run::{Found, Run};
use crate::conformance::stopwatch;
use crate::conformance::subject::{Origin, Subject, is_panic};

/// Threads that ask one instance at the same time.
const THREADS: usize = 8;
/// How often a batch is timed at most.
const MOST_TIMINGS: usize = 6;
/// 10,000 lines may take so long: the usual budget of a call.
const MOST_TIME: Duration = Duration::from_secs(1);
/// Ten times the lines may take so many times as long: four times what they should, far from the hundred of a square.
const MOST_GROWTH: u32 = 40;
/// Below this nothing is said about growth: it is too short to be measured.
const SHORT: Duration = Duration::from_millis(30);
/// Lines a call may log, whatever it is asked.
const MOST_LOG_LINES: usize = 100;
const LARGE: usize = 10_000;

/// A rule that an answer broke, and how.
pub(crate) type Broken = (Promise, String);

/// A question and what is special about it.
pub(crate) struct Asked<Q> {
    pub(crate) name: String,
    pub(crate) question: Q,
    /// Whether it must be answered. An extreme or unknown one may be declined with an error.
    pub(crate) is_ordinary: bool,
}

impl<Q> Asked<Q> {
    pub(crate) fn ordinary(name: impl Into<String>, question: Q) -> Self {
        Self { name: name.into(), question, is_ordinary: true }
    }

    pub(crate) fn extreme(name: impl Into<String>, question: Q) -> Self {
        Self { name: name.into(), question, is_ordinary: false }
    }
}

/// How one extension point is examined.
pub(crate) trait Exam: Sized {
    type Adapter: Adapter;
    type Question: Send + Sync;
    type Answer: PartialEq + Debug + Send + Sync;
    /// What is found out about the plugin once, before the first question.
    type Ground: Sync;

    /// That ordinary questions are answered, in the words of the point.
    const ANSWERS: Promise;
    /// The rule that is broken when the order of the lines matters.
    const ORDER: Promise;

    fn ground(origin: &Origin, adapter: &Self::Adapter, words: &Words) -> Self::Ground;
    /// Questions by hand and by dice.
    fn questions(ground: &Self::Ground, words: &Words, dice: &mut Dice) -> Vec<Asked<Self::Question>>;
    fn ask(adapter: &Self::Adapter, question: &Self::Question) -> Result<Self::Answer, PointError>;
    /// The question in short.
    fn short(question: &Self::Question) -> String;
    /// The rules that hold for any answer by itself.
    fn judge(words: &Words, question: &Self::Question, answer: &Self::Answer) -> Result<(), Broken>;
    /// Whether it may be asked again: one that changes something may not.
    fn is_repeatable(_: &Self::Question) -> bool {
        true
    }
    /// The same question in another order, and its answer in the order of the first; `None` where there is no order.
    fn reordered(
        adapter: &Self::Adapter,
        question: &Self::Question,
        dice: &mut Dice,
    ) -> Option<Result<Self::Answer, PointError>>;
    /// Whether two answers are the same but for what the order may change.
    fn is_same(one: &Self::Answer, other: &Self::Answer) -> bool {
        one == other
    }
    /// A batch of so many lines; `None` at points without batches.
    fn batch(ground: &Self::Ground, lines: usize) -> Option<Self::Question>;
    /// Cases that no other point has.
    fn own_cases(sitting: &Sitting<'_, Self>);
}

/// An examination under way.
pub(crate) struct Sitting<'a, E: Exam> {
    pub(crate) run: &'a Run,
    pub(crate) subject: Subject<E::Adapter>,
    pub(crate) words: Words,
    pub(crate) ground: E::Ground,
    pub(crate) seed: u64,
}

/// Puts all cases of a point.
pub(crate) fn sit<E: Exam>(origin: &Origin, seed: u64, run: &Run) {
    let started = Subject::<E::Adapter>::start(origin);
    let fault = started.as_ref().err().map(|fault| fault.why.clone());
    run.case("starts", STARTS, origin.config.to_string(), || fault.map_or(Ok(()), Err));
    let Ok(subject) = started else { return };
    let words = Words::of(&origin.config);
    let ground = E::ground(origin, &subject.live(), &words);
    // Whatever it was asked to find the ground, the first case meets it fresh.
    subject.renew();
    let questions = E::questions(&ground, &words, &mut Dice::new(seed));
    let sitting = Sitting::<E> { run, subject, words, ground, seed };
    sitting.each(&questions);
    sitting.threads(&questions);
    E::own_cases(&sitting);
    sitting.batches();
    config_cases::put::<E::Adapter>(origin, run);
}

impl<E: Exam> Sitting<'_, E> {
    /// Puts a case about one question.
    pub(crate) fn case(
        &self,
        name: impl Into<String>,
        promise: Promise,
        question: &E::Question,
        check: impl FnOnce() -> Found,
    ) {
        self.run.case(name, promise, E::short(question), check);
    }

    /// Asks the living instance, and replaces it when it falls over.
    pub(crate) fn ask(&self, question: &E::Question) -> Result<E::Answer, PointError> {
        let answer = E::ask(&self.subject.live(), question);
        if answer.as_ref().is_err_and(is_panic) {
            self.subject.renew();
        }
        answer
    }

    /// An answer that must be there.
    pub(crate) fn answer(&self, question: &E::Question) -> Result<E::Answer, String> {
        self.ask(question).map_err(|error| why(&error))
    }

    fn each(&self, questions: &[Asked<E::Question>]) {
        let first = questions.first();
        for (number, asked) in questions.iter().enumerate() {
            let answer = self.ask(&asked.question);
            let (promise, found) = self.verdict(asked, answer.as_ref());
            self.case(&asked.name, promise, &asked.question, || found);
            let Ok(answer) = answer else { continue };
            if !E::is_repeatable(&asked.question) {
                continue;
            }
            let again = format!("{}, asked again", asked.name);
            self.case(again, SAME, &asked.question, || {
                // Something else in between, which must leave nothing behind.
                let _ = first.map(|other| self.ask(&other.question));
                same::<E>(&answer, self.ask(&asked.question))
            });
            if number % 3 == 0 {
                let another = format!("{}, asked of another instance", asked.name);
                self.case(another, SAME, &asked.question, || {
                    same::<E>(&answer, E::ask(&self.subject.another()?, &asked.question))
                });
            }
            self.in_another_order(asked, &answer, number as u64);
        }
    }

    fn in_another_order(&self, asked: &Asked<E::Question>, answer: &E::Answer, number: u64) {
        let mut dice = Dice::new(self.seed.wrapping_add(number));
        if let Some(other) = E::reordered(&self.subject.live(), &asked.question, &mut dice) {
            let name = format!("{}, in another order", asked.name);
            self.case(name, E::ORDER, &asked.question, || same_but::<E>(answer, other, E::is_same));
        }
    }

    fn verdict(
        &self,
        asked: &Asked<E::Question>,
        answer: Result<&E::Answer, &PointError>,
    ) -> (Promise, Found) {
        match answer {
            Ok(answer) => match E::judge(&self.words, &asked.question, answer) {
                Ok(()) => (if asked.is_ordinary { E::ANSWERS } else { NO_PANIC }, Ok(())),
                Err((promise, found)) => (promise, Err(found)),
            },
            Err(PointError::InvalidAnswer { what, .. }) => (CHECKED, Err(what.clone())),
            Err(error) if is_panic(error) => (NO_PANIC, Err(why(error))),
            Err(PointError::Failed { message, .. }) if message.trim().is_empty() => {
                (SPEAKS, Err("an error without a message".to_owned()))
            }
            Err(error) if asked.is_ordinary => (E::ANSWERS, Err(format!("the error: {}", why(error)))),
            Err(_) => (NO_PANIC, Ok(())),
        }
    }

    /// One instance, many threads, all questions: the answers of before.
    fn threads(&self, questions: &[Asked<E::Question>]) {
        let questions: Vec<_> = questions.iter().filter(|asked| E::is_repeatable(&asked.question)).collect();
        let alone: Vec<_> = questions.iter().map(|asked| self.ask(&asked.question).ok()).collect();
        let live = self.subject.live();
        let ask_all = |thread: usize| {
            for position in Dice::new(self.seed ^ thread as u64).order(questions.len()) {
                let (asked, before) = (questions[position], &alone[position]);
                let Some(before) = before else { continue };
                same::<E>(before, E::ask(&live, &asked.question))
                    .map_err(|found| format!("{}: {found}", asked.name))?;
            }
            Ok(())
        };
        let found: Vec<Found> = std::thread::scope(|scope| {
            let ask_all = &ask_all;
            let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || ask_all(thread))).collect();
            let lost = || Err("the thread of the kit was lost".to_owned());
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| lost())).collect()
        });
        self.subject.renew();
        for (thread, found) in found.into_iter().enumerate() {
            let name = format!("asked from {THREADS} threads at once, thread {}", thread + 1);
            self.run.case(name, SAME, format!("all {} questions", questions.len()), || found);
        }
    }

    fn batches(&self) {
        for lines in [1, 10, 100, 1_000, LARGE] {
            let Some(question) = E::batch(&self.ground, lines) else { return };
            let asked = Asked::ordinary(format!("a batch of {lines} lines"), question);
            let answer = self.ask(&asked.question);
            let (promise, found) = self.verdict(&asked, answer.as_ref());
            self.case(&asked.name, promise, &asked.question, || found);
            if let Ok(answer) = answer {
                self.in_another_order(&asked, &answer, lines as u64);
            }
        }
        self.timed();
        self.without_time();
        self.quiet();
    }

    /// What is left of a busy machine makes a call look slow, never fast: the fastest counts, and a bad result is measured
    /// again.
    fn timed(&self) {
        let (Some(small), Some(large)) = (E::batch(&self.ground, LARGE / 10), E::batch(&self.ground, LARGE))
        else {
            return;
        };
        let library = self.subject.library();
        let time = |question: &E::Question| stopwatch::time(library, || self.ask(question));
        let (mut of_small, mut of_large) = (Duration::MAX, Duration::MAX);
        self.case("the time of 10,000 lines", IN_TIME, &large, || {
            for _ in 0..MOST_TIMINGS {
                of_large = of_large.min(time(&large));
                if of_large <= MOST_TIME {
                    return Ok(());
                }
            }
            Err(format!("{} ms", of_large.as_millis()))
        });
        self.case("the time of 10,000 lines against that of 1,000", IN_TIME, &large, || {
            for _ in 0..MOST_TIMINGS {
                of_small = of_small.min(time(&small));
                if of_large < SHORT || of_large <= of_small.saturating_mul(MOST_GROWTH) {
                    return Ok(());
                }
                of_large = of_large.min(time(&large));
            }
            let (small, large) = (of_small.as_micros(), of_large.as_micros());
            Err(format!("1,000 lines take {small} µs, 10,000 take {large} µs"))
        });
    }

    fn without_time(&self) {
        let Some(question) = E::batch(&self.ground, LARGE) else { return };
        let unhurried = self.ask(&question);
        for (name, budget) in [("a nanosecond", 1), ("a hundred microseconds", 100_000)] {
            self.case(format!("10,000 lines with {name} of time"), DEADLINE, &question, || {
                match E::ask(&self.subject.within(Duration::from_nanos(budget))?, &question) {
                    Ok(answer) => match &unhurried {
                        Ok(unhurried) if *unhurried != answer => {
                            Err(format!("another answer than with time: {}", difference(unhurried, &answer)))
                        }
                        _ => Ok(()),
                    },
                    Err(PointError::Failed { retryable: true, .. }) => Ok(()),
                    Err(error) => Err(format!("an error that is not retryable: {}", why(&error))),
                }
            });
        }
        self.case("10,000 lines with time after one without", SAME, &question, || match unhurried {
            Ok(unhurried) => same::<E>(&unhurried, self.ask(&question)),
            Err(_) => Ok(()),
        });
    }

    fn quiet(&self) {
        let Some(question) = E::batch(&self.ground, LARGE) else { return };
        self.case("what a batch of 10,000 lines logs", FEW_LOGS, &question, || {
            let (_, lines) = self.subject.logged(|| self.ask(&question));
            must(lines.len() <= MOST_LOG_LINES, || format!("{} lines", lines.len()))
        });
    }
}

/// The error in its own words.
pub(crate) fn why(error: &PointError) -> String {
    match error {
        PointError::Failed { message, .. } => message.clone(),
        PointError::InvalidAnswer { what, .. } => format!("an answer the host refuses: {what}"),
        PointError::Missing { .. } | PointError::Ambiguous { .. } => error.to_string(),
    }
}

/// The same answer as before.
pub(crate) fn same<E: Exam>(before: &E::Answer, now: Result<E::Answer, PointError>) -> Found {
    same_but::<E>(before, now, PartialEq::eq)
}

fn same_but<E: Exam>(
    before: &E::Answer,
    now: Result<E::Answer, PointError>,
    is_same: impl FnOnce(&E::Answer, &E::Answer) -> bool,
) -> Found {
    match now {
        Ok(now) if is_same(before, &now) => Ok(()),
        Ok(now) => Err(difference(before, &now)),
        Err(error) => Err(format!("answered before, and now: {}", why(&error))),
    }
}

pub(crate) fn must(holds: bool, otherwise: impl FnOnce() -> String) -> Found {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// Two answers from where they begin to differ.
pub(crate) fn difference(one: &impl Debug, other: &impl Debug) -> String {
    const SHOWN: usize = 100;
    let (one, other) = (format!("{one:?}"), format!("{other:?}"));
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    let start = same.saturating_sub(SHOWN / 2);
    let part = |text: &str| text.chars().skip(start).take(SHOWN).collect::<String>();
    format!("…{}… and …{}…", part(&one), part(&other))
}
