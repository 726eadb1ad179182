//! All processes of one plugin: whoever has a question takes one of them, and those that end are replaced.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::process::Command;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use serde::Serialize;
use vectis_contracts::plugins::PluginProcesses;
use vectis_plugin_api::abi::host::HostServices;
use vectis_plugin_api::{Error, ErrorCode};

use crate::lifecycle::PROCESS_FAULT;
use crate::process::bytes::{Garbled, Writer};
use crate::process::link::Link;
use crate::process::protocol::{Construct, Verb};
use crate::process::supervise::supervise;
use crate::process::worker::{Question, Seat, Trouble, Worker, blocking};
use crate::process::{ProcessSettings, area};
use crate::refusal::{Fault, Step};

/// What is loaded.
pub(crate) struct Cargo {
    /// `acme-pricing`.
    pub(crate) plugin: String,
    /// Byte for byte as embedded.
    pub(crate) manifest: String,
    /// Group and name.
    pub(crate) entry_points: Vec<(String, String)>,
    /// The sealed copy.
    pub(crate) file: File,
}

/// An instance, as every process builds its own.
pub(crate) struct Blueprint {
    id: u32,
    construct: Construct,
    services: Arc<dyn HostServices>,
}

/// The processes of a plugin; they end with it.
pub(crate) struct Fleet(pub(super) Arc<Shared>);

/// What callers and supervisor share.
pub(crate) struct Shared {
    pub(crate) cargo: Cargo,
    pub(crate) settings: ProcessSettings,
    pool: Mutex<Pool>,
    changed: Condvar,
    roll: Mutex<HashMap<u32, Arc<Blueprint>>>,
    next_id: AtomicU32,
    /// Raised whenever an instance goes.
    generation: AtomicU64,
    /// Wakes the supervisor.
    pub(crate) waker: Link,
    /// Deaths since the last answer.
    pub(crate) deaths: AtomicU32,
    faults: AtomicU64,
    pub(crate) restarts: AtomicU64,
}

#[derive(Default)]
pub(crate) struct Pool {
    /// Those that run, idle or not.
    pub(crate) all: Vec<Arc<Worker>>,
    pub(crate) idle: Vec<Arc<Worker>>,
    /// How many are answering.
    pub(crate) serving: usize,
    pub(crate) is_stopped: bool,
    /// Why the last one did not start.
    pub(crate) trouble: Option<String>,
}

impl Fleet {
    /// Starts the first process, which judges the plugin, and has the others started behind it.
    pub(crate) fn start(cargo: Cargo, settings: ProcessSettings) -> Result<Self, Fault> {
        let refused = |error: io::Error| {
            Fault::new(Step::Load, format!("no process of its own can be made for it: {error}"))
        };
        let name = format!("plugin-{}", cargo.plugin);
        let (fleet, woken) = Self::new(cargo, settings).map_err(refused)?;
        let (sender, first) = mpsc::channel();
        let theirs = fleet.0.clone();
        // A thread of its own that lives as long as the processes: the kernel ends them with the thread that started them.
        let thread = std::thread::Builder::new().name(name);
        thread.spawn(move || supervise(&theirs, &woken, &sender)).map_err(refused)?;
        match first.recv() {
            Ok(outcome) => outcome.map(|()| fleet),
            Err(_) => Err(refused(io::ErrorKind::Other.into())),
        }
    }

    /// No processes yet, and what wakes whoever looks after them.
    pub(crate) fn new(cargo: Cargo, settings: ProcessSettings) -> io::Result<(Self, Link)> {
        let (waker, woken) = Link::pair()?;
        let shared = Shared {
            cargo,
            settings,
            pool: Mutex::default(),
            changed: Condvar::new(),
            roll: Mutex::default(),
            next_id: AtomicU32::new(1),
            generation: AtomicU64::new(0),
            waker,
            deaths: AtomicU32::new(0),
            faults: AtomicU64::new(0),
            restarts: AtomicU64::new(0),
        };
        Ok((Self(Arc::new(shared)), Link::new(woken)))
    }

    /// Has an instance constructed. It goes with the handle.
    pub(crate) fn construct(
        &self,
        construct: Construct,
        services: Arc<dyn HostServices>,
        budget: Duration,
    ) -> Result<Remote, Error> {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let blueprint = Arc::new(Blueprint { id, construct, services });
        self.0.roll().insert(id, blueprint.clone());
        // From here on dropping it takes it off the roll again.
        let remote = Remote { shared: self.0.clone(), blueprint, budget };
        remote.shared.wake();
        let taken = remote.shared.take(remote.shared.settings.start_timeout)?;
        remote.shared.build(&taken.worker, &mut taken.worker.seat(), &remote.blueprint)?;
        drop(taken);
        Ok(remote)
    }

