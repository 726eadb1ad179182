//! The loading order, from a file to code that can be asked, here or in processes of its own. Each step assumes the ones
//! before it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use arc_swap::ArcSwap;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use vectis_contracts::plugin_fields::AddedSdl;
use vectis_contracts::plugin_schedules::Timing;
use vectis_contracts::plugin_tables::TablesPlan;
use vectis_contracts::plugins::{Isolation, PluginProcesses};
use vectis_plugin_api::abi::load::{OpenError, OpenErrorKind, open};
use vectis_plugin_api::abi::module::PluginModRef;
use vectis_plugin_api::manifest::Manifest;
use vectis_plugin_api::schedules::Schedule;

use crate::adapters;
use crate::isolation::{IsolationPolicy, ProcessOptions};
use crate::manifest::{Build, EntryPoint};
use crate::point::Point;
use crate::process::{Cargo, Fleet, ProcessSettings};
use crate::refusal::{Fault, Identity, Step};
use crate::trust::{SignatureState, Trust};
use crate::{compat, discover, manifest, verify};

/// Versions of one plugin that may be mapped before the operator is told what they cost.
const VERSIONS_WITHOUT_WARNING: usize = 16;

/// A plugin whose code can be asked.
pub(crate) struct Library {
    pub(crate) manifest: Manifest,
    pub(crate) sha256: String,
    pub(crate) entry_points: Vec<EntryPoint>,
    pub(crate) code: Code,
    /// What it adds to the GraphQL API.
    pub(crate) added: Option<AddedSdl>,
    /// When its tasks run.
    pub(crate) schedules: Vec<(Schedule, Timing)>,
    /// Its own tables.
    pub(crate) tables: Option<Arc<TablesPlan>>,
}

/// Where a plugin's code is.
pub(crate) enum Code {
    /// Mapped here, until the server ends.
    Here(PluginModRef),
    /// In processes of its own, which end with it.
    Apart(Fleet),
}

impl Library {
    /// The name in the manifest.
    pub(crate) fn name(&self) -> &str {
        &self.manifest.plugin.name
    }

    /// `acme-pricing 1.4.0`.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.name(), self.manifest.plugin.version)
    }

    /// Where it runs.
    pub(crate) fn isolation(&self) -> Isolation {
        match self.code {
            Code::Here(_) => Isolation::InProcess,
            Code::Apart(_) => Isolation::Process,
        }
    }

    /// Its processes, when it has some.
    pub(crate) fn processes(&self) -> Option<PluginProcesses> {
        match &self.code {
            Code::Here(_) => None,
            Code::Apart(fleet) => Some(fleet.state()),
        }
    }

    /// Its entry points for a point.
    pub(crate) fn offers(&self, point: Point) -> impl Iterator<Item = &EntryPoint> {
        self.entry_points.iter().filter(move |entry| entry.point == point)
    }
}

/// A file that has passed all checks short of running it.
struct Candidate<'data> {
    bytes: &'data [u8],
    manifest_text: &'data str,
    manifest: Manifest,
    entry_points: Vec<EntryPoint>,
    added: Option<AddedSdl>,
    tables: Option<Arc<TablesPlan>>,
    schedules: Vec<(Schedule, Timing)>,
}

/// What became of a file that got as far as the linker.
type Mapped = Result<Arc<Library>, Fault>;

/// Loads files, each content once.
pub(crate) struct Loader {
    /// As the operator says; read again whenever the folder is.
    trust: ArcSwap<Trust>,
    /// By SHA-256. Mapping a content a second time would cost its memory a second time.
    mapped: Mutex<HashMap<String, Mapped>>,
    isolation: IsolationPolicy,
    process: ProcessSettings,
    /// By SHA-256, as long as somebody has them.
    apart: Mutex<HashMap<String, Weak<Library>>>,
}

impl Loader {
    pub(crate) fn new(
        trust: Trust,
        isolation: IsolationPolicy,
        process: ProcessOptions,
        log_lines_per_second: u32,
    ) -> Self {
        let process = process.settings(log_lines_per_second);
        let trust = ArcSwap::from_pointee(trust);
        Self { trust, mapped: Mutex::default(), isolation, process, apart: Mutex::default() }
    }

    /// What the operator says now.
    pub(crate) fn trust(&self) -> Arc<Trust> {
        self.trust.load_full()
    }

    /// From the next file on the operator says this.
    pub(crate) fn set_trust(&self, trust: Trust) {
        self.trust.store(Arc::new(trust));
    }

