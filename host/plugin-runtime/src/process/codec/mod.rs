//! One file per extension point: its wire records as flat bytes and back. A question is written by the host and read by the
//! runner, an answer the other way round.

pub(crate) mod approval;
pub(crate) mod fields;
pub(crate) mod order_process;
pub(crate) mod pricing;
pub(crate) mod service;
pub(crate) mod tax;

use vectis_plugin_api::{Error, ErrorCode};

use crate::lifecycle::PROCESS_FAULT;
use crate::process::bytes::{Garbled, Reader, Writer};

/// The longest message of an error that is taken.
const MAX_MESSAGE_BYTES: usize = 16 * 1024;

pub(crate) fn write_error(writer: &mut Writer<'_>, error: &Error) {
    writer.u32(error.code.0);
    writer.bool(error.retryable);
    writer.text(shortened(&error.message));
    writer.text(shortened(&error.detail_json));
}

pub(crate) fn read_error(bytes: &[u8]) -> Result<Error, Garbled> {
    let mut reader = Reader::new(bytes);
    let (code, is_retryable) = (ErrorCode(reader.u32()?), reader.bool()?);
    // What became of a process only its host can say.
    if code == PROCESS_FAULT {
        return Err(Garbled);
    }
    let mut error = Error::new(code, shortened(reader.text()?)).retryable(is_retryable);
    error.detail_json = shortened(reader.text()?).to_owned();
    reader.finish()?;
    Ok(error)
}

/// The text up to the most bytes that are taken.
pub(crate) fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_MESSAGE_BYTES)]
}
