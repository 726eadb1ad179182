//! The least that the database takes for the rows of an operation: the same rows and nothing but SQL, on a connection of
//! its own, with everything computed before.

pub(crate) mod place;
mod place_sql;
pub(crate) mod read;
