//! Inside the process of a plugin.

mod host;
mod instances;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use nix::sys::signal::{SigHandler, Signal, signal};
use vectis_plugin_api::{Error, ErrorCode};

use crate::load;
use crate::process::area::{ANSWER_BYTES, Area, QUESTION_BYTES, Right, Word};
use crate::process::bytes::{Full, Garbled, Writer};
use crate::process::codec::write_error;
use crate::process::link::{Link, Received};
use crate::process::protocol::{ANSWERED, FAILED, Load, MESSAGE_BYTES, Message, Verb, schema};
use crate::process::runner::host::Wire;
use crate::process::runner::instances::Instances;
use crate::process::sandbox;
use crate::process::spin::Spin;
use crate::refusal::{Fault, Step};

/// The life of a plugin's process: the program is started with this by a host, with a socket to it as standard input.
pub fn run() -> ExitCode {
    match Runner::start().and_then(|(runner, plugin)| runner.serve(plugin)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error ends in the host's log.
            let _ = io::Write::write_all(&mut io::stderr(), format!("{error}\n").as_bytes());
            ExitCode::FAILURE
        }
    }
}

struct Runner {
    wire: Arc<Wire>,
    questions: Arc<Area>,
    turn: u32,
    spin: Spin,
    instances: Instances,
}

impl Runner {
    /// Takes what the host hands over. Nothing else that is open here was meant for a plugin.
    fn start() -> io::Result<(Self, OwnedFd)> {
        close_inherited()?;
        outlive_signals()?;
        let link = Link::new(io::stdin().as_fd().try_clone_to_owned()?);
        let [questions, answers, plugin] = link.receive_files()?;
        let questions = Arc::new(Area::map(&questions, QUESTION_BYTES, Right::Read)?);
        let answers = Area::map(&answers, ANSWER_BYTES, Right::Write)?;
        let wire = Arc::new(Wire { link, questions: questions.clone(), answers });
        let instances = Instances::new(wire.clone());
        Ok((Self { wire, questions, turn: 0, spin: Spin::default(), instances }, plugin))
    }

    /// Answers until the host is gone.
    fn serve(mut self, plugin: OwnedFd) -> io::Result<()> {
        let mut plugin = Some(plugin);
        while self.next() {
            let verb = Verb::of(self.questions.word(Word::Verb).load(Ordering::Relaxed));
            let instance = self.questions.word(Word::Instance).load(Ordering::Relaxed);
            let length = self.questions.word(Word::Length).load(Ordering::Relaxed) as usize;
            #[expect(unsafe_code, reason = "questions are read in place")]
            // SAFETY: the host writes the next question only after it has the answer to this one.
            let payload = unsafe { self.questions.view(length) }.ok_or(io::ErrorKind::InvalidData)?;
            let mut writer = Writer::new(&self.wire.answers);
            let outcome = match (verb, plugin.take()) {
                (Some(Verb::Load), Some(plugin)) => load_into(&mut self.instances, &plugin, payload),
                (Some(verb), None) => self.instances.answer(verb, instance, payload, &mut writer),
                _ => Err(unreadable(Garbled)),
            };
            let outcome = outcome.and_then(|()| writer.finish().map_err(too_large));
            self.answer(outcome)?;
        }
        Ok(())
    }

    /// Waits for a question; `false` when there will be none.
    fn next(&mut self) -> bool {
        let (turn, questions) = (self.turn, &self.questions);
        let came = || questions.word(Word::Turn).load(Ordering::SeqCst) != turn;
        let asleep = self.wire.answers.word(Word::Asleep);
        let mut buffer = [0; 64];
        let mut has_come = self.spin.until(came);
        while !has_come {
            asleep.store(1, Ordering::SeqCst);
            has_come = came();
            if !has_come && self.wire.link.receive(&mut buffer) == Received::End {
                return false;
            }
            asleep.store(0, Ordering::SeqCst);
            has_come |= came();
        }
        self.turn = turn.wrapping_add(1);
        true
    }

    fn answer(&self, outcome: Result<usize, Error>) -> io::Result<()> {
        let (status, length) = match outcome {
            Ok(length) => (ANSWERED, length),
            Err(error) => {
                let mut writer = Writer::new(&self.wire.answers);
                write_error(&mut writer, &error);
                (FAILED, writer.finish().map_err(|Full| io::ErrorKind::StorageFull)?)
            }
        };
        let length = u32::try_from(length).map_err(|_| io::ErrorKind::StorageFull)?;
        for (word, value) in [(Word::Verb, status), (Word::Length, length), (Word::Turn, self.turn)] {
            self.wire.answers.word(word).store(value, Ordering::SeqCst);
        }
        if self.questions.word(Word::Asleep).load(Ordering::SeqCst) != 0 {
            self.wire.send(Message::Bell)?;
        }
        Ok(())
    }
}

/// Into the sandbox, then the plugin's code into the sandbox, then the door behind it closed.
fn load_into(instances: &mut Instances, plugin: &OwnedFd, payload: &[u8]) -> Result<(), Error> {
    let refuse = |step: Step, why: String| {
        let mut error = Error::new(ErrorCode::UNSUPPORTED, why);
        error.detail_json = step.to_string();
        error
    };
    let load: Load = serde_json::from_slice(payload)
        .map_err(|error| refuse(Step::Load, format!("its process does not understand the host: {error}")))?;
    if load.schema != schema() {
        let why = "the program that runs plugins is not the server's own; install both from one release";
        return Err(refuse(Step::Load, why.to_owned()));
    }
    let confined =
        |error: sandbox::SandboxError| refuse(Step::Load, format!("it cannot be confined: {error}"));
    sandbox::enter(&load.plugin, &load.limits).map_err(confined)?;
    let refused = |Fault { step, why, .. }: Fault| refuse(step, why);
    let found = load::open_sealed(plugin.as_fd());
    let module = found.map_err(|error| refused(load::open_fault(&error, &load.plugin)))?;
    load::check_code(module, &load.manifest, &load.entry_points).map_err(refused)?;
    sandbox::close().map_err(confined)?;
    instances.serve(module);
    Ok(())
}

fn close_inherited() -> io::Result<()> {
    #[expect(unsafe_code, reason = "the standard library has no such call")]
    // SAFETY: nothing of this process has opened a descriptor above the first three yet.
    let outcome = unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A service manager asks all processes to end at once; this one is needed until the server has answered what it was asked,
/// and ends with it.
fn outlive_signals() -> io::Result<()> {
    for asking in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        #[expect(unsafe_code, reason = "the library cannot know what a handler does")]
        // SAFETY: to ignore a signal runs no handler.
        unsafe {
            signal(asking, SigHandler::SigIgn)?;
        }
    }
    Ok(())
}

fn unreadable(_: Garbled) -> Error {
    Error::internal("the host's question means nothing to the plugin's process")
}

fn too_large(_: Full) -> Error {
    let room = ANSWER_BYTES >> 20;
    Error::internal(format!("its answer is larger than the {room} MiB that fit between two processes"))
}

/// The longest message that the host sends.
const _: () = assert!(MESSAGE_BYTES >= 64);
