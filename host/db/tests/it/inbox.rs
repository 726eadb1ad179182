use sqlx::PgPool;
use vectis_db::inbox;

use crate::support::{database, thing};

#[sqlx::test]
async fn each_consumer_claims_an_event_once(pool: PgPool) {
    let db = database(pool).await;
    let mut tx = db.begin().await.unwrap();

    assert!(inbox::claim(&mut tx, "search", thing(1)).await.unwrap());
    assert!(!inbox::claim(&mut tx, "search", thing(1)).await.unwrap());
    assert!(inbox::claim(&mut tx, "mail", thing(1)).await.unwrap());
    assert!(inbox::claim(&mut tx, "search", thing(2)).await.unwrap());
}

#[sqlx::test]
async fn a_claim_that_is_rolled_back_is_free_again(pool: PgPool) {
    let db = database(pool).await;
    let mut first = db.begin().await.unwrap();
    assert!(inbox::claim(&mut first, "search", thing(1)).await.unwrap());

    let second = async {
        let mut tx = db.begin().await.unwrap();
        inbox::claim(&mut tx, "search", thing(1)).await.unwrap()
    };
    let (rolled_back, claimed) = tokio::join!(first.rollback(), second);

    rolled_back.unwrap();
    assert!(claimed);
}
