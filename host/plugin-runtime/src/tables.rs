//! Tables of plugins' own: brought up to date when a folder is read, before anything of a new version answers.

use vectis_contracts::plugin_services::Grants;
use vectis_contracts::plugin_tables::{PluginTables, TablesCode, TablesPlan};
use vectis_kernel::Failure;

use crate::manifest::TABLES;
use crate::refusal::{Fault, Step};
use crate::registry::FileState;

/// Installs what is new and granted. A file whose tables cannot be made is refused; the version before goes on.
pub(crate) async fn install(
    database: &dyn PluginTables,
    grants: &Grants,
    files: &mut [FileState],
    before: &[FileState],
) {
    for file in files {
        let Some(plan) = file.library.as_ref().and_then(|library| library.tables.clone()) else { continue };
        let old =
            before.iter().find(|old| old.known.file == file.known.file).and_then(|old| old.library.clone());
        let is_as_before = old.as_ref().is_some_and(|old| old.tables.as_ref() == Some(&plan));
        let is_granted = grants.of(&plan.plugin).get(TABLES).is_some_and(|values| !values.is_empty());
        if is_as_before || !is_granted {
            continue;
        }
        if let Err(why) = install_one(database, &plan).await {
            let kept = old.filter(|old| old.name() == plan.plugin);
            file.refuse(Fault::new(Step::Tables, why), kept);
        }
    }
}

async fn install_one(database: &dyn PluginTables, plan: &TablesPlan) -> Result<(), String> {
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
