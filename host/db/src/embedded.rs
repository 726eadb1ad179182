//! A private PostgreSQL for a laptop or a small shop: the machine's own binaries, a cluster in a data folder, a unix
//! socket and nothing else. It lives and dies with this process, and never loses a committed transaction.

mod binaries;
mod place;
mod server;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

use binaries::Binaries;
use place::Place;
use server::Server;

/// The database made for the host.
pub const DATABASE: &str = "vectis";

/// Crash recovery of a large database takes a while; a server that neither answers nor dies by then is given up.
const START_TIMEOUT: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(10);

/// Where the private cluster lives and how it runs.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// Folder of the cluster, made when missing and used again on the next start.
    pub data_dir: PathBuf,
    /// Folder that holds `postgres` and `initdb`; looked for when `None`.
    pub bin_dir: Option<PathBuf>,
    /// Survive power loss. Only throw-away clusters of tests turn it off.
    pub fsync: bool,
    /// Most connections at once.
    pub max_connections: u16,
    /// Further server settings, as in `postgresql.conf`.
    pub settings: Vec<(String, String)>,
}

impl EmbeddedOptions {
    /// A durable cluster in `data_dir`.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            bin_dir: None,
            fsync: true,
            max_connections: 100,
            settings: Vec::new(),
        }
    }
}

/// Why there is no private PostgreSQL. Each is one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Nothing installed.
    #[error(
        "no PostgreSQL 15 or newer found on this machine: run `apt-get install postgresql`, or set `database.url` to use \
         a server you have"
    )]
    NoBinaries,
    /// The cluster belongs to another major version.
    #[error(
        "the database in {} was made by PostgreSQL {made_by}, which is not installed: run \
         `apt-get install postgresql-{made_by}`, or set `database.url`", data_dir.display()
    )]
    OtherVersion {
        /// The cluster.
        data_dir: PathBuf,
        /// Its major version.
        made_by: u32,
    },
    /// PostgreSQL never runs as root.
    #[error(
        "PostgreSQL does not run as root and the machine has neither a user `postgres` nor `nobody`: create one"
    )]
    NoUser,
    /// The cluster is somewhere its user cannot go.
    #[error("the database's user cannot enter {}: run `chmod o+x` on it, or move the data folder", .0.display())]
    Unreachable(PathBuf),
    /// Another server runs on the cluster.
    #[error("the database in {} is in use by process {pid}: stop that one first", data_dir.display())]
    InUse {
        /// The cluster.
        data_dir: PathBuf,
        /// The other server.
        pid: i32,
    },
    /// Not even the short folder for the socket will do.
    #[error("the socket path {} is longer than the {max} bytes the system allows: use a shorter data folder", path.display())]
    SocketPathTooLong {
        /// The path.
        path: PathBuf,
        /// The system's limit.
        max: usize,
    },
    /// The short folder for the socket exists and is not safe to use.
    #[error("{} belongs to somebody else or is open to others: remove it", .0.display())]
    SocketDirNotOurs(PathBuf),
    /// `initdb` failed.
    #[error("initdb failed: {0}")]
    Init(String),
    /// The server ended while starting.
    #[error("postgres stopped while starting: {reason} (more in {})", log.display())]
    Stopped {
        /// Last words of its log.
        reason: String,
        /// The log.
        log: PathBuf,
    },
    /// The server runs but does not answer.
    #[error("postgres did not answer within {} s (see {})", START_TIMEOUT.as_secs(), .0.display())]
    NoAnswer(PathBuf),
    /// The server answers but the database could not be made.
    #[error("preparing the private database: {0}")]
    Prepare(#[from] sqlx::Error),
    /// A file operation failed.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was tried: `creating`.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl EmbeddedError {
    fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }
}

/// A running private PostgreSQL. Dropping it is a fast shutdown that waits for the end.
pub struct EmbeddedPostgres {
    server: Server,
    socket_dir: PathBuf,
}

impl EmbeddedPostgres {
    /// Starts the cluster in the data folder, made first when there is none, with the database [`DATABASE`] in it.
    pub async fn start(options: EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let prepared = tokio::task::spawn_blocking(move || launch(&options)).await;
        let (server, place) =
            prepared.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        let running = Self { server, socket_dir: place.socket_dir.clone() };
        let mut connection = running.first_connection(&place).await?;
        create_database(&mut connection).await?;
        connection.close().await?;
        Ok(running)
    }

    /// How to connect to a cluster that another process of this machine runs; `None` when none answers in the data folder.
    pub async fn running(data_dir: &Path) -> Option<PgConnectOptions> {
        let place = Place::find(data_dir)?;
        let options = connect_options(&place.socket_dir, DATABASE);
        // A server whose process was killed is on its way out and takes nobody in.
        options.connect().await.ok()?.close().await.ok()?;
        Some(options)
    }

    /// How to connect to a database of the cluster.
    pub fn connect_options(&self, database: &str) -> PgConnectOptions {
        connect_options(&self.socket_dir, database)
    }

    /// Fast shutdown: open transactions are rolled back, everything committed is on disk.
    pub async fn stop(self) {
        // Dropping waits for the process; a panic in there has been reported by its own thread.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }

    async fn first_connection(&self, place: &Place) -> Result<PgConnection, EmbeddedError> {
        let options = self.connect_options("postgres");
        let started = Instant::now();
        loop {
            // Asked before connecting: a server that has ended meanwhile cannot be mistaken for a slow one.
            let has_ended = self.server.has_ended();
            match options.connect().await {
                Ok(connection) => return Ok(connection),
                Err(_) if has_ended => {
                    return Err(EmbeddedError::Stopped {
                        reason: place.last_words(),
                        log: place.log.clone(),
                    });
                }
                Err(_) if started.elapsed() > START_TIMEOUT => {
                    return Err(EmbeddedError::NoAnswer(place.log.clone()));
                }
                Err(_) => tokio::time::sleep(POLL).await,
            }
        }
    }
}

fn connect_options(socket_dir: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket_dir)
        .port(place::PORT)
        .username(server::SUPERUSER)
        .database(database)
}

/// Everything up to the running process; blocking.
fn launch(options: &EmbeddedOptions) -> Result<(Server, Place), EmbeddedError> {
    let place = Place::prepare(&options.data_dir)?;
    let made_by = place.made_by()?;
    let binaries = Binaries::find(options.bin_dir.as_deref(), made_by)
        .ok_or_else(|| binaries::missing(&options.data_dir, made_by))?;
    if made_by.is_none() {
        server::init(&binaries, &place, options.fsync)?;
    }
    place.wait_for_predecessor()?;
    let server = Server::start(&binaries, &place, options)?;
    Ok((server, place))
}

async fn create_database(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(DATABASE)
        .fetch_one(&mut *connection)
        .await?;
    if !exists {
        sqlx::query("CREATE DATABASE vectis").execute(connection).await?;
    }
    Ok(())
}
