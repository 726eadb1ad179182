//! The host's services as a vtable.

#![expect(
    unsafe_code,
    unused_qualifications,
    non_local_definitions,
    reason = "what #[sabi_trait] and derive(StableAbi) generate"
)]

use std::sync::Arc;

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RArc, RResult, RSlice, RStr, RString, RVec};
use abi_stable::{StableAbi, sabi_trait};

use crate::abi::contain::contain;
use crate::abi::error::WireError;
use crate::error::{Error, ErrorCode};

#[sabi_trait]
pub trait HostWire: Send + Sync {
    /// `fields_json` is a JSON object or empty.
    fn log(&self, level: u32, message: RStr<'_>, fields_json: RStr<'_>);
    #[sabi(last_prefix_field)]
    fn now_ms(&self) -> i64;
    /// Since 1.1. Questions and answers are those of [`crate::abi::services`].
    fn serve(
        &self,
        service: RStr<'_>,
        question_json: RStr<'_>,
        body: RSlice<'_, u8>,
    ) -> RResult<ServedRecord, WireError> {
        let _ = (question_json, body);
        RResult::RErr(unsupported(service.as_str()).into())
    }
}

pub type HostObj = HostWire_TO<'static, RArc<()>>;

/// A service's answer: JSON or empty, and bytes beside it.
#[repr(C)]
#[derive(StableAbi, Clone, Debug, PartialEq, Eq)]
pub struct ServedRecord {
    pub json: RString,
    pub body: RVec<u8>,
}

/// A service's answer in words of the language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    pub json: String,
    pub body: Vec<u8>,
}

/// What the host implements; [`object`] puts it behind the vtable.
pub trait HostServices: Send + Sync + 'static {
    /// `level` as in [`crate::Level`]; `fields_json` is a JSON object or empty.
    fn log(&self, level: u32, message: &str, fields_json: &str);
    /// Milliseconds since 1970.
    fn now_ms(&self) -> i64;
    /// Everything else. May wait, never longer than the call in which it is asked.
    fn serve(&self, service: &str, question_json: &str, body: &[u8]) -> Result<Served, Error> {
        let _ = (question_json, body);
        Err(unsupported(service))
    }
}

/// There is no such service.
pub fn unsupported(service: &str) -> Error {
    Error::new(ErrorCode::UNSUPPORTED, format!("this host has no service {service:?}"))
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

    fn serve(
        &self,
        service: RStr<'_>,
        question_json: RStr<'_>,
        body: RSlice<'_, u8>,
    ) -> RResult<ServedRecord, WireError> {
        contain(|| {
            let Served { json, body } =
                self.0.serve(service.as_str(), question_json.as_str(), body.as_slice())?;
            Ok(ServedRecord { json: json.into(), body: body.into() })
        })
    }
}

/// The services of one plugin instance, ready to be handed to its constructor.
pub fn object(services: Arc<dyn HostServices>) -> HostObj {
    HostWire_TO::from_ptr(RArc::new(Services(services)), TD_Opaque)
}
