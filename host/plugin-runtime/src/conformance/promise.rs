//! What every plugin promises. Each is a sentence of the documentation of `vectis-plugin-api`.

/// A sentence of the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Promise(pub(crate) &'static str);

pub(crate) const STARTS: Promise =
    Promise("An entry point starts with a configuration that its schema allows, as often as it is asked to.");
pub(crate) const NO_PANIC: Promise = Promise("No question and no configuration makes a plugin panic.");
pub(crate) const CHECKED: Promise =
    Promise("Answers are checked: length, range, sign, known names. One wrong answer fails the whole call.");
pub(crate) const SAME: Promise = Promise(
    "The same question gets the same answer: from any instance, on any thread, at any time, whatever was asked before.",
);
pub(crate) const SPEAKS: Promise = Promise("An error is a sentence for staff, never empty.");
pub(crate) const IN_TIME: Promise = Promise(
    "10,000 lines are answered within a second, and ten times the lines take about ten times as long.",
);
pub(crate) const DEADLINE: Promise = Promise(
    "A call that runs out of time fails with `ErrorCode::DEADLINE`, which is retryable; it never answers in part.",
);
pub(crate) const FEW_LOGS: Promise = Promise("A call logs a few lines, not one for each line it answers.");
pub(crate) const PRIVATE_LOGS: Promise = Promise("Names, addresses and tokens are never logged.");
pub(crate) const STRICT_CONFIG: Promise =
    Promise("A configuration with an unknown key, or with a value of another type, is refused.");
