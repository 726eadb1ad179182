//! All SQL of the schema `approvals`.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::approvals::{
    ApprovalDecision, ApprovalFilter, ApprovalRequest, ApprovalStatus, OpenApproval, Overdue, Verdict,
};
use vectis_contracts::points::ApprovalStep;
use vectis_db::conn;
use vectis_kernel::ids::{ApprovalRequestId, EmployeeId};
use vectis_kernel::{Money, PageRequest};

use crate::model::Standing;
use crate::service::Scope;
use crate::steps::StoredStep;

struct RequestRow {
    id: Uuid,
    channel_id: Uuid,
    cart_id: Uuid,
    cart_version: i64,
    grand_total_minor: i64,
    currency: String,
    line_count: i32,
    account_id: Uuid,
    location_id: Uuid,
    submitted_by: Uuid,
    status: String,
    steps: Json<Vec<StoredStep>>,
    current_step: i32,
    decisions: Vec<DecisionRow>,
    reminders: i32,
    reminded_at: Option<DateTime<Utc>>,
    escalated_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    version: i64,
}

/// A decision as a Postgres record: step, employee, verdict, note, time. A tuple, because an anonymous record is read
/// without asking the server for types.
type DecisionRow = (i32, Uuid, String, String, DateTime<Utc>);

impl TryFrom<RequestRow> for ApprovalRequest {
    type Error = sqlx::Error;

    fn try_from(row: RequestRow) -> Result<Self, sqlx::Error> {
        let currency = row.currency.parse().map_err(undecodable)?;
        Ok(Self {
            id: row.id.into(),
            channel_id: row.channel_id.into(),
            cart_id: row.cart_id.into(),
            cart_version: row.cart_version,
            grand_total: Money::new(row.grand_total_minor, currency),
            line_count: row.line_count,
            account_id: row.account_id.into(),
            location_id: row.location_id.into(),
            submitted_by: row.submitted_by.into(),
            status: status_from(&row.status)?,
            steps: row.steps.0.into_iter().map(ApprovalStep::from).collect(),
            current_step: row.current_step,
            decisions: row.decisions.into_iter().map(decision).collect::<Result<_, _>>()?,
            reminders: row.reminders,
            reminded_at: row.reminded_at,
            escalated_at: row.escalated_at,
            created_at: row.created_at,
            version: row.version,
        })
    }
}

fn decision((step, employee_id, verdict, note, at): DecisionRow) -> Result<ApprovalDecision, sqlx::Error> {
    let verdict = verdict_from(&verdict)?;
    Ok(ApprovalDecision { step, employee_id: employee_id.into(), verdict, note, at })
}

/// Requests by id that lie in the scope, with their decisions, oldest first.
#[tracing::instrument(name = "db.approvals.get_many", skip_all)]
pub(crate) async fn get_many(
    pool: &PgPool,
    scope: Scope,
    ids: &[ApprovalRequestId],
) -> Result<Vec<ApprovalRequest>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        RequestRow,
        r#"
        SELECT id, channel_id, cart_id, cart_version, grand_total_minor, currency, line_count, account_id, location_id,
               submitted_by, status, steps AS "steps: Json<Vec<StoredStep>>", current_step,
               ARRAY(
                   SELECT ROW(step, employee_id, verdict, note, decided_at)
                   FROM approvals.decision
                   WHERE request_id = request.id
                   ORDER BY decided_at, id
               ) AS "decisions!: Vec<DecisionRow>",
               reminders, reminded_at, escalated_at, created_at, version
        FROM approvals.request
        WHERE id = ANY($1)
          AND ($2::uuid IS NULL OR account_id = $2)
          AND ($3::uuid IS NULL OR submitted_by = $3)
        "#,
        &ids,
        scope.account_id.map(|id| id.0),
        scope.submitted_by.map(|id| id.0)
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(ApprovalRequest::try_from).collect()
}

