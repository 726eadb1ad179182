//! Keyset pages: never an offset, never more than a hundred.

use uuid::Uuid;

/// The next `first` things after `after` (newest first unless the list says otherwise).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PageRequest {
    /// How many, 1 to 100.
    pub first: u32,
    /// Continue behind the thing with this id.
    pub after: Option<Uuid>,
}

impl PageRequest {
    /// Most things on a page.
    pub const MAX: u32 = 100;

    /// The first page of `first` things, `first` being held to 1..=100.
    pub fn first(first: u32) -> Self {
        Self { first: first.clamp(1, Self::MAX), after: None }
    }

    /// Rows to fetch: one more than asked, so that "is there a next page" costs no second statement.
    pub fn fetch_limit(&self) -> i64 {
        i64::from(self.first) + 1
    }
}

/// A page of things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// At most `first` things.
    pub items: Vec<T>,
    /// Whether more follow.
    pub has_next: bool,
}

impl<T> Page<T> {
    /// From rows fetched with [`PageRequest::fetch_limit`].
    pub fn from_fetched(mut items: Vec<T>, request: &PageRequest) -> Self {
        let has_next = items.len() > request.first as usize;
        items.truncate(request.first as usize);
        Self { items, has_next }
    }

    /// The same page of other things.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), has_next: self.has_next }
    }
}