    /// Takes a file through all steps. `known` learns what the file says of itself, also when it is refused; `passed` is
    /// told of each step that went well.
    pub(crate) fn load(
        &self,
        path: &Path,
        known: &mut Identity,
        passed: &mut dyn FnMut(Step, String),
    ) -> Result<Arc<Library>, Fault> {
        self.load_content(path, None, known, passed)
    }

    /// The same for a file that is kept under its SHA-256.
    pub(crate) fn load_kept(
        &self,
        path: &Path,
        sha256: &str,
        known: &mut Identity,
    ) -> Result<Arc<Library>, Fault> {
        self.load_content(path, Some(sha256), known, &mut |_, _| {})
    }

    fn load_content(
        &self,
        path: &Path,
        expected: Option<&str>,
        known: &mut Identity,
        passed: &mut dyn FnMut(Step, String),
    ) -> Result<Arc<Library>, Fault> {
        known.file = discover::name_of(path);
        let bytes = discover::read(path)?;
        passed(Step::Read, format!("{} bytes", bytes.len()));
        known.sha256 = discover::sha256(&bytes);
        require_hash(&known.sha256, expected)?;
        passed(Step::Sha256, known.sha256.clone());
        let signature = self.trust().signature(path, &bytes)?;
        passed(Step::Signature, signature.to_string());
        let candidate = self.judge(&bytes, &signature, known, passed)?;
        let library = match self.isolation.of(&known.name, known.verdict.isolation) {
            Isolation::InProcess => self.map_once(candidate, known)?,
            Isolation::Process => self.start_once(candidate, known)?,
        };
        passed(Step::Load, "the layout of its types is this server's".to_owned());
        let names: Vec<_> =
            library.entry_points.iter().map(|entry| format!("{} {}", entry.point, entry.name)).collect();
        passed(Step::EntryPoints, names.join(", "));
        Ok(library)
    }

    /// All that can be known without running anything.
    fn judge<'data>(
        &self,
        bytes: &'data [u8],
        signature: &SignatureState,
        known: &mut Identity,
        passed: &mut dyn FnMut(Step, String),
    ) -> Result<Candidate<'data>, Fault> {
        let structure = verify::structure(bytes)?;
        compat::structure(&structure)?;
        passed(Step::Elf, format!("a whole {} library", verify::MACHINE.1));
        let (manifest_text, manifest) = manifest::manifest(&structure)?;
        known.name.clone_from(&manifest.plugin.name);
        known.version.clone_from(&manifest.plugin.version);
        known.description.clone_from(&manifest.plugin.description);
        let entry_points = manifest::entry_points(&manifest)?;
        let added = manifest::added(&structure, &manifest)?;
        let tables = manifest::tables(&structure, &manifest)?;
        let schedules = manifest::schedules(&manifest)?;
        passed(Step::Manifest, format!("{} {}", known.name, known.version));
        known.verdict = self.trust().judge((&known.name, &known.version, &known.sha256), signature)?;
        passed(Step::Trust, known.verdict.standing.word().to_owned());
        let build = manifest::build(&structure)?;
        compat::target(&build)?;
        passed(Step::Target, format!("{}, panic = {}", build.target, build.panic));
        compat::api(&manifest, &build)?;
        let offered = Build::of_host().api;
        passed(Step::Api, format!("needs {}, this server offers {offered}", manifest.plugin.api));
        compat::initializers(&structure, &manifest)?;
        passed(Step::Initializers, structure.initializers.to_string());
        Ok(Candidate { bytes, manifest_text, manifest, entry_points, added, tables, schedules })
    }

    fn map_once(&self, candidate: Candidate<'_>, known: &Identity) -> Mapped {
        let mut mapped = self.mapped.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = mapped.get(&known.sha256) {
            return before.clone();
        }
        let copy = sealed_copy(candidate.bytes, &known.file)?;
        let opened = open_sealed(copy.as_fd());
        if let Err(error) = opened.as_ref()
            && error.kind == OpenErrorKind::Link
        {
            return Err(open_fault(error, &known.name));
        }
        let _ = copy.into_raw_fd();
        let outcome = opened.map_err(|error| open_fault(&error, &known.name)).and_then(|module| {
            check_code(module, candidate.manifest_text, &candidate.names())?;
            Ok(Arc::new(candidate.accept(Code::Here(module), &known.sha256)))
        });
        mapped.insert(known.sha256.clone(), outcome.clone());
        let versions = mapped.values().flatten().filter(|library| library.name() == known.name).count();
        if outcome.is_ok() && versions > VERSIONS_WITHOUT_WARNING {
            let plugin = &known.name;
            tracing::warn!(
                plugin,
                versions,
                "{plugin} is mapped in {versions} versions, and none is ever unmapped; restart to reclaim their memory"
            );
        }
        outcome
    }

    /// Has its processes started. Nothing of the file is mapped here.
    fn start_once(&self, candidate: Candidate<'_>, known: &Identity) -> Mapped {
        let mut apart = self.apart.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = apart.get(&known.sha256).and_then(Weak::upgrade) {
            return Ok(before);
        }
        apart.retain(|_, library| library.strong_count() > 0);
        let cargo = Cargo {
            plugin: known.name.clone(),
            manifest: candidate.manifest_text.to_owned(),
            entry_points: candidate.names(),
            file: sealed_copy(candidate.bytes, &known.file)?,
        };
        let fleet = Fleet::start(cargo, self.process.clone())?;
        let library = Arc::new(candidate.accept(Code::Apart(fleet), &known.sha256));
        apart.insert(known.sha256.clone(), Arc::downgrade(&library));
        Ok(library)
    }
}

