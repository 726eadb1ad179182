//! The host's services as a vtable.

#![expect(
    unsafe_code,
    unused_qualifications,
    non_local_definitions,
    reason = "what #[sabi_trait] and derive(StableAbi) generate"
)]

use std::sync::Arc;

use abi_stable::sabi_trait;
use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RArc, RResult, RStr};

use crate::abi::contain::contain;

#[sabi_trait]
pub trait HostWire: Send + Sync {
    /// `fields_json` is a JSON object or empty.
    fn log(&self, level: u32, message: RStr<'_>, fields_json: RStr<'_>);
    #[sabi(last_prefix_field)]
    fn now_ms(&self) -> i64;
}

pub type HostObj = HostWire_TO<'static, RArc<()>>;

/// What the host implements; [`object`] puts it behind the vtable.
pub trait HostServices: Send + Sync + 'static {
    /// `level` as in [`crate::Level`]; `fields_json` is a JSON object or empty.
    fn log(&self, level: u32, message: &str, fields_json: &str);
    /// Milliseconds since 1970.
    fn now_ms(&self) -> i64;
}

struct Services(Arc<dyn HostServices>);

impl HostWire for Services {
    fn log(&self, level: u32, message: RStr<'_>, fields_json: RStr<'_>) {
        // A log line that the host cannot write must not end the plugin's call.
        let _ = contain(|| {
            self.0.log(level, message.as_str(), fields_json.as_str());
            Ok(())
        });
    }

    fn now_ms(&self) -> i64 {
        match contain(|| Ok(self.0.now_ms())) {
            RResult::ROk(now) => now,
            RResult::RErr(_) => 0,
        }
    }
}

/// The services of one plugin instance, ready to be handed to its constructor.
pub fn object(services: Arc<dyn HostServices>) -> HostObj {
    HostWire_TO::from_ptr(RArc::new(Services(services)), TD_Opaque)
}
