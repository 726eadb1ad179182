//! Speaks with a running shop over its public GraphQL API: one connection pool, time-outs, patience with a shop that is
//! busy or restarting. Sending a command again is safe: each carries an idempotency key, or says what shall be, not what
//! shall change.

use std::fmt;
use std::time::Duration;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use vectis_kernel::{Currency, Money, MoneyError, UnitPrice};

use crate::session::Identity;

/// Longest wait for one answer: a thousand lines are placed in much less, a batch of accounts hashes many passwords.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(2);
/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a request is sent again, with [`Shop::pause`] in between: half a minute in all.
const RETRIES: u32 = 10;
/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What commands ask for besides their result.
pub(crate) const USER_ERRORS: &str = "userErrors { code field message }";

/// A running shop.
#[derive(Debug)]
pub(crate) struct Shop {
    http: reqwest::Client,
    url: String,
    first_pause: Duration,
}

/// A request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call<'a> {
    /// The GraphQL document.
    pub(crate) document: &'a str,
    /// Its variables, an object.
    pub(crate) variables: Value,
    /// Slug of the channel it is about.
    pub(crate) channel: Option<&'a str>,
    /// Idempotency key of commands whose input has none.
    pub(crate) key: Option<String>,
}

impl<'a> Call<'a> {
    /// A request about no channel.
    pub(crate) fn new(document: &'a str, variables: Value) -> Self {
        Self { document, variables, channel: None, key: None }
    }

    /// The same, about a channel.
    pub(crate) fn in_channel(self, slug: &'a str) -> Self {
        Self { channel: Some(slug), ..self }
    }

    /// The same with an idempotency key in the header.
    pub(crate) fn keyed(self, key: String) -> Self {
        Self { key: Some(key), ..self }
    }
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct UserError {
    /// `INSUFFICIENT_STOCK`
    pub(crate) code: String,
    /// Path into the input.
    pub(crate) field: Vec<String>,
    /// For people.
    pub(crate) message: String,
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if self.field.is_empty() { Ok(()) } else { write!(f, " ({})", self.field.join(".")) }
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The command was refused; nothing was written. At least one.
    #[error("{}", sentence(.0))]
    Refused(Vec<UserError>),
    /// The request as a whole was refused.
    #[error("{code}: {message}")]
    Failed {
        /// `FORBIDDEN`
        code: String,
        /// For people.
        message: String,
    },
    /// No answer, however often it was asked.
    #[error("the shop does not answer: {0}")]
    Unreachable(String),
    /// An answer of another form than the API promises.
    #[error("the shop's answer cannot be understood: {0}")]
    Unreadable(String),
}

impl CallError {
    /// Whether the request was refused with this code.
    pub(crate) fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Failed { code, .. } if code == wanted)
    }
}

fn sentence(errors: &[UserError]) -> String {
    let first = errors.first().map_or_else(String::new, UserError::to_string);
    match errors.len() {
        0 | 1 => first,
        count => format!("{first}, and {} more", count - 1),
    }
}

/// The `data` of an answer without errors.
#[derive(Debug)]
pub(crate) struct Answer(Map<String, Value>);

impl Answer {
    /// The answer to a query.
    pub(crate) fn read<T: DeserializeOwned>(&mut self, field: &str) -> Result<T, CallError> {
        let value = self.0.remove(field).unwrap_or_default();
        serde_json::from_value(value).map_err(|error| CallError::Unreadable(format!("{field}: {error}")))
    }

    /// What a command left behind, or why it was refused.
    pub(crate) fn accepted<T: DeserializeOwned>(&mut self, field: &str) -> Result<T, CallError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Refusals {
            user_errors: Vec<UserError>,
        }
        let payload = self.0.get(field).cloned().unwrap_or_default();
        let refusals = Refusals::deserialize(payload)
            .map_err(|error| CallError::Unreadable(format!("{field}: {error}")))?;
        if refusals.user_errors.is_empty() {
            self.read(field)
        } else {
            Err(CallError::Refused(refusals.user_errors))
        }
    }
}

/// An amount of money or a unit price, as the API shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Amount {
    /// In major units.
    pub(crate) amount: Decimal,
}

impl Amount {
    /// As money.
    pub(crate) fn money(self) -> Result<Money, CallError> {
        Money::from_decimal(self.amount, Currency::GBP).map_err(unreadable)
    }

    /// The sum of two amounts of money.
    pub(crate) fn plus(self, other: Self) -> Result<Money, CallError> {
        self.money()?.plus(other.money()?).map_err(unreadable)
    }

