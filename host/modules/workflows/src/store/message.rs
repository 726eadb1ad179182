//! What instances have to take in.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_db::conn;
use vectis_kernel::Ctx;

use crate::advance::Message;
use crate::store::undecodable;

/// Makes the instances that are missing, lets begin what is told to, and wakes those that run. Answers with those that can still
/// be told something. Holds their rows.
#[tracing::instrument(name = "db.workflows.wake", skip_all)]
pub(crate) async fn wake(
    tx: &mut Tx,
    ctx: &Ctx,
    instances: &BTreeMap<(&str, &str), Option<u32>>,
) -> Result<HashMap<(String, String), Uuid>, sqlx::Error> {
    let ids: Vec<Uuid> = instances.iter().map(|_| ctx.new_id()).collect();
    let processes: Vec<&str> = instances.keys().map(|(process, _)| *process).collect();
    let keys: Vec<&str> = instances.keys().map(|(_, key)| *key).collect();
    let versions: Vec<Option<i32>> =
        instances.values().map(|begins| begins.and_then(|version| i32::try_from(version).ok())).collect();
    let woken = sqlx::query!(
        r#"
        INSERT INTO workflows.instance AS held
            (id, process, key, version, status, state, sequence, wake_at, created_at, updated_at)
        SELECT told.id, told.process, told.key, told.version,
               CASE WHEN told.version IS NULL THEN 'awaited' ELSE 'running' END,
               'null', 0,
               CASE WHEN told.version IS NULL THEN NULL ELSE $5::timestamptz END,
               $5, $5
        FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::integer[]) AS told (id, process, key, version)
        ON CONFLICT (process, key) DO UPDATE
        SET version = COALESCE(held.version, EXCLUDED.version),
            status = CASE
                WHEN held.status = 'awaited' AND EXCLUDED.version IS NOT NULL THEN 'running'
                ELSE held.status
            END,
            wake_at = CASE
                WHEN held.status = 'running' OR held.status = 'awaited' AND EXCLUDED.version IS NOT NULL
                THEN LEAST(held.wake_at, $5)
            END
        RETURNING id, process, key, status
        "#,
        &ids,
        &processes as &[&str],
        &keys as &[&str],
        &versions as &[Option<i32>],
        ctx.now()
    )
    .fetch_all(conn(tx))
    .await?;
    let open = woken.into_iter().filter(|row| !matches!(row.status.as_str(), "completed" | "canceled"));
    Ok(open.map(|row| ((row.process, row.key), row.id)).collect())
}

/// Wakes an instance that runs, and holds its row. None when it has ended.
#[tracing::instrument(name = "db.workflows.wake_one", skip_all)]
pub(crate) async fn wake_one(tx: &mut Tx, ctx: &Ctx, id: Uuid) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "UPDATE workflows.instance \
         SET wake_at = CASE WHEN status = 'running' THEN LEAST(wake_at, $2) END \
         WHERE id = $1 AND status IN ('running', 'broken') \
         RETURNING id",
        id,
        ctx.now()
    )
    .fetch_optional(conn(tx))
    .await
}

/// Puts messages; one whose id the instance has had already is none.
#[tracing::instrument(name = "db.workflows.put", skip_all)]
pub(crate) async fn put(
    tx: &mut Tx,
    ctx: &Ctx,
    messages: Vec<(Uuid, Uuid, Value)>,
) -> Result<(), sqlx::Error> {
    let instance_ids: Vec<Uuid> = messages.iter().map(|message| message.0).collect();
    let ids: Vec<Uuid> = messages.iter().map(|message| message.1).collect();
    let happenings: Vec<Value> = messages.into_iter().map(|message| message.2).collect();
    sqlx::query!(
        "INSERT INTO workflows.message (instance_id, id, happening, created_at) \
         SELECT told.instance_id, told.id, told.happening, $4 \
         FROM UNNEST($1::uuid[], $2::uuid[], $3::jsonb[]) WITH ORDINALITY AS told (instance_id, id, happening, place) \
         ORDER BY told.place \
         ON CONFLICT (instance_id, id) DO NOTHING",
        &instance_ids,
        &ids,
        &happenings,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// What waits for instances, in order.
#[tracing::instrument(name = "db.workflows.waiting", skip_all)]
pub(crate) async fn waiting(
    tx: &mut Tx,
    instance_ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Message>>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT instance_id, id, happening \
         FROM workflows.message \
         WHERE instance_id = ANY($1) AND taken_at IS NULL \
         ORDER BY number",
        instance_ids
    )
    .fetch_all(conn(tx))
    .await?;
    let mut waiting: HashMap<Uuid, Vec<Message>> = HashMap::new();
    for row in rows {
        let happening = serde_json::from_value(row.happening).map_err(undecodable)?;
        waiting.entry(row.instance_id).or_default().push(Message { id: row.id, happening });
    }
    Ok(waiting)
}
