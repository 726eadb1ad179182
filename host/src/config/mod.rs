//! Configuration: built-in defaults → `vectis.toml` → `vectis.<env>.toml` → `VECTIS_SECTION__KEY` → `--set`. Unknown keys
//! are errors that name the nearest known one. The file `vectis.toml` in the repository *is* the defaults, kept equal by a
//! test.

mod events;
mod plugins;
mod search;
mod traces;
mod workflows;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cli::ConfigArgs;
pub use crate::config::events::{Events, Kafka};
pub use crate::config::plugins::{Http, Plugins, Process, Quarantine, Schedules, UnsignedPlugins};
pub use crate::config::search::Search;
pub use crate::config::traces::Traces;
pub use crate::config::workflows::Workflows;

/// All settings. One section per part; the modules' own sections are declared by the modules.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The HTTP server.
    pub server: Server,
    /// PostgreSQL.
    pub database: Database,
    /// The plugins folder.
    pub plugins: Plugins,
    /// Limits of one GraphQL request.
    #[schemars(with = "serde_json::Value")]
    pub graphql: vectis_graphql::Limits,
    /// Events.
    pub events: Events,
    /// Search.
    pub search: Search,
    /// Logs.
    pub log: Log,
    /// Signing in.
    pub identity: vectis_identity::Config,
    /// Orders.
    #[schemars(with = "serde_json::Value")]
    pub orders: vectis_orders::Config,
    /// Traces.
    pub traces: Traces,
    /// Webhooks.
    pub webhooks: vectis_webhooks::Config,
    /// Workflows.
    pub workflows: Workflows,
}

/// `[server]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on; port 0 takes a free one.
    pub listen: String,
    /// Largest request body, in kilobytes. Bulk mutations of 10,000 lines need about 2,000.
    pub body_limit_kb: usize,
    /// How long a request may take.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub request_timeout: Duration,
    /// Requests worked on at once; more are told to come back.
    pub concurrent_requests: usize,
    /// Whether `GET /graphql` shows GraphiQL.
    pub graphiql: bool,
    /// Whether `X-Forwarded-For` is believed; only behind a proxy that sets it.
    pub behind_proxy: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8000".to_owned(),
            body_limit_kb: 8_192,
            request_timeout: Duration::from_secs(30),
            concurrent_requests: 256,
            graphiql: true,
            behind_proxy: false,
        }
    }
}

/// `[database]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `postgres://user:password@host/database`. Empty: a private cluster in `data_dir`, from the machine's own
    /// PostgreSQL programs.
    pub url: Secret,
    /// File that holds the URL; used when `url` is empty.
    pub url_file: Option<PathBuf>,
    /// Folder of the private cluster.
    pub data_dir: PathBuf,
    /// Folder with the programs `postgres` and `initdb`; looked for when left out.
    pub bin_dir: Option<PathBuf>,
    /// Most connections held.
    pub max_connections: u32,
    /// How long a request waits for a free connection.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub acquire_timeout: Duration,
    /// How long one statement may run.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub statement_timeout: Duration,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: Secret::default(),
            url_file: None,
            data_dir: PathBuf::from("data/postgres"),
            bin_dir: None,
            max_connections: 20,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
        }
    }
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `text` for people, `json` for machines.
    pub format: LogFormat,
    /// What is logged: `info`, `vectis=debug,sqlx=warn`, …
    pub filter: String,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

/// A value that prints as `***`.
#[derive(Clone, Default, PartialEq, Eq, JsonSchema)]
#[schemars(transparent)]
pub struct Secret(String);

impl Secret {
    /// The value itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing was set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "***" })
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_empty() { "" } else { "***" })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file named on the command line is not there.
    #[error("there is no configuration file {0}")]
    NoFile(PathBuf),
    /// A flag that is not `key=value`.
    #[error("--set takes section.key=value, not {0:?}")]
    NotASetting(String),
    /// A key nobody knows, a value of the wrong kind.
    #[error("{0}")]
    Invalid(String),
    /// A secret's file cannot be read.
    #[error("cannot read {path}: {source}")]
    SecretFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Reads the configuration from all its places.
