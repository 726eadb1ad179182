//! The extension points, one file each.

pub mod approval;
pub mod fields;
pub mod observer;
pub mod order_process;
pub mod pricing;
pub mod shipping_rate;
pub mod task;
pub mod tax;
