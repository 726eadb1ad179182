//! Questions to the host's services and their answers, as JSON with bytes beside it. They grow by optional members; a service
//! is added without a change of the wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `http`: the request but for its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpQuestion {
    pub method: String,
    pub url: String,
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Less than what is left of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// The response but for its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpAnswer {
    pub status: u16,
    #[serde(default)]
    pub headers: Vec<(String, String)>,
}

/// `kv`; the value of a `Put` stands beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum KvQuestion {
    Get {
        key: String,
    },
    Put {
        key: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl_ms: Option<u64>,
    },
    Delete {
        key: String,
    },
}

/// The value of a `Get` stands beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvAnswer {
    pub found: bool,
}

/// `secret`; the value stands beside the answer, which is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretQuestion {
    pub name: String,
}

/// `query`; the answer is what was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueryQuestion {
    pub name: String,
    #[serde(default)]
    pub parameters: Value,
}

/// `emit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmitQuestion {
    pub name: String,
    /// 32 hexadecimal digits, with or without hyphens.
    pub subject_id: String,
    pub facts: Value,
}

/// What a metric does with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// Adds to a sum.
    Count,
    /// Is one of many: a duration, a size.
    Observe,
}

/// `metric`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricQuestion {
    pub name: String,
    pub kind: MetricKind,
    pub value: u64,
}

/// `sql`; the answer is an array of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SqlQuestion {
    /// A statement the plugin embeds.
    pub statement: String,
    /// A JSON object: `$1` of the statement.
    pub parameters: Value,
}
