//! Workflows: what every driver keeps, on a process made for it; and approvals over which time passes, in the real program.

mod approvals;
mod crashes;
mod faults;
mod going_on;
mod parcel;
mod stage;
