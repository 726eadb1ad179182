//! All end-to-end and architecture tests, linked once.

mod access;
mod arch;
mod bad_input;
mod kills;
mod races;
mod shop;
mod statements;
