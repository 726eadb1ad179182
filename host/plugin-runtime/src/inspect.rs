//! `vectis plugins inspect`: what a file says of itself, and what the operator has said of it. Runs nothing and maps nothing.

use std::path::Path;

use vectis_plugin_api::manifest::Manifest;

use crate::manifest::{self, Build};
use crate::refusal::{Fault, Identity, Refusal};
use crate::trust::{LockError, SignatureState, Trust, TrustOptions, Verdict};
use crate::{compat, discover, verify};

/// What there is to know about a plugin file. It may still be refused: see [`crate::check`].
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
    /// When its tasks run: `nightly=cron 0 3 * * * UTC`.
    pub schedules: Vec<String>,
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
    /// Functions that run when it is mapped.
    pub init_array_count: u64,
    /// How many of them every plugin has.
    pub usual_init_array_count: u64,
    /// Libraries it needs.
    pub needed: Vec<String>,
    /// What it takes from the C library: `socket`, `fork` or `dlopen` are worth a question. A hint, not a proof.
    pub libc_imports: Vec<String>,
    /// What it takes from elsewhere.
    pub undefined_symbols: Vec<String>,
    /// The signature beside it; the sentence when it does not fit.
    pub signature: Result<SignatureState, String>,
    /// What the lock file says of it.
    pub lock_state: String,
    /// Why it may run; the sentence when it may not.
    pub verdict: Result<Verdict, String>,
}

/// Looks into a file. Fails when the options cannot be read; the inner error is the file's.
pub fn inspect(path: &Path, options: &TrustOptions) -> Result<Result<Inspection, Refusal>, LockError> {
    let trust = Trust::read(options)?;
    let mut known = Identity { file: discover::name_of(path), ..Identity::default() };
    Ok(read(path, &trust, &mut known).map_err(|fault| known.refuse(fault)))
}

fn read(path: &Path, trust: &Trust, known: &mut Identity) -> Result<Inspection, Fault> {
    let bytes = discover::read(path)?;
    let structure = verify::structure(&bytes)?;
    let (text, manifest) = manifest::manifest(&structure)?;
    known.sha256 = discover::sha256(&bytes);
    known.name.clone_from(&manifest.plugin.name);
    known.version.clone_from(&manifest.plugin.version);
    let schedules = manifest::schedules(&manifest)?.into_iter();
    let schedules = schedules.map(|(schedule, timing)| format!("{}={timing}", schedule.name)).collect();
    let Build { api, target, panic, rustc, profile } = manifest::build(&structure)?;
    let sentence = |fault: Fault| known.refuse(fault).to_string();
    let signature = trust.signature(path, &bytes);
    let content = (known.name.as_str(), known.version.as_str(), known.sha256.as_str());
    let verdict =
        signature.as_ref().map_err(Clone::clone).and_then(|signature| trust.judge(content, signature));
    Ok(Inspection {
        file: known.file.clone(),
        size: bytes.len() as u64,
        lock_state: trust.lock_state(&known.name, &known.sha256),
        signature: signature.map_err(sentence),
        verdict: verdict.map_err(sentence),
        sha256: known.sha256.clone(),
        manifest,
        manifest_text: text.to_owned(),
        schedules,
        graphql: structure.graphql.map(|sdl| String::from_utf8_lossy(sdl).into_owned()),
        tables: structure.tables.map(|sql| String::from_utf8_lossy(sql).into_owned()),
        target,
        panic,
        api: api.to_string(),
        rustc,
        profile,
        init_array_count: structure.initializers,
        usual_init_array_count: compat::USUAL_INITIALIZERS,
        needed: structure.needed,
        libc_imports: structure.libc_imports,
        undefined_symbols: structure.other_imports,
    })
}
