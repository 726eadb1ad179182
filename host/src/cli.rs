//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use vectis_contracts::plugins::Isolation;

/// A headless B2B commerce platform: the GraphQL API is the platform, every rule is a plugin.
#[derive(Debug, Parser)]
#[command(name = "vectis", version)]
pub struct Cli {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where the configuration is, and what overrides it.
#[derive(Clone, Debug, Default, Args)]
pub struct ConfigArgs {
    /// Configuration file; `vectis.toml` in the working folder when there is one.
    #[arg(id = "config_file", long = "config", global = true, value_name = "FILE", env = "VECTIS_CONFIG")]
    pub file: Option<PathBuf>,
    /// Name of the environment: `vectis.<env>.toml` beside the file is read on top of it.
    #[arg(long, global = true, value_name = "NAME", env = "VECTIS_ENV")]
    pub env: Option<String>,
    /// One key, strongest of all: `--set server.listen=127.0.0.1:9000`. May be given several times.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API.
    Serve,
    /// Everything in one process on embedded defaults: database, migrations, plugins, API.
    Up(UpArgs),
    /// Pass events on from the database to the broker.
    Relay,
    /// Take events in: feeds of other systems.
    Consume,
    /// Keep the time of workflows and run their activities.
    Worker,
    /// Look at events, send them again, see to dead letters.
    #[command(subcommand)]
    Events(EventsCommand),
    /// Bring the database up to date and stop.
    Migrate,
    /// Make a member of staff with all permissions: the first one of a new shop.
    Staff(StaffArgs),
    /// Look at the search indexes, and write them anew.
    #[command(subcommand)]
    Search(SearchCommand),
    /// Look at and make plugins.
    #[command(subcommand)]
    Plugins(PluginsCommand),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Connect to everything and say how it is, one line each.
    Doctor,
    /// Print the GraphQL schema definition.
    Schema(SchemaArgs),
    /// Load catalogue, accounts, prices and stock mined from an invoice file into a running shop.
    Import(ImportArgs),
    /// What the server starts for plugins that run apart; nothing for people.
    #[command(hide = true)]
    PluginProcess,
    /// Send the invoices of a file through the API of a running shop, as its buyers would, and reconcile.
    Replay(ReplayArgs),
}

/// `vectis up`
#[derive(Clone, Copy, Debug, Args)]
pub struct UpArgs {
    /// Fill an empty shop with a small demo catalogue, two channels, a company and staff.
    #[arg(long)]
    pub demo: bool,
}

/// `vectis events …`
#[derive(Clone, Debug, Subcommand)]
pub enum EventsCommand {
    /// Print events as they come, one JSON object a line, until interrupted.
    Tail {
        /// Only this topic: `vectis.orders`. May be given several times.
        #[arg(long)]
        topic: Vec<String>,
        /// End after so many.
        #[arg(long)]
        count: Option<usize>,
    },
    /// Send events to the broker once more, with the ids they have; or let a consumer take them in once more.
    Replay {
        /// Those that became true then or later: `2026-11-23T06:00:00Z`.
        #[arg(long, value_name = "INSTANT")]
        since: chrono::DateTime<chrono::Utc>,
        /// Let this consumer forget that it took them in.
        #[arg(long, value_name = "NAME")]
        consumer: Option<String>,
    },
    /// Write a record to the log, as an outside system would: the file holds one JSON object a line.
    Send {
        /// The file; `-` reads standard input.
        file: PathBuf,
        /// Topic to write to.
        #[arg(long, default_value = "vectis.inventory")]
        topic: String,
    },
    /// How far every reader has come.
    Readers,
    /// What could not be taken in, with the reason.
    DeadLetters {
        /// Only of this consumer.
        #[arg(long, value_name = "NAME")]
        consumer: Option<String>,
        /// What to do with them.
        #[command(subcommand)]
        action: Option<DeadLettersAction>,
    },
    /// Print the JSON Schema of an event type, or all types.
    Schema {
        /// `vectis.orders.order_placed.v1`
        event_type: Option<String>,
    },
}

/// `vectis events dead-letters …`
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum DeadLettersAction {
    /// Try them again, the oldest first.
    Redrive {
        /// Only this one.
        #[arg(long)]
        id: Option<uuid::Uuid>,
    },
}

/// `vectis search …`
#[derive(Clone, Debug, Subcommand)]
pub enum SearchCommand {
    /// Documents of every index, and how far it is behind the catalogue.
    Status,
    /// Write an index anew beside the one that answers, and swap them. Begun again after an interruption, it goes on.
    Reindex {
        /// `postgres` or `meilisearch`; all when left out.
        #[arg(long, value_name = "NAME")]
        index: Option<String>,
    },
}

/// `vectis staff`
#[derive(Clone, Debug, Args)]
pub struct StaffArgs {
    /// E-mail to sign in with.
    #[arg(long)]
    pub email: String,
    /// For people.
    #[arg(long)]
    pub name: String,
    /// Password, 8 to 128 characters.
    #[arg(long, env = "VECTIS_STAFF_PASSWORD", hide_env_values = true)]
    pub password: String,
}

/// `vectis plugins …`
#[derive(Clone, Debug, Subcommand)]
pub enum PluginsCommand {
    /// All files of the plugins folder, loaded or refused.
    List,
    /// Run every check on a file, loading it: what a start would do.
    Check {
        /// The `.so` file.
        file: PathBuf,
    },
    /// Show what a file says of itself, without running any of its code.
    Inspect {
        /// The `.so` file.
        file: PathBuf,
    },
    /// Let a file run: writes it into the lock file.
    Trust {
        /// The `.so` file, or the name of a plugin in the folder.
        #[arg(value_name = "FILE|NAME")]
        target: String,
        /// What comes with it.
        #[command(flatten)]
        terms: TrustTerms,
    },
    /// Let a file run and no other content under its plugin's name.
    Pin {
        /// The `.so` file, or the name of a plugin in the folder.
        #[arg(value_name = "FILE|NAME")]
        target: String,
        /// What comes with it.
        #[command(flatten)]
        terms: TrustTerms,
    },
    /// Forbid the content of a file, or every version of a plugin.
    Revoke {
        /// The `.so` file, or the name of a plugin.
        #[arg(value_name = "FILE|NAME")]
        target: String,
    },
    /// Copy a file, or all of a folder, into the inbox of the shop on this machine, and install it there.
    Install {
        /// The running shop.
        #[command(flatten)]
        server: ServerArgs,
        /// The `.so` file, or a folder of them.
        #[arg(value_name = "FILE|DIR")]
        path: PathBuf,
    },
    /// Let an installed version take over in all processes of a running shop.
    Swap {
        /// The running shop.
        #[command(flatten)]
        server: ServerArgs,
        /// The plugin's name.
        plugin: String,
        /// The version, or the first digits of its SHA-256.
        to: String,
        /// Also when it answers recorded questions differently.
        #[arg(long)]
        confirm: bool,
    },
    /// Let the version before take over again.
    Rollback {
        /// The running shop.
        #[command(flatten)]
        server: ServerArgs,
        /// The plugin's name.
        plugin: String,
    },
    /// Switch a plugin off.
    Disable {
        /// The running shop.
        #[command(flatten)]
        server: ServerArgs,
        /// The plugin's name.
        plugin: String,
    },
    /// Switch a plugin on again.
    Enable {
        /// The running shop.
        #[command(flatten)]
        server: ServerArgs,
        /// The plugin's name.
        plugin: String,
    },
    /// Versions, calls, errors and latencies of the plugins of a running shop, and what its processes run.
    Status(ServerArgs),
    /// When the tasks of a running shop's plugins run, and what came of it.
    Schedules(ServerArgs),
    /// Hold a plugin to what the plugin API promises its hosts: a hundred cases and more for each entry point.
    Test(TestArgs),
    /// Make a plugin from the template.
    New {
        /// Its name: `acme-rebates`.
        name: String,
        /// The extension point it answers: `pricing`.
        #[arg(long, value_name = "POINT")]
        point: String,
        /// Where to make the folder.
        #[arg(long, default_value = ".")]
        into: PathBuf,
    },
    /// Build a plugin whenever its folder changes, and let a running shop swap it.
    Dev(DevArgs),
    /// Time an entry point: nanoseconds per line at 1 to 10,000 lines.
    Bench(BenchArgs),
    /// Let a running shop look into its plugins folder again.
    Reload(ServerArgs),
    /// Drop the tables of a plugin with all that it keeps in them. Removing a plugin leaves them.
    Purge {
        /// The plugin's name.
        plugin: String,
        /// The name once more: what is dropped is gone.
        #[arg(long, value_name = "NAME")]
        yes_drop: String,
    },
    /// Let a plugin answer a point in a channel of a running shop.
    Activate {
        /// The running shop.
        #[command(flatten)]
        server: ServerArgs,
        /// Slug of the channel.
        #[arg(long)]
        channel: String,
        /// `vectis.pricing`
        #[arg(long)]
        point: String,
        /// The plugin's name.
        plugin: String,
        /// The entry point, when the plugin offers several for the point.
        #[arg(long)]
        entry_point: Option<String>,
        /// Higher first among several.
        #[arg(long, default_value_t = 0)]
        priority: i32,
        /// Configuration as JSON.
        #[arg(long, default_value = "{}")]
        config_json: String,
    },
}

/// What comes with trust.
#[derive(Clone, Debug, Default, Args)]
pub struct TrustTerms {
    /// How the plugin is to be run; the server's default when left out.
    #[arg(long, value_enum)]
    pub isolation: Option<IsolationArg>,
    /// A capability out of its manifest that it gets. May be given several times.
    #[arg(long, value_name = "CAPABILITY")]
    pub grant: Vec<String>,
}

/// `vectis plugins test`
#[derive(Clone, Debug, Args)]
pub struct TestArgs {
    /// The `.so` file.
    pub file: PathBuf,
    /// Configuration of the entry points as JSON. Its words and numbers also go into questions.
    #[arg(long, default_value = "{}")]
    pub config_json: String,
    /// Only this entry point.
    #[arg(long, value_name = "NAME")]
    pub entry_point: Option<String>,
    /// Print every case as JSON.
    #[arg(long)]
    pub json: bool,
    /// Other random questions.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where its code runs: `process` (confined, killed when it hangs) or `in-process`.
    #[arg(long, default_value = "process")]
    pub isolation: IsolationArg,
}

/// Where the code of a plugin runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IsolationArg {
    /// In the server's own process, or in this very one.
    InProcess,
    /// In processes of its own.
    Process,
}

