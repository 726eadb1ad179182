//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    #[arg(long = "config", global = true, value_name = "FILE", env = "VECTIS_CONFIG")]
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
    /// Bring the database up to date and stop.
    Migrate,
    /// Make a member of staff with all permissions: the first one of a new shop.
    Staff(StaffArgs),
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

/// Where the code of an examined plugin runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IsolationArg {
    /// In this very process.
    InProcess,
    /// In processes of its own.
    Process,
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
