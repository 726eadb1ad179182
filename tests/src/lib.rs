//! The harness of the end-to-end tests and benches: a whole host, started as production starts it, on a database of its
//! own, spoken to over HTTP.
//!
//! *Owns*: starting and stopping hosts, test databases, plugin folders, a small GraphQL client. *Depends on*: the host.
//! *Invariants*: a test shares nothing with another; nothing here decides what is right. *Start reading at*:
//! [`TestHost`].

pub mod books;
pub mod broker;
pub mod carrier;
pub mod client;
pub mod collector;
pub mod company;
pub mod contents;
pub mod database;
pub mod meilisearch;
pub mod plugins;
pub mod receiver;
pub mod shop;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vectis::compose::{Migrations, compose};
use vectis::config::Config;
use vectis::http::Server;
use vectis_contracts::plugins::Isolation;
use vectis_contracts::points::Strategies;
use vectis_db::Db;

pub use client::{Client, Graphql};
pub use company::Company;
pub use contents::Contents;
pub use database::TestDatabase;
pub use plugins::PluginFolder;

/// A running host.
pub struct TestHost {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its database, for looking behind the API.
    pub db: Db,
    /// Its plugins folder.
    pub plugins: PluginFolder,
    /// Its plugins as its modules see them.
    pub strategies: Arc<dyn Strategies>,
    stop: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
    database: Arc<TestDatabase>,
}

impl TestHost {
    /// A host with the first-party plugins and the demo shop.
    pub async fn demo() -> Self {
        Self::start(PluginFolder::first_party(), true).await
    }

    /// A host with the plugins of a folder, with or without the demo shop.
    pub async fn start(plugins: PluginFolder, with_demo: bool) -> Self {
        Self::configured(plugins, with_demo, |_| {}).await
    }

    /// The same with changes to the configuration.
    pub async fn configured(
        plugins: PluginFolder,
        with_demo: bool,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let database = Arc::new(TestDatabase::create().await);
        Self::on(database, plugins, with_demo, change).await
    }

    /// Another host of the same shop, with a plugins folder of its own.
    pub async fn beside(&self, plugins: PluginFolder) -> Self {
        Self::on(self.database.clone(), plugins, false, |_| {}).await
    }

    async fn on(
        database: Arc<TestDatabase>,
        plugins: PluginFolder,
        with_demo: bool,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config::default();
        config.server.listen = "127.0.0.1:0".to_owned();
        config.plugins.folder = plugins.path().to_owned();
        config.plugins.refresh_interval = Duration::from_millis(200);
        // A host starts its own program for plugins that run apart; a test is no such program. See it/isolation.rs.
        config.plugins.default_isolation = Isolation::InProcess;
        config.identity.attempts_per_address = 10_000;
        config.identity.attempts_per_login = 10_000;
        config.log.filter =
            std::env::vars().find(|(key, _)| key == "RUST_LOG").map_or("warn".to_owned(), |(_, v)| v);
        config.database.max_connections = 16;
        // Nothing is written behind a test's back; those about events switch it on.
        config.events.run_in_server = false;
        config.plugins.schedules.run_in_server = false;
        config.workflows.run_in_server = false;
        config.workflows.look_interval = Duration::from_millis(200);
        change(&mut config);
        config.database.url = vectis::config::Secret::from(database.url().to_owned());
        vectis::telemetry::start_logs(&config.log).expect("the filter parses");
        let host = compose(config, Migrations::Apply).await.expect("the host is composed");
        if with_demo {
            vectis::demo::seed(&host).await.expect("the demo shop is made");
        }
        if host.config.events.run_in_server {
            host.start_events();
        }
        host.start_schedules();
        host.start_workflows();
        let db = host.db.clone();
        let strategies: Arc<dyn Strategies> = host.plugins.clone();
        let server = Server::bind(host, vectis::telemetry::start_metrics()).await.expect("a port is free");
        let address = server.address;
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        #[expect(
            clippy::disallowed_methods,
            reason = "the test waits for it in `stop`, or its runtime ends it"
        )]
        let running = tokio::spawn(server.run(async move { stopping.cancelled().await }));
        Self { address, db, plugins, strategies, stop, running, database }
    }

    /// A client without identity.
    pub fn client(&self) -> Client {
        Client::new(format!("http://{}/graphql", self.address))
    }

    /// Where its database is, for hosts beside it.
    pub fn database_url(&self) -> &str {
        self.database.url()
    }

    /// Fails when something in the database does not fit together; see [`books`].
    pub async fn assert_books_balance(&self) {
        let mut connection = self.db.pool().acquire().await.expect("the database answers");
        let broken = books::broken(&mut connection).await.expect("the rules can be asked");
        assert!(broken.is_empty(), "{broken:#?}");
    }

    /// Stops the host and waits for it.
    pub async fn stop(self) {
        self.stop.cancel();
        self.running.await.expect("the server task ends").expect("the server stops cleanly");
    }
}
