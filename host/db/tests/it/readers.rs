//! Readers of the outbox: who leads, how far, and that nobody reads on who has lost his place.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::DateTime;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_db::outbox::{self, ForeignRecord, OutboxEvent, Reader, ReaderError, append_foreign};
use vectis_db::{Db, inbox, migrate};

use crate::support::{counted, ctx, database, emit, thing};

const TOPIC: &str = "vectis.testing";

async fn join(db: &Db, name: &str) -> Reader {
    Reader::join(db, name, &[TOPIC]).await.unwrap()
}

/// Reads until so many have come. Transactions of other tests on the same server may hold the horizon for a while.
async fn read(reader: &mut Reader, count: usize) -> Vec<OutboxEvent> {
    let started = Instant::now();
    let mut all = Vec::new();
    while all.len() < count {
        assert!(started.elapsed() < Duration::from_secs(60), "only {} of {count} events came", all.len());
        all.extend(reader.read(100).await.unwrap());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    all
}

/// Sixteen aggregates, four in each lane, three events each.
async fn tell(db: &Db) {
    for number in 1..=3 {
        let events: Vec<_> = (0..16).map(|at| counted(thing(at), number)).collect();
        emit(db, &events).await;
    }
}

#[sqlx::test]
async fn a_reader_gets_every_event_in_the_order_of_its_aggregate(pool: PgPool) {
    let db = database(pool).await;
    tell(&db).await;

    let read = read(&mut join(&db, "one").await, 48).await;

    let mut sequences: BTreeMap<Uuid, Vec<i64>> = BTreeMap::new();
    for event in &read {
        sequences.entry(event.aggregate_id).or_default().push(event.sequence);
    }
    assert_eq!(sequences.len(), 16);
    assert!(sequences.values().all(|seen| *seen == [1, 2, 3]), "{sequences:?}");
}

#[sqlx::test]
async fn a_reader_goes_on_where_its_name_has_come_to_and_others_begin_at_the_beginning(pool: PgPool) {
    let db = database(pool).await;
    tell(&db).await;
    let mut first = join(&db, "one").await;
    read(&mut first, 48).await;
    first.commit().await.unwrap();
    drop(first);

    emit(&db, &[counted(thing(3), 4)]).await;

    let started = Instant::now();
    let mut second = join(&db, "one").await;
    let on = read(&mut second, 1).await;
    assert!(started.elapsed() < Duration::from_secs(60));
    assert_eq!((on.len(), on[0].sequence), (1, 4));
    assert_eq!(read(&mut join(&db, "two").await, 49).await.len(), 49);
}

#[sqlx::test]
async fn events_of_other_topics_are_passed_without_being_delivered(pool: PgPool) {
    let db = database(pool).await;
    tell(&db).await;
    let mut elsewhere = Reader::join(&db, "elsewhere", &["vectis.other"]).await.unwrap();

    let started = Instant::now();
    while !elsewhere.is_behind() {
        assert!(started.elapsed() < Duration::from_secs(60));
        assert_eq!(elsewhere.read(100).await.unwrap(), []);
    }
    elsewhere.commit().await.unwrap();

    let standing = outbox::standings(&db).await.unwrap().remove(0);
    assert_eq!((standing.name.as_str(), standing.behind, standing.oldest), ("elsewhere", 0, None));
}

#[sqlx::test]
async fn two_readers_of_a_name_share_the_lanes_and_the_survivor_takes_all(pool: PgPool) {
    let db = database(pool).await;
    let (mut first, mut second) = (join(&db, "one").await, join(&db, "one").await);
    for reader in [&mut first, &mut second] {
        assert_eq!(reader.read(100).await.unwrap(), []);
    }
    tell(&db).await;

    let (of_first, of_second) = (read(&mut first, 24).await, read(&mut second, 24).await);
    first.commit().await.unwrap();
    second.commit().await.unwrap();
    drop(second);
    emit(&db, &(0..16).map(|at| counted(thing(at), 4)).collect::<Vec<_>>()).await;
    // Lanes are shared at rest: whoever is behind keeps what he has.
    let mut after = Vec::new();
    while after.len() < 16 {
        after.extend(read(&mut first, 1).await);
        first.commit().await.unwrap();
    }

    assert_eq!((of_first.len(), of_second.len()), (24, 24));
    assert!(of_first.iter().all(|event| !of_second.contains(event)));
    assert!(after.iter().all(|event| event.sequence == 4), "{after:?}");
}

#[sqlx::test]
async fn whoever_has_lost_a_lane_reads_nothing_of_it_and_moves_nothing(pool: PgPool) {
    let db = database(pool).await;
    tell(&db).await;
    let mut zombie = join(&db, "one").await;
    read(&mut zombie, 48).await;
    // Another leader has come: the fence is higher.
    sqlx::query("UPDATE events.reader SET fence = fence + 1").execute(db.pool()).await.unwrap();

    let outcome = zombie.commit().await;
    emit(&db, &[counted(thing(1), 4)]).await;

    assert!(matches!(outcome, Err(ReaderError::Lost)), "{outcome:?}");
    assert_eq!(zombie.read(100).await.unwrap(), []);
    let moved: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM events.reader WHERE position > 0")
        .fetch_one(db.pool())
        .await
        .unwrap();
    assert_eq!(moved, 0);
}

// What a dump brings along: transaction ids of a server that had counted further, in the same order as before.
const OUTBOX: &str =
    "UPDATE events.outbox SET transaction_id = (9000000000000 + transaction_id::text::bigint)::text::xid8";
const READER: &str =
    "UPDATE events.reader SET transaction_id = (9000000000000 + transaction_id::text::bigint)::text::xid8";
const SEQUENCE: &str = "UPDATE events.aggregate_sequence \
     SET last_transaction_id = (9000000000000 + last_transaction_id::text::bigint)::text::xid8";

async fn restore_elsewhere(db: &Db, ahead: &[&'static str]) {
    for statement in ahead {
        sqlx::query(*statement).execute(db.pool()).await.unwrap();
    }
    migrate(db.pool(), &[]).await.unwrap();
}

#[sqlx::test]
async fn after_a_restore_a_reader_goes_on_where_it_was(pool: PgPool) {
    let db = database(pool).await;
    tell(&db).await;
    let mut reader = join(&db, "one").await;
    read(&mut reader, 48).await;
    reader.commit().await.unwrap();
    drop(reader);
    emit(&db, &(0..16).map(|at| counted(thing(at), 4)).collect::<Vec<_>>()).await;

    restore_elsewhere(&db, &[OUTBOX, READER, SEQUENCE]).await;
    emit(&db, &(0..16).map(|at| counted(thing(at), 5)).collect::<Vec<_>>()).await;

    let mut read = read(&mut join(&db, "one").await, 32).await;
    read.sort_by_key(|event| (event.aggregate_id, event.position()));
    let sequences: Vec<i64> = read.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, [4, 5].repeat(16));
}

#[sqlx::test]
async fn a_restore_of_an_empty_outbox_holds_nothing_back(pool: PgPool) {
    let db = database(pool).await;
    for tables in [&[READER][..], &[SEQUENCE], &[READER, SEQUENCE]] {
        tell(&db).await;
        let mut reader = join(&db, "one").await;
        read(&mut reader, 48).await;
        reader.commit().await.unwrap();
        drop(reader);
        sqlx::query("DELETE FROM events.outbox").execute(db.pool()).await.unwrap();

        restore_elsewhere(&db, tables).await;
        emit(&db, &[counted(thing(1), 4)]).await;

        let mut reader = join(&db, "one").await;
        assert_eq!(read(&mut reader, 1).await.len(), 1, "{tables:?}");
        reader.commit().await.unwrap();
    }
}

/// Moves what is in the outbox to the slot of so many days ago.
async fn age(db: &Db, days: i64) {
    sqlx::query("UPDATE events.outbox SET slot = ((extract(epoch FROM now())::bigint / 86400 - $1 + 32) % 32)::smallint")
        .bind(days)
        .execute(db.pool())
        .await
        .unwrap();
}

async fn kept(db: &Db) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM events.outbox").fetch_one(db.pool()).await.unwrap()
}

