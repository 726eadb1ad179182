//! Stand-ins for the host's services: nothing leaves the machine and nothing is kept, and the same question gets the same answer.
//! Requests are answered well, badly, or not at all, by what they ask.

use vectis_plugin_api::abi::host::{Served, unsupported};
use vectis_plugin_api::{Error, ErrorCode};

/// What the other side of a request does.
const BEHAVIOURS: u32 = 6;
/// As large as an answer may be.
const LARGE: usize = 1024 * 1024;

pub(super) fn serve(service: &str, question_json: &str, body: &[u8]) -> Result<Served, Error> {
    match service {
        "http" => http(question_json, body),
        // Nothing is ever found, so that an answer never depends on one before.
        "kv" => Ok(json(r#"{"found":false}"#)),
        "secret" => Ok(Served { json: String::new(), body: b"stand-in".to_vec() }),
        "query" => Ok(json("null")),
        // Tables in which nothing is found and nothing was there before.
        "sql" => Ok(json("[]")),
        "emit" | "metric" => Ok(Served::default()),
        _ => Err(unsupported(service)),
    }
}

fn http(question_json: &str, body: &[u8]) -> Result<Served, Error> {
    let answered = |status: u16, body: Vec<u8>| {
        Ok(Served { json: format!(r#"{{"status":{status},"headers":[]}}"#), body })
    };
    let asked = question_json.bytes().chain(body.iter().copied());
    let number = asked.fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    match number % BEHAVIOURS {
        0 => Err(Error::new(ErrorCode::UNAVAILABLE, "the stand-in cannot be reached")),
        1 => Err(Error::new(ErrorCode::DEADLINE, "the stand-in does not answer in time")),
        2 => answered(503, b"<html>out of order</html>".to_vec()),
        3 => answered(200, b"{}".to_vec()),
        4 => answered(200, b"[null, 1e999, \"\xff".to_vec()),
        _ => answered(200, vec![b'['; LARGE]),
    }
}

fn json(text: &str) -> Served {
    Served { json: text.to_owned(), body: Vec::new() }
}
