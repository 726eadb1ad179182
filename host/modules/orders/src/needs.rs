//! What stock lines need, and which line each need stands for. Pure.

use vectis_contracts::inventory::StockNeed;
use vectis_kernel::{Failure, Refusal};

/// Needs of the lines whose stock is counted; the others have none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needs {
    pub(crate) stock: Vec<StockNeed>,
    lines: Vec<usize>,
}

impl Needs {
    /// Adds the need of the line with this index.
    pub(crate) fn push(&mut self, line: usize, need: StockNeed) {
        self.stock.push(need);
        self.lines.push(line);
    }

    /// A refusal that names needs, naming lines.
    pub(crate) fn name_lines<C>(&self, failure: Failure<C>) -> Failure<C> {
        rename_lines(failure, &self.lines)
    }
}

/// Turns `lines.<n>` into `lines.<indexes[n]>`, for refusals about a selection of lines.
pub(crate) fn rename_lines<C>(failure: Failure<C>, indexes: &[usize]) -> Failure<C> {
    match failure {
        Failure::Refused(mut refusals) => {
            for refusal in &mut refusals {
                rename_line(refusal, indexes);
            }
            Failure::Refused(refusals)
        }
        internal @ Failure::Internal(_) => internal,
    }
}

/// The same for one refusal.
pub(crate) fn rename_line<C>(refusal: &mut Refusal<C>, indexes: &[usize]) {
    if let [lines, index, ..] = refusal.field.as_mut_slice()
        && lines == "lines"
        && let Some(line) = index.parse().ok().and_then(|n: usize| indexes.get(n))
    {
        *index = line.to_string();
    }
}
