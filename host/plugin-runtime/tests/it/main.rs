//! The runtime against real libraries: built ones, frozen ones, and ones broken byte by byte.

#![cfg(test)]

mod activation;
mod additions;
mod bindings;
mod channels;
mod conformance;
mod equality;
mod inspection;
mod libraries;
mod lies;
mod outside;
mod panics;
mod questions;
mod refusals;
mod reload;
mod services;
mod shop;
mod starting;
mod swap;
mod zoo;
