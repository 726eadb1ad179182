//! Instances: who is due, and what becomes of them.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::ports::process::Processes;
use vectis_db::conn;
use vectis_kernel::Ctx;

use crate::advance::{Advanced, End};
use crate::store::known;

/// An instance to which something has happened.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) id: Uuid,
    pub(crate) process: String,
    pub(crate) key: String,
    pub(crate) version: i32,
    pub(crate) state: Value,
    pub(crate) sequence: i64,
}

/// What became of one.
pub(crate) struct Outcome {
    pub(crate) id: Uuid,
    pub(crate) advanced: Advanced,
}

/// Claims instances to which something has happened, those first that wait longest; leaves those alone that somebody else is at.
#[tracing::instrument(name = "db.workflows.lock_due", skip_all)]
pub(crate) async fn lock_due(
    tx: &mut Tx,
    ctx: &Ctx,
    processes: &Processes,
    most: i64,
) -> Result<Vec<Due>, sqlx::Error> {
    let (names, versions) = known(processes);
    sqlx::query_as!(
        Due,
        r#"
        SELECT id, process, key, version AS "version!", state, sequence
        FROM workflows.instance
        WHERE wake_at <= $1
          AND (process, version) IN (
                  SELECT known.name, known.version FROM UNNEST($2::text[], $3::integer[]) AS known (name, version))
        ORDER BY wake_at
        LIMIT $4
        FOR UPDATE SKIP LOCKED
        "#,
        ctx.now(),
        &names,
        &versions,
        most
    )
    .fetch_all(conn(tx))
    .await
}

/// Holds an instance's row.
#[tracing::instrument(name = "db.workflows.lock", skip_all)]
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT id FROM workflows.instance WHERE id = $1 FOR UPDATE", id)
        .fetch_optional(conn(tx))
        .await?;
    Ok(())
}

/// What instances wait for.
#[tracing::instrument(name = "db.workflows.timers", skip_all)]
pub(crate) async fn timers(
    tx: &mut Tx,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, BTreeMap<String, DateTime<Utc>>>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT instance_id, name, due_at FROM workflows.timer WHERE instance_id = ANY($1)",
        ids
    )
    .fetch_all(conn(tx))
    .await?;
    let mut timers: HashMap<Uuid, BTreeMap<String, DateTime<Utc>>> = HashMap::new();
    for row in rows {
        timers.entry(row.instance_id).or_default().insert(row.name, row.due_at);
    }
    Ok(timers)
}

/// Writes what became, at this instant, of instances whose rows are held. The statements do not grow with their number.
#[tracing::instrument(name = "db.workflows.write", skip_all)]
pub(crate) async fn write(
    tx: &mut Tx,
    ctx: &Ctx,
    at: DateTime<Utc>,
    outcomes: &[Outcome],
) -> Result<(), sqlx::Error> {
    let anew: Vec<Uuid> =
        outcomes.iter().filter(|outcome| outcome.advanced.is_anew).map(|outcome| outcome.id).collect();
    if !anew.is_empty() {
        forget_past(tx, &anew).await?;
    }
    write_standing(tx, ctx, outcomes).await?;
    write_timers(tx, outcomes).await?;
    take(tx, ctx, outcomes).await?;
    write_steps(tx, at, outcomes).await?;
    super::run::open(tx, ctx, outcomes).await?;
    let ended: Vec<Uuid> =
        outcomes.iter().filter(|outcome| outcome.advanced.end.is_some()).map(|outcome| outcome.id).collect();
    if !ended.is_empty() {
        super::run::drop_open(tx, ctx, &ended).await?;
        super::fault::close_open(tx, ctx, &ended).await?;
    }
    Ok(())
}

