//! A call that may wait: until when, for whom, and how often it has asked the host for something. A thread answers one call at a
//! time, in this process or by asking another one, so the services find the call by their thread.

use std::cell::RefCell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::Span;
use vectis_plugin_api::{Error, ErrorCode};

/// Services asked for in one call.
const MAX_SERVED: u32 = 100;
/// HTTP requests among them.
const MAX_REQUESTS: u32 = 10;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Call>>> = const { RefCell::new(None) };
}

/// One call.
pub(crate) struct Call {
    budget: Duration,
    until: Option<Instant>,
    given_up: CancellationToken,
    runtime: Handle,
    /// Of whoever asks.
    span: Span,
    served: AtomicU32,
    requests: AtomicU32,
}

impl Call {
    /// A call that begins now. It is broken off when the guard goes: nobody waits for the answer any more.
    pub(crate) fn begin(budget: Duration) -> (Arc<Self>, DropGuard) {
        let given_up = CancellationToken::new();
        let guard = given_up.clone().drop_guard();
        let call = Self {
            budget,
            until: (!budget.is_zero()).then(|| Instant::now() + budget),
            given_up,
            runtime: Handle::current(),
            span: Span::current(),
            served: AtomicU32::new(0),
            requests: AtomicU32::new(0),
        };
        (Arc::new(call), guard)
    }

    /// Runs a plugin's answer on a thread that may wait.
    pub(crate) fn run<T>(self: Arc<Self>, answer: impl FnOnce() -> T) -> T {
        /// Also when the answer panics.
        struct Reset;
        impl Drop for Reset {
            fn drop(&mut self) {
                CURRENT.set(None);
            }
        }
        let span = self.span.clone();
        CURRENT.set(Some(self));
        let _reset = Reset;
        span.in_scope(answer)
    }

    /// The call that this thread answers.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Counts a service asked for; there are only so many in a call.
    pub(crate) fn count(&self, service: &str) -> Result<(), Error> {
        let refused = |what: &str, most: u32| {
            Err(Error::new(
                ErrorCode::DENIED,
                format!("the call has asked for {most} {what}, which is the most"),
            ))
        };
        if self.served.fetch_add(1, Ordering::Relaxed) >= MAX_SERVED {
            return refused("services", MAX_SERVED);
        }
        if service == "http" && self.requests.fetch_add(1, Ordering::Relaxed) >= MAX_REQUESTS {
            return refused("HTTP requests", MAX_REQUESTS);
        }
        Ok(())
    }

    /// Waits, but no longer than the call may take and somebody wants its answer.
    pub(crate) fn wait<T>(&self, what: impl Future<Output = T>) -> Result<T, Error> {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.given_up.cancelled() => Err(deadline("nobody waits for the answer any more".to_owned())),
                () = self.run_out() => {
                    Err(deadline(format!("the call's {} ms are used up", self.budget.as_millis())))
                }
                outcome = what => Ok(outcome),
            }
        })
    }

    async fn run_out(&self) {
        match self.until {
            Some(until) => tokio::time::sleep_until(until).await,
            None => std::future::pending().await,
        }
    }
}

fn deadline(why: String) -> Error {
    Error::new(ErrorCode::DEADLINE, why)
}
