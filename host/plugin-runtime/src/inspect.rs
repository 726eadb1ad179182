//! `vectis plugins inspect`: what a file says of itself. Runs nothing and maps nothing.

use std::path::Path;

use vectis_plugin_api::manifest::Manifest;

use crate::manifest::{self, Build};
use crate::refusal::{Fault, Identity, Refusal};
use crate::{discover, verify};

/// What a plugin file says of itself. It may still be refused: see [`crate::check`].
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// The file's name.
    pub file: String,
    /// In bytes.
    pub size: u64,
    /// Hex.
    pub sha256: String,
    /// The manifest.
    pub manifest: Manifest,
    /// The manifest as embedded.
    pub manifest_text: String,
    /// What it adds to the GraphQL API, as embedded.
    pub graphql: Option<String>,
    /// The SQL of its own tables, as embedded.
    pub tables: Option<String>,
    /// What it was built for: `x86_64-unknown-linux-gnu`.
    pub target: String,
    /// Its panic strategy; only `unwind` is loaded.
    pub panic: String,
    /// Version of `vectis-plugin-api` it was built with.
    pub api: String,
    /// The compiler. Information, never a reason to refuse.
    pub rustc: String,
    /// `release` or `debug`.
    pub profile: String,
    /// Functions that run when it is mapped; the usual number is 2.
    pub init_array_count: u64,
    /// Libraries it needs.
    pub needed: Vec<String>,
    /// What it takes from the C library: `socket`, `fork` or `dlopen` are worth a question. A hint, not a proof.
    pub libc_imports: Vec<String>,
    /// What it takes from elsewhere.
    pub undefined_symbols: Vec<String>,
}

/// Looks into a file.
pub fn inspect(path: &Path) -> Result<Inspection, Refusal> {
    let mut known = Identity { file: discover::name_of(path), ..Identity::default() };
    read(path, &mut known).map_err(|fault| known.refuse(fault))
}

fn read(path: &Path, known: &mut Identity) -> Result<Inspection, Fault> {
    let bytes = discover::read(path)?;
    let structure = verify::structure(&bytes)?;
    let (text, manifest) = manifest::manifest(&structure)?;
    known.name.clone_from(&manifest.plugin.name);
    known.version.clone_from(&manifest.plugin.version);
    let Build { api, target, panic, rustc, profile } = manifest::build(&structure)?;
    Ok(Inspection {
        file: known.file.clone(),
        size: bytes.len() as u64,
        sha256: discover::sha256(&bytes),
        manifest,
        manifest_text: text.to_owned(),
        graphql: structure.graphql.map(|sdl| String::from_utf8_lossy(sdl).into_owned()),
        tables: structure.tables.map(|sql| String::from_utf8_lossy(sql).into_owned()),
        target,
        panic,
        api: api.to_string(),
        rustc,
        profile,
        init_array_count: structure.initializers,
        needed: structure.needed,
        libc_imports: structure.libc_imports,
        undefined_symbols: structure.other_imports,
    })
}
