use std::collections::BTreeMap;

use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_db::outbox::{self, Cursor, OutboxError, SchemaError, register_schemas};
use vectis_db::{conn, migrate, statements};
use vectis_kernel::Event;

use crate::support::{COUNTED, counted, ctx, database, emit, read_until, rows, thing};

#[sqlx::test]
async fn events_of_an_aggregate_are_numbered_from_one(pool: PgPool) {
    let db = database(pool).await;

    emit(&db, &[counted(thing(1), 10), counted(thing(2), 20), counted(thing(1), 11)]).await;
    emit(&db, &[counted(thing(1), 12)]).await;

    let read = read_until(&db, Cursor::default(), 100, 4).await;
    let numbered: Vec<_> =
        read.iter().map(|e| (e.aggregate_id, e.sequence, &e.payload["data"]["number"])).collect();
    assert_eq!(
        numbered,
        [
            (thing(1), 1, &json!(10)),
            (thing(2), 1, &json!(20)),
            (thing(1), 2, &json!(11)),
            (thing(1), 3, &json!(12))
        ]
    );
}

#[sqlx::test]
async fn a_rolled_back_unit_of_work_leaves_no_event_and_no_gap(pool: PgPool) {
    let db = database(pool).await;
    emit(&db, &[counted(thing(1), 1)]).await;

    let mut tx = db.begin().await.unwrap();
    outbox::append(&mut tx, &ctx(), &[counted(thing(1), 2), counted(thing(1), 3)]).await.unwrap();
    tx.rollback().await.unwrap();
    emit(&db, &[counted(thing(1), 4)]).await;

    let read = read_until(&db, Cursor::default(), 100, 2).await;
    assert_eq!(read.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(rows(&db, "outbox").await, 2);
}

#[sqlx::test]
async fn what_a_unit_of_work_appends_bit_by_bit_is_written_in_one_statement(pool: PgPool) {
    let db = database(pool).await;

    let before = statements::counted(db.pool()).await.unwrap().unwrap();
    let mut tx = db.begin().await.unwrap();
    outbox::append(&mut tx, &ctx(), &[counted(thing(1), 1)]).await.unwrap();
    outbox::append(&mut tx, &ctx(), &[counted(thing(2), 2), counted(thing(1), 3)]).await.unwrap();
    tx.commit().await.unwrap();
    let after = statements::counted(db.pool()).await.unwrap().unwrap();

    assert_eq!(after.since(&before).total(), 1);
    let read = read_until(&db, Cursor::default(), 100, 3).await;
    let seen: Vec<_> = read.iter().map(|event| (event.aggregate_id, event.sequence)).collect();
    assert_eq!(seen, [(thing(1), 1), (thing(2), 1), (thing(1), 2)]);
}

#[sqlx::test]
async fn the_payload_is_an_envelope_around_the_facts(pool: PgPool) {
    let db = database(pool).await;
    let ctx = ctx();

    let mut tx = db.begin().await.unwrap();
    outbox::append(&mut tx, &ctx, &[counted(thing(7), 5)]).await.unwrap();
    tx.commit().await.unwrap();

    let event = read_until(&db, Cursor::default(), 1, 1).await.remove(0);
    assert_eq!(
        (event.event_type.as_str(), event.topic.as_str(), event.aggregate_kind.as_str(), event.aggregate_id),
        (COUNTED, "vectis.testing", "thing", thing(7))
    );
    assert_eq!((event.sequence, event.trace_id), (1, ctx.trace_id));
    let occurred_at = event.payload["occurredAt"].as_str().unwrap();
    assert_eq!(chrono::DateTime::parse_from_rfc3339(occurred_at).unwrap(), event.occurred_at);
    assert_eq!(
        event.payload,
        json!({
            "id": event.id, "type": COUNTED, "aggregateKind": "thing", "aggregateId": thing(7), "sequence": 1,
            "occurredAt": occurred_at, "traceId": ctx.trace_id, "data": { "number": 5 },
        })
    );
}

#[sqlx::test]
async fn ten_thousand_events_are_one_statement(pool: PgPool) {
    let db = database(pool).await;
    let events: Vec<Event> =
        (0..10_000).map(|number| counted(thing(u128::from(number % 100u32)), 1)).collect();

    let before = statements::counted(db.pool()).await.unwrap().expect("the test server counts statements");
    emit(&db, &events).await;
    let after = statements::counted(db.pool()).await.unwrap().unwrap();

    assert_eq!(after.since(&before).total(), 1, "{:?}", after.since(&before));
    assert_eq!((rows(&db, "outbox").await, rows(&db, "aggregate_sequence").await), (10_000, 100));
}

#[sqlx::test]
async fn no_events_are_no_statement(pool: PgPool) {
    let db = database(pool).await;

    let before = statements::counted(db.pool()).await.unwrap().unwrap();
    emit(&db, &[]).await;
    let after = statements::counted(db.pool()).await.unwrap().unwrap();

    assert_eq!(after.since(&before).total(), 0);
}

#[sqlx::test]
async fn an_event_without_a_schema_is_refused(pool: PgPool) {
    let db = database(pool).await;

    let mut tx = db.begin().await.unwrap();
    let stranger = Event::new("vectis.testing.unheard_of.v1", "thing", thing(1), json!({}));
    let outcome = outbox::append(&mut tx, &ctx(), &[counted(thing(1), 1), stranger]).await;
    tx.commit().await.unwrap();

    let Err(OutboxError::Schema(error)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error, SchemaError::UnknownType("vectis.testing.unheard_of.v1"));
    assert_eq!(rows(&db, "outbox").await, 0);
}

#[sqlx::test]
async fn an_event_against_its_schema_is_refused_naming_every_fault(pool: PgPool) {
    let db = database(pool).await;

    let mut tx = db.begin().await.unwrap();
    let wrong = Event::new(COUNTED, "thing", thing(1), json!({ "number": "three", "colour": "red" }));
    let outcome = outbox::append(&mut tx, &ctx(), &[wrong]).await;
    tx.commit().await.unwrap();

    let Err(OutboxError::Schema(SchemaError::InvalidPayload { event_type: COUNTED, reasons })) = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("/number")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("colour")), "{reasons:?}");
    assert_eq!(rows(&db, "outbox").await, 0);
}

