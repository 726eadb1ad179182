//! What it runs on.

use std::fmt;
use std::fs::read_to_string;
use std::process::Command;

use anyhow::{Context as _, Result};
use sqlx::PgPool;
use vectis_kernel::Ctx;

/// Resident memory of a process.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) now_kb: u64,
    /// The most it ever was.
    pub(crate) peak_kb: u64,
}

impl Memory {
    pub(crate) fn of_this_process() -> Result<Self> {
        Self::of("self")
    }

    pub(crate) fn of_process(id: u32) -> Result<Self> {
        Self::of(&id.to_string())
    }

    fn of(process: &str) -> Result<Self> {
        let status = read_to_string(format!("/proc/{process}/status"))?;
        let kb = |field: &str| {
            let figure = value(&status, field).and_then(|value| value.strip_suffix("kB"));
            figure
                .and_then(|figure| figure.trim().parse().ok())
                .with_context(|| format!("no {field} in {status}"))
        };
        Ok(Self { now_kb: kb("VmRSS")?, peak_kb: kb("VmHWM")? })
    }
}

/// The machine, the database and what was built, for people who want to compare.
pub(crate) struct Machine(Vec<(&'static str, String)>);

impl Machine {
    pub(crate) async fn describe(pool: &PgPool, is_quick: bool) -> Result<Self> {
        let cores = std::thread::available_parallelism()?;
        let cpu = read_to_string("/proc/cpuinfo")?;
        let memory = read_to_string("/proc/meminfo")?;
        let memory: u64 = value(&memory, "MemTotal")
            .and_then(|total| total.strip_suffix("kB"))
            .and_then(|total| total.trim().parse().ok())
            .context("the machine has memory")?;
        let setting = async |name: &'static str| -> Result<String> {
            let value = sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(pool).await?;
            Ok(value)
        };
        Ok(Self(vec![
            ("CPU", format!("{cores} × {}", value(&cpu, "model name").unwrap_or("unknown"))),
            ("memory", format!("{} GiB", (memory + 512 * 1_024) / (1_024 * 1_024))),
            ("kernel", format!("Linux {}", read_to_string("/proc/sys/kernel/osrelease")?.trim())),
            ("PostgreSQL", setting("server_version").await?),
            ("fsync", setting("fsync").await?),
            ("synchronous_commit", setting("synchronous_commit").await?),
            ("shared_buffers", setting("shared_buffers").await?),
            (
                "run",
                (if is_quick { "quick: proves that it works, measures nothing" } else { "full" }).to_owned(),
            ),
            ("build", (if cfg!(debug_assertions) { "dev profile" } else { "release profile" }).to_owned()),
            ("date", Ctx::system("bench").now().format("%Y-%m-%d").to_string()),
            ("commit", commit()),
        ]))
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| machine | |\n|---|---|")?;
        self.0.iter().try_for_each(|(what, value)| writeln!(f, "| {what} | {value} |"))
    }
}

/// `name : value` of a file in `/proc`.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim_start().strip_prefix(':').map(str::trim)
}

/// The commit built, marked when files differ from it.
fn commit() -> String {
    let git = Command::new("git").args(["describe", "--always", "--dirty", "--exclude", "*"]).output();
    let text = git.ok().filter(|git| git.status.success()).and_then(|git| String::from_utf8(git.stdout).ok());
    text.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}
