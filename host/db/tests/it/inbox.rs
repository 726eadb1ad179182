use std::collections::HashSet;

use sqlx::PgPool;
use vectis_db::inbox;

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
