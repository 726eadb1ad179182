//! The fences: what the compiler cannot hold, held by tests whose messages say how to mend it. No database.

mod crate_edges;
mod module_shape;
mod sql_owns_schema;
mod tidy;

use std::path::{Path, PathBuf};

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests is in the repository").to_owned()
}

/// All files below `folder` with the ending, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("a folder can be read").path()) {
            if path.is_dir() {
                let skip = path
                    .file_name()
                    .is_some_and(|n| n == "target" || n == ".git" || n == "data" || n == "node_modules");
                if !skip {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The path as people say it.
fn short(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// Names of all modules.
fn modules() -> Vec<String> {
    let entries = std::fs::read_dir(root().join("host/modules")).expect("the modules are there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("a folder can be read").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
