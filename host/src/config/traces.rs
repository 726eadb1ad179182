//! `[traces]`

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::ConfigError;

/// `[traces]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Traces {
    /// An OpenTelemetry collector that takes OTLP over plain HTTP. Empty: no traces.
    pub otlp_url: String,
    /// Which part of all requests is traced.
    pub ratio: f64,
    /// Whether `traceparent` is believed; only behind something that sets it.
    pub accept_traceparent: bool,
    /// What this shop is called there.
    pub service: String,
    /// How long the collector may take.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub export_timeout: Duration,
}

impl Default for Traces {
    fn default() -> Self {
        Self {
            otlp_url: String::new(),
            ratio: 1.0,
            accept_traceparent: false,
            service: "vectis".to_owned(),
            export_timeout: Duration::from_secs(5),
        }
    }
}

impl Traces {
    /// What the type cannot say.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if !(0.0..=1.0).contains(&self.ratio) {
            return Err(ConfigError::Invalid("traces.ratio is not between 0 and 1".to_owned()));
        }
        Ok(())
    }
}
