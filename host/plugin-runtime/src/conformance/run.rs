//! Puts cases one after another, on a thread of their own: a plugin that never answers ends the examination, not the kit.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use crate::conformance::promise::Promise;
use crate::conformance::report::Case;

/// What was found where a promise was broken.
pub(crate) type Found = Result<(), String>;

/// Where cases are put.
pub(crate) struct Run(Sender<Event>);

enum Event {
    Begun(Case),
    Ended(Option<String>),
}

impl Run {
    /// Puts a case.
    pub(crate) fn case(
        &self,
        name: impl Into<String>,
        promise: Promise,
        asked: impl Into<String>,
        check: impl FnOnce() -> Found,
    ) {
        let case = Case { name: name.into(), promise: promise.0, asked: asked.into(), failure: None };
        // Nobody listens any more once the patience was at an end.
        let _ = self.0.send(Event::Begun(case));
        let _ = self.0.send(Event::Ended(check().err()));
    }
}

/// The cases that were put, and why no more.
pub(crate) struct Outcome {
    pub(crate) cases: Vec<Case>,
    pub(crate) stopped: Option<String>,
}

/// Runs an examination. A case that takes longer than `patience` is its last one; its thread is left to itself.
pub(crate) fn watched(patience: Duration, examine: impl FnOnce(&Run) + Send + 'static) -> Outcome {
    let (events, heard) = mpsc::channel();
    let examination = std::thread::spawn(move || examine(&Run(events)));
    let mut cases = Vec::new();
    let mut under_way: Option<Case> = None;
    let stopped = loop {
        match heard.recv_timeout(patience) {
            Ok(Event::Begun(case)) => under_way = Some(case),
            Ok(Event::Ended(failure)) => cases.extend(under_way.take().map(|case| Case { failure, ..case })),
            Err(RecvTimeoutError::Timeout) => {
                let found = format!("it does not answer within {} s", patience.as_secs());
                let stopped = format!("{found}; the cases after it were not put");
                cases.extend(under_way.take().map(|case| Case { failure: Some(found), ..case }));
                break Some(stopped);
            }
            Err(RecvTimeoutError::Disconnected) => {
                break examination.join().err().map(|_| {
                    let last = under_way.as_ref().map_or("the first case", |case| &case.name);
                    format!("the kit itself failed at {last}; report it")
                });
            }
        }
    };
    Outcome { cases, stopped }
}
