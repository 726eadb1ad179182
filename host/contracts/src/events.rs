//! Event types: one JSON Schema each, in `events/<type>.json` beside this file, checked at build and at emit.