#[test]
fn a_type_keeps_its_schema() {
    let event_type = "vectis.testing.kept.v1";
    register_schemas(&[(event_type, r#"{"type": "object"}"#)]).unwrap();

    assert_eq!(register_schemas(&[(event_type, r#"{"type": "object"}"#)]), Ok(()));
    assert_eq!(
        register_schemas(&[(event_type, r#"{"type": "array"}"#)]),
        Err(SchemaError::AlreadyDifferent(event_type.to_owned()))
    );
    for not_a_schema in ["{", r#"{"type": "no such type"}"#] {
        let outcome = register_schemas(&[("vectis.testing.broken.v1", not_a_schema)]);
        assert!(matches!(outcome, Err(SchemaError::NotASchema { .. })), "{outcome:?}");
    }
}

#[sqlx::test]
async fn nothing_is_read_above_an_open_transaction(pool: PgPool) {
    let db = database(pool).await;
    let mut early = db.begin().await.unwrap();
    sqlx::query("SELECT pg_current_xact_id()").execute(conn(&mut early)).await.unwrap();
    outbox::append(&mut early, &ctx(), &[counted(thing(1), 1)]).await.unwrap();

    emit(&db, &[counted(thing(2), 2)]).await;
    let meanwhile = outbox::read_after(&db, Cursor::default(), 100).await.unwrap();
    early.commit().await.unwrap();
    let read = read_until(&db, Cursor::default(), 100, 2).await;

    assert_eq!(meanwhile, []);
    assert_eq!(read.iter().map(|event| event.aggregate_id).collect::<Vec<_>>(), [thing(1), thing(2)]);
    assert_eq!(outbox::read_after(&db, read[1].cursor, 100).await.unwrap(), []);
}

#[sqlx::test]
async fn an_older_transaction_that_appends_later_is_read_later(pool: PgPool) {
    let db = database(pool).await;
    let mut older = db.begin().await.unwrap();
    sqlx::query("SELECT pg_current_xact_id()").execute(conn(&mut older)).await.unwrap();

    emit(&db, &[counted(thing(1), 1)]).await;
    outbox::append(&mut older, &ctx(), &[counted(thing(1), 2)]).await.unwrap();
    older.commit().await.unwrap();

    let read = read_until(&db, Cursor::default(), 1, 2).await;
    assert_eq!(read.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2]);
}

/// What a dump brings along: transaction ids of a server that had counted further.
#[sqlx::test]
async fn an_outbox_restored_from_another_server_is_read_in_order(pool: PgPool) {
    let db = database(pool).await;
    emit(&db, &[counted(thing(1), 1)]).await;
    for restored in [
        "UPDATE events.outbox SET transaction_id = '9000000000000'",
        "UPDATE events.aggregate_sequence SET last_transaction_id = '9000000000000'",
    ] {
        sqlx::query(restored).execute(db.pool()).await.unwrap();
    }

    migrate(db.pool(), &[]).await.unwrap();
    emit(&db, &[counted(thing(1), 2)]).await;

    let read = read_until(&db, Cursor::default(), 100, 2).await;
    assert_eq!(read.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2]);
}

/// Writers race on few aggregates while a consumer follows with a cursor: it misses nothing and sees no swap.
#[sqlx::test]
async fn a_consumer_beside_racing_writers_sees_every_sequence_in_order(pool: PgPool) {
    const WRITERS: u32 = 4;
    const COMMITS: u32 = 25;
    let db = database(pool).await;

    let writer = |writer: u32| {
        let db = db.clone();
        async move {
            for commit in 0..COMMITS {
                let mut tx = db.begin().await.unwrap();
                // Every other unit of work takes its transaction id before it meets the aggregate.
                if (writer + commit).is_multiple_of(2) {
                    sqlx::query("SELECT pg_current_xact_id()").execute(conn(&mut tx)).await.unwrap();
                    tokio::task::yield_now().await;
                }
                let aggregate = thing(u128::from((writer + commit) % 3));
                outbox::append(&mut tx, &ctx(), &[counted(aggregate, 1), counted(aggregate, 2)])
                    .await
                    .unwrap();
                tx.commit().await.unwrap();
            }
        }
    };
    let writers = futures_util::future::join_all((0..WRITERS).map(writer));
    let total = (WRITERS * COMMITS * 2) as usize;
    let ((), read) =
        tokio::join!(async { drop(writers.await) }, read_until(&db, Cursor::default(), 7, total));

    let mut sequences: BTreeMap<Uuid, Vec<i64>> = BTreeMap::new();
    for event in &read {
        sequences.entry(event.aggregate_id).or_default().push(event.sequence);
    }
    for seen in sequences.values() {
        assert_eq!(*seen, (1..).take(seen.len()).collect::<Vec<i64>>());
    }
    assert_eq!(read.len(), total);
}
