//! A plugin that asks the host for whatever its configuration says, where it may and where it may not.

use std::time::Duration;

use vectis_plugin_api::pricing::{Ctx, Line, Priced, Pricing};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::services::Request;
use vectis_plugin_api::shipping_rate::{Rate, ShippingCart, ShippingCtx, ShippingRates};
use vectis_plugin_api::task::{Task, TaskCtx, TaskReport, TaskRun};
use vectis_plugin_api::{Error, Host, export_plugin};

/// What a test sets.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields, default)]
pub struct Config {
    /// What is asked for.
    ask: String,
    /// Whether already by the constructor.
    at_once: bool,
    /// How long the first attempt of a task takes.
    first_attempt_ms: u64,
    /// Attempts of a task that fail.
    failures: u32,
}

impl Config {
    /// Asks, and says what came of it.
    fn ask(&self, host: &Host) -> Result<String, Error> {
        match self.ask.as_str() {
            "secret" => Ok(host.secret("token")?.expose().to_owned()),
            "flood" => Ok(flood(|| host.kv_get("key").map(drop))),
            "http-flood" => Ok(flood(|| host.http(&Request::get("http://carrier.example/pong")).map(drop))),
            "" => Ok("nothing".to_owned()),
            url => {
                let answer = host.http(&Request::get(url))?;
                Ok(String::from_utf8_lossy(&answer.body).into_owned())
            }
        }
    }
}

/// How often it went well, and what was said in the end.
fn flood(ask: impl Fn() -> Result<(), Error>) -> String {
    let outcomes: Vec<_> = (0..2_000).map(|_| ask()).collect();
    let good = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let last = outcomes.into_iter().next_back().and_then(Result::err);
    format!("{good}: {}", last.map(|error| error.message).unwrap_or_default())
}

struct GreedyPricing(Config, Host);

impl Pricing for GreedyPricing {
    type Config = Config;

    fn new(config: Config, host: Host) -> Result<Self, Error> {
        Ok(Self(config, host))
    }

    fn price(&self, _ctx: &Ctx<'_>, _lines: &[Line<'_>], _out: &mut [Priced]) -> Result<(), Error> {
        self.0.ask(&self.1).map(drop)
    }
}

struct GreedyShipping(Config, Host);

impl ShippingRates for GreedyShipping {
    type Config = Config;

    fn new(config: Config, host: Host) -> Result<Self, Error> {
        if config.at_once {
            config.ask(&host)?;
        }
        Ok(Self(config, host))
    }

    fn rates(&self, _ctx: &ShippingCtx, _cart: &ShippingCart) -> Result<Vec<Rate>, Error> {
        Ok(vec![Rate::new("said", self.0.ask(&self.1)?, 0)])
    }
}

struct GreedyTask(Config, Host);

impl Task for GreedyTask {
    type Config = Config;

    fn new(config: Config, host: Host) -> Result<Self, Error> {
        Ok(Self(config, host))
    }

    fn run(&self, _ctx: &TaskCtx, run: &TaskRun) -> Result<TaskReport, Error> {
        if run.attempt == 1 {
            std::thread::sleep(Duration::from_millis(self.0.first_attempt_ms));
        }
        if run.attempt <= self.0.failures {
            return Err(Error::internal("it was told to fail"));
        }
        Ok(TaskReport::new(run.attempt.into(), self.0.ask(&self.1)?))
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    pricing: { "greedy-pricing" => GreedyPricing },
    shipping_rate: { "greedy-shipping" => GreedyShipping },
    task: { "greedy-task" => GreedyTask },
}