    /// What operators see.
    pub(crate) fn state(&self) -> PluginProcesses {
        let pids: Vec<u32> = self.0.pool().all.iter().map(|worker| worker.pid).collect();
        PluginProcesses {
            memory_bytes: pids.iter().map(|pid| resident_bytes(*pid)).sum(),
            pids,
            restarts: self.0.restarts.load(Ordering::Relaxed),
            faults: self.0.faults.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.0.pool().is_stopped = true;
        self.0.changed.notify_all();
        self.0.wake();
    }
}

/// An instance in the processes of its plugin.
pub(crate) struct Remote {
    shared: Arc<Shared>,
    blueprint: Arc<Blueprint>,
    budget: Duration,
}

impl Remote {
    /// Asks one of the processes.
    pub(crate) fn ask<A>(
        &self,
        verb: Verb,
        write: impl FnOnce(&mut Writer<'_>),
        read: impl FnOnce(&[u8]) -> Result<A, Garbled>,
    ) -> Result<A, Error> {
        let shared = &self.shared;
        let is_limited = !self.budget.is_zero();
        let start_timeout = shared.settings.start_timeout;
        let taken = shared.take(if is_limited { self.budget } else { start_timeout })?;
        let (worker, allowed) = (&taken.worker, self.budget.saturating_add(shared.settings.kill_grace));
        let mut seat = worker.seat();
        let patience = if is_limited { allowed } else { start_timeout };
        shared.retire(worker, &mut seat, patience).map_err(|trouble| shared.failed(&trouble, patience))?;
        shared.build(worker, &mut seat, &self.blueprint)?;
        let question = Question {
            verb,
            instance: self.blueprint.id,
            until: is_limited.then(|| Instant::now() + allowed),
            services: Some(&*self.blueprint.services),
        };
        let answer = worker.ask(&mut seat, &question, write);
        let answer = answer.map_err(|trouble| shared.failed(&trouble, allowed))??;
        shared.deaths.store(0, Ordering::Relaxed);
        read(&answer).map_err(|Garbled| {
            worker.end();
            shared.failed(&Trouble::Garbled, allowed)
        })
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.shared.roll().remove(&self.blueprint.id);
        self.shared.generation.fetch_add(1, Ordering::Release);
    }
}

impl Worker {
    /// Constructs an instance unless the process has it already.
    fn build(
        &self,
        seat: &mut Seat,
        blueprint: &Blueprint,
        timeout: Duration,
    ) -> Result<Result<(), Error>, Trouble> {
        if seat.constructed.contains(&blueprint.id) {
            return Ok(Ok(()));
        }
        let question = Question {
            verb: Verb::Construct,
            instance: blueprint.id,
            until: Some(Instant::now() + timeout),
            services: Some(&*blueprint.services),
        };
        let built = self.ask(seat, &question, |writer| json(writer, &blueprint.construct))?;
        if built.is_ok() {
            seat.constructed.insert(blueprint.id);
        }
        Ok(built.map(drop))
    }
}

/// A worker in the hands of one caller.
struct Taken<'a> {
    shared: &'a Shared,
    worker: Arc<Worker>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.shared.give_back(&self.worker);
    }
}

impl Shared {
    pub(crate) fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn roll(&self) -> MutexGuard<'_, HashMap<u32, Arc<Blueprint>>> {
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many processes there should be: one that holds the plugin ready, all of them once something is asked of it.
    pub(crate) fn wanted(&self) -> usize {
        let ProcessSettings { workers, spares, .. } = self.settings;
        if self.roll().is_empty() { 1 } else { workers.max(1) + spares }
    }

    /// Builds all instances in a process before anybody waits for it. What fails here fails again, with a better place to
    /// say so, when it is asked for.
    pub(crate) fn warm(&self, worker: &Worker) {
        let blueprints: Vec<_> = self.roll().values().cloned().collect();
        let mut seat = worker.seat();
        for blueprint in blueprints {
            if worker.build(&mut seat, &blueprint, self.settings.start_timeout).is_err() {
                return;
            }
        }
    }

    /// Constructs an instance for whoever is about to ask it.
    fn build(&self, worker: &Worker, seat: &mut Seat, blueprint: &Blueprint) -> Result<(), Error> {
        let timeout = self.settings.start_timeout;
        worker.build(seat, blueprint, timeout).map_err(|trouble| self.failed(&trouble, timeout))?
    }

