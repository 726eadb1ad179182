//! Tables of plugins' own: brought up to date when a folder is read, before anything of a new version answers.

use vectis_contracts::plugin_tables::{PluginTables, TablesCode, TablesPlan};
use vectis_kernel::Failure;

use crate::files::{FileState, find_plugin};
use crate::grants::GrantBook;
use crate::load::Library;
use crate::manifest::TABLES;
use crate::refusal::{Fault, Step};

/// Installs what is new and granted. A file whose tables cannot be made is refused; the version before goes on.
pub(crate) async fn install(
    database: &dyn PluginTables,
    grants: &GrantBook,
    files: &mut [FileState],
    before: &[FileState],
) {
    for file in files {
        let Some(library) = &file.library else { continue };
        let old = find_plugin(before, library.name()).map(|(old, _)| old);
        let has_them = |old: &FileState| old.library.as_ref().is_some_and(|old| old.tables == library.tables);
        if old.is_some_and(has_them) {
            continue;
        }
        if let Err(fault) = install_one(database, grants, library).await {
            *file = FileState::refused(file.known.clone(), fault, old);
        }
    }
}

/// Installs those of one plugin, if it has some and may.
pub(crate) async fn install_one(
    database: &dyn PluginTables,
    grants: &GrantBook,
    library: &Library,
) -> Result<(), Fault> {
    let Some(plan) = &library.tables else { return Ok(()) };
    let granted = grants.of(library.name(), &library.sha256);
    if granted.get(TABLES).is_none_or(Vec::is_empty) {
        return Ok(());
    }
    make(database, plan).await.map_err(|why| Fault::new(Step::Tables, why))
}

async fn make(database: &dyn PluginTables, plan: &TablesPlan) -> Result<(), String> {
    match database.install(plan).await {
        Ok(_) => Ok(()),
        Err(Failure::Refused(refusals)) => {
            let sentences: Vec<_> = refusals.into_iter().map(|refusal| refusal.message).collect();
            Err(sentences.join("; "))
        }
        Err(Failure::<TablesCode>::Internal(error)) => {
            tracing::error!(plugin = plan.plugin, %error, "the tables of {} could not be made", plan.plugin);
            Err("the database cannot make its tables now; look into the log and reload the plugins"
                .to_owned())
        }
    }
}
