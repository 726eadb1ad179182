//! The guard: no panic of a plugin reaches the host. It must be compiled into the plugin, because each library has its own
//! `std` and a foreign panic cannot be caught.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use abi_stable::std_types::RResult;

use crate::abi::error::WireError;
use crate::error::{Error, ErrorCode};

thread_local! {
    static CONTAINED_CALLS: Cell<u32> = const { Cell::new(0) };
    static LAST_PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs plugin code; a panic becomes [`ErrorCode::PANICKED`] with its message and place.
pub fn contain<T>(call: impl FnOnce() -> Result<T, Error>) -> RResult<T, WireError> {
    CONTAINED_CALLS.set(CONTAINED_CALLS.get() + 1);
    let outcome = panic::catch_unwind(AssertUnwindSafe(call));
    CONTAINED_CALLS.set(CONTAINED_CALLS.get() - 1);
    match outcome {
        Ok(Ok(answer)) => RResult::ROk(answer),
        Ok(Err(error)) => RResult::RErr(error.into()),
        Err(payload) => RResult::RErr(panicked(payload).into()),
    }
}

#[cold]
fn panicked(payload: Box<dyn Any + Send>) -> Error {
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic without a message".to_owned());
    // Dropping a payload of the plugin's own type could panic a second time, outside of any guard.
    std::mem::forget(payload);
    let place = LAST_PLACE.take().unwrap_or_else(|| "an unknown place".to_owned());
    Error::new(ErrorCode::PANICKED, format!("panicked at {place}: {message}"))
}

/// Makes panics of contained calls silent and remembers where they happened; all others go to the hook that was there.
pub(crate) fn remember_places() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |facts| {
            if CONTAINED_CALLS.get() == 0 {
                previous(facts);
            } else {
                LAST_PLACE.set(place_of(facts));
            }
        }));
    });
}

fn place_of(facts: &PanicHookInfo<'_>) -> Option<String> {
    facts.location().map(ToString::to_string)
}

/// A strategy behind its vtable. Also contains a panic in the strategy's `Drop`.
pub struct Guarded<T>(ManuallyDrop<T>);

impl<T> Guarded<T> {
    pub fn new(strategy: T) -> Self {
        Self(ManuallyDrop::new(strategy))
    }

    pub(crate) fn call<A>(&self, call: impl FnOnce(&T) -> Result<A, Error>) -> RResult<A, WireError> {
        contain(|| call(&self.0))
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        let strategy = &mut self.0;
        // There is nobody to tell: the host has let go of the instance.
        let _ = contain(|| {
            #[expect(unsafe_code, reason = "dropping in place, inside the guard")]
            // SAFETY: this is the only drop of the field, and the field is not used afterwards.
            unsafe {
                ManuallyDrop::drop(strategy);
            }
            Ok(())
        });
    }
}
