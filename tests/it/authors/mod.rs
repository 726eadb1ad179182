//! From nothing to a running plugin, as its author goes: `plugins new`, `cargo test`, `plugins check`, `plugins test`,
//! `plugins dev`.

mod editing;
mod templates;

use std::path::{Path, PathBuf};
use std::process::Command;

use vectis_tests::plugins::{built_file, target_folder};

/// What authors build stands together, so that what their crates share is built once.
fn outside() -> PathBuf {
    target_folder().parent().unwrap().join("outside")
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The program, as an author runs it in a checkout.
fn vectis() -> Command {
    let mut command = Command::new(built_file("vectis", "vectis"));
    command.current_dir(repository());
    command
}

/// What a command said; it must have gone well.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}:\n{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// A fresh crate from a template, with the versions of this repository's dependencies.
fn new_plugin(name: &str, point: &str) -> PathBuf {
    let crates = outside().join("new");
    let folder = crates.join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&crates).unwrap();
    run(vectis().args(["plugins", "new", name, "--point", point, "--into"]).arg(&crates));
    std::fs::copy(repository().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    folder
}
