//! The catalogue, against a real Postgres with this module's tables alone.
