//! The wire: every use of `abi_stable` and every `unsafe` of the crate. Plugin authors never name it; the host's plugin
//! runtime builds on it, and `export_plugin!` expands to it.
//!
//! Rules of growth within a major version: value records never change (they carry `flags` and `ext`, a JSON object or
//! empty, instead); vtables and the root module grow only at their end, methods only with a default body; whatever looks
//! like an enum is a `u32` newtype.

pub mod approval;
pub mod contain;
pub mod embed;
pub mod error;
pub mod fields;
pub mod host;
pub mod id;
pub mod load;
pub mod module;
pub mod observer;
pub mod order_process;
pub mod pricing;
pub mod remote;
pub mod services;
pub mod shipping_rate;
pub mod task;
pub mod tax;

pub use abi_stable;
