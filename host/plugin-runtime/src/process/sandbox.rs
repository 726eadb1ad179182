//! What the process of a plugin may do: compute, take memory up to a limit, and answer.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::io;

use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};
use serde::{Deserialize, Serialize};

/// How much of the machine one process of a plugin gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// Address space beside that of the runner itself.
    pub(crate) memory_bytes: u64,
    /// Processor time; nothing that answers reaches it, see `Worker::is_worn`.
    pub(crate) cpu_seconds: u64,
    pub(crate) descriptors: u64,
    /// User and group taken on when the server runs as root.
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Why a process is not confined; then nothing of the plugin runs in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SandboxError {
    #[error("the system refuses {0}: {1}")]
    System(&'static str, #[source] io::Error),
    #[error("no filter of system calls can be made: {0}")]
    Filter(String),
}

/// Everything that can be given up before the plugin is loaded. Its initializers run within.
pub(crate) fn enter(plugin: &str, limits: &Limits) -> Result<(), SandboxError> {
    let named = CString::new(format!("plugin {plugin}")).unwrap_or_default();
    system("a name", prctl::set_name(&named))?;
    if Uid::effective().is_root() {
        let (uid, gid) = (Uid::from_raw(limits.uid), Gid::from_raw(limits.gid));
        system("to leave all groups", setgroups(&[]))?;
        system("the plugins' group", setresgid(gid, gid, gid))?;
        system("the plugins' user", setresuid(uid, uid, uid))?;
    }
    // Changing the user takes both of these away. Without the second the linker cannot open the copy in /proc/self/fd.
    system("to end with its host", prctl::set_pdeathsig(Signal::SIGKILL))?;
    system("to read its own files", prctl::set_dumpable(true))?;
    set_limits(limits)?;
    system("to give up privileges", prctl::set_no_new_privs())?;
    filter(Stage::Loading)
}

/// The rest, once the plugin's code is mapped: no more files, no more code.
pub(crate) fn close() -> Result<(), SandboxError> {
    system("to be unreadable", prctl::set_dumpable(false))?;
    filter(Stage::Answering)
}

fn set_limits(limits: &Limits) -> Result<(), SandboxError> {
    let own = own_address_space().map_err(|error| SandboxError::System("its own size", error))?;
    let all = [
        (Resource::RLIMIT_AS, own.saturating_add(limits.memory_bytes)),
        (Resource::RLIMIT_CPU, limits.cpu_seconds),
        (Resource::RLIMIT_NOFILE, limits.descriptors),
        (Resource::RLIMIT_NPROC, 0),
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_CORE, 0),
    ];
    for (resource, limit) in all {
        system("a limit", setrlimit(resource, limit, limit))?;
    }
    Ok(())
}

/// What is mapped so far: the program, its libraries and the areas.
fn own_address_space() -> io::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = text.split(' ').next().and_then(|pages| pages.parse().ok()).unwrap_or_default();
    let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE)?.unwrap_or(4096);
    Ok(pages.saturating_mul(page.unsigned_abs()))
}

fn system(what: &'static str, outcome: nix::Result<()>) -> Result<(), SandboxError> {
    outcome.map_err(|errno| SandboxError::System(what, errno.into()))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Loading,
    Answering,
}

/// Whatever is not allowed fails with "not permitted". Filters add up: the second one takes away from the first.
fn filter(stage: Stage) -> Result<(), SandboxError> {
    let program = program(stage).map_err(|error| SandboxError::Filter(error.to_string()))?;
    seccompiler::apply_filter(&program).map_err(|error| SandboxError::Filter(error.to_string()))
}

fn program(stage: Stage) -> Result<BpfProgram, seccompiler::BackendError> {
    let machine = TargetArch::try_from(std::env::consts::ARCH)?;
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    SeccompFilter::new(rules(stage)?, refused, SeccompAction::Allow, machine)?.try_into()
}

/// Calls that are allowed, with conditions on their arguments when there are any.
fn rules(stage: Stage) -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ANSWERING.iter().chain(MACHINE).map(|call| (*call, Vec::new())).collect();
    if stage == Stage::Loading {
        rules.extend(LOADING.iter().map(|call| (*call, Vec::new())));
        let access_mode = libc::O_ACCMODE.unsigned_abs().into();
        rules.insert(libc::SYS_openat, vec![when(2, access_mode, libc::O_RDONLY.unsigned_abs().into())?]);
    } else {
        let executable = libc::PROT_EXEC.unsigned_abs().into();
        for call in [libc::SYS_mmap, libc::SYS_mprotect] {
            rules.insert(call, vec![when(2, executable, 0)?]);
        }
        // abort() and assertions signal their own process only.
        let own = u64::from(std::process::id());
        let equal = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own)?;
        rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![equal])?]);
    }
    Ok(rules)
}

/// Allowed when these bits of the argument have this value.
fn when(argument: u8, bits: u64, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    let condition =
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(bits), value)?;
    SeccompRule::new(vec![condition])
}

/// Memory, time, waiting, the socket that is there already, and the end. No files, no sockets, no processes, no threads.
const ANSWERING: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    libc::SYS_futex,
    libc::SYS_getrandom,
    libc::SYS_ppoll,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_tgkill,
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What the linker needs beside them, and the way into the next stage.
const LOADING: &[i64] = &[
    libc::SYS_faccessat,
    libc::SYS_fcntl,
    libc::SYS_fstat,
    libc::SYS_getcwd,
    libc::SYS_lseek,
    libc::SYS_newfstatat,
    libc::SYS_prctl,
    libc::SYS_pread64,
    libc::SYS_prlimit64,
    libc::SYS_read,
    libc::SYS_readlinkat,
    libc::SYS_seccomp,
    libc::SYS_statx,
    libc::SYS_uname,
];

/// Older forms that only this machine has.
#[cfg(target_arch = "x86_64")]
const MACHINE: &[i64] = &[libc::SYS_poll, libc::SYS_time];
#[cfg(not(target_arch = "x86_64"))]
const MACHINE: &[i64] = &[];
