//! Two processes on one database, and a clock that the test moves.

mod staff;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use vectis_contracts::plugin_releases::PluginVersion;
use vectis_contracts::plugin_schedules::{
    DeclaredSchedule, KEPT_RUNS, PluginSchedule, PluginScheduleRun, PluginSchedules, RunOutcome, TakenRun,
    TaskReport, Timing,
};
use vectis_db::{Db, statements, testing};
use vectis_kernel::{Clock as _, Ctx, FixedClock, PageRequest};

use crate::tests::TERMS;
use crate::tests::fakes::FakeAudit;

struct Room {
    one: Arc<dyn PluginSchedules>,
    other: Arc<dyn PluginSchedules>,
    audit: Arc<FakeAudit>,
    clock: Arc<FixedClock>,
    db: Db,
}

async fn room(pool: PgPool) -> Room {
    let db = testing::db(pool, &[&crate::MIGRATIONS]).await;
    let audit = Arc::<FakeAudit>::default();
    let build = || {
        let deps = crate::Deps { db: db.clone(), audit: audit.clone(), schedules: TERMS };
        crate::build(deps).schedules
    };
    let clock = Arc::new(FixedClock::at(at("2026-01-15T07:30:00Z")));
    Room { one: build(), other: build(), audit, clock, db }
}

impl Room {
    fn ctx(&self) -> Ctx {
        Ctx { clock: self.clock.clone(), ..Ctx::system("test") }
    }

    fn move_to(&self, text: &str) {
        self.clock.advance(at(text) - self.clock.now());
    }

    /// What the first process takes of the hourly schedule, when it has room.
    async fn take(&self) -> Option<TakenRun> {
        let mut taken = self.one.take(&self.ctx(), "one", &[hourly()], 10).await.unwrap();
        assert!(taken.len() <= 1);
        taken.pop()
    }

    /// The hourly schedule is known, and due at 08:00.
    async fn due(pool: PgPool) -> Self {
        let room = room(pool).await;
        assert_eq!(room.take().await, None);
        room.move_to("2026-01-15T08:00:05Z");
        room
    }

    async fn finish(&self, run: &TakenRun, result: Result<TaskReport, String>) -> Option<RunOutcome> {
        self.one.finish(&self.ctx(), run, result).await.unwrap()
    }

    async fn schedule(&self) -> PluginSchedule {
        let page = self.one.page(&self.ctx(), None, PageRequest::first(10)).await.unwrap();
        page.items.into_iter().next().unwrap()
    }

