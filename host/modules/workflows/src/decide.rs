//! The record as drivers use it: who decides next.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;
use vectis_contracts::ports::process::{Happening, Processes};
use vectis_contracts::ports::workflow_journal::{ClaimedRun, Journal, RunOutcome};
use vectis_contracts::workflows::WorkflowCode;
use vectis_db::{Db, outbox, retrying};
use vectis_kernel::{Ctx, Failure};

use crate::advance::{Advanced, advance};
use crate::store::instance::{Due, Outcome};
use crate::tell::{Told, tell};
use crate::{events, runs, store};

type Result<T> = std::result::Result<T, Failure<WorkflowCode>>;

/// The record in Postgres.
pub(crate) struct PgJournal {
    pub(crate) db: Db,
}

#[async_trait]
impl Journal for PgJournal {
    async fn begin_perpetual(&self, ctx: &Ctx, processes: &Processes) -> Result<()> {
        let perpetual = processes.newest().filter_map(|process| Some((process, process.perpetual()?)));
        let told: Vec<Told> = perpetual
            .map(|(process, input)| Told {
                process: process.name().to_owned(),
                key: process.name().to_owned(),
                begins: Some(process.version()),
                // The beginning of an instance that began is no news, whatever its id.
                id: ctx.new_id(),
                happening: Happening::Started { input },
            })
            .collect();
        let mut tx = self.db.begin().await?;
        tell(&mut tx, ctx, told).await?;
        Ok(tx.commit().await?)
    }

    async fn decide(&self, ctx: &Ctx, processes: &Processes, most: usize) -> Result<usize> {
        retrying(|| self.decide_once(ctx, processes, most)).await
    }

    async fn claim(
        &self,
        ctx: &Ctx,
        processes: &Processes,
        most: usize,
        lease: Duration,
    ) -> Result<Vec<ClaimedRun>> {
        let until = ctx.now() + lease;
        Ok(store::run::claim(self.db.pool(), ctx, processes, i64::try_from(most)?, until).await?)
    }

    async fn finish(&self, ctx: &Ctx, claimed: &ClaimedRun, outcome: RunOutcome) -> Result<bool> {
        retrying(|| runs::finish(&self.db, ctx, claimed, &outcome)).await
    }

    async fn next_due(&self, processes: &Processes) -> Result<Option<DateTime<Utc>>> {
        Ok(store::instance::next_due(self.db.pool(), processes).await?)
    }

    async fn forget(&self, before: DateTime<Utc>) -> Result<u64> {
        Ok(store::instance::forget(self.db.pool(), before).await?)
    }
}

impl PgJournal {
    /// One unit of work: what has happened, what was decided, and what that asks for.
    async fn decide_once(&self, ctx: &Ctx, processes: &Processes, most: usize) -> Result<usize> {
        let mut tx = self.db.begin().await?;
        let due = store::instance::lock_due(&mut tx, ctx, processes, i64::try_from(most)?).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let ids: Vec<Uuid> = due.iter().map(|due| due.id).collect();
        let mut messages = store::message::waiting(&mut tx, &ids).await?;
        let mut timers = store::instance::timers(&mut tx, &ids).await?;
        // One instant for all, as exact as it is kept: whoever decides the past once more decides the same.
        let at = DateTime::from_timestamp_micros(ctx.now().timestamp_micros()).unwrap_or_default();
        let mut outcomes = Vec::with_capacity(due.len());
        let mut faults = Vec::new();
        for due in due {
            let waiting = messages.remove(&due.id).unwrap_or_default();
            let timers = timers.remove(&due.id).unwrap_or_default();
            let advanced = decided(processes, &due, timers, waiting, at)?;
            if let Some(reason) = &advanced.broken {
                faults.push((ctx.new_id(), due.clone(), reason.clone()));
            }
            outcomes.push(Outcome { id: due.id, advanced });
        }
        store::instance::write(&mut tx, ctx, at, &outcomes).await?;
        for (fault_id, due, reason) in &faults {
            store::fault::open(&mut tx, ctx, *fault_id, due.id, None, (reason, 1)).await?;
            let failed = events::Failed {
                fault_id: *fault_id,
                instance_id: due.id,
                process: &due.process,
                key: &due.key,
                run: None,
                reason,
                attempts: 1,
            };
            outbox::append(&mut tx, ctx, &[events::fault(&failed)]).await?;
        }
        tx.commit().await?;
        for (_, due, reason) in &faults {
            tracing::error!(workflow.id = %due.id, process = due.process, reason, "a workflow's definition failed; it waits for staff");
        }
        Ok(outcomes.len())
    }
}

fn decided(
    processes: &Processes,
    due: &Due,
    timers: BTreeMap<String, DateTime<Utc>>,
    messages: Vec<crate::advance::Message>,
    now: DateTime<Utc>,
) -> Result<Advanced> {
    let process = u32::try_from(due.version).ok().and_then(|version| processes.find(&due.process, version));
    let process = process.ok_or_else(|| {
        Failure::internal(format!("no definition of {} version {}", due.process, due.version))
    })?;
    let standing = crate::advance::Standing { state: due.state.clone(), sequence: due.sequence, timers };
    Ok(advance(&**process, standing, messages, now))
}