    /// Puts a process into the pool.
    pub(crate) fn add(&self, worker: Arc<Worker>) {
        let mut pool = self.pool();
        pool.trouble = None;
        pool.all.push(worker.clone());
        pool.idle.push(worker);
        self.changed.notify_one();
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.settings.program);
        command.args(&self.settings.arguments);
        command
    }

    fn wake(&self) {
        // It fails only when there is nobody to wake any more.
        let _ = self.waker.try_send(&[0]);
    }

    /// Takes a process, waiting for one so long.
    fn take(&self, patience: Duration) -> Result<Taken<'_>, Error> {
        // The lock must be free again before anybody waits.
        let taken = self.try_take(&mut self.pool());
        match taken {
            Some(worker) => Ok(Taken { shared: self, worker }),
            None => blocking(|| self.take_later(patience)),
        }
    }

    fn take_later(&self, patience: Duration) -> Result<Taken<'_>, Error> {
        let end = Instant::now() + patience;
        let mut pool = self.pool();
        loop {
            if let Some(worker) = self.try_take(&mut pool) {
                return Ok(Taken { shared: self, worker });
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || pool.is_stopped {
                return Err(Error::new(ErrorCode::UNAVAILABLE, unavailable(&pool)));
            }
            pool = self.changed.wait_timeout(pool, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn try_take(&self, pool: &mut Pool) -> Option<Arc<Worker>> {
        if pool.serving >= self.settings.workers.max(1) {
            return None;
        }
        while let Some(worker) = pool.idle.pop() {
            if !worker.link().is_closed() {
                pool.serving += 1;
                return Some(worker);
            }
            worker.end();
            self.wake();
        }
        None
    }

    fn give_back(&self, worker: &Arc<Worker>) {
        let is_worn = worker.seat().busy > Duration::from_secs(self.settings.limits.cpu_seconds / 2);
        if is_worn {
            worker.end();
        }
        let mut pool = self.pool();
        pool.serving -= 1;
        if worker.is_ended() {
            self.wake();
        } else {
            pool.idle.push(worker.clone());
        }
        self.changed.notify_one();
    }

    /// Lets go of instances that nobody holds any more. Whoever asks has no more patience for all of them than for an answer.
    fn retire(&self, worker: &Worker, seat: &mut Seat, patience: Duration) -> Result<(), Trouble> {
        let generation = self.generation.load(Ordering::Acquire);
        if seat.generation == generation {
            return Ok(());
        }
        seat.generation = generation;
        let gone: Vec<u32> = {
            let roll = self.roll();
            seat.constructed.iter().filter(|id| !roll.contains_key(id)).copied().collect()
        };
        let until = Some(Instant::now() + patience);
        for instance in gone {
            seat.constructed.remove(&instance);
            let question = Question { verb: Verb::Drop, instance, until, services: None };
            // An error of the instance on its way out concerns nobody.
            let _ = worker.ask(seat, &question, |_| ())?;
        }
        Ok(())
    }

    /// What a caller is told, in words that follow the plugin's name.
    fn failed(&self, trouble: &Trouble, allowed: Duration) -> Error {
        let fault = |message: String| {
            self.faults.fetch_add(1, Ordering::Relaxed);
            Error::new(PROCESS_FAULT, message)
        };
        match trouble {
            Trouble::Died(how) => fault(format!("its process {how} while answering")),
            Trouble::Overdue => {
                let message = format!("it did not answer within {} ms and was killed", allowed.as_millis());
                fault(message).retryable(true)
            }
            Trouble::Garbled => fault("its process broke the protocol and was killed".to_owned()),
            Trouble::TooLarge => Error::input(format!(
                "the question is larger than the {} MiB that fit between two processes; ask with fewer lines, or let the \
                 plugin run in process",
                area::QUESTION_BYTES >> 20
            )),
        }
    }
}

fn unavailable(pool: &Pool) -> String {
    match (&pool.trouble, pool.all.is_empty()) {
        (Some(why), true) => format!("its process cannot be started again ({why}); it is tried again soon"),
        (None, true) => "its process is being started again".to_owned(),
        (_, false) => "all its processes are busy".to_owned(),
    }
}

pub(crate) fn json(writer: &mut Writer<'_>, value: &impl Serialize) {
    match serde_json::to_vec(value) {
        Ok(bytes) => writer.raw(&bytes),
        Err(error) => tracing::error!(%error, "a record of the host is no JSON"),
    }
}

/// Memory of a process that is in use; 0 when it is gone.
fn resident_bytes(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}