/// Requests that lie in the scope, newest first, with their decisions, oldest first.
#[tracing::instrument(name = "db.approvals.list", skip_all)]
pub(crate) async fn list(
    pool: &PgPool,
    scope: Scope,
    filter: &ApprovalFilter,
    page: PageRequest,
) -> Result<Vec<ApprovalRequest>, sqlx::Error> {
    let rows = sqlx::query_as!(
        RequestRow,
        r#"
        SELECT id, channel_id, cart_id, cart_version, grand_total_minor, currency, line_count, account_id, location_id,
               submitted_by, status, steps AS "steps: Json<Vec<StoredStep>>", current_step,
               ARRAY(
                   SELECT ROW(step, employee_id, verdict, note, decided_at)
                   FROM approvals.decision
                   WHERE request_id = request.id
                   ORDER BY decided_at, id
               ) AS "decisions!: Vec<DecisionRow>",
               reminders, reminded_at, escalated_at, created_at, version
        FROM approvals.request
        WHERE ($1::uuid IS NULL OR account_id = $1)
          AND ($2::uuid IS NULL OR submitted_by = $2)
          AND ($3::text IS NULL OR status = $3)
          AND ($4::uuid IS NULL OR account_id = $4)
          AND ($5::uuid IS NULL OR id < $5)
        ORDER BY id DESC
        LIMIT $6
        "#,
        scope.account_id.map(|id| id.0),
        scope.submitted_by.map(|id| id.0),
        filter.status.map(status_text),
        filter.account_id.map(|id| id.0),
        page.after,
        page.fetch_limit()
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(ApprovalRequest::try_from).collect()
}

/// What opening a request did.
pub(crate) struct Opened {
    /// False when another request of the cart was opened at the same moment; nothing may be committed then.
    pub(crate) is_inserted: bool,
    /// Older pending requests of the cart, canceled now.
    pub(crate) canceled: Vec<ApprovalRequestId>,
}

/// Cancels what waits for the cart and inserts the new request.
#[tracing::instrument(name = "db.approvals.open", skip_all)]
pub(crate) async fn open(
    tx: &mut Tx,
    id: ApprovalRequestId,
    open: &OpenApproval,
    now: DateTime<Utc>,
) -> Result<Opened, sqlx::Error> {
    let steps: Vec<StoredStep> = open.steps.iter().map(StoredStep::from).collect();
    // Counting the canceled makes the insert wait for them; otherwise both would run in no particular order.
    let opened = sqlx::query!(
        r#"
        WITH canceled AS (
            UPDATE approvals.request
            SET status = 'canceled', version = version + 1, updated_at = $12
            WHERE cart_id = $3 AND status = 'pending'
            RETURNING id
        ),
        inserted AS (
            INSERT INTO approvals.request
                (id, channel_id, cart_id, cart_version, grand_total_minor, currency, line_count, account_id,
                 location_id, submitted_by, status, steps, current_step, version, created_at, updated_at)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'pending', $11, 0, 1, $12, $12
            FROM (SELECT COUNT(*) FROM canceled) AS done
            ON CONFLICT (cart_id) WHERE status = 'pending' DO NOTHING
            RETURNING id
        )
        SELECT EXISTS (SELECT 1 FROM inserted) AS "is_inserted!",
               ARRAY(SELECT id FROM canceled) AS "canceled!"
        "#,
        id.0,
        open.channel_id.0,
        open.cart_id.0,
        open.cart_version,
        open.grand_total.minor,
        open.grand_total.currency.code(),
        open.line_count,
        open.account_id.0,
        open.location_id.0,
        open.submitted_by.0,
        Json(&steps) as Json<&Vec<StoredStep>>,
        now
    )
    .fetch_one(conn(tx))
    .await?;
    Ok(Opened {
        is_inserted: opened.is_inserted,
        canceled: opened.canceled.into_iter().map(Into::into).collect(),
    })
}

/// Moves a pending request on and writes the decision down, both or neither. False when the request is not at the version
/// given any more, or the employee has decided the step.
#[tracing::instrument(name = "db.approvals.decide", skip_all)]
pub(crate) async fn decide(
    tx: &mut Tx,
    request: &ApprovalRequest,
    to: Standing,
    decision_id: Uuid,
    decision: &ApprovalDecision,
) -> Result<bool, sqlx::Error> {
    let decided = sqlx::query!(
        "WITH moved AS ( \
             UPDATE approvals.request \
             SET status = $3, current_step = $4, version = version + 1, updated_at = $5 \
             WHERE id = $1 AND version = $2 AND status = 'pending' \
               AND NOT EXISTS ( \
                   SELECT 1 FROM approvals.decision \
                   WHERE request_id = $1 AND step = $7 AND employee_id = $8) \
             RETURNING id \
         ) \
         INSERT INTO approvals.decision \
             (id, request_id, step, employee_id, verdict, note, decided_at, created_at) \
         SELECT $6, id, $7, $8, $9, $10, $5, $5 \
         FROM moved",
        request.id.0,
        request.version,
        status_text(to.status),
        to.current_step,
        decision.at,
        decision_id,
        decision.step,
        decision.employee_id.0,
        verdict_text(decision.verdict),
        decision.note
    )
    .execute(conn(tx))
    .await?;
    Ok(decided.rows_affected() == 1)
}

/// Cancels a pending request. False when it is not at the version given, or not pending, any more.
#[tracing::instrument(name = "db.approvals.cancel", skip_all)]
pub(crate) async fn cancel(
    tx: &mut Tx,
    request: &ApprovalRequest,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let canceled = sqlx::query!(
        "UPDATE approvals.request \
         SET status = 'canceled', version = version + 1, updated_at = $3 \
         WHERE id = $1 AND version = $2 AND status = 'pending'",
        request.id.0,
        request.version,
        now
    )
    .execute(conn(tx))
    .await?;
    Ok(canceled.rows_affected() == 1)
}

/// A request over which time has passed.
pub(crate) struct Waiting {
    pub(crate) cart_id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) submitted_by: Uuid,
    pub(crate) current_step: i32,
    pub(crate) steps: Json<Vec<StoredStep>>,
    pub(crate) reminders: i32,
}

