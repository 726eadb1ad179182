use std::sync::{Arc, Mutex};

use sqlx::PgPool;
use vectis_db::outbox::{self, OutboxError};
use vectis_kernel::Event;

use crate::support::{COUNTED, counted, ctx, database, emit, rows, thing};

/// What observers wrote down: their name and the event's number.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<(&'static str, i64)>>>);

impl Notes {
    fn taker(&self, name: &'static str) -> impl Fn(&Event) + Send + Sync + 'static {
        let notes = self.clone();
        move |event| notes.0.lock().unwrap().push((name, event.payload["number"].as_i64().unwrap()))
    }

    fn taken(&self) -> Vec<(&'static str, i64)> {
        self.0.lock().unwrap().clone()
    }
}

#[sqlx::test]
async fn observers_are_told_after_the_commit_in_order_of_priority(pool: PgPool) {
    let db = database(pool).await;
    let notes = Notes::default();
    db.bus().observe("late", 20, notes.taker("late"));
    db.bus().observe("early", 10, notes.taker("early"));

    let mut tx = db.begin().await.unwrap();
    outbox::append(&mut tx, &ctx(), &[counted(thing(1), 1)]).await.unwrap();
    outbox::append(&mut tx, &ctx(), &[counted(thing(1), 2)]).await.unwrap();
    assert_eq!(notes.taken(), []);
    tx.commit().await.unwrap();

    assert_eq!(notes.taken(), [("early", 1), ("early", 2), ("late", 1), ("late", 2)]);
}

#[sqlx::test]
async fn observers_hear_nothing_of_a_unit_of_work_that_was_rolled_back(pool: PgPool) {
    let db = database(pool).await;
    let notes = Notes::default();
    db.bus().observe("any", 0, notes.taker("any"));

    let mut tx = db.begin().await.unwrap();
    outbox::append(&mut tx, &ctx(), &[counted(thing(1), 1)]).await.unwrap();
    tx.rollback().await.unwrap();

    assert_eq!(notes.taken(), []);
}

#[sqlx::test]
async fn an_observer_that_panics_changes_nothing(pool: PgPool) {
    let db = database(pool).await;
    let notes = Notes::default();
    db.bus().observe("broken", 1, |_| panic!("an observer's bug"));
    db.bus().observe("sound", 2, notes.taker("sound"));

    emit(&db, &[counted(thing(1), 1)]).await;

    assert_eq!(notes.taken(), [("sound", 1)]);
    assert_eq!(rows(&db, "outbox").await, 1);
}

#[sqlx::test]
async fn a_guard_that_refuses_keeps_all_events_out(pool: PgPool) {
    let db = database(pool).await;
    db.bus().guard("no twos", 0, |event| {
        if event.payload["number"] == 2 { Err("two is too many".to_owned()) } else { Ok(()) }
    });

    let mut tx = db.begin().await.unwrap();
    let outcome = outbox::append(&mut tx, &ctx(), &[counted(thing(1), 1), counted(thing(1), 2)]).await;
    tx.commit().await.unwrap();

    let Err(OutboxError::Refused(refusal)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(
        (refusal.guard.as_str(), refusal.event_type, refusal.reason.as_str()),
        ("no twos", COUNTED, "two is too many")
    );
    assert_eq!(rows(&db, "outbox").await, 0);
}
