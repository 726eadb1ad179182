//! Loading a plugin file, host side.

use std::fmt;
use std::path::Path;

use abi_stable::StableAbi;
use abi_stable::abi_stability::abi_checking::{
    AbiInstability, AbiInstabilityErrors, CheckingGlobals, check_layout_compatibility_with_globals,
};
use abi_stable::library::{LibHeader, LibraryError, lib_header_from_path};
use abi_stable::type_layout::{TLFieldOrFunction, TypeLayout};

use crate::abi::module::PluginModRef;

/// Why a file is no plugin for this host.
#[derive(Clone, Debug)]
pub struct OpenError {
    pub kind: OpenErrorKind,
    /// One line for operators.
    pub summary: String,
    /// Everything known, thousands of lines for a layout; for a debug log.
    pub report: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenErrorKind {
    /// The dynamic linker refused it.
    Link,
    /// It exports no plugin.
    NotAPlugin,
    /// It was built with another version of the wire library.
    Header,
    /// It was built for another major version of the API.
    Version,
    /// The API it was built with has other records or methods.
    Layout,
    /// Its root module did not start.
    Start,
}

impl fmt::Display for OpenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.summary)
    }
}

impl std::error::Error for OpenError {}

/// Maps a plugin and checks that its types are ours. The file stays mapped until the process ends, also after an error:
/// thread-locals and statics of Rust make unloading unsound.
///
/// The linker runs the file's initialisers before anything is checked, and a file cut short can kill the process: verify
/// hash, ELF structure and manifest first, and hand over the `/proc/self/fd/N` of a sealed copy that stays open.
pub fn open(path: &Path) -> Result<PluginModRef, OpenError> {
    let header = lib_header_from_path(path).map_err(refusal)?;
    check_layout(header)?;
    #[expect(unsafe_code, reason = "abi_stable's own entrance refuses plugins older than the host")]
    // SAFETY: `check_layout` has compared the plugin's layout with ours, as newer and as older plugin.
    let module = unsafe { header.init_root_module_with_unchecked_layout::<PluginModRef>() };
    module.map_err(refusal)
}

/// A plugin fits when it is as new as the host or newer (it has all we call), or older (we have all it was built with; our
/// accessors test at run time whether a later slot exists). `abi_stable` alone checks the first only.
fn check_layout(header: &'static LibHeader) -> Result<(), OpenError> {
    let ours = <PluginModRef as StableAbi>::LAYOUT;
    let Some(theirs) = header.layout() else {
        return Err(OpenError {
            kind: OpenErrorKind::Layout,
            summary: "the plugin does not say how its types are laid out".to_owned(),
            report: String::new(),
        });
    };
    let Err(as_newer) = compare(ours, theirs) else {
        return Ok(());
    };
    let Err(as_older) = compare(theirs, ours) else {
        return Ok(());
    };
    Err(OpenError {
        kind: OpenErrorKind::Layout,
        summary: summary(&as_newer),
        report: format!("as a newer plugin:\n{as_newer}\nas an older plugin:\n{as_older}"),
    })
}

/// With fresh state, so that the verdict on one plugin does not depend on those loaded before.
fn compare(
    interface: &'static TypeLayout,
    implementation: &'static TypeLayout,
) -> Result<(), AbiInstabilityErrors> {
    check_layout_compatibility_with_globals(interface, implementation, &CheckingGlobals::new())
}

/// The difference that lies deepest: the others are its consequences.
fn summary(errors: &AbiInstabilityErrors) -> String {
    let deepest = errors.errors.iter().max_by_key(|error| error.stack_trace.len());
    let place = deepest.and_then(|error| error.stack_trace.last()).map(|step| type_name(&step.expected));
    let what = deepest.and_then(|error| error.errs.first()).map(difference);
    format!(
        "its type {} differs from this host's: {}",
        place.unwrap_or("PluginMod"),
        what.unwrap_or_else(|| "not said how".to_owned())
    )
}

fn type_name(step: &TLFieldOrFunction) -> &'static str {
    match step {
        TLFieldOrFunction::Field(field) => field.layout().name(),
        TLFieldOrFunction::Function(function) => function.name.as_str(),
    }
}

fn difference(error: &AbiInstability) -> String {
    match error {
        AbiInstability::Name(types) => format!("{} here, {} there", types.expected, types.found),
        AbiInstability::MismatchedPrimitive(types) => {
            format!("{:?} here, {:?} there", types.expected, types.found)
        }
        AbiInstability::Size(sizes) => format!("{} bytes here, {} there", sizes.expected, sizes.found),
        AbiInstability::FieldCountMismatch(counts) => {
            format!("{} fields here, {} there", counts.expected, counts.found)
        }
        AbiInstability::UnexpectedField(fields) => {
            format!("field {} here, {} there", fields.expected.name(), fields.found.name())
        }
        other => one_line(&format!("{other:?}")),
    }
}

/// The first line, cut to a length that fits a log.
fn one_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(120).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "the shape map_err wants")]
fn refusal(error: LibraryError) -> OpenError {
    let (kind, summary) = match &error {
        LibraryError::OpenError { err, .. } => (OpenErrorKind::Link, format!("the linker refuses it: {err}")),
        LibraryError::GetSymbolError { .. } => {
            (OpenErrorKind::NotAPlugin, "it exports no plugin: export_plugin! is missing".to_owned())
        }
        LibraryError::IncompatibleVersionNumber { expected_version, actual_version, .. } => (
            OpenErrorKind::Version,
            format!("it was built with plugin API {actual_version}, this host offers {expected_version}"),
        ),
        LibraryError::InvalidAbiHeader(_) | LibraryError::InvalidCAbi { .. } => {
            (OpenErrorKind::Header, "it was built with another version of the wire library".to_owned())
        }
        LibraryError::AbiInstability(_) => {
            (OpenErrorKind::Layout, "its types differ from this host's".to_owned())
        }
        LibraryError::ParseVersionError(_) | LibraryError::RootModule { .. } | LibraryError::Many(_) => {
            (OpenErrorKind::Start, format!("its root module did not start: {}", one_line(&error.to_string())))
        }
    };
    OpenError { kind, summary, report: error.to_string() }
}
