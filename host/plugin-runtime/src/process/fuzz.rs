//! Processes that mean harm: whatever one writes into its area or sends over the socket, and whenever it does, whoever asks
//! gets an answer or an error in time, in few words, and no descriptor stays behind.

use std::fs::File;
use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::memfd::{MFdFlags, memfd_create};
use vectis_plugin_api::abi::host::HostServices;
use vectis_plugin_api::abi::tax::{TaxAmount, TaxAnswer, TaxKind};
use vectis_plugin_api::approval::{ApprovalStep, Approver};
use vectis_plugin_api::manifest::Manifest;
use vectis_plugin_api::order_process::{Effect, State, Step, Transition};
use vectis_plugin_api::pricing::Priced;
use vectis_plugin_api::{Error, ErrorCode};

use crate::adapters::rehearse;
use crate::conformance::Dice;
use crate::fuzz::{fuzz, mutated};
use crate::isolation::{ProcessOptions, Quarantine};
use crate::lifecycle::{PROCESS_FAULT, Recipe};
use crate::load::{Code, Library};
use crate::point::Point;
use crate::process::area::{self, ANSWER_BYTES, Area, PAYLOAD, QUESTION_BYTES, Right, Word};
use crate::process::bytes::{Reader, Writer};
use crate::process::codec::{self, approval, fields, order_process, pricing, tax};
use crate::process::link::{Link, Received};
use crate::process::protocol::{ANSWERED, FAILED, MESSAGE_BYTES, Message, Verb};
use crate::process::worker::Worker;
use crate::process::{Cargo, Construct, Fleet, ProcessSettings};

const BUDGET: Duration = Duration::from_millis(4);
/// No sentence that reaches a person or a log is longer.
const LONGEST_SENTENCE: usize = 20 * 1024;
/// What goes along with messages that should carry nothing.
const STOWAWAY: &str = "vectis-stowaway";
/// Numbers that arithmetic goes wrong at.
const EDGES: [u32; 8] = [0, 1, 2, 3, 1 << 24, i32::MAX.cast_unsigned(), u32::MAX - 1, u32::MAX];

/// The process, played by a thread that has what a process would have: one end of the socket and both areas.
struct Hostile {
    link: Link,
    /// The same end, which can be closed in one direction.
    socket: UnixStream,
    questions: Area,
    answers: Area,
    stowaway: File,
    dice: Dice,
    /// Questions answered as they should be before the first lie.
    is_good_for: usize,
    turn: u32,
}

impl Hostile {
    /// The process as its host has it, and as itself.
    fn new(dice: &mut Dice) -> io::Result<(Worker, Self)> {
        let (link, theirs) = Link::pair()?;
        let (questions_file, questions) = area::questions()?;
        let (answers_file, answers) = area::answers()?;
        let child = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn()?;
        let hostile = Self {
            link: Link::new(theirs.try_clone()?),
            socket: theirs.into(),
            questions: Area::map(&questions_file, QUESTION_BYTES, Right::Read)?,
            answers: Area::map(&answers_file, ANSWER_BYTES, Right::Write)?,
            stowaway: memfd_create(STOWAWAY, MFdFlags::MFD_CLOEXEC)?.into(),
            dice: Dice::new(dice.next()),
            is_good_for: dice.below(8),
            turn: 0,
        };
        Ok((Worker::new(child, link, questions, answers), hostile))
    }

    /// Until the host lets go of it.
    fn live(mut self) {
        let mut buffer = [0; 64];
        loop {
            while self.questions.word(Word::Turn).load(Ordering::SeqCst) == self.turn {
                if self.link.is_closed() {
                    return;
                }
                std::thread::sleep(Duration::from_micros(20));
            }
            self.turn = self.questions.word(Word::Turn).load(Ordering::SeqCst);
            while let Received::Message(_) = self.link.try_receive(&mut buffer) {}
            let verb = Verb::of(self.questions.word(Word::Verb).load(Ordering::Relaxed));
            let is_good = self.is_good_for > 0 || self.dice.below(3) == 0;
            self.is_good_for = self.is_good_for.saturating_sub(1);
            let length = self.write(verb.unwrap_or(Verb::Drop));
            if is_good {
                self.publish(ANSWERED, length, self.turn);
                // Its host may be gone already.
                let _ = self.link.try_send(&Message::Bell.bytes());
            } else {
                self.lie(length);
            }
        }
    }

