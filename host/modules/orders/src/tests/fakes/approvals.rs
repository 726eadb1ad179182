//! Requests in a table, their plans in memory.

use async_trait::async_trait;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::approvals::{
    ApprovalCode, ApprovalDecision, ApprovalFilter, ApprovalRequest, ApprovalStatus, Approvals, OpenApproval,
    Overdue, Verdict,
};
use vectis_db::conn;
use vectis_kernel::ids::{ApprovalRequestId, CartId, EmployeeId};
use vectis_kernel::{Ctx, Failure, Page, PageRequest};

use super::{Fakes, never};

fn status_of(name: &str) -> ApprovalStatus {
    match name {
        "pending" => ApprovalStatus::Pending,
        "approved" => ApprovalStatus::Approved,
        "rejected" => ApprovalStatus::Rejected,
        "expired" => ApprovalStatus::Expired,
        _ => ApprovalStatus::Canceled,
    }
}

impl Fakes {
    async fn request(&self, ctx: &Ctx, id: ApprovalRequestId) -> Option<ApprovalRequest> {
        let open = self.state().requests.get(&id).cloned()?;
        let row: (String, i64, i32) =
            sqlx::query_as("SELECT status, version, current_step FROM fakes.request WHERE id = $1")
                .bind(id.0)
                .fetch_optional(&self.pool)
                .await
                .unwrap()?;
        let made: Vec<(i32, Uuid)> =
            sqlx::query_as("SELECT step, employee_id FROM fakes.decision WHERE request_id = $1")
                .bind(id.0)
                .fetch_all(&self.pool)
                .await
                .unwrap();
        let decisions = made.into_iter().map(|(step, by)| approved(ctx, step, EmployeeId(by)));
        Some(ApprovalRequest {
            status: status_of(&row.0),
            current_step: row.2,
            decisions: decisions.collect(),
            version: row.1,
            ..opened(ctx, id, open)
        })
    }
}

fn approved(ctx: &Ctx, step: i32, employee_id: EmployeeId) -> ApprovalDecision {
    ApprovalDecision { step, employee_id, verdict: Verdict::Approve, note: String::new(), at: ctx.now() }
}

fn opened(ctx: &Ctx, id: ApprovalRequestId, open: OpenApproval) -> ApprovalRequest {
    ApprovalRequest {
        id,
        channel_id: open.channel_id,
        cart_id: open.cart_id,
        cart_version: open.cart_version,
        grand_total: open.grand_total,
        line_count: open.line_count,
        account_id: open.account_id,
        location_id: open.location_id,
        submitted_by: open.submitted_by,
        status: ApprovalStatus::Pending,
        steps: open.steps,
        current_step: 0,
        decisions: Vec::new(),
        reminders: 0,
        reminded_at: None,
        escalated_at: None,
        created_at: ctx.now(),
        version: 1,
    }
}

#[async_trait]
impl Approvals for Fakes {
    async fn get_many(
        &self,
        ctx: &Ctx,
        ids: &[ApprovalRequestId],
    ) -> Result<Vec<ApprovalRequest>, Failure<ApprovalCode>> {
        let mut found = Vec::new();
        for id in ids {
            found.extend(self.request(ctx, *id).await);
        }
        Ok(found)
    }

    async fn open(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        open: OpenApproval,
    ) -> Result<ApprovalRequest, Failure<ApprovalCode>> {
        let id: ApprovalRequestId = ctx.new_id();
        let inserted = sqlx::query(
            "INSERT INTO fakes.request (id, cart_id, cart_version, status, version, current_step) \
             VALUES ($1, $2, $3, 'pending', 1, 0) ON CONFLICT DO NOTHING",
        )
        .bind(id.0)
        .bind(open.cart_id.0)
        .bind(open.cart_version)
        .execute(conn(tx))
        .await?;
        if inserted.rows_affected() == 0 {
            return Err(Failure::refused(ApprovalCode::NotPending, "somebody else submitted the cart"));
        }
        self.state().requests.insert(id, open.clone());
        Ok(opened(ctx, id, open))
    }

    async fn decide(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        request: &ApprovalRequest,
        decided_by: EmployeeId,
        verdict: Verdict,
        _note: &str,
    ) -> Result<ApprovalRequest, Failure<ApprovalCode>> {
        let step = &request.steps[usize::try_from(request.current_step).unwrap()];
        let given = request.decisions.iter().filter(|made| made.step == request.current_step).count() + 1;
        let mut next = request.current_step;
        let status = match verdict {
            Verdict::Reject => "rejected",
            Verdict::Approve if given < step.quorum as usize => "pending",
            Verdict::Approve => {
                next += 1;
                if usize::try_from(next).unwrap() == request.steps.len() { "approved" } else { "pending" }
            }
        };
        let moved = sqlx::query(
            "UPDATE fakes.request SET status = $3, version = version + 1, current_step = $4 \
             WHERE id = $1 AND version = $2 AND status = 'pending'",
        )
        .bind(request.id.0)
        .bind(request.version)
        .bind(status)
        .bind(next)
        .execute(conn(tx))
        .await?;
        if moved.rows_affected() == 0 {
            return Err(Failure::refused(ApprovalCode::StaleVersion, "the request has moved on"));
        }
        sqlx::query("INSERT INTO fakes.decision (request_id, step, employee_id) VALUES ($1, $2, $3)")
            .bind(request.id.0)
            .bind(request.current_step)
            .bind(decided_by.0)
            .execute(conn(tx))
            .await?;
        let mut after = request.clone();
        after.decisions.push(approved(ctx, request.current_step, decided_by));
        Ok(ApprovalRequest {
            status: status_of(status),
            current_step: next,
            version: request.version + 1,
            ..after
        })
    }

    async fn overdue(
        &self,
        tx: &mut Tx,
        _ctx: &Ctx,
        id: ApprovalRequestId,
        overdue: Overdue,
    ) -> Result<CartId, Failure<ApprovalCode>> {
        let status = if overdue == Overdue::Expire { "expired" } else { "pending" };
        let cart: Option<(Uuid,)> = sqlx::query_as(
            "UPDATE fakes.request SET status = $2 WHERE id = $1 AND status = 'pending' RETURNING cart_id",
        )
        .bind(id.0)
        .bind(status)
        .fetch_optional(conn(tx))
        .await?;
        let cart = cart.ok_or_else(|| Failure::refused(ApprovalCode::NotPending, "it is decided"))?;
        Ok(CartId(cart.0))
    }

    async fn cancel(
        &self,
        tx: &mut Tx,
        _ctx: &Ctx,
        request: &ApprovalRequest,
    ) -> Result<(), Failure<ApprovalCode>> {
        sqlx::query("UPDATE fakes.request SET status = 'canceled', version = version + 1 WHERE id = $1 AND status = 'pending'")
            .bind(request.id.0)
            .execute(conn(tx))
            .await?;
        Ok(())
    }

    async fn list(
        &self,
        _ctx: &Ctx,
        _filter: &ApprovalFilter,
        _page: PageRequest,
    ) -> Result<Page<ApprovalRequest>, Failure<ApprovalCode>> {
        never()
    }
}
