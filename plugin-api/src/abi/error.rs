//! The error on the wire.

use abi_stable::StableAbi;
use abi_stable::std_types::RString;

use crate::error::{Error, ErrorCode};

#[repr(C)]
#[derive(StableAbi, Clone, Debug)]
pub struct WireError {
    pub code: u32,
    pub retryable: bool,
    pub message: RString,
    pub detail_json: RString,
}

impl From<Error> for WireError {
    fn from(error: Error) -> Self {
        Self {
            code: error.code.0,
            retryable: error.retryable,
            message: error.message.into(),
            detail_json: error.detail_json.into(),
        }
    }
}

impl From<WireError> for Error {
    fn from(error: WireError) -> Self {
        let mut plain = Self::new(ErrorCode(error.code), error.message).retryable(error.retryable);
        plain.detail_json = error.detail_json.into();
        plain
    }
}