    /// A good answer, of an unreasonable size now and then. How many bytes it has.
    fn write(&mut self, verb: Verb) -> u32 {
        let dice = &mut self.dice;
        let many = if dice.below(40) == 0 { 1 + dice.below(50_000) } else { 1 + dice.below(3) };
        let long = if many < 4 && dice.below(40) == 0 { 1 + dice.below(5 << 20) } else { 1 + dice.below(3) };
        let name = |at: usize| format!("{at}{}", "x".repeat(if at == 0 { long } else { 0 }));
        let mut writer = Writer::new(&self.answers);
        match verb {
            Verb::Price => pricing::write_answer(&mut writer, &vec![Priced::at(1).from_candidate(0); many]),
            Verb::Stage => writer.u32(100),
            Verb::Tax => {
                let kinds = (0..many).map(|at| TaxKind::new(&name(at), "DE", 1));
                let amounts = vec![TaxAmount { line: 0, kind: 0, amount_minor: 1 }; dice.below(many)];
                let answer = TaxAnswer { kinds: kinds.collect(), amounts: amounts.into() };
                tax::write_answer(&mut writer, &answer);
            }
            Verb::States => {
                let states: Vec<State> = (0..many).map(|at| State::new(name(at), "State").last()).collect();
                order_process::write_states(&mut writer, &states);
            }
            Verb::Transitions => {
                let go = |at| Transition::new(name(at), name(0), name(many / 2));
                order_process::write_transitions(&mut writer, &(0..many).map(go).collect::<Vec<_>>());
            }
            Verb::Place | Verb::Step if dice.coin() => {
                order_process::write_step(&mut writer, &Step::refuse(name(0)));
            }
            Verb::Place | Verb::Step => {
                let step = Step::go(name(0), vec![Effect::RESERVE_STOCK; many]);
                order_process::write_step(&mut writer, &step);
            }
            Verb::Plan => {
                let approvers = vec![Approver::Role(name(0)); 1 + many / 100];
                let steps = vec![ApprovalStep::new(name(0), 1, approvers); many % 100];
                approval::write_plan(&mut writer, steps);
            }
            Verb::MayDecide => approval::write_objection(&mut writer, Some(&name(0))),
            Verb::Fields | Verb::Rates | Verb::Run | Verb::Observe => {
                fields::write_answers(&mut writer, &format!("[{}]", "[".repeat(many)))
            }
            Verb::Load | Verb::Construct | Verb::Drop => {}
        }
        // What did not fit ends somewhere.
        writer.finish().ok().and_then(|length| u32::try_from(length).ok()).unwrap_or(1_000)
    }

    fn publish(&self, status: u32, length: u32, turn: u32) {
        for (word, value) in [(Word::Verb, status), (Word::Length, length), (Word::Turn, turn)] {
            self.answers.word(word).store(value, Ordering::SeqCst);
        }
    }

    fn lie(&mut self, length: u32) {
        let edge = self.dice.pick(&EDGES);
        match self.dice.below(9) {
            0 => {
                let near = self.near(length);
                self.publish(ANSWERED, near, self.turn);
            }
            1 => self.garble(length),
            2 => self.publish(edge, length, self.turn),
            3 => self.fail(),
            4 => self.publish(ANSWERED, length, self.turn.wrapping_add(edge)),
            5 => self.scribble(length),
            6 => self.hang_up(),
            7 => {}
            _ => self.publish(ANSWERED, length, self.turn),
        }
        for _ in 0..self.dice.below(4) {
            self.send();
        }
        if self.dice.coin() {
            let sent = if self.dice.coin() { self.dice.below(4) as u32 } else { edge };
            self.answers.word(Word::Sent).store(sent, Ordering::SeqCst);
        }
        // It fails when the host, or this side, has hung up.
        let _ = self.link.try_send(&Message::Bell.bytes());
    }

    /// Another length than the answer has.
    fn near(&mut self, length: u32) -> u32 {
        let room = (ANSWER_BYTES - PAYLOAD) as u32;
        self.dice.pick(&[0, length.wrapping_sub(1), length + 1, length / 2, room, room + 1, u32::MAX])
    }

