use sqlx::PgPool;
use vectis_db::statements;

#[sqlx::test]
async fn statements_are_counted_by_text_without_transaction_control(pool: PgPool) {
    let before = statements::counted(&pool).await.unwrap().expect("the test server counts statements");
    for number in 0..3 {
        let mut tx = pool.begin().await.unwrap();
        sqlx::query("SELECT $1 + 41").bind(number).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }
    sqlx::query("SELECT now()").execute(&pool).await.unwrap();
    let ran = statements::counted(&pool).await.unwrap().unwrap().since(&before);

    assert_eq!(ran.total(), 4);
    let by_text: Vec<(&str, i64)> =
        ran.by_text().iter().map(|(text, calls)| (text.as_str(), *calls)).collect();
    assert_eq!(by_text, [("SELECT $1 + $2", 3), ("SELECT now()", 1)]);
}
