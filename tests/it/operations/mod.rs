//! What an operator does with the files of `examples/operations`.

mod restoring;
