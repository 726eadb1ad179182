//! The thread behind a fleet: starts processes, replaces those that end, and writes what they print into the log.

use std::io::{PipeReader, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::host_api::{Admission, LogLimit};
use crate::process::fleet::{Shared, json};
use crate::process::link::{Link, Received};
use crate::process::protocol::{Load, Verb, schema};
use crate::process::worker::{Question, Trouble, Worker};
use crate::refusal::{Fault, Step};

/// So many deaths in a row are made good at once; then the wait doubles up to the longest.
const AT_ONCE: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(30);
/// The longest line that is logged.
const LINE_BYTES: usize = 1024;

/// Runs until the fleet is dropped. `first` learns what became of the first process.
pub(crate) fn supervise(shared: &Shared, woken: &Link, first: &Sender<Result<(), Fault>>) {
    let mut watch = Watch { shared, outputs: Vec::new(), not_before: None };
    match watch.launch() {
        Ok(()) => {
            // A loader that has given up waiting drops the fleet, which ends this thread.
            let _ = first.send(Ok(()));
        }
        Err(fault) => {
            let _ = first.send(Err(fault));
            return;
        }
    }
    while !shared.pool().is_stopped {
        watch.bury();
        watch.replace();
        watch.wait(woken);
    }
    let all = std::mem::take(&mut shared.pool().all);
    for worker in all {
        worker.end();
    }
}

struct Watch<'a> {
    shared: &'a Shared,
    outputs: Vec<Output>,
    /// When the next process may be started.
    not_before: Option<Instant>,
}

impl Watch<'_> {
    /// Starts a process, up to being ready for questions.
    fn launch(&mut self) -> Result<(), Fault> {
        let Shared { cargo, settings, .. } = self.shared;
        let failed = |why: String| Fault::new(Step::Load, why);
        let started = Worker::start(&mut self.shared.command(), &cargo.file);
        let (worker, output) =
            started.map_err(|error| failed(format!("its process cannot be started: {error}")))?;
        self.outputs.push(Output::new(output, worker.pid, settings.log_lines_per_second));
        let load = Load {
            schema: schema(),
            plugin: cargo.plugin.clone(),
            manifest: cargo.manifest.clone(),
            entry_points: cargo.entry_points.clone(),
            limits: settings.limits,
        };
        let question = Question {
            verb: Verb::Load,
            instance: 0,
            until: Some(Instant::now() + settings.start_timeout),
            services: None,
        };
        let outcome = worker.ask(&mut worker.seat(), &question, |writer| json(writer, &load));
        let loaded = outcome.map_err(|trouble| failed(start_trouble(&trouble, settings.start_timeout)));
        match loaded? {
            Ok(_) => {
                self.shared.warm(&worker);
                self.shared.add(Arc::new(worker));
                Ok(())
            }
            Err(error) => {
                worker.end();
                Err(Fault::new(Step::of_load(&error.detail_json), error.message))
            }
        }
    }

    /// Takes those that have ended out of the pool.
    fn bury(&mut self) {
        let mut pool = self.shared.pool();
        let (gone, idle): (Vec<_>, Vec<_>) =
            std::mem::take(&mut pool.idle).into_iter().partition(|worker| worker.link().is_closed());
        pool.idle = idle;
        for worker in gone {
            worker.end();
        }
        let before = pool.all.len();
        pool.all.retain(|worker| !worker.is_ended());
        let ended = before - pool.all.len();
        drop(pool);
        if ended > 0 {
            self.shared.restarts.fetch_add(ended as u64, Ordering::Relaxed);
            let in_a_row = self.shared.deaths.fetch_add(1, Ordering::Relaxed) + 1;
            self.not_before = Some(Instant::now() + delay(in_a_row));
            let plugin = &self.shared.cargo.plugin;
            tracing::warn!(plugin, ended, "a process of {plugin} has ended; another one takes its place");
        }
    }

    /// Starts one of those that are missing; the next one follows after a look at everything else.
    fn replace(&mut self) {
        let is_missing = self.shared.pool().all.len() < self.shared.wanted();
        if !is_missing || self.not_before.is_some_and(|start| Instant::now() < start) {
            return;
        }
        if let Err(fault) = self.launch() {
            let in_a_row = self.shared.deaths.fetch_add(1, Ordering::Relaxed) + 1;
            self.not_before = Some(Instant::now() + delay(in_a_row.max(AT_ONCE + 1)));
            let (plugin, why) = (&self.shared.cargo.plugin, &fault.why);
            tracing::error!(plugin, "a process of {plugin} does not start: {why}");
            self.shared.pool().trouble = Some(fault.why);
        }
    }

    /// Until something happens.
    fn wait(&mut self, woken: &Link) {
        let all = self.shared.pool().all.clone();
        let timeout = self.timeout(all.len());
        let mut fds = vec![PollFd::new(woken.as_fd(), PollFlags::POLLIN)];
        fds.extend(self.outputs.iter().map(|output| PollFd::new(output.pipe.as_fd(), PollFlags::POLLIN)));
        fds.extend(all.iter().map(|worker| PollFd::new(worker.link().as_fd(), PollFlags::empty())));
        // An interruption is a reason to look as good as any.
        let _ = poll(&mut fds, timeout);
        let ready: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or_default()).collect();
        let mut is_open = ready[1..]
            .iter()
            .zip(&mut self.outputs)
            .map(|(ready, output)| !ready || output.read(&self.shared.cargo.plugin));
        let is_open: Vec<bool> = is_open.by_ref().collect();
        let mut is_open = is_open.into_iter();
        self.outputs.retain(|_| is_open.next().unwrap_or(true));
        if ready[0] {
            let mut byte = [0];
            while matches!(woken.try_receive(&mut byte), Received::Message(_)) {}
        } else if ready[1 + ready.len() - 1 - all.len()..].contains(&true) {
            // Its caller is about to notice; until then it would be noticed here over and over.
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn timeout(&self, running: usize) -> PollTimeout {
        if running >= self.shared.wanted() {
            return PollTimeout::NONE;
        }
        let left =
            self.not_before.map_or(Duration::ZERO, |start| start.saturating_duration_since(Instant::now()));
        PollTimeout::try_from(left.as_millis()).unwrap_or(PollTimeout::MAX)
    }
}

