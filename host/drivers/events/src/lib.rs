//! Events on their way: the log inside the database, the relay to a broker, consumers with inbox and dead letters, feeds of
//! other systems.
//!
//! *Owns*: the embedded driver of [`vectis_contracts::ports::event_log`], and what both drivers share. *Depends on*:
//! `contracts`, `db` (which has the SQL). *Invariants*: an event is passed on at least once, in the order of its aggregate, and
//! has its effect once; what cannot be taken in is put away with its reason, and everything behind it goes on; a place in a
//! log moves only after the effect has been committed. *Start reading at*: [`relay`], then [`consumer`].

pub mod consumer;
pub mod dead_letters;
pub mod desk;
pub mod embedded;
pub mod feeds;
pub mod housekeeping;
pub mod incoming;
pub mod relay;
pub mod replay;
pub mod subscribers;
pub mod traces;

mod back_off;
mod delivery;
mod records;
