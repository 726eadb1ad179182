//! The runtime against real libraries: built ones, frozen ones, and ones broken byte by byte.

#![cfg(test)]

mod activation;
mod additions;
mod bindings;
mod channels;
mod inspection;
mod libraries;
mod lies;
mod panics;
mod questions;
mod refusals;
mod reload;
mod shop;
mod starting;
mod swap;
