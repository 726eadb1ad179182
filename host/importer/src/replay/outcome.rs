//! What came of a document.

use vectis_kernel::Money;

use crate::client::CallError;

use super::order::Placed;

/// `Err` only when the shop is gone.
pub(crate) type Outcome = Result<Sent, CallError>;

/// What came of a document, row by row: its value in the shop, or why it was not taken.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) rows: Vec<(usize, Result<Money, String>)>,
    /// The order it placed.
    pub(crate) order: Option<Placed>,
    /// Id of the order or credit note it wrote.
    pub(crate) written: Option<String>,
}

impl Sent {
    /// Nothing was taken.
    pub(crate) fn refused(rows: impl IntoIterator<Item = usize>, step: &str, error: CallError) -> Outcome {
        let reason = reason(step, error)?;
        Ok(Self::not_taken(rows, &reason))
    }

    /// Nothing was taken, for a reason of ours.
    pub(crate) fn not_taken(rows: impl IntoIterator<Item = usize>, reason: &str) -> Self {
        Self { rows: rows.into_iter().map(|row| (row, Err(reason.to_owned()))).collect(), ..Self::default() }
    }
}

/// An error of a step as the reason of its rows, unless the shop is gone.
pub(crate) fn reason(step: &str, error: CallError) -> Result<String, CallError> {
    match error {
        CallError::Unreachable(_) => Err(error),
        other => Ok(format!("{step}: {other}")),
    }
}
