//! The runtime against real libraries: built ones, frozen ones, and ones broken byte by byte.

#![cfg(test)]

mod activation;
mod bindings;
mod channels;
mod inspection;
mod libraries;
mod lies;
mod life;
mod panics;
mod questions;
mod refusals;
mod releases;
mod reload;
mod replicas;
mod shadow;
mod shop;
mod signing;
mod starting;
mod swap;
mod trust;
mod watch;
