//! The server process.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::binaries::Binaries;
use super::place::{PORT, Place};
use super::{EmbeddedError, EmbeddedOptions};

/// Only reachable through a socket in a folder of the server's user.
pub(super) const SUPERUSER: &str = "postgres";
/// After this a fast shutdown becomes an immediate one, which loses nothing but makes the next start recover.
const FAST_SHUTDOWN: Duration = Duration::from_secs(20);

/// A running `postgres`. Dropping it shuts it down and waits for its end.
pub(super) struct Server {
    pid: Pid,
    is_stopping: Arc<AtomicBool>,
    keeper: JoinHandle<()>,
}

/// Makes the cluster: in a folder of its own first, so that an interrupted `initdb` never looks like a cluster.
pub(super) fn init(binaries: &Binaries, place: &Place, fsync: bool) -> Result<(), EmbeddedError> {
    let unfinished = place.home.join("cluster.new");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(EmbeddedError::io("removing", &unfinished))?;
    }
    let program = binaries.program("initdb");
    let mut command = command(&program, place);
    command.args(["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]);
    command.args(["--username", SUPERUSER, "--pgdata"]).arg(&unfinished);
    if !fsync {
        command.arg("--no-sync");
    }
    let outcome = command.output().map_err(EmbeddedError::io("running", &program))?;
    if !outcome.status.success() {
        return Err(EmbeddedError::Init(String::from_utf8_lossy(&outcome.stderr).trim().to_owned()));
    }
    fs::rename(&unfinished, &place.cluster).map_err(EmbeddedError::io("renaming", &unfinished))
}

impl Server {
    pub(super) fn start(
        binaries: &Binaries,
        place: &Place,
        options: &EmbeddedOptions,
    ) -> Result<Self, EmbeddedError> {
        let program = binaries.program("postgres");
        let log = OpenOptions::new().create(true).append(true).open(&place.log);
        let log = log.map_err(EmbeddedError::io("opening", &place.log))?;
        let mut command = command(&program, place);
        command.args(arguments(place, options)).stdout(Stdio::null()).stderr(log);
        end_with_parent(&mut command);
        let is_stopping = Arc::new(AtomicBool::new(false));
        let (pid_sender, pid_receiver) = mpsc::sync_channel(1);
        let keeper = std::thread::Builder::new().name("postgres-keeper".to_owned()).spawn({
            let is_stopping = Arc::clone(&is_stopping);
            move || keep(command, &pid_sender, &is_stopping)
        });
        let keeper = keeper.map_err(EmbeddedError::io("running", &program))?;
        let spawned = pid_receiver.recv().unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()));
        let pid = spawned.map_err(EmbeddedError::io("running", &program))?;
        Ok(Self { pid, is_stopping, keeper })
    }

    pub(super) fn has_ended(&self) -> bool {
        self.keeper.is_finished()
    }

    fn signal(&self, signal: Signal) {
        if !self.has_ended() && kill(self.pid, signal).is_err() {
            tracing::debug!("postgres had already gone when it was told to stop");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_stopping.store(true, Ordering::SeqCst);
        self.signal(Signal::SIGINT);
        let started = Instant::now();
        let mut is_patient = true;
        while !self.has_ended() {
            if is_patient && started.elapsed() > FAST_SHUTDOWN {
                tracing::warn!("postgres does not stop; forcing it");
                self.signal(Signal::SIGQUIT);
                is_patient = false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Spawns the server and waits for its end, on a thread that lives as long: the kernel sends the parent-death signal when
/// the spawning *thread* ends, and a thread of a pool may end long before the process.
fn keep(mut command: Command, pid: &SyncSender<io::Result<Pid>>, is_stopping: &AtomicBool) {
    let spawned = command.spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            // The receiver waits for exactly this message.
            let _ = pid.send(Err(error));
            return;
        }
    };
    let _ = pid.send(Ok(Pid::from_raw(child.id().cast_signed())));
    let ended = child.wait();
    if !is_stopping.load(Ordering::SeqCst) {
        tracing::error!(status = ?ended, "the private postgres ended by itself");
    }
}

/// A program of PostgreSQL: as the cluster's owner, with a clean environment, and out of reach of the terminal's Ctrl-C,
/// so that we can finish our requests before it goes.
fn command(program: &Path, place: &Place) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
    command.current_dir("/").stdin(Stdio::null()).process_group(0);
    if let Some(owner) = place.owner {
        command.uid(owner.uid).gid(owner.gid);
    }
    command
}

fn arguments(place: &Place, options: &EmbeddedOptions) -> Vec<OsString> {
    let durable = if options.fsync { "on" } else { "off" };
    let own = [
        ("listen_addresses", String::new()),
        ("port", PORT.to_string()),
        ("max_connections", options.max_connections.to_string()),
        ("fsync", durable.to_owned()),
        ("synchronous_commit", durable.to_owned()),
        ("full_page_writes", durable.to_owned()),
        ("jit", "off".to_owned()),
    ];
    let mut arguments: Vec<OsString> =
        vec!["-D".into(), place.cluster.clone().into(), "-k".into(), place.socket_dir.clone().into()];
    for (name, value) in own
        .iter()
        .map(|(name, value)| (*name, value))
        .chain(options.settings.iter().map(|(name, value)| (name.as_str(), value)))
    {
        arguments.extend(["-c".into(), format!("{name}={value}").into()]);
    }
    arguments
}

/// Asks the kernel to shut the server down when we go, however we go.
#[expect(
    unsafe_code,
    reason = "prctl between fork and exec has no safe spelling; it is one async-signal-safe system call"
)]
fn end_with_parent(command: &mut Command) {
    // SAFETY: the closure runs in the forked child; it makes one system call, allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(|| Ok(set_pdeathsig(Signal::SIGINT)?));
    }
}
