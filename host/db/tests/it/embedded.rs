use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection, PgConnection};
use tempfile::TempDir;
use vectis_db::embedded::DATABASE;
use vectis_db::{EmbeddedError, EmbeddedOptions, EmbeddedPostgres};

/// A folder that a server of another user can enter, as it must when the tests run as root.
fn open_folder() -> TempDir {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap()
}

fn throw_away(folder: &Path) -> EmbeddedOptions {
    EmbeddedOptions { fsync: false, max_connections: 10, ..EmbeddedOptions::new(folder.join("postgres")) }
}

async fn connected(postgres: &EmbeddedPostgres) -> PgConnection {
    postgres.connect_options(DATABASE).connect().await.unwrap()
}

async fn count(connection: &mut PgConnection) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM note").fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn a_cluster_is_made_once_and_found_again_after_a_stop() {
    let folder = open_folder();

    let postgres = EmbeddedPostgres::start(throw_away(folder.path())).await.unwrap();
    let mut connection = connected(&postgres).await;
    sqlx::query("CREATE TABLE note AS SELECT 1 AS id").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    postgres.stop().await;
    let pid_file = folder.path().join("postgres/cluster/postmaster.pid");
    assert!(!pid_file.exists(), "the server did not shut down cleanly");

    let postgres = EmbeddedPostgres::start(throw_away(folder.path())).await.unwrap();
    let mut connection = connected(&postgres).await;
    assert_eq!(count(&mut connection).await, 1);
}

#[tokio::test]
async fn who_only_looks_in_finds_the_cluster_while_it_runs_and_not_after() {
    let folder = open_folder();
    let data_dir = folder.path().join("postgres");
    assert!(EmbeddedPostgres::running(&data_dir).await.is_none());
    assert!(!data_dir.exists(), "looking makes nothing");
    let postgres = EmbeddedPostgres::start(throw_away(folder.path())).await.unwrap();

    let options = EmbeddedPostgres::running(&data_dir).await.expect("it runs");
    let mut guest = options.connect().await.unwrap();
    sqlx::query("SELECT 1").execute(&mut guest).await.unwrap();
    guest.close().await.unwrap();

    postgres.stop().await;
    assert!(EmbeddedPostgres::running(&data_dir).await.is_none());
}

#[tokio::test]
async fn dropping_it_stops_the_server_although_a_connection_is_open() {
    let folder = open_folder();
    let postgres = EmbeddedPostgres::start(throw_away(folder.path())).await.unwrap();
    let mut connection = connected(&postgres).await;

    drop(postgres);

    assert!(!folder.path().join("postgres/cluster/postmaster.pid").exists());
    assert!(connection.ping().await.is_err());
}