    /// The answer changed in a few places.
    fn garble(&mut self, length: u32) {
        let whole = self.answers.copy_out(length as usize).unwrap_or_default();
        let words: Vec<[u8; 4]> = EDGES.map(u32::to_ne_bytes).to_vec();
        let words: Vec<&[u8]> = words.iter().map(<[u8; 4]>::as_slice).collect();
        let bytes = mutated(&whole, &words, &mut self.dice);
        if self.answers.write(0, &bytes) {
            self.publish(ANSWERED, bytes.len() as u32, self.turn);
        }
    }

    /// An error that no plugin has.
    fn fail(&mut self) {
        let code = self.dice.pick(&[0, 1, PROCESS_FAULT.0, u32::MAX, ErrorCode::PANICKED.0]);
        let long = "é".repeat(self.dice.pick(&[1, 100_000]));
        let mut error = Error::new(ErrorCode(code), long.as_str()).retryable(self.dice.coin());
        error.detail_json = self.dice.pick(&["", "{", "[[[[[[", r#"{"pointer":7}"#]).to_owned();
        let mut writer = Writer::new(&self.answers);
        codec::write_error(&mut writer, &error);
        let length = writer.finish().map_or(0, |length| length as u32);
        if self.dice.coin() {
            // Longer than the host takes, and longer than there is.
            self.answers.write(5, &self.dice.pick(&EDGES).to_ne_bytes());
        }
        self.publish(FAILED, length, self.turn);
    }

    /// Answers, and goes on writing while the host reads.
    fn scribble(&mut self, length: u32) {
        self.publish(ANSWERED, length, self.turn);
        let end = Instant::now() + Duration::from_micros(400);
        while Instant::now() < end {
            let word = self.dice.pick(&[Word::Verb, Word::Length, Word::Turn, Word::Sent, Word::Asleep]);
            self.answers.word(word).store(self.dice.pick(&EDGES), Ordering::SeqCst);
            let at = self.dice.below(length as usize);
            self.answers.write(at, &self.dice.next().to_ne_bytes());
        }
        let near = self.near(length);
        self.publish(ANSWERED, near, self.turn);
    }

    fn hang_up(&mut self) {
        let how = self.dice.pick(&[Shutdown::Read, Shutdown::Write, Shutdown::Both]);
        // It may have been closed before.
        let _ = self.socket.shutdown(how);
    }

    /// A message, or what is none. Nobody has to take it.
    fn send(&mut self) {
        let dice = &mut self.dice;
        let text = "x".repeat(dice.pick(&[0, 10, MESSAGE_BYTES]));
        let log = Message::Log { level: dice.pick(&EDGES), message: &text, fields_json: "{" }.bytes();
        let times = if dice.below(10) == 0 { 300 } else { 1 };
        let bytes = match dice.below(7) {
            0 => Message::Now.bytes(),
            1 => log,
            2 => mutated(&log, &[b"\x01", b"\xff\xff\xff\xff"], dice),
            3 => vec![
                dice.pick(&[0, 1, 2, 3, 255]);
                dice.pick(&[0, 1, 5, 9, MESSAGE_BYTES, 2 * MESSAGE_BYTES])
            ],
            4 => {
                let _ = self.link.send_files([
                    self.stowaway.as_fd(),
                    self.stowaway.as_fd(),
                    self.stowaway.as_fd(),
                ]);
                return;
            }
            5 => Message::Serve { length: dice.pick(&EDGES) }.bytes(),
            _ => Message::Bell.bytes(),
        };
        for _ in 0..times {
            let _ = self.link.try_send(&bytes);
        }
    }
}

/// What a plugin asks of its host meanwhile.
struct Services;

impl HostServices for Services {
    fn log(&self, _level: u32, message: &str, fields_json: &str) {
        assert!(message.len() + fields_json.len() <= MESSAGE_BYTES);
    }

    fn now_ms(&self) -> i64 {
        0
    }
}

/// A plugin without processes, and without anybody who starts some.
fn plugin() -> io::Result<Arc<Library>> {
    let manifest = "schema = 1\n[plugin]\nname = \"hostile\"\nversion = \"1.0.0\"\napi = \"^1.0\"\n";
    let cargo = Cargo {
        plugin: "hostile".to_owned(),
        manifest: manifest.to_owned(),
        entry_points: Vec::new(),
        file: memfd_create("vectis-no-plugin", MFdFlags::MFD_CLOEXEC)?.into(),
    };
    let settings = ProcessOptions { kill_grace: BUDGET, ..ProcessOptions::default() }.settings(10);
    let (fleet, _woken) = Fleet::new(cargo, ProcessSettings { start_timeout: 2 * BUDGET, ..settings })?;
    Ok(Arc::new(Library {
        manifest: Manifest::parse(manifest).unwrap(),
        sha256: String::new(),
        entry_points: Vec::new(),
        code: Code::Apart(fleet),
        added: None,
        schedules: Vec::new(),
        tables: None,
    }))
}

/// One more process, asked before all others.
fn enlisted(fleet: &Fleet, dice: &mut Dice) -> io::Result<JoinHandle<()>> {
    let (worker, hostile) = Hostile::new(dice)?;
    fleet.0.add(Arc::new(worker));
    Ok(std::thread::spawn(move || hostile.live()))
}

/// The way from file to published instance, first questions included.
fn started(library: &Arc<Library>, point: Point) {
    let recipe = Recipe {
        library: library.clone(),
        entry_point: "hostile".to_owned(),
        config_json: "{}".to_owned(),
        services: Arc::new(Services),
        budget: BUDGET,
        quarantine: Quarantine { faults: 2, window: Duration::from_secs(60) },
        counted: Arc::default(),
    };
    if let Err(fault) = rehearse(point, recipe) {
        let bytes = fault.why.len() + fault.pointer.map_or(0, |pointer| pointer.len());
        assert!(bytes <= LONGEST_SENTENCE, "{point} was refused with {bytes} bytes");
    }
}

/// Any answer is as good as any other; an error is short.
fn taken<A>(answer: Result<A, Error>) {
    if let Err(error) = answer {
        assert!(error.message.len() <= LONGEST_SENTENCE && error.detail_json.len() <= LONGEST_SENTENCE);
    }
}

/// Every question there is, to one instance.
fn asked(fleet: &Fleet, dice: &mut Dice) {
    let construct = Construct {
        group: "vectis.pricing".to_owned(),
        entry_point: "hostile".to_owned(),
        config_json: "{}".to_owned(),
    };
    let Ok(remote) = fleet.construct(construct, Arc::new(Services), BUDGET) else { return };
    for _ in 0..3 {
        let nothing = |_: &mut Writer<'_>| ();
        match dice.below(9) {
            0 => {
                let mut out = [Priced::none(); 3];
                taken(remote.ask(Verb::Price, nothing, |bytes| pricing::read_answer(bytes, &mut out)));
            }
            1 => taken(remote.ask(Verb::Tax, nothing, tax::read_answer)),
            2 => taken(remote.ask(Verb::Stage, nothing, |bytes| Reader::new(bytes).u32())),
            3 => taken(remote.ask(Verb::States, nothing, order_process::read_states)),
            4 => taken(remote.ask(Verb::Transitions, nothing, order_process::read_transitions)),
            5 => taken(remote.ask(Verb::Step, nothing, order_process::read_step)),
            6 => taken(remote.ask(Verb::Fields, nothing, fields::read_answers)),
            7 => taken(remote.ask(Verb::Plan, nothing, approval::read_plan)),
            _ => taken(remote.ask(Verb::MayDecide, nothing, approval::read_objection)),
        }
    }
}

/// Descriptors of this process that came with a message.
fn stowaways() -> usize {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let targets = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.to_string_lossy().contains(STOWAWAY)).count()
}

#[test]
fn hostile_processes() {
    fuzz("hostile processes", |dice| {
        let library = plugin().unwrap();
        let Code::Apart(fleet) = &library.code else { unreachable!("it is apart") };
        let mut processes = Vec::new();

        for _ in 0..3 {
            processes.push(enlisted(fleet, dice).unwrap());
            started(&library, dice.pick(&Point::ALL));
            asked(fleet, dice);
        }

        {
            let pool = fleet.0.pool();
            assert_eq!(pool.serving, 0);
            assert!(pool.idle.iter().all(|worker| !worker.is_ended()), "one that was ended is asked again");
        }
        drop(library);
        processes.into_iter().for_each(|process| process.join().unwrap());
        assert_eq!(stowaways(), 0);
    });
}
