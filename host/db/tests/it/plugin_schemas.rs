//! What plugins bring in SQL reaches their own schema and nothing else.

use serde_json::{Value, json};
use sqlx::PgPool;
use vectis_db::plugin_schemas::{InstallError, Migration, StatementError};
use vectis_db::{PluginSchemas, testing};

const NOTES: &str = "CREATE TABLE note (id integer PRIMARY KEY, words text NOT NULL)";

/// Plugins' names become roles of the whole server, so every test has its own.
struct Plugin {
    schemas: PluginSchemas,
    pool: PgPool,
    name: &'static str,
}

async fn plugin(pool: PgPool, name: &'static str) -> Plugin {
    let db = testing::db(pool, &[]).await;
    Plugin { schemas: PluginSchemas::new(db.pool().clone()), pool: db.pool().clone(), name }
}

fn steps(texts: &[&str]) -> Vec<Migration> {
    let step = |(place, sql): (usize, &&str)| Migration {
        number: i32::try_from(place).unwrap() + 1,
        name: "step".to_owned(),
        sql: (*sql).to_owned(),
        checksum: sql.as_bytes().to_vec(),
    };
    texts.iter().enumerate().map(step).collect()
}

impl Plugin {
    async fn install(&self, texts: &[&str]) -> Result<usize, String> {
        self.install_with(texts, &[]).await
    }

    async fn install_with(&self, texts: &[&str], statements: &[(&str, &str)]) -> Result<usize, String> {
        let statements: Vec<_> =
            statements.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let outcome = self.schemas.install(self.name, &steps(texts), &statements).await;
        outcome.map_err(|error| match error {
            InstallError::Refused(why) => why,
            InstallError::Db(error) => panic!("{error}"),
        })
    }

    async fn run(&self, statement: &str) -> Result<Vec<Value>, StatementError> {
        self.run_with(statement, json!({})).await
    }

    async fn run_with(&self, statement: &str, parameters: Value) -> Result<Vec<Value>, StatementError> {
        self.schemas.run(self.name, statement, &parameters).await
    }

    async fn refused(&self, statement: &str) -> String {
        self.run(statement).await.expect_err(statement).to_string()
    }

    /// As the shop itself.
    async fn host(&self, sql: &str) -> String {
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(&self.pool).await.unwrap()
    }
}

#[sqlx::test(migrations = false)]
async fn a_plugin_writes_and_reads_its_own_table(pool: PgPool) {
    let plugin = plugin(pool, "own").await;
    assert_eq!(plugin.install(&[NOTES, "ALTER TABLE note ADD COLUMN at date"]).await, Ok(2));
    assert_eq!(plugin.install(&[NOTES, "ALTER TABLE note ADD COLUMN at date"]).await, Ok(0));

    let insert = "INSERT INTO note SELECT * FROM jsonb_to_recordset($1->'rows') AS row (id integer, words text, at date) \
                  RETURNING id, words, at";
    let rows =
        json!({ "rows": [{ "id": 1, "words": "it's" }, { "id": 2, "words": "; DROP", "at": "2026-01-15" }] });
    let written = plugin.run_with(insert, rows).await.unwrap();

    let expected = [
        json!({ "id": 1, "words": "it's", "at": null }),
        json!({ "id": 2, "words": "; DROP", "at": "2026-01-15" }),
    ];
    assert_eq!(written, expected);
    assert_eq!(plugin.run("SELECT * FROM note ORDER BY id").await.unwrap(), expected);
}

#[sqlx::test(migrations = false)]
async fn statements_reach_nothing_of_the_shop_and_nothing_of_others(pool: PgPool) {
    let other = plugin(pool.clone(), "reach-other").await;
    other.install(&[NOTES]).await.unwrap();
    let plugin = plugin(pool, "reach").await;
    plugin.install(&[NOTES]).await.unwrap();

    for statement in [
        "SELECT * FROM events.outbox",
        "INSERT INTO events.inbox (consumer, event_id) VALUES ('x', gen_random_uuid()) RETURNING 1",
        "SELECT * FROM plugin_reach_other.note",
        "SELECT * FROM plugin_reach_other._run('SELECT 1', '{}', 1, 1)",
        "SELECT * FROM plugin_reach._migration",
        "DELETE FROM _migration RETURNING 1",
        "SELECT rolpassword FROM pg_authid",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT pg_ls_dir('.')",
        "SELECT query_to_xml('SELECT * FROM events.outbox', true, true, '')",
        "SELECT table_to_xml('events.outbox'::regclass, true, true, '')",
        "SELECT pg_reload_conf()",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = session_user",
    ] {
        let error = plugin.run(statement).await.expect_err(statement);
        assert!(matches!(error, StatementError::Denied(_)), "{statement}: {error:?}");
    }
}

