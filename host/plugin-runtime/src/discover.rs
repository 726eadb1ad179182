//! The plugins folder, and reading a file of it once.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::refusal::{Fault, Step};

/// The largest file that is looked at. Debug builds with full symbols stay well below.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// All `.so` files, by name. A folder that does not exist holds none.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_hidden = name_of(&path).starts_with('.');
        if !is_hidden && path.extension().is_some_and(|extension| extension == "so") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The file's name without its folder.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The whole file, read once: everything after looks at these bytes and never at the file again.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    let unreadable = |error: io::Error| Fault::new(Step::Read, format!("it cannot be read: {error}"));
    // A pipe would block the open, so the kind is asked first; whatever it is afterwards, the limit holds.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(Fault::new(Step::Read, "it is no regular file; put the plugin's .so in its place"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        let why = format!("it is larger than {} MiB; build it with --release", MAX_BYTES >> 20);
        return Err(Fault::new(Step::Read, why));
    }
    Ok(bytes)
}

/// SHA-256 in lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
