//! What staff see and do.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use vectis_contracts::Tx;
use vectis_contracts::audit::{Audit, AuditCode, AuditRecord};
use vectis_contracts::ports::process::Happening;
use vectis_contracts::workflows::{
    FaultStatus, Workflow, WorkflowCode, WorkflowFault, WorkflowFilter, WorkflowRun, WorkflowStatus,
    WorkflowStep, Workflows,
};
use vectis_db::{Db, idempotency, retrying};
use vectis_kernel::ids::{WorkflowFaultId, WorkflowId};
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure, Page, PageRequest, Permission};

use crate::store::{self, fault, message, read, run};

type Result<T> = std::result::Result<T, Failure<WorkflowCode>>;

/// Longest reason, in characters.
const MAX_REASON: usize = 2_000;

/// Most steps shown of one workflow.
const MAX_STEPS: i64 = 200;

/// Workflows in Postgres.
pub(crate) struct PgWorkflows {
    pub(crate) db: Db,
    pub(crate) audit: Arc<dyn Audit>,
}

#[async_trait]
impl Workflows for PgWorkflows {
    async fn get_many(&self, ctx: &Ctx, ids: &[WorkflowId]) -> Result<Vec<Workflow>> {
        require(ctx, &staff::WORKFLOWS_READ)?;
        Ok(read::get_many(self.db.pool(), ids).await?)
    }

    async fn list(&self, ctx: &Ctx, filter: &WorkflowFilter, page: PageRequest) -> Result<Page<Workflow>> {
        require(ctx, &staff::WORKFLOWS_READ)?;
        Ok(Page::from_fetched(read::list(self.db.pool(), filter, page).await?, &page))
    }

    async fn history(&self, ctx: &Ctx, ids: &[WorkflowId]) -> Result<Vec<WorkflowStep>> {
        require(ctx, &staff::WORKFLOWS_READ)?;
        Ok(read::history(self.db.pool(), ids, MAX_STEPS).await?)
    }

    async fn runs(&self, ctx: &Ctx, ids: &[WorkflowId]) -> Result<Vec<WorkflowRun>> {
        require(ctx, &staff::WORKFLOWS_READ)?;
        Ok(read::runs(self.db.pool(), ids).await?)
    }

    async fn faults(
        &self,
        ctx: &Ctx,
        status: Option<FaultStatus>,
        page: PageRequest,
    ) -> Result<Page<WorkflowFault>> {
        require(ctx, &staff::WORKFLOWS_READ)?;
        Ok(Page::from_fetched(read::faults(self.db.pool(), status, page).await?, &page))
    }

    async fn cancel(&self, ctx: &Ctx, id: WorkflowId, reason: &str) -> Result<()> {
        require(ctx, &staff::WORKFLOWS_MANAGE)?;
        check_reason(reason)?;
        retrying(|| self.cancel_once(ctx, id, reason)).await
    }

    async fn fault_retry(&self, ctx: &Ctx, id: WorkflowFaultId) -> Result<WorkflowId> {
        require(ctx, &staff::WORKFLOWS_MANAGE)?;
        retrying(|| self.retry_once(ctx, id)).await
    }

    async fn fault_skip(&self, ctx: &Ctx, id: WorkflowFaultId, reason: &str) -> Result<WorkflowId> {
        require(ctx, &staff::WORKFLOWS_MANAGE)?;
        check_reason(reason)?;
        retrying(|| self.skip_once(ctx, id, reason)).await
    }
}

impl PgWorkflows {
    async fn cancel_once(&self, ctx: &Ctx, id: WorkflowId, reason: &str) -> Result<()> {
        let mut tx = self.db.begin().await?;
        if let Some(answer) = idempotency::find(&mut tx, ctx).await? {
            return Ok(answer);
        }
        let status = read::lock_status(&mut tx, id).await?.ok_or_else(|| {
            Failure::at(WorkflowCode::WorkflowNotFound, "id", format!("there is no workflow {id}"))
        })?;
        match status {
            WorkflowStatus::Running => {
                message::wake_one(&mut tx, ctx, id.0).await?;
                let happening = Happening::CancelRequested { reason: reason.to_owned() };
                self.say(&mut tx, ctx, id, &happening).await?;
            }
            WorkflowStatus::Awaited | WorkflowStatus::Broken => {
                read::cancel(&mut tx, ctx, id).await?;
                run::drop_open(&mut tx, ctx, &[id.0]).await?;
                fault::close_open(&mut tx, ctx, &[id.0]).await?;
            }
            WorkflowStatus::Completed | WorkflowStatus::Canceled => {
                let message = "the workflow has ended already";
                return Err(Failure::at(WorkflowCode::NotRunning, "id", message));
            }
        }
        let record = record("workflow.cancel", id, json!({ "reason": reason }));
        self.audited(&mut tx, ctx, record).await?;
        idempotency::record(&mut tx, ctx, &()).await?;
        Ok(tx.commit().await?)
    }