const WEEK: Duration = Duration::from_secs(7 * 86_400);

#[sqlx::test]
async fn a_slot_is_emptied_when_its_day_is_over_and_every_reader_is_past_it(pool: PgPool) {
    let db = database(pool).await;
    tell(&db).await;
    let mut reader = join(&db, "one").await;
    read(&mut reader, 48).await;

    age(&db, 8).await;
    assert_eq!(outbox::empty_slots(&db, WEEK, &["one"]).await.unwrap(), 0, "the reader is not past it");
    reader.commit().await.unwrap();
    assert_eq!(outbox::empty_slots(&db, WEEK, &["one", "never-seen"]).await.unwrap(), 0);
    age(&db, 7).await;
    assert_eq!(outbox::empty_slots(&db, WEEK, &["one"]).await.unwrap(), 0, "its day is not over");
    assert_eq!(kept(&db).await, 48);
    age(&db, 8).await;
    assert_eq!(outbox::empty_slots(&db, WEEK, &["one"]).await.unwrap(), 1);

    assert_eq!(kept(&db).await, 0);
    emit(&db, &[counted(thing(1), 4)]).await;
    assert_eq!(read(&mut reader, 1).await[0].sequence, 4);
}

#[sqlx::test]
async fn a_slot_that_somebody_reads_is_left_for_the_next_time(pool: PgPool) {
    let db = database(pool).await;
    tell(&db).await;
    age(&db, 8).await;
    let mut looking = db.pool().begin().await.unwrap();
    sqlx::query("SELECT COUNT(*) FROM events.outbox").execute(&mut *looking).await.unwrap();

    let meanwhile = outbox::empty_slots(&db, WEEK, &[]).await.unwrap();
    looking.rollback().await.unwrap();

    assert_eq!((meanwhile, outbox::empty_slots(&db, WEEK, &[]).await.unwrap()), (0, 1));
}

