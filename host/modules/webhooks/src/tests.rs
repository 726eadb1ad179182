//! The module on a database of its own.
