use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::audit::{Audit, AuditCode, AuditFilter, AuditRecord};
use vectis_db::{Db, statements};
use vectis_kernel::ids::{AccountId, EmployeeId, LocationId, LoginId};
use vectis_kernel::permission::staff;
use vectis_kernel::{Actor, BuyerActor, Ctx, PageRequest, Permission, StaffActor};

use crate::{Deps, MIGRATIONS, build};

struct Trail {
    db: Db,
    audit: Arc<dyn Audit>,
    ctx: Ctx,
}

async fn trail(pool: PgPool) -> Trail {
    let db = vectis_db::testing::db(pool, &[&MIGRATIONS]).await;
    let audit = build(Deps { db: db.clone() }).audit;
    Trail { db, audit, ctx: Ctx::system("test") }
}

fn placed(subject_id: Uuid, account_id: Option<AccountId>) -> AuditRecord {
    AuditRecord {
        action: "order.place",
        subject_kind: "order",
        subject_id,
        account_id,
        detail: json!({"lines": 3}),
    }
}

impl Trail {
    async fn record(&self, records: &[AuditRecord]) {
        let mut tx = self.db.begin().await.unwrap();
        self.audit.record(&mut tx, &self.ctx, records).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn subjects(&self, filter: &AuditFilter) -> Vec<Uuid> {
        let page = self.audit.list(&self.ctx, filter, PageRequest::first(100)).await.unwrap();
        page.items.into_iter().map(|entry| entry.subject_id).collect()
    }
}

fn staff_with(permissions: &[Permission]) -> Ctx {
    let permissions = Arc::new(permissions.iter().cloned().collect::<BTreeSet<_>>());
    let system = Ctx::system("test");
    let actor = Actor::Staff(StaffActor { login_id: system.new_id::<LoginId>(), permissions });
    Ctx { actor, ..system }
}

#[sqlx::test(migrations = false)]
async fn an_entry_tells_who_did_what_when_and_from_where(pool: PgPool) {
    let mut trail = trail(pool).await;
    trail.ctx.remote = Some("203.0.113.7".to_owned());
    let (order, account) = (trail.ctx.ids.next(), trail.ctx.new_id::<AccountId>());

    trail.record(&[placed(order, Some(account))]).await;

    let page = trail.audit.list(&trail.ctx, &AuditFilter::default(), PageRequest::first(10)).await.unwrap();
    let [entry] = page.items.as_slice() else { panic!("one entry, not {}", page.items.len()) };
    assert_eq!(entry.actor, "system:test");
    assert_eq!(entry.remote.as_deref(), Some("203.0.113.7"));
    assert_eq!(entry.trace_id, trail.ctx.trace_id);
    assert_eq!((entry.action.as_str(), entry.subject_kind.as_str()), ("order.place", "order"));
    assert_eq!((entry.subject_id, entry.account_id), (order, Some(account)));
    assert_eq!(entry.detail, json!({"lines": 3}));
}

#[sqlx::test(migrations = false)]
async fn an_entry_of_a_rolled_back_change_is_not_there(pool: PgPool) {
    let trail = trail(pool).await;
    let mut tx = trail.db.begin().await.unwrap();

    trail.audit.record(&mut tx, &trail.ctx, &[placed(trail.ctx.ids.next(), None)]).await.unwrap();
    tx.rollback().await.unwrap();

    assert!(trail.subjects(&AuditFilter::default()).await.is_empty());
}

#[sqlx::test(migrations = false)]
async fn entries_can_be_neither_changed_nor_removed(pool: PgPool) {
    let trail = trail(pool).await;
    let order = trail.ctx.ids.next();
    trail.record(&[placed(order, None)]).await;

    for change in
        ["UPDATE audit.entry SET actor = 'nobody'", "DELETE FROM audit.entry", "TRUNCATE audit.entry"]
    {
        let refused = sqlx::query(change).execute(trail.db.pool()).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{change}: {refused}");
    }

    assert_eq!(trail.subjects(&AuditFilter::default()).await, [order]);
}

#[sqlx::test(migrations = false)]
async fn the_list_is_newest_first_and_continues_behind_the_last_entry(pool: PgPool) {
    let trail = trail(pool).await;
    let orders: Vec<Uuid> = (0..5).map(|_| trail.ctx.ids.next()).collect();
    let records: Vec<AuditRecord> = orders.iter().map(|order| placed(*order, None)).collect();
    trail.record(&records).await;

    let mut seen = Vec::new();
    let mut page = PageRequest::first(2);
    loop {
        let got = trail.audit.list(&trail.ctx, &AuditFilter::default(), page).await.unwrap();
        assert!(got.items.len() <= 2);
        seen.extend(got.items.iter().map(|entry| entry.subject_id));
        if !got.has_next {
            break;
        }
        page.after = got.items.last().map(|entry| entry.id.0);
    }

    let newest_first: Vec<Uuid> = orders.into_iter().rev().collect();
    assert_eq!(seen, newest_first);
}

#[sqlx::test(migrations = false)]
async fn the_list_can_be_narrowed_to_a_subject_or_an_account(pool: PgPool) {
    let trail = trail(pool).await;
    let (ours, theirs) = (trail.ctx.new_id::<AccountId>(), trail.ctx.new_id::<AccountId>());
    let orders: Vec<Uuid> = (0..3).map(|_| trail.ctx.ids.next()).collect();
    let accounts = [Some(ours), Some(theirs), None];
    let records: Vec<AuditRecord> =
        orders.iter().zip(accounts).map(|(order, account)| placed(*order, account)).collect();
    trail.record(&records).await;

    let of_account = AuditFilter { account_id: Some(ours), ..AuditFilter::default() };
    let of_subject = AuditFilter { subject_id: Some(orders[2]), ..AuditFilter::default() };
    let of_both = AuditFilter { subject_id: Some(orders[1]), account_id: Some(ours) };
    assert_eq!(trail.subjects(&of_account).await, [orders[0]]);
    assert_eq!(trail.subjects(&of_subject).await, [orders[2]]);
    assert!(trail.subjects(&of_both).await.is_empty());
}

#[sqlx::test(migrations = false)]
async fn reading_the_trail_needs_the_staff_permission(pool: PgPool) {
    let trail = trail(pool).await;
    let system = Ctx::system("test");
    let buyer = Actor::Buyer(BuyerActor {
        login_id: system.new_id::<LoginId>(),
        employee_id: system.new_id::<EmployeeId>(),
        account_id: system.new_id::<AccountId>(),
        location_id: system.new_id::<LocationId>(),
        permissions: Arc::new([staff::AUDIT_READ].into()),
    });
    let anonymous = Actor::Anonymous { guest: None };
    let others = [
        staff_with(&[staff::ORDERS_READ]),
        Ctx { actor: buyer, ..system.clone() },
        Ctx { actor: anonymous, ..system },
    ];

    for ctx in others {
        let refused =
            trail.audit.list(&ctx, &AuditFilter::default(), PageRequest::first(1)).await.unwrap_err();
        assert_eq!(refused.refusals()[0].code, AuditCode::Forbidden, "{:?}", ctx.actor);
    }
    let allowed = staff_with(&[staff::AUDIT_READ]);
    trail.audit.list(&allowed, &AuditFilter::default(), PageRequest::first(1)).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn what_several_commands_of_a_unit_of_work_record_is_one_statement_and_goes_with_it(pool: PgPool) {
    let trail = trail(pool).await;
    let [first, second, forgotten] = std::array::from_fn(|_| trail.ctx.ids.next());

    let before = statements::counted(trail.db.pool()).await.unwrap().unwrap();
    let mut tx = trail.db.begin().await.unwrap();
    trail.audit.record(&mut tx, &trail.ctx, &[placed(first, None)]).await.unwrap();
    trail.audit.record(&mut tx, &trail.ctx, &[placed(second, None)]).await.unwrap();
    tx.commit().await.unwrap();
    let ran = statements::counted(trail.db.pool()).await.unwrap().unwrap().since(&before);
    let mut tx = trail.db.begin().await.unwrap();
    trail.audit.record(&mut tx, &trail.ctx, &[placed(forgotten, None)]).await.unwrap();
    tx.rollback().await.unwrap();

    assert_eq!(ran.total(), 1, "{:?}", ran.by_text());
    assert_eq!(trail.subjects(&AuditFilter::default()).await, [second, first]);
}

#[sqlx::test(migrations = false)]
async fn ten_thousand_entries_are_one_statement_and_none_is_no_statement(pool: PgPool) {
    let trail = trail(pool).await;
    for (count, expected) in [(0, 0), (1, 1), (1_000, 1), (10_000, 1)] {
        let records: Vec<AuditRecord> = (0..count).map(|_| placed(trail.ctx.ids.next(), None)).collect();
        let before = statements::counted(trail.db.pool()).await.unwrap().unwrap();
        trail.record(&records).await;
        let ran = statements::counted(trail.db.pool()).await.unwrap().unwrap().since(&before);
        assert_eq!(ran.total(), expected, "{count} entries: {:?}", ran.by_text());
    }
}
