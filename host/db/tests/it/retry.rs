use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::PgPool;
use tokio::sync::Barrier;
use vectis_db::{DbError, conn, retrying};
use vectis_kernel::Failure;

use crate::support::database;

const SERIALIZATION: &str = "DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$";
const DIVISION: &str = "SELECT 1 / 0";

/// Runs `sql` in each attempt that `fails` names, counting attempts.
async fn attempts(pool: &PgPool, sql: &'static str, fails: impl Fn(u32) -> bool) -> (u32, bool) {
    let tried = AtomicU32::new(0);
    let outcome: Result<(), Failure<()>> = retrying(|| async {
        if fails(tried.fetch_add(1, Ordering::SeqCst) + 1) {
            sqlx::query(sql).execute(pool).await.map_err(DbError::from)?;
        }
        Ok(())
    })
    .await;
    (tried.load(Ordering::SeqCst), outcome.is_ok())
}

#[sqlx::test]
async fn serialization_failures_are_retried_until_they_pass(pool: PgPool) {
    assert_eq!(attempts(&pool, SERIALIZATION, |attempt| attempt < 3).await, (3, true));
}

#[sqlx::test]
async fn the_fifth_attempt_is_the_last(pool: PgPool) {
    assert_eq!(attempts(&pool, SERIALIZATION, |_| true).await, (5, false));
}

#[sqlx::test]
async fn other_failures_are_not_retried(pool: PgPool) {
    assert_eq!(attempts(&pool, DIVISION, |_| true).await, (1, false));
}

#[sqlx::test]
async fn refusals_are_not_retried() {
    let tried = AtomicU32::new(0);

    let outcome: Result<(), _> = retrying(|| async {
        tried.fetch_add(1, Ordering::SeqCst);
        Err(Failure::refused(1, "no"))
    })
    .await;

    let codes: Vec<i32> = outcome.unwrap_err().refusals().iter().map(|refusal| refusal.code).collect();
    assert_eq!((codes, tried.load(Ordering::SeqCst)), (vec![1], 1));
}

#[sqlx::test]
async fn two_units_of_work_that_deadlock_both_succeed(pool: PgPool) {
    let db = database(pool).await;
    sqlx::query("CREATE TABLE events.pair AS SELECT id, 0 AS hits FROM generate_series(1, 2) AS id")
        .execute(db.pool())
        .await
        .unwrap();
    let both_hold_one = Barrier::new(2);
    let tried = AtomicU32::new(0);

    let cross = |first: i32, second: i32| {
        let (db, both_hold_one, tried) = (&db, &both_hold_one, &tried);
        retrying(move || async move {
            let is_first_try = tried.fetch_add(1, Ordering::SeqCst) < 2;
            let mut tx = db.begin().await?;
            for (step, id) in [first, second].into_iter().enumerate() {
                sqlx::query("UPDATE events.pair SET hits = hits + 1 WHERE id = $1")
                    .bind(id)
                    .execute(conn(&mut tx))
                    .await?;
                if step == 0 && is_first_try {
                    both_hold_one.wait().await;
                }
            }
            tx.commit().await?;
            Ok::<(), Failure<()>>(())
        })
    };
    let (one, other) = tokio::join!(cross(1, 2), cross(2, 1));

    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    assert_eq!(tried.load(Ordering::SeqCst), 3);
    let hits: Vec<i32> =
        sqlx::query_scalar("SELECT hits FROM events.pair").fetch_all(db.pool()).await.unwrap();
    assert_eq!(hits, [2, 2]);
}