async fn write_standing(tx: &mut Tx, ctx: &Ctx, outcomes: &[Outcome]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = outcomes.iter().map(|outcome| outcome.id).collect();
    let states: Vec<Value> = outcomes.iter().map(|outcome| outcome.advanced.standing.state.clone()).collect();
    let sequences: Vec<i64> = outcomes.iter().map(|outcome| outcome.advanced.standing.sequence).collect();
    let statuses: Vec<&str> = outcomes.iter().map(|outcome| status(&outcome.advanced)).collect();
    let endings: Vec<Option<&str>> = outcomes
        .iter()
        .map(|outcome| match &outcome.advanced.end {
            Some(End::Completed(outcome)) => Some(outcome.as_str()),
            Some(End::Canceled) | None => None,
        })
        .collect();
    let wakes: Vec<Option<DateTime<Utc>>> = outcomes
        .iter()
        .map(|outcome| {
            let timers = outcome.advanced.standing.timers.values().min().copied();
            timers.filter(|_| outcome.advanced.broken.is_none())
        })
        .collect();
    sqlx::query!(
        "UPDATE workflows.instance \
         SET state = now.state, sequence = now.sequence, status = now.status, outcome = now.outcome, \
             wake_at = now.wake_at, updated_at = $7 \
         FROM UNNEST($1::uuid[], $2::jsonb[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[]) \
             AS now (id, state, sequence, status, outcome, wake_at) \
         WHERE instance.id = now.id",
        &ids,
        &states,
        &sequences,
        &statuses as &[&str],
        &endings as &[Option<&str>],
        &wakes as &[Option<DateTime<Utc>>],
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

fn status(advanced: &Advanced) -> &'static str {
    match (&advanced.end, &advanced.broken) {
        (Some(End::Completed(_)), _) => "completed",
        (Some(End::Canceled), _) => "canceled",
        (None, Some(_)) => "broken",
        (None, None) => "running",
    }
}

async fn write_timers(tx: &mut Tx, outcomes: &[Outcome]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = outcomes.iter().map(|outcome| outcome.id).collect();
    sqlx::query!("DELETE FROM workflows.timer WHERE instance_id = ANY($1)", &ids).execute(conn(tx)).await?;
    let (mut instance_ids, mut names, mut due) = (Vec::new(), Vec::new(), Vec::new());
    for outcome in outcomes {
        for (name, due_at) in &outcome.advanced.standing.timers {
            instance_ids.push(outcome.id);
            names.push(name.clone());
            due.push(*due_at);
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO workflows.timer (instance_id, name, due_at) \
         SELECT wanted.instance_id, wanted.name, wanted.due_at \
         FROM UNNEST($1::uuid[], $2::text[], $3::timestamptz[]) AS wanted (instance_id, name, due_at)",
        &instance_ids,
        &names,
        &due
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

async fn take(tx: &mut Tx, ctx: &Ctx, outcomes: &[Outcome]) -> Result<(), sqlx::Error> {
    let taken = outcomes
        .iter()
        .flat_map(|outcome| outcome.advanced.taken.iter().map(|message| (outcome.id, *message)));
    let (instance_ids, ids): (Vec<Uuid>, Vec<Uuid>) = taken.unzip();
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE workflows.message \
         SET taken_at = $3 \
         FROM UNNEST($1::uuid[], $2::uuid[]) AS taken (instance_id, id) \
         WHERE message.instance_id = taken.instance_id AND message.id = taken.id",
        &instance_ids,
        &ids,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

async fn write_steps(tx: &mut Tx, at: DateTime<Utc>, outcomes: &[Outcome]) -> Result<(), sqlx::Error> {
    let (mut instance_ids, mut sequences) = (Vec::new(), Vec::new());
    let (mut happenings, mut commands) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        for step in &outcome.advanced.steps {
            instance_ids.push(outcome.id);
            sequences.push(step.sequence);
            happenings.push(serde_json::to_value(&step.happening).map_err(super::undecodable)?);
            commands.push(serde_json::to_value(&step.commands).map_err(super::undecodable)?);
        }
    }
    if sequences.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO workflows.step (instance_id, sequence, at, happening, commands) \
         SELECT made.instance_id, made.sequence, $5, made.happening, made.commands \
         FROM UNNEST($1::uuid[], $2::bigint[], $3::jsonb[], $4::jsonb[]) \
             AS made (instance_id, sequence, happening, commands)",
        &instance_ids,
        &sequences,
        &happenings,
        &commands,
        at
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// For instances that begin anew.
async fn forget_past(tx: &mut Tx, ids: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM workflows.step WHERE instance_id = ANY($1)", ids).execute(conn(tx)).await?;
    sqlx::query!("DELETE FROM workflows.run WHERE instance_id = ANY($1)", ids).execute(conn(tx)).await?;
    sqlx::query!("DELETE FROM workflows.message WHERE instance_id = ANY($1) AND taken_at IS NOT NULL", ids)
        .execute(conn(tx))
        .await?;
    Ok(())
}

/// When the next instance or run of these definitions is due.
#[tracing::instrument(name = "db.workflows.next_due", skip_all)]
pub(crate) async fn next_due(
    pool: &PgPool,
    processes: &Processes,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let (names, versions) = known(processes);
    sqlx::query_scalar!(
        r#"
        SELECT LEAST(
            (SELECT MIN(wake_at)
             FROM workflows.instance
             WHERE wake_at IS NOT NULL
               AND (process, version) IN (
                  SELECT known.name, known.version FROM UNNEST($1::text[], $2::integer[]) AS known (name, version))),
            (SELECT MIN(run.due_at)
             FROM workflows.run
             JOIN workflows.instance ON instance.id = run.instance_id
             WHERE run.due_at IS NOT NULL
               AND (instance.process, instance.version) IN (
                  SELECT known.name, known.version FROM UNNEST($1::text[], $2::integer[]) AS known (name, version)))
        )
        "#,
        &names,
        &versions
    )
    .fetch_one(pool)
    .await
}

/// Forgets what ended, or never began, before; how much.
#[tracing::instrument(name = "db.workflows.forget", skip_all)]
pub(crate) async fn forget(pool: &PgPool, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let forgotten = sqlx::query!(
        "DELETE FROM workflows.instance \
         WHERE status IN ('awaited', 'completed', 'canceled') AND updated_at < $1",
        before
    )
    .execute(pool)
    .await?;
    Ok(forgotten.rows_affected())
}
