//! What plugins add to the API: judged when a folder is read, asked when a request wants it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use vectis_contracts::plugin_fields::{
    AddedSdl, Additions, FieldQuestion, JudgeAdditions, PluginFields, Unanswered,
};
use vectis_contracts::points::PointError;
use vectis_kernel::Ctx;

use crate::calls::Call;
use crate::files::FileState;
use crate::point::Point;
use crate::refusal::{Fault, Step};
use crate::runtime::PluginRuntime;
use crate::trust::Trust;

/// After its budget a call is given this long to say so itself.
const GRACE: Duration = Duration::from_millis(100);

#[async_trait]
impl PluginFields for PluginRuntime {
    fn additions(&self, ctx: &Ctx) -> Arc<Additions> {
        self.set_of(ctx).additions.clone()
    }

    async fn ask(&self, ctx: &Ctx, question: FieldQuestion) -> Result<Vec<Value>, Unanswered> {
        let adapter = self.set_of(ctx).fields.find(&question.plugin, ctx.channel_id)?;
        let name = adapter.name().to_owned();
        let failed = |message: &str| PointError::Failed {
            point: Point::Fields.group(),
            plugin: name.clone(),
            message: message.to_owned(),
            retryable: true,
        };
        let (budget, ctx) = (self.workshop.call_budget, ctx.clone());
        let (scope, _given_up) = Call::begin(budget);
        // Off the threads that serve requests: an author's code may take its time, and wait for services of the host.
        let call = tokio::task::spawn_blocking(move || scope.run(|| adapter.ask(&ctx, question)));
        if budget.is_zero() {
            return Ok(call.await.map_err(|_| failed("the host broke off the call"))??);
        }
        match tokio::time::timeout(budget + GRACE, call).await {
            Ok(answers) => Ok(answers.map_err(|_| failed("the host broke off the call"))??),
            Err(_) => {
                let error = failed(&format!("it did not answer within {} ms", budget.as_millis()));
                Err(Unanswered { error, is_underway: true })
            }
        }
    }
}

/// Refuses files whose additions cannot be merged. Plugins that were there before come first, so that a new one never takes
/// a name from one that is in use; a new version that is refused leaves the old one in place.
pub(crate) fn judge(files: &mut [FileState], before: &[FileState], judge: JudgeAdditions, trust: &Trust) {
    let mut order: Vec<usize> = (0..files.len()).collect();
    let is_new =
        |file: &FileState| !file.library.as_ref().is_some_and(|library| was_there(before, library.name()));
    order.sort_by_key(|index| is_new(&files[*index]));
    let mut accepted: Vec<AddedSdl> = Vec::new();
    for index in order {
        let file = &mut files[index];
        let Some(added) = file.library.as_ref().and_then(|library| library.added.clone()) else { continue };
        let Err(why) = judge(&accepted, &added) else {
            accepted.push(added);
            continue;
        };
        let can_stay = |old: &&FileState| {
            old.library.as_ref().is_some_and(|library| {
                library.name() == added.plugin
                    && !trust.has_revoked(library.name(), &library.sha256)
                    && library.added.as_ref().is_none_or(|added| judge(&accepted, added).is_ok())
            })
        };
        let kept = before.iter().find(can_stay);
        *file = FileState::refused(file.known.clone(), Fault::new(Step::Graphql, why), kept);
        accepted.extend(file.library.as_ref().and_then(|library| library.added.clone()));
    }
}

fn was_there(before: &[FileState], name: &str) -> bool {
    before.iter().filter_map(|file| file.library.as_ref()).any(|library| library.name() == name)
}