impl From<IsolationArg> for Isolation {
    fn from(arg: IsolationArg) -> Self {
        match arg {
            IsolationArg::InProcess => Self::InProcess,
            IsolationArg::Process => Self::Process,
        }
    }
}

/// `vectis plugins dev`
#[derive(Clone, Debug, Args)]
pub struct DevArgs {
    /// The running shop.
    #[command(flatten)]
    pub server: ServerArgs,
    /// The plugin's crate.
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// The plugins folder of the shop; as configured when left out.
    #[arg(long, value_name = "FOLDER")]
    pub plugins: Option<PathBuf>,
    /// Build with optimisations: slower to build, as fast as in production.
    #[arg(long)]
    pub release: bool,
    /// Build and swap once, and stop.
    #[arg(long)]
    pub once: bool,
}

/// `vectis plugins bench`
#[derive(Clone, Debug, Args)]
pub struct BenchArgs {
    /// The `.so` file.
    pub file: PathBuf,
    /// Configuration of the entry points as JSON.
    #[arg(long, default_value = "{}")]
    pub config_json: String,
    /// Only this entry point.
    #[arg(long, value_name = "NAME")]
    pub entry_point: Option<String>,
    /// Where its code runs: `process` or `in-process`.
    #[arg(long, default_value = "in-process")]
    pub isolation: IsolationArg,
}

