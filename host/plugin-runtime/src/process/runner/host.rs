//! The host as a plugin sees it from its process: what it says goes over the socket.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use vectis_plugin_api::abi::host::HostServices;

use crate::process::area::{Area, Word};
use crate::process::link::{Link, Received};
use crate::process::protocol::Message;

/// The way to the host.
pub(super) struct Wire {
    pub(super) link: Link,
    pub(super) answers: Area,
}

impl Wire {
    /// Sends a message and counts it, so that the host knows without looking that there is one.
    pub(super) fn send(&self, message: Message<'_>) -> io::Result<()> {
        self.link.send(&message.bytes())?;
        self.answers.word(Word::Sent).fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// What instances get.
pub(super) struct Services(pub(super) Arc<Wire>);

impl HostServices for Services {
    fn log(&self, level: u32, message: &str, fields_json: &str) {
        // Without a host there is no log.
        let _ = self.0.send(Message::Log { level, message, fields_json });
    }

    fn now_ms(&self) -> i64 {
        let mut buffer = [0; 8];
        if self.0.send(Message::Now).is_err() {
            return 0;
        }
        loop {
            match self.0.link.receive(&mut buffer) {
                Received::Message(8) => return i64::from_ne_bytes(buffer),
                // A bell for a question that has been seen without it.
                Received::Message(_) | Received::Nothing => {}
                Received::End => return 0,
            }
        }
    }
}