#[tokio::test]
async fn it_is_durable_unless_told_otherwise_and_takes_settings() {
    let folder = open_folder();
    let options = EmbeddedOptions {
        settings: vec![
            ("shared_preload_libraries".to_owned(), "pg_stat_statements".to_owned()),
            ("work_mem".to_owned(), "5MB".to_owned()),
        ],
        ..EmbeddedOptions::new(folder.path().join("postgres"))
    };

    let postgres = EmbeddedPostgres::start(options).await.unwrap();
    let mut connection = connected(&postgres).await;
    let settings: Vec<String> = sqlx::query_scalar(
        "SELECT setting FROM pg_settings \
         WHERE name IN ('data_checksums', 'fsync', 'full_page_writes', 'listen_addresses', 'shared_preload_libraries', \
                        'synchronous_commit', 'work_mem') \
         ORDER BY name",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();

    assert_eq!(settings, ["on", "on", "on", "", "pg_stat_statements", "on", "5120"]);
    let mode = fs::metadata(folder.path().join("postgres")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "others could reach the socket");
}

#[tokio::test]
async fn a_pid_file_that_names_a_stranger_does_not_stop_it() {
    let folder = open_folder();
    EmbeddedPostgres::start(throw_away(folder.path())).await.unwrap().stop().await;
    let home = folder.path().join("postgres");
    let stranger = stranger_of(&home);
    for file in ["cluster/postmaster.pid", "socket/.s.PGSQL.5432.lock"] {
        fs::write(home.join(file), format!("{}\n/elsewhere\n", stranger.0.id())).unwrap();
    }

    let started = EmbeddedPostgres::start(throw_away(folder.path())).await;

    assert!(started.is_ok(), "{:?}", started.err());
}

/// A living process of the cluster's owner that is no PostgreSQL: what a reused process id looks like.
fn stranger_of(home: &Path) -> KilledOnDrop {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;
    let owner = fs::metadata(home).unwrap();
    let mut command = Command::new("sleep");
    command.arg("600");
    if owner.uid() != fs::metadata("/proc/self").unwrap().uid() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    KilledOnDrop(command.spawn().unwrap())
}

struct KilledOnDrop(Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test]
async fn a_folder_too_deep_for_a_socket_gets_a_short_one_elsewhere() {
    let folder = open_folder();
    let deep = folder.path().join("d".repeat(120));

    let postgres = EmbeddedPostgres::start(throw_away(&deep)).await.unwrap();

    let mut connection = connected(&postgres).await;
    let dir: String =
        sqlx::query_scalar("SHOW unix_socket_directories").fetch_one(&mut connection).await.unwrap();
    let mode = fs::metadata(&dir).unwrap().permissions().mode();
    assert_eq!((Path::new(&dir).starts_with(&deep), mode & 0o777), (false, 0o700));
    drop(postgres);
    fs::remove_dir(dir).unwrap();
}

#[tokio::test]
async fn a_machine_without_binaries_is_told_what_to_install() {
    let folder = open_folder();
    let options = EmbeddedOptions { bin_dir: Some(folder.path().to_owned()), ..throw_away(folder.path()) };

    let Err(error) = EmbeddedPostgres::start(options).await else { panic!("started from nothing") };

    assert_eq!(
        error.to_string(),
        "no PostgreSQL 15 or newer found on this machine: run `apt-get install postgresql`, or set `database.url` to use \
         a server you have"
    );
}

#[tokio::test]
async fn a_cluster_of_another_version_is_left_alone() {
    let folder = open_folder();
    let cluster = folder.path().join("postgres/cluster");
    fs::create_dir_all(&cluster).unwrap();
    fs::write(cluster.join("PG_VERSION"), "9\n").unwrap();

    let Err(error) = EmbeddedPostgres::start(throw_away(folder.path())).await else { panic!("started") };

    assert!(matches!(error, EmbeddedError::OtherVersion { made_by: 9, .. }), "{error}");
    assert_eq!(fs::read_dir(&cluster).unwrap().count(), 1);
}

#[tokio::test]
async fn a_server_that_refuses_to_start_says_why() {
    let folder = open_folder();
    let settings = vec![("no_such_setting".to_owned(), "1".to_owned())];

    let Err(error) = EmbeddedPostgres::start(EmbeddedOptions { settings, ..throw_away(folder.path()) }).await
    else {
        panic!("started")
    };

    assert!(
        matches!(&error, EmbeddedError::Stopped { reason, .. } if reason.contains("no_such_setting")),
        "{error}"
    );
}

/// The host is killed without warning: its server goes too, keeps what was committed, and the next start takes over.
#[tokio::test]
async fn it_dies_with_its_host_and_loses_nothing() {
    let folder = open_folder();
    let home = folder.path().join("postgres");
    let mut host = start_host(&home);
    let socket = home.join("socket");
    let options = sqlx::postgres::PgConnectOptions::new_without_pgpass().socket(socket).username("postgres");
    let mut connection = options.database(DATABASE).connect().await.unwrap();
    sqlx::query("CREATE TABLE note AS SELECT 1 AS id").execute(&mut connection).await.unwrap();

    host.0.kill().unwrap();
    let postgres = EmbeddedPostgres::start(throw_away(folder.path())).await.unwrap();

    assert!(connection.ping().await.is_err(), "the killed host's server lives on");
    assert_eq!(count(&mut connected(&postgres).await).await, 1);
}

#[tokio::test]
async fn a_second_host_on_the_same_folder_waits_for_the_first() {
    let folder = open_folder();
    let first = EmbeddedPostgres::start(throw_away(folder.path())).await.unwrap();
    let started = Instant::now();

    let stopped = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        first.stop().await;
    };
    let ((), second) = tokio::join!(stopped, EmbeddedPostgres::start(throw_away(folder.path())));

    assert!(second.is_ok(), "{:?}", second.err());
    assert!(started.elapsed() >= Duration::from_millis(300));
}

/// Runs the crate's example, which stays until killed.
fn start_host(home: &Path) -> KilledOnDrop {
    let mut host = Command::new(example()).arg(home).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(host.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    KilledOnDrop(host)
}

/// `target/debug/examples/private_postgres`, built by the same `cargo test` as this file.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples/private_postgres")
}
