//! Random secrets and what is kept of them.

use rand::TryRngCore;
use rand::rand_core::OsError;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

/// The longest text that could be a refresh token; longer ones are not even hashed.
const MAX_TOKEN_LENGTH: usize = 256;

/// 256 bits from the operating system.
pub(crate) fn random_bytes() -> Result<[u8; 32], OsError> {
    let mut bytes = [0; 32];
    OsRng.try_fill_bytes(&mut bytes)?;
    Ok(bytes)
}

/// A refresh token: 256 random bits in hex.
pub(crate) fn refresh_token() -> Result<String, OsError> {
    Ok(hex(&random_bytes()?))
}

/// What is stored of a token, and what it is found by; `None` for a text that cannot be one.
pub(crate) fn token_hash(token: &str) -> Option<[u8; 32]> {
    (token.len() <= MAX_TOKEN_LENGTH).then(|| Sha256::digest(token).into())
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
