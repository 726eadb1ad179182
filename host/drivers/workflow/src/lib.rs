//! The embedded workflow driver: lets instances decide and runs their activities, with nothing but the record in the database.
//!
//! *Owns*: when to look, how many runs at once, how long one may take. *Depends on*: `contracts`, and `db` for the knock. *Invariants*:
//! any number of workers share the work; whatever a worker was at when it died is done by another once its lease is over; a worker
//! told to stop ends what it is at. *Start reading at*: [`Worker`].

mod worker;

pub use worker::{Settings, Worker};
