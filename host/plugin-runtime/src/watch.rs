//! Whether the plugins folder has changed since it was last looked into, by names, sizes and times. The content is judged
//! when it is loaded; this only says when to look.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use vectis_kernel::Ctx;

use crate::discover;
use crate::runtime::{PluginRuntime, RefreshError};
use crate::trust::signature_file;

/// How the folder looks from outside, and the lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint(Vec<(PathBuf, u64, Option<SystemTime>)>);

impl Fingerprint {
    pub(crate) fn of(folder: &Path, lock_file: &Path) -> Self {
        let plugins = discover::files(folder).unwrap_or_default();
        let signatures: Vec<PathBuf> = plugins.iter().map(|path| signature_file(path)).collect();
        let all = plugins.into_iter().chain(signatures).chain([lock_file.to_owned()]);
        let look = |path: PathBuf| {
            let metadata = path.metadata().ok()?;
            Some((path, metadata.len(), metadata.modified().ok()))
        };
        Self(all.filter_map(look).collect())
    }
}

impl PluginRuntime {
    /// Looks into the folder when it has changed and then stayed as it is for one turn, so that files are not read while
    /// they are being copied. True when it did.
    pub async fn watch(&self) -> Result<bool, RefreshError> {
        let (folder, lock_file) = (self.folder.clone(), self.trust.lock_file.clone());
        let now = tokio::task::spawn_blocking(move || Fingerprint::of(&folder, &lock_file)).await?;
        if !self.is_worth_a_look(now).await {
            return Ok(false);
        }
        self.rescan(&Ctx::system("watch")).await?;
        Ok(true)
    }

    async fn is_worth_a_look(&self, now: Fingerprint) -> bool {
        let mut writer = self.writing.lock().await;
        if now == writer.scanned {
            writer.changing = None;
            return false;
        }
        let is_settled = writer.changing.as_ref() == Some(&now);
        writer.changing = (!is_settled).then_some(now);
        is_settled
    }
}
