//! What stock promises, against a real Postgres with this module's tables alone.

mod adjusting;
mod counting;
mod giving_back;
mod races;
mod reading;
mod reserving;
mod shop;
mod statement_counts;
mod walls;
mod warehouses;