    async fn runs(&self) -> Vec<PluginScheduleRun> {
        let id = self.schedule().await.id;
        let mut pages = self.one.runs(&self.ctx(), &[id], PageRequest::first(100)).await.unwrap();
        pages.remove(0).1.items
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn hourly() -> DeclaredSchedule {
    DeclaredSchedule {
        plugin: "acme".to_owned(),
        name: "hourly".to_owned(),
        channel_id: None,
        task: "count".to_owned(),
        timing: Timing::every("1h").unwrap(),
        description: "Counts".to_owned(),
        version: PluginVersion { version: "1.0.0".to_owned(), sha256: "a".repeat(64) },
    }
}

fn done(count: u64) -> Result<TaskReport, String> {
    Ok(TaskReport { count, summary: format!("{count} done") })
}

fn failed() -> Result<TaskReport, String> {
    Err("the carrier is away".to_owned())
}

#[sqlx::test(migrations = false)]
async fn a_run_begins_when_it_is_due_and_is_written_down(pool: PgPool) {
    let room = Room::due(pool).await;

    let run = room.take().await.unwrap();
    let outcome = room.finish(&run, done(7)).await;

    assert_eq!((run.slot_at, run.attempt, run.is_late), (at("2026-01-15T08:00:00Z"), 1, false));
    assert_eq!(outcome, Some(RunOutcome::Succeeded));
    let schedule = room.schedule().await;
    assert_eq!(schedule.due_at, Some(at("2026-01-15T09:00:00Z")));
    assert_eq!(schedule.timing, "every 1h");
    let last = schedule.last_run.unwrap();
    assert_eq!(last.report, Some(TaskReport { count: 7, summary: "7 done".to_owned() }));
    assert_eq!((last.replica.as_str(), last.version.version.as_str()), ("one", "1.0.0"));
    assert_eq!(last.ended_at, Some(at("2026-01-15T08:00:05Z")));
    assert_eq!(room.take().await, None);
}

#[sqlx::test(migrations = false)]
async fn of_many_that_race_for_a_run_one_gets_it(pool: PgPool) {
    let room = Room::due(pool).await;

    let mut racing = tokio::task::JoinSet::new();
    for number in 0..24 {
        let (schedules, ctx) = (if number % 2 == 0 { &room.one } else { &room.other }.clone(), room.ctx());
        racing.spawn(async move { schedules.take(&ctx, "racer", &[hourly()], 10).await.unwrap().len() });
    }
    let taken: usize = racing.join_all().await.into_iter().sum();

    assert_eq!(taken, 1);
    assert_eq!(room.runs().await.len(), 1);
}

#[sqlx::test(migrations = false)]
async fn it_never_overlaps_with_itself_as_long_as_it_is_held(pool: PgPool) {
    let room = Room::due(pool).await;
    let run = room.take().await.unwrap();

    for _ in 0..5 {
        room.clock.advance(TimeDelta::seconds(20));
        assert!(room.one.hold(&room.ctx(), &run).await.unwrap());
        assert_eq!(room.other.take(&room.ctx(), "other", &[hourly()], 10).await.unwrap(), []);
    }
    room.move_to("2026-01-15T10:20:00Z");
    assert!(room.one.hold(&room.ctx(), &run).await.unwrap());
    room.finish(&run, done(1)).await.unwrap();

    assert_eq!(room.take().await, None);
    assert_eq!(room.schedule().await.due_at, Some(at("2026-01-15T11:00:00Z")));
}

#[sqlx::test(migrations = false)]
async fn a_run_whose_process_died_is_taken_up_once_its_lease_is_over_and_the_dead_write_nothing(
    pool: PgPool,
) {
    let room = Room::due(pool).await;
    let lost = room.take().await.unwrap();

    room.clock.advance(TimeDelta::seconds(29));
    assert_eq!(room.other.take(&room.ctx(), "other", &[hourly()], 10).await.unwrap(), []);
    room.clock.advance(TimeDelta::seconds(1));
    let taken = room.other.take(&room.ctx(), "other", &[hourly()], 10).await.unwrap().remove(0);

    assert_eq!((taken.slot_at, taken.attempt), (lost.slot_at, 2));
    assert!(taken.fence > lost.fence);
    assert!(!room.one.hold(&room.ctx(), &lost).await.unwrap());
    assert_eq!(room.finish(&lost, done(1)).await, None);
    let outcome = room.other.finish(&room.ctx(), &taken, done(2)).await.unwrap();
    assert_eq!(outcome, Some(RunOutcome::Succeeded));
    let runs = room.runs().await;
    assert_eq!([runs[0].outcome, runs[1].outcome], [RunOutcome::Succeeded, RunOutcome::Retried]);
    assert!(runs[1].error.as_ref().unwrap().contains("has not been heard of"));
}

#[sqlx::test(migrations = false)]
async fn a_run_that_ends_every_process_is_given_up(pool: PgPool) {
    let room = Room::due(pool).await;

    for attempt in 1..=TERMS.attempts {
        assert_eq!(room.take().await.unwrap().attempt, attempt);
        room.clock.advance(TimeDelta::seconds(30));
    }

    assert_eq!(room.take().await, None);
    assert_eq!(room.runs().await[0].outcome, RunOutcome::Failed);
    room.move_to("2026-01-15T09:00:01Z");
    let next = room.take().await.unwrap();
    assert_eq!((next.slot_at, next.attempt), (at("2026-01-15T09:00:00Z"), 1));
}

#[sqlx::test(migrations = false)]
async fn what_was_missed_is_made_up_for_once(pool: PgPool) {
    let room = room(pool).await;
    room.take().await;
    // Nobody runs for a day.
    room.move_to("2026-01-16T09:10:00Z");

    let late = room.take().await.unwrap();

    assert!(late.is_late);
    assert_eq!(late.slot_at, at("2026-01-15T08:00:00Z"));
    room.finish(&late, done(1)).await;
    assert_eq!(room.take().await, None);
    assert_eq!(room.schedule().await.due_at, Some(at("2026-01-16T10:00:00Z")));
}

#[sqlx::test(migrations = false)]
async fn a_run_that_fails_is_attempted_again_ever_later_and_then_has_failed(pool: PgPool) {
    let room = Room::due(pool).await;

    for (attempt, wait) in [(1, 20), (2, 40)] {
        let run = room.take().await.unwrap();
        assert_eq!((run.attempt, run.slot_at), (attempt, at("2026-01-15T08:00:00Z")));
        assert_eq!(room.finish(&run, failed()).await, Some(RunOutcome::Retried));
        room.clock.advance(TimeDelta::seconds(wait - 1));
        assert_eq!(room.take().await, None, "not before {wait} s");
        room.clock.advance(TimeDelta::seconds(1));
    }
    let last = room.take().await.unwrap();
    assert_eq!(room.finish(&last, failed()).await, Some(RunOutcome::Failed));

    assert_eq!(room.schedule().await.due_at, Some(at("2026-01-15T09:00:00Z")));
    let runs = room.runs().await;
    assert_eq!(runs.len(), 3);
    assert!(runs.iter().all(|run| run.error.as_deref() == Some("the carrier is away")));
    room.move_to("2026-01-15T09:00:00Z");
    assert_eq!(room.take().await.unwrap().attempt, 1);
}

#[sqlx::test(migrations = false)]
async fn a_schedule_of_a_plugin_that_is_gone_rests_and_comes_back_with_it(pool: PgPool) {
    let room = Room::due(pool).await;
    let others = DeclaredSchedule { name: "another".to_owned(), ..hourly() };

    assert_eq!(room.one.take(&room.ctx(), "one", &[], 10).await.unwrap(), []);
    assert_eq!(room.one.take(&room.ctx(), "one", &[others], 10).await.unwrap(), []);

    assert!(room.take().await.is_some());
}

#[sqlx::test(migrations = false)]
async fn other_times_take_effect_and_those_who_still_have_the_old_ones_take_nothing(pool: PgPool) {
    let room = Room::due(pool).await;
    assert_eq!(room.other.take(&room.ctx(), "other", &[hourly()], 0).await.unwrap(), []);
    let nightly = DeclaredSchedule { timing: Timing::cron("0 3 * * *", None).unwrap(), ..hourly() };

    let taken = room.one.take(&room.ctx(), "one", std::slice::from_ref(&nightly), 10).await.unwrap();

    assert_eq!(taken, [], "it is due at 03:00 now");
    assert_eq!(room.other.take(&room.ctx(), "other", &[hourly()], 10).await.unwrap(), []);
    assert_eq!(room.schedule().await.due_at, Some(at("2026-01-16T03:00:00Z")));
    room.move_to("2026-01-16T03:00:01Z");
    assert_eq!(room.one.take(&room.ctx(), "one", &[nightly], 10).await.unwrap().len(), 1);
}

#[sqlx::test(migrations = false)]
async fn times_that_change_during_a_run_hold_after_it(pool: PgPool) {
    let room = Room::due(pool).await;
    let run = room.take().await.unwrap();
    let nightly = DeclaredSchedule { timing: Timing::cron("0 3 * * *", None).unwrap(), ..hourly() };

    let meanwhile = room.other.take(&room.ctx(), "other", &[nightly], 10).await.unwrap();
    room.finish(&run, failed()).await;

    assert_eq!(meanwhile, [], "it is held");
    assert_eq!(room.schedule().await.due_at, Some(at("2026-01-16T03:00:00Z")));
}

#[sqlx::test(migrations = false)]
async fn the_newest_runs_are_kept(pool: PgPool) {
    let room = Room::due(pool).await;

    for _ in 0..KEPT_RUNS + 3 {
        let run = room.take().await.unwrap();
        room.finish(&run, done(0)).await;
        room.clock.advance(TimeDelta::hours(1));
    }

    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM extensions.schedule_run")
        .fetch_one(room.db.pool())
        .await
        .unwrap();
    assert_eq!(count, KEPT_RUNS);
    assert_eq!(room.runs().await[0].started_at, room.clock.now() - TimeDelta::hours(1));
}

#[sqlx::test(migrations = false)]
async fn a_process_takes_as_many_as_it_has_room_for_in_as_many_statements(pool: PgPool) {
    let room = room(pool).await;
    let many: Vec<_> =
        (0..30).map(|number| DeclaredSchedule { name: format!("s{number}"), ..hourly() }).collect();
    room.one.take(&room.ctx(), "one", &many, 1).await.unwrap();
    room.move_to("2026-01-15T08:00:05Z");

    let counted =
        async || statements::counted(room.db.pool()).await.unwrap().expect("the test server counts");
    let begin = counted().await;
    let first = room.one.take(&room.ctx(), "one", &many, 1).await.unwrap();
    let of_one = counted().await.since(&begin).total();
    let begin = counted().await;
    let rest = room.one.take(&room.ctx(), "one", &many, 20).await.unwrap();
    let of_twenty = counted().await.since(&begin).total();

    assert_eq!((first.len(), rest.len()), (1, 20));
    assert_eq!(of_twenty, of_one);
    let ids: HashSet<_> = first.iter().chain(&rest).map(|run| run.id).collect();
    assert_eq!(ids.len(), 21);
}
