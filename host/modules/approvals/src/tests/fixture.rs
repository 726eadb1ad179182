//! The module on a fresh database, with an audit trail that only remembers.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sqlx::PgPool;
use vectis_contracts::Tx;
use vectis_contracts::approvals::{
    ApprovalCode, ApprovalRequest, ApprovalStatus, Approvals, OpenApproval, Verdict,
};
use vectis_contracts::audit::{Audit, AuditCode, AuditEntry, AuditFilter, AuditRecord};
use vectis_contracts::points::{ApprovalStep, Approver};
use vectis_db::Db;
use vectis_kernel::ids::{AccountId, ApprovalRequestId, CartId, EmployeeId};
use vectis_kernel::{Actor, BuyerActor, Ctx, Currency, Event, Failure, Money, Page, PageRequest, Permission};

use crate::{Deps, MIGRATIONS, build};

/// Remembers what was done.
#[derive(Default)]
pub(super) struct FakeAudit(Mutex<Vec<&'static str>>);

#[async_trait]
impl Audit for FakeAudit {
    async fn record(
        &self,
        _tx: &mut Tx,
        _ctx: &Ctx,
        records: &[AuditRecord],
    ) -> Result<(), Failure<AuditCode>> {
        let actions = records.iter().map(|record| record.action);
        self.0.lock().unwrap().extend(actions);
        Ok(())
    }

    async fn list(
        &self,
        _ctx: &Ctx,
        _filter: &AuditFilter,
        _page: PageRequest,
    ) -> Result<Page<AuditEntry>, Failure<AuditCode>> {
        unreachable!("approvals never read the trail")
    }
}

#[derive(Clone)]
pub(super) struct Fixture {
    pub(super) db: Db,
    pub(super) ctx: Ctx,
    audit: Arc<FakeAudit>,
    told: Arc<Mutex<Vec<Event>>>,
    pub(super) approvals: Arc<dyn Approvals>,
}

impl Fixture {
    pub(super) async fn new(pool: PgPool) -> Self {
        let db = vectis_db::testing::db(pool, &[&MIGRATIONS]).await;
        let audit = Arc::new(FakeAudit::default());
        let deps = Deps { db: db.clone(), audit: audit.clone() };
        let told = Arc::new(Mutex::new(Vec::new()));
        let ear = told.clone();
        db.bus().observe("test", 0, move |event| ear.lock().unwrap().push(event.clone()));
        Self { db, ctx: Ctx::system("test"), audit, told, approvals: build(deps).approvals }
    }

    pub(super) async fn open(&self, open: OpenApproval) -> ApprovalRequest {
        let id = self.try_open(open).await.unwrap();
        self.read(id).await
    }

    pub(super) async fn try_open(
        &self,
        open: OpenApproval,
    ) -> Result<ApprovalRequestId, Failure<ApprovalCode>> {
        let mut tx = self.db.begin().await.unwrap();
        let opened = self.approvals.open(&mut tx, &self.ctx, open).await?;
        tx.commit().await.unwrap();
        self.assert_is_read(&opened).await;
        Ok(opened.id)
    }

    pub(super) async fn decide(
        &self,
        request: &ApprovalRequest,
        by: EmployeeId,
        verdict: Verdict,
    ) -> Result<ApprovalStatus, Failure<ApprovalCode>> {
        let mut tx = self.db.begin().await.unwrap();
        let decided = self.approvals.decide(&mut tx, &self.ctx, request, by, verdict, "seen").await?;
        tx.commit().await.unwrap();
        self.assert_is_read(&decided).await;
        Ok(decided.status)
    }

    /// What a command answers is what is read afterwards, to the last field.
    async fn assert_is_read(&self, answered: &ApprovalRequest) {
        assert_eq!(format!("{answered:?}"), format!("{:?}", self.read(answered.id).await));
    }

    pub(super) async fn cancel(&self, request: &ApprovalRequest) -> Result<(), Failure<ApprovalCode>> {
        let mut tx = self.db.begin().await.unwrap();
        self.approvals.cancel(&mut tx, &self.ctx, request).await?;
        tx.commit().await.unwrap();
        Ok(())
    }

    pub(super) async fn read(&self, id: ApprovalRequestId) -> ApprovalRequest {
        let found = self.approvals.get_many(&self.ctx, &[id]).await.unwrap();
        found.into_iter().next().unwrap()
    }

    /// What was told after commits, in order.
    pub(super) fn events(&self) -> Vec<Event> {
        self.told.lock().unwrap().clone()
    }

    pub(super) fn event_types(&self) -> Vec<&'static str> {
        self.events().iter().map(|event| event.event_type).collect()
    }

    /// Returns once some statement in this database waits for a lock.
    pub(super) async fn until_somebody_waits(&self) {
        let waiting = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock')";
        while !sqlx::query_scalar::<_, bool>(waiting).fetch_one(self.db.pool()).await.unwrap() {}
    }

    pub(super) fn audited(&self) -> Vec<&'static str> {
        self.audit.0.lock().unwrap().clone()
    }

    pub(super) fn id<I: From<uuid::Uuid>>(&self) -> I {
        self.ctx.new_id()
    }

    pub(super) fn employee(&self, account_id: AccountId, permissions: &[Permission]) -> Ctx {
        let actor = Actor::Buyer(BuyerActor {
            login_id: self.id(),
            employee_id: self.id(),
            account_id,
            location_id: self.id(),
            permissions: Arc::new(permissions.iter().cloned().collect::<BTreeSet<_>>()),
        });
        Ctx { actor, ..self.ctx.clone() }
    }

    /// A request for a cart of 500.00 EUR with a step per quorum.
    pub(super) fn plan(&self, cart_id: CartId, quorums: &[u32]) -> OpenApproval {
        let step = |quorum: &u32| ApprovalStep {
            name: format!("quorum of {quorum}"),
            quorum: *quorum,
            approvers: vec![
                Approver::AnyApprover,
                Approver::Role("Boss".to_owned()),
                Approver::Employee(self.id()),
            ],
        };
        OpenApproval {
            channel_id: self.id(),
            cart_id,
            cart_version: 7,
            grand_total: Money::new(50_000, Currency::EUR),
            line_count: 3,
            account_id: self.id(),
            location_id: self.id(),
            submitted_by: self.id(),
            steps: quorums.iter().map(step).collect(),
        }
    }
}

/// The only refusal's code.
pub(super) fn code<T: std::fmt::Debug>(outcome: Result<T, Failure<ApprovalCode>>) -> ApprovalCode {
    let failure = outcome.unwrap_err();
    assert_eq!(failure.refusals().len(), 1, "{failure:?}");
    failure.refusals()[0].code
}