    /// As the price of one unit.
    pub(crate) fn unit_price(self) -> Result<UnitPrice, CallError> {
        UnitPrice::from_decimal(self.amount, Currency::GBP).map_err(unreadable)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn unreadable(error: MoneyError) -> CallError {
    CallError::Unreadable(error.to_string())
}

/// One attempt that brought nothing.
enum Attempt {
    /// It is worth another one.
    Again(String),
    /// It is not.
    Over(CallError),
}

impl Shop {
    /// The shop whose API is at `url`. Nothing is sent yet.
    pub(crate) fn at(url: &str) -> Result<Self, CallError> {
        let http = reqwest::Client::builder()
            .timeout(ANSWER_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent("vectis-importer")
            .build()
            .map_err(|error| CallError::Unreachable(chain(&error)))?;
        Ok(Self { http, url: url.to_owned(), first_pause: Duration::from_millis(200) })
    }

    /// The same with shorter pauses, for tests.
    #[cfg(test)]
    pub(crate) fn hurried(self) -> Self {
        Self { first_pause: Duration::from_millis(1), ..self }
    }

    /// The answer to a document with one field at its root.
    pub(crate) async fn query<T: DeserializeOwned>(
        &self,
        who: &Identity,
        call: &Call<'_>,
    ) -> Result<T, CallError> {
        let mut answer = self.send(who, call).await?;
        let field = only_field(&answer)?;
        answer.read(&field)
    }

    /// What a document with one command left behind.
    pub(crate) async fn command<T: DeserializeOwned>(
        &self,
        who: &Identity,
        call: &Call<'_>,
    ) -> Result<T, CallError> {
        let mut answer = self.send(who, call).await?;
        let field = only_field(&answer)?;
        answer.accepted(&field)
    }

    /// The answer to any document. A token that has become invalid is replaced once.
    pub(crate) async fn send(&self, who: &Identity, call: &Call<'_>) -> Result<Answer, CallError> {
        let Identity::Login(session) = who else { return self.post(who.guest(), None, call).await };
        let token = session.access_token(self).await?;
        match self.post(None, Some(&token), call).await {
            Err(error) if error.is("UNAUTHENTICATED") => {
                session.forget(&token).await;
                let token = session.access_token(self).await?;
                self.post(None, Some(&token), call).await
            }
            answer => answer,
        }
    }

    /// Sends until there is an answer.
    pub(crate) async fn post(
        &self,
        guest: Option<&str>,
        token: Option<&str>,
        call: &Call<'_>,
    ) -> Result<Answer, CallError> {
        let mut retry = 0;
        loop {
            match self.post_once(guest, token, call).await {
                Ok(answer) => return Ok(answer),
                Err(Attempt::Over(error)) => return Err(error),
                Err(Attempt::Again(reason)) if retry == RETRIES => {
                    return Err(CallError::Unreachable(reason));
                }
                Err(Attempt::Again(reason)) => {
                    tracing::debug!(reason, retry, "sending a request again");
                    tokio::time::sleep(self.pause(retry)).await;
                    retry += 1;
                }
            }
        }
    }

    fn pause(&self, retry: u32) -> Duration {
        self.first_pause.saturating_mul(1 << retry.min(10)).min(LONGEST_PAUSE)
    }

    async fn post_once(
        &self,
        guest: Option<&str>,
        token: Option<&str>,
        call: &Call<'_>,
    ) -> Result<Answer, Attempt> {
        let body = json!({ "query": call.document, "variables": call.variables });
        let mut request = self.http.post(&self.url).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let key = call.key.as_deref();
        let headers = [("X-Guest-Token", guest), ("X-Channel", call.channel), ("Idempotency-Key", key)];
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let response = request.send().await.map_err(|error| Attempt::Again(chain(&error)))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| Attempt::Again(chain(&error)))?;
        if matches!(status.as_u16(), 429 | 502 | 503 | 504) {
            return Err(Attempt::Again(format!("HTTP {status}")));
        }
        read_answer(&body).map_err(|error| match error {
            CallError::Unreadable(reason) => {
                Attempt::Over(CallError::Unreadable(format!("HTTP {status}: {reason}")))
            }
            CallError::Failed { code, message } if code == "OVERLOADED" || code == "UNAVAILABLE" => {
                Attempt::Again(message)
            }
            other => Attempt::Over(other),
        })
    }
}

fn read_answer(body: &[u8]) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Body {
        data: Option<Map<String, Value>>,
        #[serde(default)]
        errors: Vec<Failure>,
    }
    #[derive(Deserialize)]
    struct Failure {
        message: String,
        #[serde(default)]
        extensions: Map<String, Value>,
    }
    let body: Body = serde_json::from_slice(body).map_err(|error| {
        let start: String = String::from_utf8_lossy(body).chars().take(200).collect();
        CallError::Unreadable(format!("{error}: {start}"))
    })?;
    if let Some(failure) = body.errors.into_iter().next() {
        let code = failure.extensions.get("code").and_then(Value::as_str).unwrap_or("BAD_REQUEST").to_owned();
        return Err(CallError::Failed { code, message: failure.message });
    }
    body.data.map(Answer).ok_or_else(|| CallError::Unreadable("it has neither data nor errors".to_owned()))
}

fn only_field(answer: &Answer) -> Result<String, CallError> {
    let field = answer.0.keys().next();
    field.cloned().ok_or_else(|| CallError::Unreadable("it is empty".to_owned()))
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
