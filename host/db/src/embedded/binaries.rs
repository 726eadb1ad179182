//! The machine's own PostgreSQL programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::EmbeddedError;

const OLDEST: u32 = 15;

/// A folder that holds `postgres` and `initdb` of one major version.
pub(super) struct Binaries {
    dir: PathBuf,
    major: u32,
}

impl Binaries {
    /// The newest, or those of the major version `made_by` when a cluster exists. A configured folder is the only one
    /// looked at.
    pub(super) fn find(configured: Option<&Path>, made_by: Option<u32>) -> Option<Self> {
        let folders = configured.map_or_else(likely_folders, |dir| vec![dir.to_owned()]);
        folders
            .into_iter()
            .filter_map(Self::in_folder)
            .filter(|binaries| made_by.map_or(binaries.major >= OLDEST, |major| binaries.major == major))
            .max_by_key(|binaries| binaries.major)
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn in_folder(dir: PathBuf) -> Option<Self> {
        if !dir.join("initdb").is_file() {
            return None;
        }
        let answer = Command::new(dir.join("postgres")).arg("--version").output().ok()?;
        let major = major_version(&String::from_utf8_lossy(&answer.stdout))?;
        Some(Self { dir, major })
    }
}

/// The error for a search that found nothing.
pub(super) fn missing(data_dir: &Path, made_by: Option<u32>) -> EmbeddedError {
    match made_by {
        Some(made_by) => EmbeddedError::OtherVersion { data_dir: data_dir.to_owned(), made_by },
        None => EmbeddedError::NoBinaries,
    }
}

/// 15 of `postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)`.
pub(super) fn major_version(answer: &str) -> Option<u32> {
    let version = answer.split_whitespace().nth(2)?;
    let digits = version.split(|letter: char| !letter.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Where PATH points, and where Debian, Red Hat and a build from source put them.
fn likely_folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(subfolders("/usr/lib/postgresql").map(|version| version.join("bin")));
    folders.extend(subfolders("/usr").filter(|dir| is_named_pgsql(dir)).map(|dir| dir.join("bin")));
    folders.push("/usr/local/pgsql/bin".into());
    folders
}

fn is_named_pgsql(dir: &Path) -> bool {
    dir.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pgsql-"))
}

fn subfolders(dir: &str) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path())
}
