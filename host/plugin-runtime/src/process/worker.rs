//! One process of a plugin, seen from the host: start it, ask it one question at a time, end it.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, PipeReader};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokio::runtime::{Handle, RuntimeFlavor};
use vectis_plugin_api::Error;
use vectis_plugin_api::abi::host::HostServices;

use crate::process::area::{self, Area, Word};
use crate::process::bytes::{Full, Writer};
use crate::process::codec::service::{self, Wanted};
use crate::process::codec::{read_error, write_error};
use crate::process::link::{Link, Received};
use crate::process::protocol::{ANSWERED, FAILED, MESSAGE_BYTES, Message, Served, Verb};
use crate::process::spin::Spin;

/// What goes wrong between a question and its answer that is not an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The process is gone, and how it went.
    Died(String),
    /// The time was up; the process was killed.
    Overdue,
    /// It broke the protocol; the process was killed.
    Garbled,
    /// The question does not fit into the area; the process is well.
    TooLarge,
}

/// Why a process is ended while it is asked.
enum Ending {
    Gone,
    Overdue,
    Garbled,
}

/// A question but for its payload.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) verb: Verb,
    pub(crate) instance: u32,
    /// When the process is killed.
    pub(crate) until: Option<Instant>,
    /// What the plugin may ask of the host meanwhile.
    pub(crate) services: Option<&'a dyn HostServices>,
}

/// The running process.
pub(crate) struct Worker {
    pub(crate) pid: u32,
    link: Link,
    seat: Mutex<Seat>,
    child: Mutex<Child>,
    /// It has been ended and waited for.
    is_ended: AtomicBool,
}

/// The side of whoever asks.
pub(crate) struct Seat {
    questions: Area,
    answers: Area,
    turn: u32,
    /// Bytes of the present question; what services answer goes behind it.
    length: usize,
    /// Messages read so far.
    received: u32,
    spin: Spin,
    buffer: Vec<u8>,
    /// Time spent on answers.
    pub(crate) busy: Duration,
    /// Instances that live in the process.
    pub(crate) constructed: HashSet<u32>,
    /// Up to which change of the roll they are known to be wanted.
    pub(crate) generation: u64,
}

impl Worker {
    /// Starts the process and hands it its files. Whoever calls it must live as long as the process should: the kernel ends
    /// it with the thread that started it.
    pub(crate) fn start(program: &mut Command, plugin: &File) -> io::Result<(Self, PipeReader)> {
        let (link, theirs) = Link::pair()?;
        let (questions_file, questions) = area::questions()?;
        let (answers_file, answers) = area::answers()?;
        let (output, written) = io::pipe()?;
        // A group of its own: what a terminal sends to the server's is not meant for it.
        program.process_group(0).env_clear().stdin(Stdio::from(theirs));
        program.stdout(written.try_clone()?).stderr(written);
        let child = program.spawn()?;
        // The command keeps its ends open, and a process that has died would seem alive.
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // A process that has ended already takes nothing; how it ended shows when it is asked.
        let _ = link.send_files([questions_file.as_fd(), answers_file.as_fd(), plugin.as_fd()]);
        Ok((Self::new(child, link, questions, answers), output))
    }

    /// A process that has its files.
    pub(crate) fn new(child: Child, link: Link, questions: Area, answers: Area) -> Self {
        let seat = Seat {
            questions,
            answers,
            turn: 0,
            length: 0,
            received: 0,
            spin: Spin::default(),
            buffer: vec![0; MESSAGE_BYTES],
            busy: Duration::ZERO,
            constructed: HashSet::new(),
            generation: 0,
        };
        let (pid, child, seat) = (child.id(), Mutex::new(child), Mutex::new(seat));
        Self { pid, link, seat, child, is_ended: AtomicBool::new(false) }
    }