/// What time does to a pending request. None when it is not pending any more. Its version stays, unless it is closed: who read it
/// before may still decide it.
#[tracing::instrument(name = "db.approvals.overdue", skip_all)]
pub(crate) async fn overdue(
    tx: &mut Tx,
    id: ApprovalRequestId,
    overdue: Overdue,
    now: DateTime<Utc>,
) -> Result<Option<Waiting>, sqlx::Error> {
    sqlx::query_as!(
        Waiting,
        r#"
        UPDATE approvals.request
        SET reminders = reminders + CASE WHEN $2 THEN 1 ELSE 0 END,
            reminded_at = CASE WHEN $2 THEN $5 ELSE reminded_at END,
            escalated_at = CASE WHEN $3 THEN $5 ELSE escalated_at END,
            status = CASE WHEN $4 THEN 'expired' ELSE status END,
            version = version + CASE WHEN $4 THEN 1 ELSE 0 END,
            updated_at = $5
        WHERE id = $1 AND status = 'pending'
        RETURNING cart_id, account_id, submitted_by, current_step, steps AS "steps: Json<Vec<StoredStep>>", reminders
        "#,
        id.0,
        overdue == Overdue::Remind,
        overdue == Overdue::Escalate,
        overdue == Overdue::Expire,
        now
    )
    .fetch_optional(conn(tx))
    .await
}

/// The status of a request and who has decided this step, for the reason of a refusal.
#[tracing::instrument(name = "db.approvals.find_state", skip_all)]
pub(crate) async fn find_state(
    tx: &mut Tx,
    id: ApprovalRequestId,
    step: i32,
) -> Result<Option<(ApprovalStatus, Vec<EmployeeId>)>, sqlx::Error> {
    let found = sqlx::query!(
        r#"
        SELECT status,
               ARRAY(
                   SELECT employee_id FROM approvals.decision WHERE request_id = request.id AND step = $2
               ) AS "decided_by!"
        FROM approvals.request
        WHERE id = $1
        "#,
        id.0,
        step
    )
    .fetch_optional(conn(tx))
    .await?;
    let state = found.map(|found| {
        let decided_by = found.decided_by.into_iter().map(EmployeeId::from).collect();
        Ok((status_from(&found.status)?, decided_by))
    });
    state.transpose()
}

/// As stored and told.
pub(crate) fn status_text(status: ApprovalStatus) -> &'static str {
    match status {
        ApprovalStatus::Pending => "pending",
        ApprovalStatus::Approved => "approved",
        ApprovalStatus::Rejected => "rejected",
        ApprovalStatus::Canceled => "canceled",
        ApprovalStatus::Expired => "expired",
    }
}

/// As stored and told.
pub(crate) fn verdict_text(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve",
        Verdict::Reject => "reject",
    }
}

fn status_from(text: &str) -> Result<ApprovalStatus, sqlx::Error> {
    match text {
        "pending" => Ok(ApprovalStatus::Pending),
        "approved" => Ok(ApprovalStatus::Approved),
        "rejected" => Ok(ApprovalStatus::Rejected),
        "canceled" => Ok(ApprovalStatus::Canceled),
        "expired" => Ok(ApprovalStatus::Expired),
        other => Err(undecodable(format!("unknown approval status {other:?}"))),
    }
}

fn verdict_from(text: &str) -> Result<Verdict, sqlx::Error> {
    match text {
        "approve" => Ok(Verdict::Approve),
        "reject" => Ok(Verdict::Reject),
        other => Err(undecodable(format!("unknown verdict {other:?}"))),
    }
}

fn undecodable(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Decode(reason.into())
}
