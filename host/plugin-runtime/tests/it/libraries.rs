//! Plugin files: where the built ones are, and how to break them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// The bytes of `vectis-fault-plugin`, which does everything wrong on request.
pub(crate) fn fault_plugin() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| built("vectis-fault-plugin", "tests/fault-plugin"))
}

/// The bytes of the template for plugin authors, which prices by a percentage it must be configured with.
pub(crate) fn template() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| built("vectis-plugin-template", "examples/plugin-template"))
}

/// The bytes of a plugin that Vectis is shipped with.
pub(crate) fn first_party(name: &str) -> Vec<u8> {
    built(&format!("vectis-{name}"), &format!("plugins/{name}"))
}

/// The bytes of `vectis-fault-set`: a plugin that keeps every promise but the one it is told to break.
pub(crate) fn fault_set() -> Vec<u8> {
    built("vectis-fault-set", "tests/fault-set")
}

/// The bytes of `vectis-fault-fields`, which adds to the API and lies on request.
pub(crate) fn fault_fields() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| built("vectis-fault-fields", "tests/fault-fields"))
}

/// The bytes of `vectis-fault-services`, which asks the host for what it is told to.
pub(crate) fn fault_services() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| built("vectis-fault-services", "tests/fault-services"))
}

/// A frozen plugin.
pub(crate) fn golden(name: &str) -> Vec<u8> {
    std::fs::read(workspace().join("tests/golden").join(name)).unwrap()
}

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Cargo builds no other package's library for a test, so it is asked to when the library is missing or older than its
/// source.
fn built(package: &str, folder: &str) -> Vec<u8> {
    let profile = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
    let library = profile.join(format!("lib{}.so", package.replace('-', "_")));
    let sources = [workspace().join("plugin-api"), workspace().join(folder)];
    let newest = sources.iter().map(|folder| newest_in(folder)).max().unwrap();
    let is_current = library.metadata().is_ok_and(|found| found.modified().unwrap() >= newest);
    if !is_current {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(workspace()).args(["build", "--quiet", "--package", package]);
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success(), "cargo build --package {package} failed");
    }
    std::fs::read(&library).unwrap()
}

fn newest_in(path: &Path) -> SystemTime {
    let metadata = path.metadata().unwrap();
    if !metadata.is_dir() {
        return metadata.modified().unwrap();
    }
    let entries = path.read_dir().unwrap().map(|entry| newest_in(&entry.unwrap().path()));
    entries.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The same file with every occurrence of a text replaced by another of the same length.
pub(crate) fn with(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    replaced(bytes, from.as_bytes(), to.as_bytes(), usize::MAX)
}

/// The same with the first occurrence only.
pub(crate) fn with_once(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    replaced(bytes, from.as_bytes(), to.as_bytes(), 1)
}

pub(crate) fn replaced(bytes: &[u8], from: &[u8], to: &[u8], most: usize) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "an edit keeps the length");
    let mut bytes = bytes.to_vec();
    let (mut start, mut count) = (0, 0);
    while count < most {
        let Some(found) = position(&bytes[start..], from) else { break };
        bytes[start + found..start + found + to.len()].copy_from_slice(to);
        (start, count) = (start + found + to.len(), count + 1);
    }
    assert!(count > 0, "{:?} is not in the file", String::from_utf8_lossy(from));
    bytes
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        start += bytes[start..].iter().position(|byte| *byte == wanted[0])?;
        if bytes[start..].starts_with(wanted) {
            return Some(start);
        }
        start += 1;
    }
}