#[sqlx::test(migrations = false)]
async fn no_other_role_can_be_taken_on(pool: PgPool) {
    let plugin = plugin(pool, "role").await;
    plugin.install(&[NOTES]).await.unwrap();

    // Taken on within the statement, and used by what runs later in it.
    for role in ["none", "postgres"] {
        let escape = format!(
            "SELECT query_to_xml('SELECT * FROM events.outbox', true, true, '') \
             FROM (SELECT set_config('role', '{role}', false) OFFSET 0) AS taken"
        );
        let why = plugin.refused(&escape).await;
        assert_eq!(why, "cannot set parameter \"role\" within security-definer function");
    }
    let why = plugin.refused("SELECT set_config('session_authorization', 'postgres', false)").await;
    assert_eq!(why, "cannot set parameter \"session_authorization\" within security-definer function");
    for command in ["SET ROLE postgres", "RESET ROLE", "SET SESSION AUTHORIZATION DEFAULT"] {
        for text in [command.to_owned(), format!("DO $$ BEGIN EXECUTE '{command}'; END $$")] {
            let why = plugin.install(&[NOTES, &text]).await.unwrap_err();
            assert!(why.contains("within security-definer function"), "{text}: {why}");
        }
    }
    assert_eq!(
        plugin.run("SELECT current_user::text").await.unwrap(),
        [json!({ "current_user": "plugin_role" })]
    );
}

#[sqlx::test(migrations = false)]
async fn a_statement_is_one_that_gives_rows(pool: PgPool) {
    let plugin = plugin(pool, "single").await;
    plugin.install(&[NOTES]).await.unwrap();

    for text in [
        "INSERT INTO note VALUES (1, 'x')",
        "SELECT 1; DROP TABLE note",
        "DROP TABLE note",
        "CREATE TABLE more (id integer)",
        "DO $$ BEGIN PERFORM 1; END $$",
        "COPY note TO PROGRAM 'cat'",
        "COPY note TO STDOUT",
        "ALTER FUNCTION _run(text, jsonb, integer, integer) SECURITY INVOKER",
        "PREPARE x AS SELECT 1",
        "SET search_path = public",
        "LISTEN x",
        "VACUUM note",
        "CALL something()",
    ] {
        assert!(plugin.run(text).await.is_err(), "{text}");
    }
    assert_eq!(plugin.run("SELECT count(*) FROM note").await.unwrap(), [json!({ "count": 0 })]);
}

#[sqlx::test(migrations = false)]
async fn migrations_make_tables_and_nothing_that_runs(pool: PgPool) {
    let plugin = plugin(pool, "code").await;
    for (text, why) in [
        ("CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'", "it makes the function f"),
        (
            "ALTER FUNCTION _migrate(text[], text[], text[], text[]) SECURITY INVOKER; \
             CREATE FUNCTION _run(text) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            "it makes the function _run",
        ),
        (
            "CREATE TRIGGER t AFTER INSERT ON note FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "it makes the trigger t",
        ),
        ("CREATE RULE r AS ON INSERT TO note DO ALSO SELECT 1", "it makes the rule r"),
        ("CREATE TABLE public.outside (id integer)", "permission denied for schema public"),
        ("CREATE SCHEMA more", "permission denied for database"),
        ("SELECT * FROM events.outbox", "permission denied for schema events"),
        ("DROP SCHEMA events CASCADE", "must be owner of schema events"),
        ("DROP SCHEMA plugin_code CASCADE", "must be owner of schema plugin_code"),
        ("GRANT plugin_code TO postgres", "role \"plugin_code\""),
        ("ALTER TABLE note OWNER TO postgres", "role \"postgres\""),
        ("COPY note TO PROGRAM 'touch /tmp/out'", "to COPY to or from an external program"),
        ("COPY note FROM '/etc/passwd'", "to COPY from a file"),
        ("CREATE EXTENSION plpython3u", "extension \"plpython3u\""),
        ("COMMIT", "EXECUTE of transaction commands is not implemented"),
        ("CREATE ROLE x", "permission denied to create role"),
    ] {
        let refused = plugin.install(&[NOTES, text]).await.unwrap_err();
        assert!(refused.contains(why), "{text}: {refused}");
    }
    // All of it or nothing.
    let why = plugin.refused("SELECT 1").await;
    assert_eq!(why, "the plugin has no tables here");
    assert_eq!(plugin.install(&[NOTES]).await, Ok(1));
}

