//! All end-to-end and architecture tests, linked once.

mod arch;
mod kills;
mod races;
mod shop;
mod statements;
