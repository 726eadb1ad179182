use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::abi::host::{HostObj, HostServices, Served, object, unsupported};
use crate::abi::services::{
    EmitQuestion, HttpAnswer, HttpQuestion, KvAnswer, KvQuestion, MetricQuestion, SecretQuestion, SqlQuestion,
};
use crate::error::{Error, ErrorCode};
use crate::host::{Host, Level};
use crate::services::{Request, Response};

/// The instant every test happens at: 2026-01-15 12:00 UTC.
pub const NOW_MS: i64 = 1_768_478_400_000;

/// One line a plugin logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// What it says.
    pub message: String,
    /// A JSON object or empty.
    pub fields_json: String,
}

/// What answers requests in a test.
type OnHttp = Box<dyn Fn(&Request) -> Result<Response, Error> + Send>;

/// What answers statements in a test.
type OnSql = Box<dyn FnMut(&str, &Value) -> Result<Vec<Value>, Error> + Send>;

/// A host that records what a plugin logs and whose clock stands still. Its services do what the test says: requests are
/// answered by [`Self::on_http`], values are kept in memory, secrets are those set. Nothing needs to be granted.
#[derive(Clone, Default)]
pub struct TestHost(Arc<Mutex<Recorded>>);

#[derive(Default)]
struct Recorded {
    logs: Vec<LogLine>,
    on_http: Option<OnHttp>,
    on_sql: Option<OnSql>,
    requests: Vec<Request>,
    kept: BTreeMap<String, Vec<u8>>,
    secrets: BTreeMap<String, String>,
    told: Vec<(String, Value)>,
    metrics: Vec<(String, u64)>,
}

impl TestHost {
    /// What a constructor is given.
    pub fn handle(&self) -> Host {
        Host::new(self.object())
    }

    /// The same behind its vtable.
    #[doc(hidden)]
    pub fn object(&self) -> HostObj {
        object(Arc::new(self.clone()))
    }

    /// All lines so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.recorded().logs.clone()
    }

    /// Says how requests are answered from now on. Until then nothing can be reached.
    pub fn on_http(&self, answer: impl Fn(&Request) -> Result<Response, Error> + Send + 'static) {
        self.recorded().on_http = Some(Box::new(answer));
    }

    /// Says how the database answers statements from now on, by their names. Until then there are no tables.
    pub fn on_sql(&self, answer: impl FnMut(&str, &Value) -> Result<Vec<Value>, Error> + Send + 'static) {
        self.recorded().on_sql = Some(Box::new(answer));
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.recorded().requests.clone()
    }

    /// Sets a secret.
    pub fn set_secret(&self, name: &str, value: &str) {
        self.recorded().secrets.insert(name.to_owned(), value.to_owned());
    }

    /// Forgets all values, as if they had expired.
    pub fn forget(&self) {
        self.recorded().kept.clear();
    }

    /// Names and facts of all events so far.
    pub fn told(&self) -> Vec<(String, Value)> {
        self.recorded().told.clone()
    }

    /// Names and values of all metrics so far.
    pub fn metrics(&self) -> Vec<(String, u64)> {
        self.recorded().metrics.clone()
    }

    fn recorded(&self) -> MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HostServices for TestHost {
    fn log(&self, level: u32, message: &str, fields_json: &str) {
        let line =
            LogLine { level: Level(level), message: message.to_owned(), fields_json: fields_json.to_owned() };
        self.recorded().logs.push(line);
    }

    fn now_ms(&self) -> i64 {
        NOW_MS
    }

    fn serve(&self, service: &str, question_json: &str, body: &[u8]) -> Result<Served, Error> {
        let mut recorded = self.recorded();
        match service {
            "http" => recorded.http(read(question_json)?, body),
            "kv" => recorded.kv(read(question_json)?, body),
            "secret" => {
                let SecretQuestion { name } = read(question_json)?;
                let value = recorded.secrets.get(&name);
                let value = value
                    .ok_or_else(|| Error::new(ErrorCode::CONFIG, format!("the secret {name} is not set")))?;
                Ok(Served { json: String::new(), body: value.clone().into_bytes() })
            }
            "sql" => {
                let SqlQuestion { statement, parameters } = read(question_json)?;
                let answer = recorded.on_sql.as_mut();
                let answer = answer.ok_or_else(|| Error::new(ErrorCode::DENIED, "the test has no tables"))?;
                let rows = answer(&statement, &parameters)?;
                Ok(Served { json: write(&rows)?, body: Vec::new() })
            }
            "emit" => {
                let EmitQuestion { name, facts, .. } = read(question_json)?;
                recorded.told.push((name, facts));
                Ok(Served::default())
            }
            "metric" => {
                let MetricQuestion { name, value, .. } = read(question_json)?;
                recorded.metrics.push((name, value));
                Ok(Served::default())
            }
            _ => Err(unsupported(service)),
        }
    }
}

impl Recorded {
    fn http(&mut self, question: HttpQuestion, body: &[u8]) -> Result<Served, Error> {
        let request = Request { question, body: body.to_vec() };
        self.requests.push(request.clone());
        let Some(answer) = &self.on_http else {
            return Err(Error::new(ErrorCode::UNAVAILABLE, "the test answers no requests"));
        };
        let Response { status, headers, body } = answer(&request)?;
        Ok(Served { json: write(&HttpAnswer { status, headers })?, body })
    }

    fn kv(&mut self, question: KvQuestion, value: &[u8]) -> Result<Served, Error> {
        let (found, body) = match question {
            KvQuestion::Get { key } => {
                let kept = self.kept.get(&key).cloned();
                (kept.is_some(), kept.unwrap_or_default())
            }
            KvQuestion::Put { key, .. } => (self.kept.insert(key, value.to_vec()).is_some(), Vec::new()),
            KvQuestion::Delete { key } => (self.kept.remove(&key).is_some(), Vec::new()),
        };
        Ok(Served { json: write(&KvAnswer { found })?, body })
    }
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| Error::input(error.to_string()))
}

fn write(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::internal(error.to_string()))
}
