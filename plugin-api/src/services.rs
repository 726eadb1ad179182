//! What the host does for a plugin beside log and clock: requests to the outside, values that stay, secrets, reading the shop,
//! events, metrics. Since API 1.1.
//!
//! # Asking for them
//!
//! Each service has to be asked for in `plugin.toml`, by value, and granted by the operator in `vectis.toml`. What is not both
//! is refused with [`ErrorCode::DENIED`](crate::ErrorCode::DENIED) and a sentence that says which of the two is missing.
//!
//! ```toml
//! # plugin.toml                                       # what the plugin may want
//! [capabilities]
//! http = ["https://api.carrier.example/v1/*"]         # scheme, host, port and path; * at the end only
//! kv = ["read", "write"]
//! secret = ["carrier_token"]
//! query = ["products", "order"]
//! emit = ["rates_failed"]
//! metric = ["fallbacks"]
//! tables = ["own"]
//!
//! # vectis.toml                                       # what it gets
//! [plugins.grants.acme-carrier]
//! http = ["https://api.carrier.example/*"]
//! kv = ["read", "write"]
//! secret = ["carrier_token"]
//! # addresses = ["10.1.2.0/24"]                       # private networks that its requests may reach: none unless named
//! [plugins.secrets]
//! carrier_token = "…"                                 # or VECTIS_PLUGINS__SECRETS__CARRIER_TOKEN
//! ```
//!
//! | service | method | needs | when |
//! |---|---|---|---|
//! | log, clock | [`Host::log`](crate::Host::log), [`Host::now_ms`](crate::Host::now_ms) | nothing | always |
//! | configuration | the constructor's argument | nothing | a new configuration is a new instance |
//! | `secret` | [`Host::secret`](crate::Host::secret) | its name | always |
//! | `metric` | [`Host::count`](crate::Host::count), [`Host::observe`](crate::Host::observe) | its name | always |
//! | `http` | [`Host::http`](crate::Host::http) | a pattern the URL fits | in calls that may wait |
//! | `kv` | [`Host::kv_get`](crate::Host::kv_get), [`Host::kv_put`](crate::Host::kv_put), [`Host::kv_delete`](crate::Host::kv_delete) | `read`, `write` | in calls that may wait |
//! | `query` | [`Host::query`](crate::Host::query) | the name of a read model | in calls that may wait |
//! | `sql` | [`Host::sql`](crate::Host::sql) | `tables = ["own"]`; see [`crate::tables`] | in calls that may wait |
//! | `emit` | [`Host::emit`](crate::Host::emit) | the event's name | in calls that may wait |
//!
//! **Calls that may wait** are those of `vectis.shipping_rate`, `vectis.fields`, `vectis.task` and `vectis.observer`. All others are asked in the middle of a
//! request, some inside a transaction, and answer from the question alone; in them, and in constructors, these services are
//! denied.
//!
//! # Waiting
//!
//! A service is an ordinary call that comes back with the answer: the host runs a call that may wait on a thread of its own.
//! It never comes back later than the call's deadline: then it fails with [`ErrorCode::DEADLINE`](crate::ErrorCode::DEADLINE) and the host closes
//! the connection. When nobody waits for the plugin's answer any more, the same happens at once. A plugin that has something to
//! fall back on asks with a timeout shorter than the call's.
//!
//! # What HTTP does and does not
//!
//! The host resolves a name once and connects to what it has checked; private, loopback, link-local and metadata addresses are
//! refused unless the operator names them. A redirect is followed for GET and HEAD, three times at most, each checked like a
//! first request; what the plugin sent in headers stays with the first origin. Answers are not compressed, and at most 1 MiB.
//!
//! # An example
//!
//! ```
//! use std::time::Duration;
//! use vectis_plugin_api::services::{Request, Response};
//! use vectis_plugin_api::{Error, ErrorCode, Host, serde_json, testing};
//!
//! /// The rate of a day, remembered for an hour.
//! fn rate(host: &Host) -> Result<i64, Error> {
//!     if let Some(kept) = host.kv_get("rate")? {
//!         return serde_json::from_slice(&kept).map_err(|error| Error::internal(error.to_string()));
//!     }
//!     let token = host.secret("carrier_token")?;
//!     let request = Request::get("https://api.carrier.example/v1/rate")
//!         .bearer(&token)
//!         .timeout(Duration::from_millis(800));
//!     let answer = host.http(&request)?;
//!     if answer.status != 200 {
//!         return Err(Error::new(ErrorCode::UNAVAILABLE, format!("the carrier answers {}", answer.status)));
//!     }
//!     let rate: i64 = answer.json()?;
//!     host.kv_put("rate", rate.to_string().as_bytes(), Some(Duration::from_secs(3600)))?;
//!     Ok(rate)
//! }
//!
//! let test = testing::TestHost::default();
//! test.set_secret("carrier_token", "s3cret");
//! test.on_http(|request| {
//!     assert_eq!(request.header_value("authorization"), Some("Bearer s3cret"));
//!     Ok(Response::new(200, "490"))
//! });
//! assert_eq!(rate(&test.handle())?, 490);
//!
//! // The second time it is remembered.
//! test.on_http(|_| Err(Error::new(ErrorCode::UNAVAILABLE, "away")));
//! assert_eq!(rate(&test.handle())?, 490);
//! # Ok::<(), Error>(())
//! ```

use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::abi::services::{HttpAnswer, HttpQuestion};
use crate::error::{Error, ErrorCode};

/// An HTTP request.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    pub(crate) question: HttpQuestion,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A request with a method: `PUT`.
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        let question = HttpQuestion {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            timeout_ms: None,
        };
        Self { question, body: Vec::new() }
    }

    /// `GET`.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// `POST` with a JSON body.
    pub fn post_json(url: impl Into<String>, body: &serde_json::Value) -> Self {
        let mut request = Self::new("POST", url).header("content-type", "application/json");
        request.body = body.to_string().into_bytes();
        request
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.question.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Signs in with a token.
    #[must_use]
    pub fn bearer(self, token: &Secret) -> Self {
        self.header("authorization", format!("Bearer {}", token.expose()))
    }

    /// The body, as it is.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Gives up after this long, if that is before the call's deadline.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.question.timeout_ms = Some(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Where it goes.
    pub fn url(&self) -> &str {
        &self.question.url
    }

    /// `GET`.
    pub fn method(&self) -> &str {
        &self.question.method
    }

    /// A header it carries.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        find(&self.question.headers, name)
    }

    /// Its body.
    pub fn body_bytes(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Debug for Request {
    /// Headers can hold secrets, and so can the body.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.question.method, self.question.url)
    }
}

/// An HTTP response, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// 200.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As it came.
    pub body: Vec<u8>,
}

impl Response {
    /// A response, for tests.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn of(answer: HttpAnswer, body: Vec<u8>) -> Self {
        Self { status: answer.status, headers: answer.headers, body }
    }

    /// 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body read as JSON.
    ///
    /// # Errors
    /// It is something else: [`ErrorCode::UNAVAILABLE`], since the other side is not as it should be.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Error::new(
                ErrorCode::UNAVAILABLE,
                format!("the answer is not the JSON that was expected: {error}"),
            )
        })
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// A secret: prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself, never to be logged.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}