    /// The side of whoever asks. Waits for nobody: a worker is taken from the pool by one caller.
    pub(crate) fn seat(&self) -> MutexGuard<'_, Seat> {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.is_ended.load(Ordering::Acquire)
    }

    /// Asks, and waits for the answer: its bytes, or the plugin's error. After any trouble but [`Trouble::TooLarge`] the
    /// process is no more.
    pub(crate) fn ask(
        &self,
        seat: &mut Seat,
        question: &Question<'_>,
        write: impl FnOnce(&mut Writer<'_>),
    ) -> Result<Result<Vec<u8>, Error>, Trouble> {
        let start = Instant::now();
        seat.put(question, write).map_err(|Full| Trouble::TooLarge)?;
        let answer = self.await_answer(seat, question).and_then(|()| seat.answer());
        seat.busy += start.elapsed();
        answer.map_err(|ending| {
            let how = self.end();
            match ending {
                Ending::Gone => Trouble::Died(how),
                Ending::Overdue => Trouble::Overdue,
                Ending::Garbled => Trouble::Garbled,
            }
        })
    }

    fn await_answer(&self, seat: &mut Seat, question: &Question<'_>) -> Result<(), Ending> {
        let (turn, answers) = (seat.turn, &seat.answers);
        if answers.word(Word::Asleep).load(Ordering::SeqCst) != 0 {
            self.link.try_send(&Message::Bell.bytes()).map_err(|_| Ending::Gone)?;
        }
        let came = seat.spin.until(|| answers.word(Word::Turn).load(Ordering::SeqCst) == turn);
        if !came {
            blocking(|| self.sleep_until_answered(seat, question))?;
        }
        // Whatever was sent before the answer is there by now. Who goes on sending has no more time for it than for answers.
        while seat.received != seat.answers.word(Word::Sent).load(Ordering::Relaxed) {
            if question.until.is_some_and(|until| Instant::now() >= until) {
                return Err(Ending::Overdue);
            }
            match self.link.try_receive(&mut seat.buffer) {
                Received::Message(length) => self.attend(seat, length, question)?,
                Received::Nothing => break,
                Received::End => return Err(Ending::Gone),
            }
        }
        Ok(())
    }

    fn sleep_until_answered(&self, seat: &mut Seat, question: &Question<'_>) -> Result<(), Ending> {
        let outcome = loop {
            seat.questions.word(Word::Asleep).store(1, Ordering::SeqCst);
            if seat.answers.word(Word::Turn).load(Ordering::SeqCst) == seat.turn {
                break Ok(());
            }
            if !self.link.wait(question.until) {
                break Err(Ending::Overdue);
            }
            match self.link.try_receive(&mut seat.buffer) {
                Received::Message(length) => self.attend(seat, length, question)?,
                Received::Nothing => {}
                Received::End => break Err(Ending::Gone),
            }
        };
        seat.questions.word(Word::Asleep).store(0, Ordering::SeqCst);
        outcome
    }

    /// Does what a message asks for.
    fn attend(&self, seat: &mut Seat, length: usize, question: &Question<'_>) -> Result<(), Ending> {
        seat.received = seat.received.wrapping_add(1);
        let message = seat.buffer.get(..length).and_then(Message::read).ok_or(Ending::Garbled)?;
        match (message, question.services) {
            (Message::Log { level, message, fields_json }, Some(services)) => {
                services.log(level, message, fields_json);
            }
            (Message::Now, services) => {
                let now = services.map_or(0, HostServices::now_ms);
                self.link.try_send(&now.to_ne_bytes()).map_err(|_| Ending::Gone)?;
            }
            (Message::Serve { length }, Some(services)) => {
                let served = seat.serve(length as usize, services)?;
                self.link.try_send(&served.bytes()).map_err(|_| Ending::Gone)?;
            }
            (Message::Serve { .. }, None) => return Err(Ending::Garbled),
            (Message::Bell | Message::Log { .. }, _) => {}
        }
        Ok(())
    }

    /// Kills the process, if it still runs, and says how it ended.
    pub(crate) fn end(&self) -> String {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // It fails only when the process has ended and been waited for already.
        let _ = child.kill();
        let how = child.wait().map_or_else(|error| format!("cannot be waited for: {error}"), describe);
        self.is_ended.store(true, Ordering::Release);
        how
    }
}

impl Seat {
    fn put(&mut self, question: &Question<'_>, write: impl FnOnce(&mut Writer<'_>)) -> Result<(), Full> {
        let mut writer = Writer::new(&self.questions);
        write(&mut writer);
        self.length = writer.finish()?;
        let length = u32::try_from(self.length).map_err(|_| Full)?;
        self.turn = self.turn.wrapping_add(1);
        let words = [
            (Word::Verb, question.verb as u32),
            (Word::Instance, question.instance),
            (Word::Length, length),
            (Word::Turn, self.turn),
        ];
        for (word, value) in words {
            self.questions.word(word).store(value, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Does what the process asks for in the area of answers, and writes the outcome behind the question.
    fn serve(&self, length: usize, services: &dyn HostServices) -> Result<Served, Ending> {
        let wanted = self.answers.copy_out(length).ok_or(Ending::Garbled)?;
        let Wanted { service, question_json, body } =
            service::read_question(&wanted).map_err(|_| Ending::Garbled)?;
        let outcome = blocking(|| services.serve(service, question_json, body));
        let start = self.length.next_multiple_of(8);
        let write = |outcome: Result<_, Error>| {
            let mut writer = Writer::behind(&self.questions, start);
            let status = match outcome {
                Ok(served) => {
                    service::write_answer(&mut writer, &served);
                    ANSWERED
                }
                Err(error) => {
                    write_error(&mut writer, &error);
                    FAILED
                }
            };
            writer.finish().map(|end| (status, end - start))
        };
        let no_room = |Full| write(Err(Error::input("the answer does not fit beside the question")));
        let (status, length) = write(outcome).or_else(no_room).map_err(|Full| Ending::Garbled)?;
        let word = |number: usize| u32::try_from(number).map_err(|_| Ending::Garbled);
        Ok(Served { status, start: word(start)?, length: word(length)? })
    }

    fn answer(&self) -> Result<Result<Vec<u8>, Error>, Ending> {
        let length = self.answers.word(Word::Length).load(Ordering::Relaxed);
        let bytes = self.answers.copy_out(length as usize).ok_or(Ending::Garbled)?;
        match self.answers.word(Word::Verb).load(Ordering::Relaxed) {
            ANSWERED => Ok(Ok(bytes)),
            FAILED => Ok(Err(read_error(&bytes).map_err(|_| Ending::Garbled)?)),
            _ => Err(Ending::Garbled),
        }
    }
}

/// Lets the other tasks of this thread go on elsewhere while it waits.
pub(crate) fn blocking<T>(wait: impl FnOnce() -> T) -> T {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(wait)
        }
        _ => wait(),
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(number), _) => match Signal::try_from(number) {
            Ok(signal) => format!("died with {signal}"),
            Err(_) => format!("died with signal {number}"),
        },
        (None, code) => format!("exited with code {}", code.unwrap_or_default()),
    }
}
