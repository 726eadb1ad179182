//! Relay connections over keyset pages.

use async_graphql::OutputType;
use async_graphql::connection::{Connection, Edge};
use uuid::Uuid;
use vectis_kernel::{Page, PageRequest};

use crate::error::bad_input;

/// `first` (1 to 100, 20 when left out) and `after` as a page request.
pub(crate) fn page_request(first: Option<i32>, after: Option<String>) -> async_graphql::Result<PageRequest> {
    let first = first.unwrap_or(20);
    let in_range = u32::try_from(first).ok().filter(|first| (1..=PageRequest::MAX).contains(first));
    let first =
        in_range.ok_or_else(|| bad_input(format!("first is 1 to {}, not {first}", PageRequest::MAX)))?;
    let parse = |cursor: String| {
        Uuid::parse_str(&cursor).map_err(|_| bad_input("after is not a cursor of this list"))
    };
    Ok(PageRequest { first, after: after.map(parse).transpose()? })
}

/// A page as a connection; `id` gives a thing's cursor.
pub(crate) fn connection<T, N: OutputType>(
    request: PageRequest,
    page: Page<T>,
    id: impl Fn(&T) -> Uuid,
    node: impl Fn(T) -> N,
) -> Connection<String, N> {
    let mut connection = Connection::new(request.after.is_some(), page.has_next);
    connection.edges =
        page.items.into_iter().map(|item| Edge::new(id(&item).to_string(), node(item))).collect();
    connection
}