#[sqlx::test(migrations = false)]
async fn history_is_only_added_to(pool: PgPool) {
    let plugin = plugin(pool, "history").await;
    let second = "ALTER TABLE note ADD COLUMN at date";
    plugin.install(&[NOTES, second]).await.unwrap();

    let changed = plugin.install(&[NOTES, "ALTER TABLE note ADD COLUMN day date"]).await;
    let rolled_back = plugin.install_with(&[NOTES], &[("all", "SELECT id, words FROM note")]).await;
    let third = plugin.install(&[NOTES, second, "CREATE INDEX note_at ON note (at)"]).await;

    assert_eq!(
        changed.unwrap_err(),
        "migration 2 (step) was applied with another text; put its old text back and add a migration after the last"
    );
    assert_eq!(rolled_back, Ok(0), "an older version runs on the newer tables");
    assert_eq!(third, Ok(1));
}

#[sqlx::test(migrations = false)]
async fn statements_are_tried_before_anything_is_kept(pool: PgPool) {
    let plugin = plugin(pool, "tried").await;

    let refused = plugin.install_with(&[NOTES], &[("all", "SELECT id, colour FROM note")]).await;

    assert_eq!(
        refused.unwrap_err(),
        "statement all: column \"colour\" does not exist; mend the plugin's SQL"
    );
    assert_eq!(plugin.refused("SELECT 1").await, "the plugin has no tables here");
}

#[sqlx::test(migrations = false)]
async fn nothing_of_a_statement_stays_in_its_session(pool: PgPool) {
    let plugin = plugin(pool, "session").await;
    plugin.install(&[NOTES]).await.unwrap();

    for statement in [
        "SELECT set_config('search_path', 'public', false)",
        "SELECT set_config('statement_timeout', '0', false)",
        "SELECT pg_advisory_lock(1)::text",
    ] {
        plugin.run(statement).await.unwrap();
    }
    // One connection serves them all, one after another.
    let after = plugin
        .run(
            "SELECT current_setting('search_path') AS path, current_setting('statement_timeout') AS timeout, \
             (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks",
        )
        .await
        .unwrap();

    assert_eq!(after, [json!({ "path": "plugin_session, pg_temp", "timeout": "2s", "locks": 0 })]);
}

#[sqlx::test(migrations = false)]
async fn time_rows_and_bytes_are_bounded_and_undo_what_was_written(pool: PgPool) {
    let plugin = plugin(pool, "bounds").await;
    plugin.install(&[NOTES]).await.unwrap();

    let endless = plugin.run("SELECT pg_sleep(60)").await.unwrap_err();
    let many = "INSERT INTO note SELECT n, 'x' FROM generate_series(1, 10001) AS n RETURNING id";
    let many = plugin.run(many).await.unwrap_err();
    let wide = plugin.run("SELECT repeat('x', 1100000)").await.unwrap_err();

    assert!(matches!(endless, StatementError::Limit(_)), "{endless:?}");
    assert_eq!(endless.to_string(), "it took longer than 2000 ms");
    assert_eq!(many.to_string(), "it gives more than 10000 rows; ask for fewer");
    assert_eq!(wide.to_string(), "its rows have more than 1048576 bytes; ask for fewer");
    assert_eq!(plugin.run("SELECT count(*) FROM note").await.unwrap(), [json!({ "count": 0 })]);
}

#[sqlx::test(migrations = false)]
async fn tables_end_with_a_purge_only(pool: PgPool) {
    let plugin = plugin(pool, "purged").await;
    plugin.install(&[NOTES]).await.unwrap();

    assert!(plugin.schemas.purge("purged").await.unwrap());
    assert!(!plugin.schemas.purge("purged").await.unwrap());
    assert_eq!(
        plugin.host("SELECT count(*)::text FROM pg_namespace WHERE nspname = 'plugin_purged'").await,
        "0"
    );
    assert_eq!(plugin.install(&[NOTES]).await, Ok(1), "from the beginning");
}

#[sqlx::test(migrations = false)]
async fn processes_that_load_a_plugin_together_migrate_it_once(pool: PgPool) {
    let plugin = plugin(pool, "together").await;

    let all = (0..4).map(|_| plugin.install(&[NOTES]));
    let outcomes = futures_util::future::join_all(all).await;

    let applied: usize = outcomes.into_iter().map(Result::unwrap).sum();
    assert_eq!(applied, 1);
}
