//! How much a plugin gets.

use std::time::Duration;

/// Of each plugin, in this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest one HTTP request may take with all its redirects; less when less is left of the call.
    pub http_timeout: Duration,
    /// Requests under way at the same time; more wait for their turn.
    pub http_concurrent: usize,
    /// Bytes of a request's body.
    pub http_request_bytes: usize,
    /// Bytes of a response's body.
    pub http_response_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            http_timeout: Duration::from_secs(5),
            http_concurrent: 16,
            http_request_bytes: 256 * 1024,
            http_response_bytes: 1024 * 1024,
        }
    }
}