fn start_trouble(trouble: &Trouble, timeout: Duration) -> String {
    match trouble {
        Trouble::Died(how) => format!("its process {how} while loading it; the log has what it printed"),
        Trouble::Overdue => format!("it was not loaded within {} s", timeout.as_secs()),
        Trouble::Garbled => "its process broke the protocol while loading it".to_owned(),
        Trouble::TooLarge => "its manifest is too large".to_owned(),
    }
}

fn delay(deaths_in_a_row: u32) -> Duration {
    match deaths_in_a_row.checked_sub(AT_ONCE + 1) {
        None => Duration::ZERO,
        Some(doublings) => FIRST_DELAY.saturating_mul(1 << doublings.min(16)).min(LONGEST_DELAY),
    }
}

/// What a process prints.
struct Output {
    pipe: PipeReader,
    pid: u32,
    line: Vec<u8>,
    limit: LogLimit,
    start: Instant,
}

impl Output {
    fn new(pipe: PipeReader, pid: u32, lines_per_second: u32) -> Self {
        Self { pipe, pid, line: Vec::new(), limit: LogLimit::new(lines_per_second), start: Instant::now() }
    }

    /// Reads what there is; `false` at the end.
    fn read(&mut self, plugin: &str) -> bool {
        let mut bytes = [0; 4096];
        let Ok(length @ 1..) = self.pipe.read(&mut bytes) else {
            self.write(plugin);
            return false;
        };
        for byte in &bytes[..length] {
            if *byte == b'\n' || self.line.len() == LINE_BYTES {
                self.write(plugin);
            }
            if *byte != b'\n' {
                self.line.push(*byte);
            }
        }
        true
    }

    fn write(&mut self, plugin: &str) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return;
        }
        let second = i64::try_from(self.start.elapsed().as_secs()).unwrap_or_default();
        if let Admission::Written { dropped_before } = self.limit.admit(second) {
            let (pid, text) = (self.pid, String::from_utf8_lossy(&line));
            tracing::warn!(plugin, pid, dropped_before, "{plugin} printed: {text}");
        }
    }
}
