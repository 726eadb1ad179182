//! A whole shop over HTTP, as its buyers and staff use it.

mod carrier_rate;
mod large_order;
pub(crate) mod no_plugins;
mod one_more_plugin;
mod order_notifier;
