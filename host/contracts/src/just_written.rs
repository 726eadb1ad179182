//! What a command wrote, beside its answer.

use std::sync::Arc;

/// What a command has just written, handed along with its answer so that nobody reads it again. It is no part of the
/// answer: empty when that was given before, or when the caller may not see it, and equal to any other.
#[derive(Clone, Debug)]
pub struct JustWritten<T>(pub Option<Arc<T>>);

impl<T> From<T> for JustWritten<T> {
    fn from(written: T) -> Self {
        Self(Some(Arc::new(written)))
    }
}

impl<T> Default for JustWritten<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> PartialEq for JustWritten<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for JustWritten<T> {}
