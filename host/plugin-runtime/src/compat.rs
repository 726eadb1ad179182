//! Whether a library fits this host, judged by what it says of itself. Nothing of it has run yet.

use semver::{Version, VersionReq};
use vectis_plugin_api::manifest::Manifest;

use crate::manifest::Build;
use crate::refusal::{Fault, Step};
use crate::verify::{MACHINE, Structure};

/// What the standard library and the C start files put into every library.
pub(crate) const USUAL_INITIALIZERS: u64 = 2;
/// The capability under which a plugin declares more of them.
const INITIALIZERS: &str = "initializers";

/// The machine, and the one root.
pub(crate) fn structure(structure: &Structure<'_>) -> Result<(), Fault> {
    let (machine, name) = MACHINE;
    if structure.machine != machine {
        let why = format!(
            "it is built for ELF machine {}, this server runs {name}; use the plugin's build for {name}",
            structure.machine.0
        );
        return Err(Fault::new(Step::Elf, why));
    }
    match structure.roots {
        1 => Ok(()),
        0 => Err(Fault::new(Step::Elf, "it exports no plugin; build it with export_plugin!")),
        many => Err(Fault::new(
            Step::Elf,
            format!("it exports {many} plugins; call export_plugin! once per library"),
        )),
    }
}

/// The target and the panic strategy.
pub(crate) fn target(build: &Build) -> Result<(), Fault> {
    let host = Build::of_host();
    if build.target != host.target {
        let (theirs, ours) = (&build.target, &host.target);
        let why =
            format!("it is built for {theirs}, this server runs {ours}; use the plugin's build for {ours}");
        return Err(Fault::new(Step::Target, why));
    }
    if build.panic != "unwind" {
        let panic = &build.panic;
        let why = format!(
            "it is built with panic = {panic:?}, which would end the server; build it with panic = \"unwind\""
        );
        return Err(Fault::new(Step::Target, why));
    }
    Ok(())
}

/// The range it asks for, and the version it was compiled with: the same major, and no newer minor than ours.
pub(crate) fn api(manifest: &Manifest, build: &Build) -> Result<(), Fault> {
    let range = &manifest.plugin.api;
    let wanted = VersionReq::parse(range).map_err(|error| {
        let why = format!("plugin.toml: the API range {range:?} is none ({error}); write it as \"^1.0\"");
        Fault::new(Step::Manifest, why)
    })?;
    let offered = Build::of_host().api;
    let offers = format!("{}.{}", offered.major, offered.minor);
    let fix = if rank(&build.api) < rank(&offered) {
        "use a newer build of the plugin"
    } else {
        "update the server or use an older plugin"
    };
    if !wanted.matches(&offered) {
        let why = format!("needs {range}, this server offers {offers}; {fix}");
        return Err(Fault::new(Step::Api, why));
    }
    if build.api.major != offered.major || build.api.minor > offered.minor {
        let built = format!("{}.{}", build.api.major, build.api.minor);
        let why = format!("is built with {built}, this server offers {offers}; {fix}");
        return Err(Fault::new(Step::Api, why));
    }
    Ok(())
}

fn rank(version: &Version) -> (u64, u64) {
    (version.major, version.minor)
}

/// Initializers run inside the linker, before the layout check and outside of any guard.
pub(crate) fn initializers(structure: &Structure<'_>, manifest: &Manifest) -> Result<(), Fault> {
    let count = structure.initializers;
    if count <= USUAL_INITIALIZERS || manifest.capabilities.contains_key(INITIALIZERS) {
        return Ok(());
    }
    let more = count - USUAL_INITIALIZERS;
    let why = format!(
        "it runs {more} static initializers of its own before any check; remove them or declare them in plugin.toml \
         under [capabilities] as {INITIALIZERS} = [\"what for\"]"
    );
    Err(Fault::new(Step::Initializers, why))
}