fn require_hash(sha256: &str, expected: Option<&str>) -> Result<(), Fault> {
    match expected {
        Some(expected) if expected != sha256 => {
            let why = format!(
                "its SHA-256 is {sha256}, it is kept as {expected}: somebody changed it; remove it and install the version again"
            );
            Err(Fault::new(Step::Sha256, why))
        }
        _ => Ok(()),
    }
}

impl Candidate<'_> {
    /// Group and name of each entry point.
    fn names(&self) -> Vec<(String, String)> {
        let name = |entry: &EntryPoint| (entry.point.group().to_owned(), entry.name.clone());
        self.entry_points.iter().map(name).collect()
    }

    fn accept(self, code: Code, sha256: &str) -> Library {
        let Self { manifest, entry_points, added, tables, schedules, .. } = self;
        Library { manifest, sha256: sha256.to_owned(), entry_points, code, added, schedules, tables }
    }
}

/// Maps a sealed copy. The path is that of a descriptor, because the linker takes a path it has seen before for the library
/// it got there before: whoever loads more than one keeps the descriptor open for ever.
pub(crate) fn open_sealed(copy: BorrowedFd<'_>) -> Result<PluginModRef, OpenError> {
    open(&PathBuf::from(format!("/proc/self/fd/{}", copy.as_raw_fd())))
}

/// Why a plugin was not mapped, or not used although it was.
pub(crate) fn open_fault(error: &OpenError, plugin: &str) -> Fault {
    let summary = &error.summary;
    if error.kind == OpenErrorKind::Link {
        let why = format!("{summary}; install what it needs or build it for this machine");
        return Fault::new(Step::Load, why);
    }
    tracing::debug!(plugin, report = error.report, "the plugin's layout in full");
    Fault::new(Step::Load, format!("{summary}; build it again with this server's vectis-plugin-api"))
}

/// The bytes that were judged are the bytes that run: a copy in memory that nobody can change.
fn sealed_copy(bytes: &[u8], file: &str) -> Result<File, Fault> {
    sealed(bytes, file).map_err(|error| {
        let why = format!("no sealed copy of it can be made ({error}); give the server more memory");
        Fault::new(Step::Load, why)
    })
}

fn sealed(bytes: &[u8], file: &str) -> io::Result<File> {
    let name: String = file.chars().filter(|letter| *letter != '\0').take(100).collect();
    let mut copy =
        File::from(memfd_create(name.as_str(), MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?);
    copy.write_all(bytes)?;
    let seals =
        SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
    fcntl(&copy, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(copy)
}

/// The code is that of the manifest, and has every entry point in it. Each is a group and a name.
pub(crate) fn check_code(
    module: PluginModRef,
    manifest_text: &str,
    entry_points: &[(String, String)],
) -> Result<(), Fault> {
    if module.manifest()().as_str() != manifest_text {
        let why = "its code reports another manifest than the file embeds; use the file as it was built";
        return Err(Fault::new(Step::Manifest, why));
    }
    let is_missing = |(group, name): &&(String, String)| {
        Point::of_group(group).is_some_and(|point| !adapters::is_in_code(point, module, name))
    };
    match entry_points.iter().find(is_missing) {
        Some((point, name)) => {
            let why =
                format!("plugin.toml names {point} {name}, its code does not; list it in export_plugin!");
            Err(Fault::new(Step::EntryPoints, why))
        }
        None => Ok(()),
    }
}
