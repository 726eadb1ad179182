use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta};
use sqlx::PgPool;
use vectis_db::idempotency::{self, Error};
use vectis_db::outbox::{self, Cursor};
use vectis_db::{Db, statements};
use vectis_kernel::{Ctx, Failure, FixedClock, IdempotencyKey, IdempotencyMismatch};

use crate::support::{counted, ctx, database, read_until, rows, thing};

fn keyed(key: &str, hash: u8) -> Ctx {
    let idempotency = Some(IdempotencyKey { key: key.to_owned(), parameters_hash: [hash; 32] });
    Ctx { idempotency, ..ctx() }
}

/// A use case whose effect is to count; its answer is the count.
async fn count(db: &Db, ctx: &Ctx, counter: &AtomicU32) -> Result<u32, Error> {
    let mut tx = db.begin().await.unwrap();
    if let Some(answer) = idempotency::find(&mut tx, ctx).await? {
        return Ok(answer);
    }
    let answer = counter.fetch_add(1, Ordering::SeqCst) + 1;
    idempotency::record(&mut tx, ctx, &answer).await?;
    tx.commit().await.unwrap();
    Ok(answer)
}

#[sqlx::test]
async fn without_a_key_every_request_has_its_effect_and_no_statement_is_sent(pool: PgPool) {
    let db = database(pool).await;
    let counter = AtomicU32::new(0);

    let before = statements::counted(db.pool()).await.unwrap().unwrap();
    assert_eq!(count(&db, &ctx(), &counter).await.unwrap(), 1);
    assert_eq!(count(&db, &ctx(), &counter).await.unwrap(), 2);
    let after = statements::counted(db.pool()).await.unwrap().unwrap();

    assert_eq!(after.since(&before).total(), 0);
}

#[sqlx::test]
async fn the_same_key_gets_the_first_answer(pool: PgPool) {
    let db = database(pool).await;
    let counter = AtomicU32::new(0);

    assert_eq!(count(&db, &keyed("a", 1), &counter).await.unwrap(), 1);
    assert_eq!(count(&db, &keyed("a", 1), &counter).await.unwrap(), 1);
    assert_eq!(count(&db, &keyed("b", 1), &counter).await.unwrap(), 2);
    assert_eq!(count(&db, &keyed("a", 1).as_system("another"), &counter).await.unwrap(), 3);
}

#[sqlx::test]
async fn the_same_key_with_other_parameters_is_a_mismatch(pool: PgPool) {
    let db = database(pool).await;
    let counter = AtomicU32::new(0);
    count(&db, &keyed("a", 1), &counter).await.unwrap();

    let failure = Failure::<()>::from(count(&db, &keyed("a", 2), &counter).await.unwrap_err());

    let Failure::Internal(error) = failure else { panic!("{failure:?}") };
    let mismatch = error.find::<IdempotencyMismatch>();
    assert_eq!(mismatch, Some(&IdempotencyMismatch { key: "a".to_owned() }));
    assert_eq!(counter.load(Ordering::SeqCst), 1);
}

#[sqlx::test]
async fn concurrent_requests_with_one_key_have_one_effect_and_one_answer(pool: PgPool) {
    let db = database(pool).await;
    let counter = AtomicU32::new(0);
    let ctx = keyed("a", 1);

    let answers = futures_util::future::join_all((0..32).map(|_| count(&db, &ctx, &counter))).await;

    assert!(answers.iter().all(|answer| matches!(answer, Ok(1))), "{answers:?}");
    assert_eq!((counter.load(Ordering::SeqCst), rows(&db, "idempotency").await), (1, 1));
}

#[sqlx::test]
async fn a_key_whose_request_was_rolled_back_is_free_for_the_one_that_waits(pool: PgPool) {
    let db = database(pool).await;
    let ctx = keyed("a", 1);
    let mut first = db.begin().await.unwrap();
    assert_eq!(idempotency::find::<u32>(&mut first, &ctx).await.unwrap(), None);

    let counter = AtomicU32::new(0);
    let (rolled_back, answer) = tokio::join!(first.rollback(), count(&db, &ctx, &counter));

    rolled_back.unwrap();
    assert_eq!(answer.unwrap(), 1);
}

