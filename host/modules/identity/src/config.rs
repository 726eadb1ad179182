//! The section `[identity]` of `vectis.toml`.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How people sign in and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `iss` of access tokens.
    pub issuer: String,
    /// `aud` of access tokens.
    pub audience: String,
    /// How long an access token is good; at most an hour.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub access_token_ttl: Duration,
    /// How far the clocks of two machines may differ; at most a minute.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub clock_leeway: Duration,
    /// How long a refresh token is good.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub refresh_token_ttl: Duration,
    /// After which time one signs in again, however often the session was refreshed.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub session_max_age: Duration,
    /// Failed sign-ins for one e-mail within `attempts_window`, per process.
    pub attempts_per_login: u32,
    /// Failed sign-ins from one address within `attempts_window`, per process.
    pub attempts_per_address: u32,
    /// Registrations from one address within `attempts_window`, per process.
    pub registrations_per_address: u32,
    /// What the attempts are counted over.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub attempts_window: Duration,
    /// Sign-ins that may wait for a password check when all cores are busy with others; more are told to come back.
    pub waiting_sign_ins: u32,
    /// Ed25519 private keys (PEM, PKCS#8): the first signs, all verify. Empty: a key kept in the database.
    pub signing_key_files: Vec<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            issuer: "vectis".to_owned(),
            audience: "vectis-api".to_owned(),
            access_token_ttl: Duration::from_mins(15),
            clock_leeway: Duration::from_secs(30),
            refresh_token_ttl: Duration::from_hours(30 * 24),
            session_max_age: Duration::from_hours(90 * 24),
            attempts_per_login: 5,
            attempts_per_address: 20,
            registrations_per_address: 3,
            attempts_window: Duration::from_mins(1),
            waiting_sign_ins: 64,
            signing_key_files: Vec::new(),
        }
    }
}

impl Config {
    /// The first value that is out of its range, in a sentence.
    pub(crate) fn problem(&self) -> Option<String> {
        let second = Duration::from_secs(1);
        let ranges = [
            ("access_token_ttl", self.access_token_ttl, second, Duration::from_hours(1)),
            ("clock_leeway", self.clock_leeway, Duration::ZERO, Duration::from_mins(1)),
            ("refresh_token_ttl", self.refresh_token_ttl, second, Duration::from_hours(365 * 24)),
            ("session_max_age", self.session_max_age, second, Duration::from_hours(365 * 24)),
            ("attempts_window", self.attempts_window, second, Duration::from_hours(24)),
        ];
        let durations = ranges
            .into_iter()
            .filter(|(_, value, least, most)| value < least || value > most)
            .map(|(name, value, least, most)| {
                let [value, least, most] = [value, least, most].map(vectis_kernel::duration::text);
                format!("identity.{name} must lie between {least} and {most}, not {value}")
            });
        let counts = [
            ("attempts_per_login", self.attempts_per_login),
            ("attempts_per_address", self.attempts_per_address),
            ("registrations_per_address", self.registrations_per_address),
        ];
        let zeros = counts
            .into_iter()
            .filter(|(_, value)| *value == 0)
            .map(|(name, _)| format!("identity.{name} must be at least 1"));
        let empty = [("issuer", &self.issuer), ("audience", &self.audience)];
        let missing = empty
            .into_iter()
            .filter(|(_, value)| value.is_empty())
            .map(|(name, _)| format!("identity.{name} must not be empty"));
        durations.chain(zeros).chain(missing).next()
    }
}
