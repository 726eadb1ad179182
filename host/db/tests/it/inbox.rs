use std::collections::HashSet;

use sqlx::PgPool;
use vectis_db::inbox::{self, News};

use crate::support::{database, thing};

#[sqlx::test]
async fn each_consumer_claims_an_event_once(pool: PgPool) {
    let db = database(pool).await;
    let mut tx = db.begin().await.unwrap();

    assert_eq!(inbox::claim(&mut tx, "search", &[thing(1)]).await.unwrap(), HashSet::from([thing(1)]));
    assert_eq!(inbox::claim(&mut tx, "mail", &[thing(1)]).await.unwrap(), HashSet::from([thing(1)]));
    let both = inbox::claim(&mut tx, "search", &[thing(2), thing(1), thing(2)]).await.unwrap();
    assert_eq!(both, HashSet::from([thing(2)]));
}

#[sqlx::test]
async fn a_claim_that_is_rolled_back_is_free_again(pool: PgPool) {
    let db = database(pool).await;
    let mut first = db.begin().await.unwrap();
    assert_eq!(inbox::claim(&mut first, "search", &[thing(1)]).await.unwrap().len(), 1);

    let second = async {
        let mut tx = db.begin().await.unwrap();
        inbox::claim(&mut tx, "search", &[thing(1)]).await.unwrap()
    };
    let (rolled_back, claimed) = tokio::join!(first.rollback(), second);

    rolled_back.unwrap();
    assert_eq!(claimed, HashSet::from([thing(1)]));
}

fn news(key: &str, sequence: i64) -> News {
    News { source: "wms".to_owned(), key: key.to_owned(), sequence }
}

#[sqlx::test]
async fn only_the_newest_news_of_a_source_count(pool: PgPool) {
    let db = database(pool).await;
    let mut tx = db.begin().await.unwrap();

    let first = [news("a", 5), news("b", 1), news("a", 7), news("a", 6), news("a", 7)];
    assert_eq!(inbox::advance(&mut tx, "stock", &first).await.unwrap(), [1, 2]);
    assert_eq!(inbox::advance(&mut tx, "stock", &[news("a", 7), news("b", 2)]).await.unwrap(), [1]);
    assert_eq!(inbox::advance(&mut tx, "prices", &[news("a", 1)]).await.unwrap(), [0]);
    let other = News { source: "erp".to_owned(), ..news("a", 1) };
    assert_eq!(inbox::advance(&mut tx, "stock", &[other]).await.unwrap(), [0]);
}

#[sqlx::test]
async fn what_was_taken_in_long_ago_is_forgotten(pool: PgPool) {
    let db = database(pool).await;
    let mut tx = db.begin().await.unwrap();
    inbox::claim(&mut tx, "search", &[thing(1), thing(2)]).await.unwrap();
    tx.commit().await.unwrap();
    sqlx::query("UPDATE events.inbox SET claimed_at = now() - interval '2 days' WHERE event_id = $1")
        .bind(thing(1))
        .execute(db.pool())
        .await
        .unwrap();

    assert_eq!(inbox::forget(&db, std::time::Duration::from_secs(86_400)).await.unwrap(), 1);

    let mut tx = db.begin().await.unwrap();
    let fresh = inbox::claim(&mut tx, "search", &[thing(1), thing(2)]).await.unwrap();
    assert_eq!(fresh, HashSet::from([thing(1)]));
}
