//! What staff do to schedules.

use serde_json::json;
use vectis_contracts::audit::{AuditCode, AuditRecord};
use vectis_contracts::plugin_schedules::{PluginSchedule, ScheduleCode};
use vectis_db::{idempotency, retrying};
use vectis_kernel::ids::{EntityId, PluginScheduleId};
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure};

use super::{Outcome, PgSchedules, model, store};

/// What is done.
#[derive(Clone, Copy)]
pub(super) enum Command {
    RunNow,
    Pause,
    Resume,
}

impl Command {
    /// In the audit trail.
    const fn action(self) -> &'static str {
        match self {
            Self::RunNow => "schedule.run",
            Self::Pause => "schedule.pause",
            Self::Resume => "schedule.resume",
        }
    }
}

pub(super) fn require_permission(ctx: &Ctx) -> Outcome<()> {
    if ctx.is_staff() && ctx.may(&staff::PLUGINS_WRITE) {
        return Ok(());
    }
    let message = format!("schedules of plugins need the permission {}", staff::PLUGINS_WRITE);
    Err(Failure::refused(ScheduleCode::Forbidden, message))
}

impl PgSchedules {
    pub(super) async fn command(
        &self,
        ctx: &Ctx,
        id: PluginScheduleId,
        command: Command,
    ) -> Outcome<PluginSchedule> {
        require_permission(ctx)?;
        retrying(|| self.command_once(ctx, id, command)).await?;
        let found = store::find(self.db.pool(), id).await?;
        found.ok_or_else(not_found)
    }

    async fn command_once(&self, ctx: &Ctx, id: PluginScheduleId, command: Command) -> Outcome<()> {
        let mut tx = self.db.begin().await?;
        if idempotency::find::<()>(&mut tx, ctx).await?.is_some() {
            return Ok(());
        }
        let Some(standing) = store::lock(&mut tx, id).await? else { return Err(not_found()) };
        let now = ctx.now();
        match command {
            Command::RunNow if standing.leased_until.is_some_and(|until| until > now) => {
                let message = "it runs at this moment, and never twice at once; ask again when it has ended";
                return Err(Failure::refused(ScheduleCode::AlreadyRunning, message));
            }
            Command::RunNow => store::ask(&mut tx, ctx, id).await?,
            Command::Pause => store::pause(&mut tx, ctx, id).await?,
            Command::Resume => {
                let due_at = model::resumed(&standing.timing, standing.due_at, now);
                store::resume(&mut tx, ctx, id, due_at).await?;
            }
        }
        let detail = json!({ "plugin": standing.plugin, "schedule": standing.name });
        let record = AuditRecord {
            action: command.action(),
            subject_kind: PluginScheduleId::KIND,
            subject_id: id.0,
            account_id: None,
            detail,
        };
        let recorded = self.audit.record(&mut tx, ctx, &[record]).await;
        recorded.map_err(|failure| failure.map_code(|AuditCode::Forbidden| ScheduleCode::Forbidden))?;
        idempotency::record(&mut tx, ctx, &()).await?;
        Ok(tx.commit().await?)
    }
}

fn not_found() -> Failure<ScheduleCode> {
    Failure::at(ScheduleCode::ScheduleNotFound, "id", "there is no such schedule")
}