    async fn retry_once(&self, ctx: &Ctx, id: WorkflowFaultId) -> Result<WorkflowId> {
        let mut tx = self.db.begin().await?;
        if let Some(answer) = idempotency::find(&mut tx, ctx).await? {
            return Ok(answer);
        }
        let looked = open_fault(&mut tx, id).await?;
        match looked.run_id {
            Some(run_id) => must_see_to(run::see_to(&mut tx, ctx, run_id, true).await?)?,
            None => read::mend(&mut tx, ctx, looked.instance_id).await?,
        }
        fault::resolve(&mut tx, ctx, id.0, FaultStatus::Retried, "").await?;
        store::knock(&mut tx).await?;
        self.conclude(tx, ctx, "workflow.fault_retry", &looked, json!({ "faultId": id })).await
    }

    async fn skip_once(&self, ctx: &Ctx, id: WorkflowFaultId, reason: &str) -> Result<WorkflowId> {
        let mut tx = self.db.begin().await?;
        if let Some(answer) = idempotency::find(&mut tx, ctx).await? {
            return Ok(answer);
        }
        let looked = open_fault(&mut tx, id).await?;
        let (Some(run_id), Some(key)) = (looked.run_id, looked.run_key.clone()) else {
            let message =
                "the definition itself failed, which cannot be skipped; retry, or cancel the workflow";
            return Err(Failure::at(WorkflowCode::NotOpen, "id", message));
        };
        must_see_to(run::see_to(&mut tx, ctx, run_id, false).await?)?;
        fault::resolve(&mut tx, ctx, id.0, FaultStatus::Skipped, reason).await?;
        let workflow_id = WorkflowId(looked.instance_id);
        message::wake_one(&mut tx, ctx, looked.instance_id).await?;
        let happening = Happening::ActivitySkipped { key, reason: reason.to_owned() };
        self.say(&mut tx, ctx, workflow_id, &happening).await?;
        let detail = json!({ "faultId": id, "run": looked.run_key, "reason": reason });
        self.conclude(tx, ctx, "workflow.fault_skip", &looked, detail).await
    }

    async fn say(&self, tx: &mut Tx, ctx: &Ctx, id: WorkflowId, happening: &Happening) -> Result<()> {
        let message = (id.0, ctx.new_id(), serde_json::to_value(happening)?);
        message::put(tx, ctx, vec![message]).await?;
        Ok(store::knock(tx).await?)
    }

    async fn conclude(
        &self,
        mut tx: Tx,
        ctx: &Ctx,
        action: &'static str,
        looked: &fault::Looked,
        detail: Value,
    ) -> Result<WorkflowId> {
        let workflow_id = WorkflowId(looked.instance_id);
        self.audited(&mut tx, ctx, record(action, workflow_id, detail)).await?;
        idempotency::record(&mut tx, ctx, &workflow_id).await?;
        tx.commit().await?;
        Ok(workflow_id)
    }

    async fn audited(&self, tx: &mut Tx, ctx: &Ctx, record: AuditRecord) -> Result<()> {
        let recorded = self.audit.record(tx, ctx, &[record]).await;
        recorded.map_err(|failure| failure.map_code(|AuditCode::Forbidden| WorkflowCode::Forbidden))
    }
}

async fn open_fault(tx: &mut Tx, id: WorkflowFaultId) -> Result<fault::Looked> {
    let looked = fault::look_at(tx, id.0)
        .await?
        .ok_or_else(|| Failure::at(WorkflowCode::FaultNotFound, "id", format!("there is no fault {id}")))?;
    must_see_to(looked.is_open)?;
    Ok(looked)
}

fn must_see_to(is_open: bool) -> Result<()> {
    if is_open {
        return Ok(());
    }
    let message = "somebody has seen to it, or the workflow has ended";
    Err(Failure::at(WorkflowCode::NotOpen, "id", message))
}

fn require(ctx: &Ctx, permission: &Permission) -> Result<()> {
    if ctx.is_staff() && ctx.may(permission) {
        return Ok(());
    }
    let message = format!("this needs the permission {permission}");
    Err(Failure::refused(WorkflowCode::Forbidden, message))
}

fn check_reason(reason: &str) -> Result<()> {
    let length = reason.chars().count();
    if (1..=MAX_REASON).contains(&length) && !reason.contains('\0') {
        return Ok(());
    }
    let message =
        format!("a reason takes 1 to {MAX_REASON} characters, none of them NUL; this one has {length}");
    Err(Failure::at(WorkflowCode::InvalidInput, "reason", message))
}

fn record(action: &'static str, id: WorkflowId, detail: Value) -> AuditRecord {
    AuditRecord { action, subject_kind: "workflow", subject_id: id.0, account_id: None, detail }
}