#[sqlx::test]
async fn what_others_send_in_stands_in_order_under_their_key(pool: PgPool) {
    let db = database(pool).await;
    let record = |number: u128| ForeignRecord {
        id: thing(number),
        event_type: "theirs.v1".to_owned(),
        topic: TOPIC.to_owned(),
        key: "their key".to_owned(),
        payload: serde_json::json!({ "number": number.to_string() }),
        occurred_at: ctx().now(),
        trace_id: thing(9),
    };

    append_foreign(&db, &[record(1), record(2)]).await.unwrap();
    append_foreign(&db, &[record(3)]).await.unwrap();

    let read = read(&mut join(&db, "one").await, 3).await;
    assert!(read.iter().all(|event| event.key() == "their key"));
    assert_eq!(read.iter().map(|event| event.id).collect::<Vec<_>>(), [thing(1), thing(2), thing(3)]);
}

#[sqlx::test]
async fn a_consumer_that_is_moved_back_takes_events_in_once_more(pool: PgPool) {
    let db = database(pool).await;
    tell(&db).await;
    let mut reader = join(&db, "one").await;
    let ids: Vec<Uuid> = read(&mut reader, 48).await.iter().map(|event| event.id).collect();
    let mut tx = db.begin().await.unwrap();
    inbox::claim(&mut tx, "one", &ids).await.unwrap();
    tx.commit().await.unwrap();
    reader.commit().await.unwrap();

    assert_eq!(outbox::move_back(&db, "one", ctx().now() + chrono::TimeDelta::days(1)).await.unwrap(), 0);
    let forgotten = outbox::move_back(&db, "one", DateTime::UNIX_EPOCH).await.unwrap();
    drop(reader);

    assert_eq!(forgotten, 48);
    assert_eq!(read(&mut join(&db, "one").await, 48).await.len(), 48);
}
