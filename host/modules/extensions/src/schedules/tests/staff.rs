//! Run now, pause, resume, look.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::plugin_schedules::{DeclaredSchedule, ScheduleCode};
use vectis_kernel::ids::{LoginId, PluginScheduleId};
use vectis_kernel::{Actor, Ctx, Failure, IdempotencyKey, PageRequest, StaffActor};

use super::{Room, at, done, hourly, room};

impl Room {
    fn keyed(&self, key: &str) -> Ctx {
        let idempotency = Some(IdempotencyKey { key: key.to_owned(), parameters_hash: [7; 32] });
        Ctx { idempotency, ..self.ctx() }
    }

    /// Staff who may do nothing.
    fn powerless(&self) -> Ctx {
        let permissions = Arc::new(BTreeSet::new());
        let actor = StaffActor { login_id: LoginId(Uuid::from_u128(1)), permissions };
        Ctx { actor: Actor::Staff(actor), ..self.ctx() }
    }
}

fn code<T: std::fmt::Debug>(outcome: Result<T, Failure<ScheduleCode>>) -> ScheduleCode {
    outcome.unwrap_err().refusals()[0].code
}

#[sqlx::test(migrations = false)]
async fn a_run_that_staff_ask_for_comes_at_once_and_the_times_stay(pool: PgPool) {
    let room = room(pool).await;
    room.take().await;
    let id = room.schedule().await.id;

    let asked = room.one.run_now(&room.keyed("k"), id).await.unwrap();
    let again = room.one.run_now(&room.keyed("k"), id).await.unwrap();
    let run = room.take().await.unwrap();

    assert_eq!((asked.due_at, again.due_at), (Some(at("2026-01-15T07:30:00Z")), asked.due_at));
    assert_eq!((run.slot_at, run.is_late), (at("2026-01-15T07:30:00Z"), false));
    assert_eq!(code(room.one.run_now(&room.ctx(), id).await), ScheduleCode::AlreadyRunning);
    room.finish(&run, done(1)).await;
    assert_eq!(room.schedule().await.due_at, Some(at("2026-01-15T08:00:00Z")));
    assert_eq!(room.audit.actions(), ["schedule.run"]);
    // The key has its answer; no second run.
    room.one.run_now(&room.keyed("k"), id).await.unwrap();
    assert_eq!(room.take().await, None);
}

#[sqlx::test(migrations = false)]
async fn what_is_paused_rests_and_makes_nothing_up_when_it_goes_on(pool: PgPool) {
    let room = Room::due(pool).await;
    let id = room.schedule().await.id;

    let paused = room.one.set_paused(&room.ctx(), id, true).await.unwrap();

    assert_eq!((paused.due_at, paused.paused_at), (None, Some(at("2026-01-15T08:00:05Z"))));
    assert_eq!(room.take().await, None);
    // Staff may have it run all the same, once.
    room.one.run_now(&room.ctx(), id).await.unwrap();
    let run = room.take().await.unwrap();
    room.finish(&run, done(1)).await;
    room.move_to("2026-01-15T12:10:00Z");
    assert_eq!(room.take().await, None);

    let resumed = room.one.set_paused(&room.ctx(), id, false).await.unwrap();
    assert_eq!((resumed.due_at, resumed.paused_at), (Some(at("2026-01-15T13:00:00Z")), None));
    assert_eq!(room.take().await, None);
    assert_eq!(room.audit.actions(), ["schedule.pause", "schedule.run", "schedule.resume"]);
}

#[sqlx::test(migrations = false)]
async fn who_may_not_manage_plugins_sees_and_does_nothing(pool: PgPool) {
    let room = Room::due(pool).await;
    let (id, nobody) = (room.schedule().await.id, room.powerless());

    assert_eq!(code(room.one.page(&nobody, None, PageRequest::first(1)).await), ScheduleCode::Forbidden);
    assert_eq!(code(room.one.runs(&nobody, &[id], PageRequest::first(1)).await), ScheduleCode::Forbidden);
    assert_eq!(code(room.one.run_now(&nobody, id).await), ScheduleCode::Forbidden);
    assert_eq!(code(room.one.set_paused(&nobody, id, true).await), ScheduleCode::Forbidden);
    assert_eq!(room.schedule().await.paused_at, None);
    assert!(room.audit.actions().is_empty());
    let unknown = PluginScheduleId(Uuid::from_u128(1));
    assert_eq!(code(room.one.run_now(&room.ctx(), unknown).await), ScheduleCode::ScheduleNotFound);
}

#[sqlx::test(migrations = false)]
async fn schedules_and_runs_come_in_pages(pool: PgPool) {
    let room = room(pool).await;
    let many: Vec<_> =
        (0..5).map(|number| DeclaredSchedule { name: format!("s{number}"), ..hourly() }).collect();
    room.one.take(&room.ctx(), "one", &many, 1).await.unwrap();
    for _ in 0..3 {
        room.clock.advance(TimeDelta::hours(1));
        for run in room.one.take(&room.ctx(), "one", &many, 10).await.unwrap() {
            room.finish(&run, done(1)).await;
        }
    }

    let first = room.one.page(&room.ctx(), Some("acme"), PageRequest::first(3)).await.unwrap();
    let after = PageRequest { first: 3, after: first.items.last().map(|last| last.id.0) };
    let rest = room.one.page(&room.ctx(), Some("acme"), after).await.unwrap();
    let none = room.one.page(&room.ctx(), Some("other"), PageRequest::first(3)).await.unwrap();

    assert_eq!((first.items.len(), first.has_next, rest.items.len(), rest.has_next), (3, true, 2, false));
    assert!(none.items.is_empty());
    let ids: Vec<_> = first.items.iter().map(|schedule| schedule.id).collect();
    let runs = room.one.runs(&room.ctx(), &ids, PageRequest::first(2)).await.unwrap();
    for ((id, page), schedule) in runs.iter().zip(&first.items) {
        assert_eq!((*id, page.items.len(), page.has_next), (schedule.id, 2, true));
        assert_eq!(page.items.first(), schedule.last_run.as_ref());
    }
}
