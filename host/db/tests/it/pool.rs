use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use vectis_db::{PoolSettings, connect};

#[sqlx::test]
async fn every_connection_gives_up_in_time_and_says_who_it_is(_: PgPoolOptions, options: PgConnectOptions) {
    let settings = PoolSettings {
        statement_timeout: Duration::from_millis(50),
        application_name: "vectis-test".to_owned(),
        ..PoolSettings::default()
    };

    let pool = connect(options, &settings).await.unwrap();
    let shown: (String, String, String) = sqlx::query_as(
        "SELECT current_setting('application_name'), current_setting('idle_in_transaction_session_timeout'), \
         current_setting('transaction_isolation')",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    let slow = sqlx::query("SELECT pg_sleep(10)").execute(&pool).await;

    assert_eq!(shown, ("vectis-test".to_owned(), "30s".to_owned(), "read committed".to_owned()));
    let code = slow.unwrap_err().into_database_error().unwrap().code().unwrap().into_owned();
    assert_eq!(code, "57014");
    pool.close().await;
}