pub fn load(args: &ConfigArgs) -> Result<Config, ConfigError> {
    let file = args.file.clone().unwrap_or_else(|| PathBuf::from("vectis.toml"));
    if args.file.is_some() && !file.is_file() {
        return Err(ConfigError::NoFile(file));
    }
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    if file.is_file() {
        figment = figment.merge(Toml::file_exact(&file));
    }
    if let Some(file) = args.env.as_ref().map(|env| beside(&file, env)) {
        if !file.is_file() {
            return Err(ConfigError::NoFile(file));
        }
        figment = figment.merge(Toml::file_exact(&file));
    }
    // VECTIS_CONFIG, VECTIS_ENV and the staff credentials are flags of the command line, not keys.
    figment = figment.merge(Env::prefixed("VECTIS_").filter(|key| key.as_str().contains("__")).split("__"));
    for setting in &args.set {
        let (key, value) =
            setting.split_once('=').ok_or_else(|| ConfigError::NotASetting(setting.clone()))?;
        // A value that reads as TOML is taken as such, anything else as text.
        let line = format!("{key} = {value}");
        let figure = if line.parse::<toml::Table>().is_ok() { line } else { format!("{key} = {value:?}") };
        figment = figment.merge(Toml::string(&figure));
    }
    let mut config: Config = figment.extract().map_err(|error| ConfigError::Invalid(explain(&error)))?;
    config.events.check()?;
    config.search.check()?;
    config.traces.check()?;
    config.webhooks.check().map_err(ConfigError::Invalid)?;
    config.workflows.check()?;
    if let (true, Some(path)) = (config.database.url.is_empty(), config.database.url_file.clone()) {
        let url =
            std::fs::read_to_string(&path).map_err(|source| ConfigError::SecretFile { path, source })?;
        config.database.url = Secret(url.trim().to_owned());
    }
    if let (true, Some(path)) =
        (config.search.meilisearch_key.is_empty(), config.search.meilisearch_key_file.clone())
    {
        let key =
            std::fs::read_to_string(&path).map_err(|source| ConfigError::SecretFile { path, source })?;
        config.search.meilisearch_key = Secret(key.trim().to_owned());
    }
    for (name, path) in config.plugins.secret_files.clone() {
        let secret = config.plugins.secrets.entry(name).or_default();
        if secret.is_empty() {
            let text =
                std::fs::read_to_string(&path).map_err(|source| ConfigError::SecretFile { path, source })?;
            *secret = Secret(text.trim().to_owned());
        }
    }
    Ok(config)
}

/// `vectis.toml` and `production` make `vectis.production.toml`.
fn beside(file: &Path, env: &str) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!("{stem}.{env}.toml"))
}

/// The first error in a sentence: which key, from where, and the nearest key there is.
fn explain(error: &figment::Error) -> String {
    let place = error.metadata.as_ref().map(|metadata| match &metadata.source {
        Some(source) => format!(" in {source}"),
        None => format!(" in {}", metadata.name),
    });
    let place = place.unwrap_or_default();
    let path = error.path.join(".");
    match &error.kind {
        figment::error::Kind::UnknownField(field, known) => {
            let nearest = known
                .iter()
                .map(|known| (strsim::damerau_levenshtein(known, field), *known))
                .min()
                .map(|(_, known)| format!("; did you mean {known:?}?"))
                .unwrap_or_default();
            // Some providers put the unknown field at the end of the path, some leave the path at its section.
            let section = path.strip_suffix(field.as_str()).unwrap_or(&path).trim_end_matches('.');
            let key = if section.is_empty() { field.clone() } else { format!("{section}.{field}") };
            format!("unknown key {key:?}{place}{nearest}")
        }
        kind => format!("{path}{place}: {kind}"),
    }
}

#[cfg(test)]
mod tests;
