//! What the host does for a plugin.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::abi::host::HostObj;
use crate::abi::id::Id;
use crate::abi::services::{
    EmitQuestion, HttpAnswer, KvAnswer, KvQuestion, MetricKind, MetricQuestion, QueryQuestion,
    SecretQuestion, SqlQuestion,
};
use crate::error::{Error, ErrorCode};
use crate::services::{Request, Response, Secret};

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Level(pub u32);

impl Level {
    /// Steps of a computation.
    pub const TRACE: Self = Self(1);
    /// What a developer wants to see.
    pub const DEBUG: Self = Self(2);
    /// Facts of the business.
    pub const INFO: Self = Self(3);
    /// Something works less well than it should.
    pub const WARN: Self = Self(4);
    /// Someone has to act.
    pub const ERROR: Self = Self(5);
}

/// A plugin's way back to the host, given to every constructor. Cheap to clone; keep it in the strategy when calls need it.
#[derive(Clone)]
pub struct Host(Arc<HostObj>);

impl Host {
    pub(crate) fn new(object: HostObj) -> Self {
        Self(Arc::new(object))
    }

    /// Writes a line to the host's log, where it carries the names of plugin, entry point and channel. Lines above a rate
    /// the operator sets are dropped. Never log names, addresses, tokens.
    pub fn log(&self, level: Level, message: impl AsRef<str>) {
        self.log_with(level, message, &Value::Null);
    }

    /// As [`Self::log`], with a JSON object of fields beside the message.
    pub fn log_with(&self, level: Level, message: impl AsRef<str>, fields: &Value) {
        let fields = if fields.is_null() { String::new() } else { fields.to_string() };
        self.0.log(level.0, message.as_ref().into(), fields.as_str().into());
    }

    /// [`Self::log`] at [`Level::DEBUG`].
    pub fn debug(&self, message: impl AsRef<str>) {
        self.log(Level::DEBUG, message);
    }

    /// [`Self::log`] at [`Level::INFO`].
    pub fn info(&self, message: impl AsRef<str>) {
        self.log(Level::INFO, message);
    }

    /// [`Self::log`] at [`Level::WARN`].
    pub fn warn(&self, message: impl AsRef<str>) {
        self.log(Level::WARN, message);
    }

    /// [`Self::log`] at [`Level::ERROR`].
    pub fn error(&self, message: impl AsRef<str>) {
        self.log(Level::ERROR, message);
    }

    /// Milliseconds since 1970 by the host's clock. Decisions use the instant in the question instead, so that the same
    /// question gets the same answer.
    pub fn now_ms(&self) -> i64 {
        self.0.now_ms()
    }

    /// Sends a request and waits for the response, whatever its status. See [`crate::services`].
    ///
    /// # Errors
    /// [`ErrorCode::DENIED`] for what was not asked for or not granted, [`ErrorCode::UNAVAILABLE`] when there is no response,
    /// [`ErrorCode::DEADLINE`] when there is none in time.
    pub fn http(&self, request: &Request) -> Result<Response, Error> {
        let (answer, body): (HttpAnswer, _) = self.ask("http", &request.question, &request.body)?;
        Ok(Response::of(answer, body))
    }

