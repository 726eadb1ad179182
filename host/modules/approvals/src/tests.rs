//! Requests and decisions on the module's own tables only.

mod deciding;
mod fixture;
mod moving;
mod opening;
mod overdue;
mod seeing;
