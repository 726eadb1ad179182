//! Where in a mutation's input a refusal points. Contracts name their own arguments; the inputs of the API call some of them
//! otherwise, hold some a level deeper, and have one field for what a contract says of the whole.

use vectis_kernel::{Failure, Refusal};

/// Parts of paths by the input's names: `lines.3.line_id` is `lines.3.id` with `("line_id", "id")`.
pub(crate) fn renamed<T, C: Copy>(
    result: Result<T, Failure<C>>,
    names: &[(&str, &str)],
) -> Result<T, Failure<C>> {
    let name = |part: String| {
        let found = names.iter().find(|(contract, _)| *contract == part);
        found.map_or(part, |(_, input)| (*input).to_owned())
    };
    pointed(result, |_, path| path.into_iter().map(name).collect())
}

/// Paths of what the input holds in its field `name`; those that begin with one of `beside` stand next to it.
pub(crate) fn below<T, C: Copy>(
    result: Result<T, Failure<C>>,
    name: &str,
    beside: &[&str],
) -> Result<T, Failure<C>> {
    pointed(result, |_, mut path| {
        if path.first().is_some_and(|first| !beside.contains(&first.as_str())) {
            path.insert(0, name.to_owned());
        }
        path
    })
}

/// The one field of the input that a code is about, where the contract says it of the whole or of a step behind it.
pub(crate) fn by_code<T, C: Copy>(
    result: Result<T, Failure<C>>,
    field: impl Fn(C) -> Option<&'static str>,
) -> Result<T, Failure<C>> {
    pointed(result, |code, path| field(code).map_or(path, |field| vec![field.to_owned()]))
}

/// Paths as `path` makes them of a refusal's code and path.
pub(crate) fn pointed<T, C: Copy>(
    result: Result<T, Failure<C>>,
    path: impl Fn(C, Vec<String>) -> Vec<String>,
) -> Result<T, Failure<C>> {
    let in_input = |refusal: Refusal<C>| Refusal { field: path(refusal.code, refusal.field), ..refusal };
    result.map_err(|failure| match failure {
        Failure::Refused(refusals) => Failure::Refused(refusals.into_iter().map(in_input).collect()),
        internal @ Failure::Internal(_) => internal,
    })
}
