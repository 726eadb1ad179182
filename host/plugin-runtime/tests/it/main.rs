//! The runtime against real libraries: built ones, frozen ones, and ones broken byte by byte.

#![cfg(test)]

mod activation;
mod additions;
mod apart;
mod bindings;
mod channels;
mod conformance;
mod equality;
mod inspection;
mod libraries;
mod lies;
mod life;
mod outside;
mod panics;
mod questions;
mod refusals;
mod releases;
mod reload;
mod replicas;
mod services;
mod shadow;
mod shop;
mod signing;
mod starting;
mod swap;
mod tasks;
mod trust;
mod watch;
mod zoo;
