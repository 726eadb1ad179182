//! The catalogue, against a real Postgres with this module's tables alone.

mod activating;
mod categories;
mod listing;
mod shelf;
mod statement_counts;
mod upserting;
mod variants;
