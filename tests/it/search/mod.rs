//! Search: what every index promises, how indexes are kept, and what buyers see, end to end.

mod conformance;
mod degraded;
mod indexes;
mod rebuilding;
mod relevance;
mod shop;
