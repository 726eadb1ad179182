//! The one error a plugin answers with.

use std::fmt;

/// What kind of failure it is. Codes up to 999 belong to Vectis, from 1000 on to the plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode(pub u32);

impl ErrorCode {
    /// The configuration is wrong; the plugin is refused until an operator mends it.
    pub const CONFIG: Self = Self(1);
    /// The question cannot be answered as it was asked.
    pub const INPUT: Self = Self(2);
    /// Something the plugin needs is away for the moment.
    pub const UNAVAILABLE: Self = Self(3);
    /// The time budget of the call was used up.
    pub const DEADLINE: Self = Self(4);
    /// The plugin panicked. Set by the guard; the host throws the instance away and builds a new one.
    pub const PANICKED: Self = Self(5);
    /// A bug in the plugin that it noticed itself.
    pub const INTERNAL: Self = Self(6);
    /// The plugin asked the host for something it was not granted.
    pub const DENIED: Self = Self(7);
    /// The plugin does not offer what was asked for.
    pub const UNSUPPORTED: Self = Self(8);
    /// The first code a plugin may use for failures of its own.
    pub const FIRST_OWN: Self = Self(1000);
}

/// Why a plugin gives no answer. The operation that asked fails; Vectis never guesses a price, a tax or a state instead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Error {
    /// The kind of failure.
    pub code: ErrorCode,
    /// Whether asking again later may help.
    pub retryable: bool,
    /// A sentence for staff and logs; buyers never see it.
    pub message: String,
    /// A JSON object with more, or empty. Configuration errors carry `{"pointer": "/tiers/0/percent"}`.
    pub detail_json: String,
}

impl Error {
    /// An error of the given kind. [`ErrorCode::UNAVAILABLE`] and [`ErrorCode::DEADLINE`] are retryable.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let retryable = matches!(code, ErrorCode::UNAVAILABLE | ErrorCode::DEADLINE);
        Self { code, retryable, message: message.into(), detail_json: String::new() }
    }

    /// The configuration value at `pointer` (a JSON pointer, `""` for the whole) is wrong.
    pub fn config(pointer: &str, message: impl fmt::Display) -> Self {
        let place = if pointer.is_empty() { "config" } else { pointer };
        let detail = serde_json::json!({ "pointer": pointer });
        Self::new(ErrorCode::CONFIG, format!("{place}: {message}")).with_detail(&detail)
    }

    /// The question cannot be answered as it was asked.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::INPUT, message)
    }

    /// The plugin noticed a bug of its own, for instance an amount that overflows.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::INTERNAL, message)
    }

    /// Attaches a JSON object with details for machines.
    #[must_use]
    pub fn with_detail(mut self, detail: &serde_json::Value) -> Self {
        self.detail_json = detail.to_string();
        self
    }

    /// Says whether asking again later may help.
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.retryable = retryable;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