    /// A value the plugin kept; `None` when there is none or it has expired.
    ///
    /// # Errors
    /// [`ErrorCode::DENIED`] without the capability `kv = ["read"]`.
    pub fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let (answer, value): (KvAnswer, _) = self.ask("kv", &KvQuestion::Get { key: key.to_owned() }, &[])?;
        Ok(answer.found.then_some(value))
    }

    /// Keeps a value, for so long or until it is deleted. All instances of the plugin, in all processes and channels, share
    /// what it keeps.
    ///
    /// # Errors
    /// [`ErrorCode::DENIED`] without the capability `kv = ["write"]`; [`ErrorCode::INPUT`] when it is too large or too much.
    pub fn kv_put(&self, key: &str, value: &[u8], ttl: Option<Duration>) -> Result<(), Error> {
        let ttl_ms = ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
        let (KvAnswer { .. }, _) = self.ask("kv", &KvQuestion::Put { key: key.to_owned(), ttl_ms }, value)?;
        Ok(())
    }

    /// Forgets a value; `false` when there was none.
    ///
    /// # Errors
    /// [`ErrorCode::DENIED`] without the capability `kv = ["write"]`.
    pub fn kv_delete(&self, key: &str) -> Result<bool, Error> {
        let (answer, _): (KvAnswer, _) = self.ask("kv", &KvQuestion::Delete { key: key.to_owned() }, &[])?;
        Ok(answer.found)
    }

    /// A secret of the operator's.
    ///
    /// # Errors
    /// [`ErrorCode::DENIED`] for a name that was not asked for or not granted; [`ErrorCode::CONFIG`] for one that is not set.
    pub fn secret(&self, name: &str) -> Result<Secret, Error> {
        let served = self.serve("secret", &SecretQuestion { name: name.to_owned() }, &[])?;
        String::from_utf8(served.1).map(Secret::new).map_err(|_| Error::internal("the secret is no text"))
    }

    /// Reads the shop: `query("products", &json!({ "ids": [..] }))`. See [`crate::services`] for the read models.
    ///
    /// # Errors
    /// [`ErrorCode::DENIED`] for a read model that was not asked for or not granted.
    pub fn query(&self, name: &str, parameters: &Value) -> Result<Value, Error> {
        let question = QueryQuestion { name: name.to_owned(), parameters: parameters.clone() };
        Ok(self.ask("query", &question, &[])?.0)
    }

    /// Runs a statement on the plugin's own tables, by its name; `$1` is the JSON object of parameters. Each row is an object. See
    /// [`crate::tables`].
    ///
    /// # Errors
    /// [`ErrorCode::DENIED`] without the capability `tables = ["own"]`; [`ErrorCode::INPUT`] with the database's words when the
    /// statement fails, for instance against a constraint.
    pub fn sql(&self, statement: &str, parameters: &Value) -> Result<Vec<Value>, Error> {
        let question = SqlQuestion { statement: statement.to_owned(), parameters: parameters.clone() };
        Ok(self.ask("sql", &question, &[])?.0)
    }

    /// Tells others a fact of the plugin's own about something: an event in the shop's log under the plugin's name.
    ///
    /// # Errors
    /// [`ErrorCode::DENIED`] for a name that was not asked for or not granted; [`ErrorCode::INPUT`] for facts that are no JSON
    /// object, or too large.
    pub fn emit(&self, name: &str, subject: Id, facts: &Value) -> Result<(), Error> {
        let subject_id = subject.to_string();
        let question = EmitQuestion { name: name.to_owned(), subject_id, facts: facts.clone() };
        self.serve("emit", &question, &[]).map(drop)
    }

    /// Adds to a counter of the plugin's own. A metric that cannot be written fails nothing.
    pub fn count(&self, name: &str, by: u64) {
        self.metric(name, MetricKind::Count, by);
    }

    /// Notes one of many values of the plugin's own: a duration, a size.
    pub fn observe(&self, name: &str, value: u64) {
        self.metric(name, MetricKind::Observe, value);
    }

    fn metric(&self, name: &str, kind: MetricKind, value: u64) {
        let question = MetricQuestion { name: name.to_owned(), kind, value };
        if let Err(error) = self.serve("metric", &question, &[]) {
            self.debug(format!("the metric {name} is not written: {error}"));
        }
    }

    /// Asks a service that answers with JSON.
    fn ask<A: DeserializeOwned>(
        &self,
        service: &str,
        question: &impl Serialize,
        body: &[u8],
    ) -> Result<(A, Vec<u8>), Error> {
        let (json, body) = self.serve(service, question, body)?;
        let answer = serde_json::from_str(&json)
            .map_err(|error| Error::internal(format!("the host's answer cannot be read: {error}")))?;
        Ok((answer, body))
    }

    fn serve(
        &self,
        service: &str,
        question: &impl Serialize,
        body: &[u8],
    ) -> Result<(String, Vec<u8>), Error> {
        let question = serde_json::to_string(question).map_err(|error| {
            Error::new(ErrorCode::INPUT, format!("the question cannot be written: {error}"))
        })?;
        let served = self.0.serve(service.into(), question.as_str().into(), body.into()).into_result()?;
        Ok((served.json.into(), served.body.into()))
    }
}
