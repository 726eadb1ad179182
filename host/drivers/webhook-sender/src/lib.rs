//! Webhooks on their way: events from the log into the queue, requests from the queue to their receivers.
//!
//! *Owns*: the consumer `webhooks`, the requests and how many of them are under way. *Depends on*: `contracts` (the queue),
//! `outbound` (where requests may go). *Invariants*: no request while a transaction is open; a slow receiver holds up nobody but
//! itself; what was begun and not recorded is sent again. *Start reading at*: [`Sender::run`].

mod intake;
mod sender;
mod target;

pub use intake::{CONSUMER, Intake};
pub use sender::Sender;
pub use target::{Settings, Target};
