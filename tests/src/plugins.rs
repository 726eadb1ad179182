//! A plugins folder of a test's own, filled from the build.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The plugins a shop is shipped with.
pub const FIRST_PARTY: [&str; 5] =
    ["tiered-pricing", "tax-table", "b2b-order-process", "retail-order-process", "approval-rules"];

/// A folder that goes with its handle.
pub struct PluginFolder(TempDir);

impl PluginFolder {
    /// Without any plugin.
    pub fn empty() -> Self {
        Self(TempDir::new().expect("a temporary folder can be made"))
    }

    /// With the five first-party plugins.
    pub fn first_party() -> Self {
        let folder = Self::empty();
        for name in FIRST_PARTY {
            folder.drop_in(name);
        }
        folder
    }

    /// Copies the built plugin into the folder, as a merchant would; under a temporary name first, so that the host never
    /// sees half a file.
    pub fn drop_in(&self, name: &str) {
        let half = self.path().join(format!(".{name}.new"));
        std::fs::copy(built(name), &half).expect("the plugin was built");
        std::fs::rename(half, self.path().join(format!("{name}.so"))).expect("a file can be renamed");
    }

    /// Puts a file into the inbox below the folder.
    pub fn bring(&self, name: &str, bytes: &[u8]) {
        let inbox = self.path().join("inbox");
        std::fs::create_dir_all(&inbox).expect("a folder can be made");
        std::fs::write(inbox.join(name), bytes).expect("a file can be written");
    }

    /// The same as [`Self::drop_in`] under another file name, with every occurrence of some text replaced by another of the
    /// same length.
    pub fn drop_in_changed(&self, name: &str, file: &str, changes: &[(&str, &str)]) {
        let bytes = std::fs::read(built(name)).expect("the plugin was built");
        let bytes = changes.iter().fold(bytes, |bytes, (from, to)| replaced(bytes, from, to));
        let half = self.path().join(format!(".{file}.new"));
        std::fs::write(&half, bytes).expect("the folder can be written");
        std::fs::rename(half, self.path().join(format!("{file}.so"))).expect("a file can be renamed");
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// The fault plugin as another version of itself, which adds so many millionths to every price; `"broken"` does not start,
/// `"aborts"` ends its process at the first question.
pub fn fault_version(number: &str, adds: &str) -> Vec<u8> {
    let bytes = std::fs::read(built("fault-plugin")).expect("the plugin was built");
    let bytes = replaced(bytes, "version = \"1.0.0\"", &format!("version = \"{number}\""));
    replaced(bytes, "built-in surcharge 000000", &format!("built-in surcharge {adds:0>6}"))
}

/// Every occurrence replaced by a text of the same length.
pub fn replaced(mut bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "an edit keeps the length");
    let found: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, part)| *part == from.as_bytes())
        .map(|(at, _)| at)
        .collect();
    assert!(!found.is_empty(), "{from:?} is not in the file");
    for at in found {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

/// The `.so` of a plugin crate of this workspace, built when it is not there yet.
pub fn built(name: &str) -> PathBuf {
    built_file(&format!("vectis-{name}"), &format!("libvectis_{}.so", name.replace('-', "_")))
}

/// A file that building a package of this workspace leaves in [`target_folder`]; built when it is not there yet.
pub fn built_file(package: &str, file: &str) -> PathBuf {
    let file = target_folder().join(file);
    if !file.exists() {
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "-p", package]);
        if target_folder().ends_with("release") {
            cargo.arg("--release");
        }
        let status = cargo.status().expect("cargo runs");
        assert!(status.success(), "{package} does not build");
    }
    file
}

/// `target/debug` of this very build: tests and benches live in its `deps`.
pub fn target_folder() -> PathBuf {
    let program = std::env::current_exe().expect("a program knows where it is");
    let deps = program.parent().expect("a program is in a folder");
    if deps.ends_with("deps") {
        deps.parent().expect("deps is in the build folder").to_owned()
    } else {
        deps.to_owned()
    }
}