#[sqlx::test]
async fn a_key_is_free_again_after_seven_days_and_purged(pool: PgPool) {
    let db = database(pool).await;
    let clock = Arc::new(FixedClock::at(DateTime::UNIX_EPOCH));
    let on_clock = |ctx: Ctx| Ctx { clock: Arc::<FixedClock>::clone(&clock), ..ctx };
    let counter = AtomicU32::new(0);
    count(&db, &on_clock(keyed("a", 1)), &counter).await.unwrap();
    count(&db, &on_clock(keyed("b", 1)), &counter).await.unwrap();

    clock.advance(TimeDelta::days(7));
    assert_eq!(count(&db, &on_clock(keyed("a", 1)), &counter).await.unwrap(), 1);
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(count(&db, &on_clock(keyed("a", 2)), &counter).await.unwrap(), 3);

    let mut tx = db.begin().await.unwrap();
    assert_eq!(idempotency::purge(&mut tx, &on_clock(ctx())).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(rows(&db, "idempotency").await, 1);
}

#[sqlx::test]
async fn forgetting_the_answer_is_an_error(pool: PgPool) {
    let db = database(pool).await;
    let ctx = keyed("a", 1);

    let mut tx = db.begin().await.unwrap();
    idempotency::find::<u32>(&mut tx, &ctx).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let unanswered = idempotency::find::<u32>(&mut tx, &ctx).await;

    assert!(matches!(unanswered, Err(Error::Unanswered(_))), "{unanswered:?}");
}

/// A use case whose effect is an event; its answer is the number it brings. The key is claimed last.
async fn tell(db: &Db, ctx: &Ctx, number: u32) -> Result<u32, Error> {
    let mut tx = db.begin().await.unwrap();
    outbox::append(&mut tx, ctx, &[counted(thing(1), i64::from(number))]).await.unwrap();
    idempotency::conclude(tx, ctx, number).await
}

#[sqlx::test]
async fn an_answer_and_its_facts_are_one_statement(pool: PgPool) {
    let db = database(pool).await;

    let before = statements::counted(db.pool()).await.unwrap().unwrap();
    assert_eq!(tell(&db, &keyed("a", 1), 1).await.unwrap(), 1);
    let after = statements::counted(db.pool()).await.unwrap().unwrap();

    assert_eq!(after.since(&before).total(), 1);
    assert_eq!((rows(&db, "outbox").await, rows(&db, "idempotency").await), (1, 1));
}

#[sqlx::test]
async fn concurrent_requests_that_claim_their_key_last_have_one_effect_and_one_answer(pool: PgPool) {
    let db = database(pool).await;
    let ctx = keyed("a", 1);

    let answers = futures_util::future::join_all((0..32).map(|number| tell(&db, &ctx, number))).await;

    let answers: Vec<u32> = answers.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!((rows(&db, "outbox").await, rows(&db, "idempotency").await), (1, 1));
    let event = read_until(&db, Cursor::default(), 1, 1).await.remove(0);
    assert_eq!(event.payload["data"]["number"], answers[0]);
}

#[sqlx::test]
async fn a_key_claimed_last_with_other_parameters_is_a_mismatch_and_has_no_effect(pool: PgPool) {
    let db = database(pool).await;
    tell(&db, &keyed("a", 1), 1).await.unwrap();

    let mismatch = tell(&db, &keyed("a", 2), 2).await;

    assert!(matches!(mismatch, Err(Error::Mismatch(_))), "{mismatch:?}");
    assert_eq!(rows(&db, "outbox").await, 1);
}

#[sqlx::test]
async fn an_answer_can_be_looked_up_without_claiming_its_key(pool: PgPool) {
    let db = database(pool).await;
    let counter = AtomicU32::new(0);

    assert_eq!(idempotency::answered::<u32>(&db, &keyed("a", 1)).await.unwrap(), None);
    assert_eq!(rows(&db, "idempotency").await, 0);
    count(&db, &keyed("a", 1), &counter).await.unwrap();

    assert_eq!(idempotency::answered::<u32>(&db, &keyed("a", 1)).await.unwrap(), Some(1));
    assert_eq!(idempotency::answered::<u32>(&db, &ctx()).await.unwrap(), None);
    let mismatch = idempotency::answered::<u32>(&db, &keyed("a", 2)).await;
    assert!(matches!(mismatch, Err(Error::Mismatch(_))), "{mismatch:?}");
}

#[sqlx::test]
async fn a_released_key_can_be_claimed_again_and_an_answered_one_stays(pool: PgPool) {
    let db = database(pool).await;
    let counter = AtomicU32::new(0);
    let claimed = async |ctx: &Ctx| {
        let mut tx = db.begin().await.unwrap();
        let found = idempotency::find::<u32>(&mut tx, ctx).await;
        tx.commit().await.unwrap();
        found
    };
    let release = async |ctx: &Ctx| {
        let mut tx = db.begin().await.unwrap();
        idempotency::release(&mut tx, ctx).await.unwrap();
        tx.commit().await.unwrap();
    };
    let open = keyed("open", 1);

    assert_eq!(claimed(&open).await.unwrap(), None);
    assert!(matches!(claimed(&open).await, Err(Error::Unanswered(_))));
    release(&open).await;
    assert_eq!(claimed(&open).await.unwrap(), None);

    let done = keyed("done", 1);
    count(&db, &done, &counter).await.unwrap();
    release(&done).await;
    assert_eq!(claimed(&done).await.unwrap(), Some(1));
}
