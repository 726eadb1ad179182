//! All end-to-end and architecture tests, linked once.

mod arch;
mod shop;
