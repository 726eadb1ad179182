//! `t=1768478400,v1=…`: HMAC-SHA256 over the time, a dot and the body, so that a receiver can tell a copy that is sent again
//! later by somebody else.

use std::fmt::Write as _;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use vectis_plugin_api::services::Secret;

pub(crate) fn of(key: &Secret, seconds: i64, body: &str) -> String {
    let mut text = format!("t={seconds},v1=");
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()) else { return text };
    mac.update(format!("{seconds}.{body}").as_bytes());
    for byte in mac.finalize().into_bytes() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