/// A running shop, and who asks.
#[derive(Clone, Debug, Args)]
pub struct ServerArgs {
    /// Address of the API.
    #[arg(long, default_value = "http://127.0.0.1:8000/graphql", value_name = "URL")]
    pub url: String,
    /// E-mail of a member of staff.
    #[arg(long, env = "VECTIS_STAFF_EMAIL", default_value = "admin@demo.vectis.test")]
    pub email: String,
    /// Password of the member of staff.
    #[arg(long, env = "VECTIS_STAFF_PASSWORD", hide_env_values = true)]
    pub password: String,
}

/// `vectis config …`
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say whether the configuration is good.
    Check,
    /// Print the configuration in force; secrets as `***`.
    Print,
    /// Print the JSON Schema of the configuration.
    Schema,
}

/// `vectis schema`
#[derive(Clone, Debug, Args)]
pub struct SchemaArgs {
    /// Leave out what plugins add.
    #[arg(long)]
    pub core: bool,
    /// Fail unless this file says the same.
    #[arg(long, value_name = "FILE")]
    pub check: Option<PathBuf>,
    /// Of the running shop whose API is here: what its plugins in force add, whatever lies in the folder.
    #[arg(long, value_name = "URL", conflicts_with = "core")]
    pub url: Option<String>,
    /// E-mail of a member of staff of that shop.
    #[arg(long, env = "VECTIS_STAFF_EMAIL", default_value = "admin@demo.vectis.test")]
    pub email: String,
    /// Password of the member of staff.
    #[arg(long, env = "VECTIS_STAFF_PASSWORD", hide_env_values = true, default_value = "")]
    pub password: String,
}

/// `vectis import`
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// The running shop and its staff.
    #[command(flatten)]
    pub server: ServerArgs,
    /// The invoice file, `.csv` or `.csv.gz`.
    pub file: PathBuf,
    /// First password of all imported buyers.
    #[arg(long, default_value = "imported-buyer-1", value_name = "PASSWORD")]
    pub buyer_password: String,
    /// Take the good rows of a file with bad ones; the bad ones are listed.
    #[arg(long)]
    pub take_good_rows: bool,
}

/// `vectis replay`
#[derive(Clone, Debug, Args)]
pub struct ReplayArgs {
    /// The running shop and its staff.
    #[command(flatten)]
    pub server: ServerArgs,
    /// The invoice file that was imported.
    pub file: PathBuf,
    /// Password of the imported buyers.
    #[arg(long, default_value = "imported-buyer-1", value_name = "PASSWORD")]
    pub buyer_password: String,
    /// Take the good rows of a file with bad ones; the bad ones are listed.
    #[arg(long)]
    pub take_good_rows: bool,
    /// Invoices under way at once.
    #[arg(long, default_value_t = 8)]
    pub concurrency: usize,
    /// Only the first so many documents; all when left out.
    #[arg(long)]
    pub limit: Option<usize>,
}

#[cfg(test)]
mod tests;
