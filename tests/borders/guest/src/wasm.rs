//! What the module exports: room for a question, and its answer.

#![expect(unsafe_code, reason = "exported names")]

use std::sync::{Mutex, PoisonError};

use crate::records;

static QUESTION: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static ANSWER: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Where the host may write so many bytes.
#[unsafe(no_mangle)]
extern "C" fn room(bytes: usize) -> *mut u8 {
    let mut question = QUESTION.lock().unwrap_or_else(PoisonError::into_inner);
    question.resize(bytes, 0);
    question.as_mut_ptr()
}

/// Prices what was written; where the answer is. It has a record for each line, or none at all.
#[unsafe(no_mangle)]
extern "C" fn price() -> *const u8 {
    let question = QUESTION.lock().unwrap_or_else(PoisonError::into_inner);
    let mut answer = ANSWER.lock().unwrap_or_else(PoisonError::into_inner);
    *answer = records::answer(&question).unwrap_or_default();
    answer.as_ptr()
}
