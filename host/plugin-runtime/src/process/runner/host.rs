//! The host as a plugin sees it from its process: what it says goes over the socket, what it asks for through the areas.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use vectis_plugin_api::Error;
use vectis_plugin_api::abi::host::{HostServices, Served};

use crate::process::area::{Area, Word};
use crate::process::bytes::{Full, Garbled, Writer};
use crate::process::codec::read_error;
use crate::process::codec::service::{self, Wanted};
use crate::process::link::{Link, Received};
use crate::process::protocol::{ANSWERED, Message, Served as Place};
use crate::process::runner::{too_large, unreadable};

/// The way to the host.
pub(super) struct Wire {
    pub(super) link: Link,
    pub(super) questions: Arc<Area>,
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

    /// The answer to the present question is written only after the plugin has given it, so until then the area is free.
    fn serve(&self, service: &str, question_json: &str, body: &[u8]) -> Result<Served, Error> {
        let Self(wire) = self;
        let mut writer = Writer::new(&wire.answers);
        service::write_question(&mut writer, &Wanted { service, question_json, body });
        let length = writer.finish().map_err(too_large)?;
        let length = u32::try_from(length).map_err(|_| too_large(Full))?;
        let gone = |_| Error::internal("the host is gone");
        wire.send(Message::Serve { length }).map_err(gone)?;
        let place = wire.served().ok_or_else(|| unreadable(Garbled))?;
        let bytes = wire.questions.copy_from(place.start as usize, place.length as usize);
        let bytes = bytes.ok_or_else(|| unreadable(Garbled))?;
        if place.status == ANSWERED {
            return service::read_answer(&bytes).map_err(unreadable);
        }
        Err(read_error(&bytes).map_err(unreadable)?)
    }
}

impl Wire {
    /// Waits for the host to say where the answer stands; `None` when it is gone.
    fn served(&self) -> Option<Place> {
        let mut buffer = [0; Place::BYTES];
        loop {
            match self.link.receive(&mut buffer) {
                Received::Message(Place::BYTES) => return Place::read(&buffer),
                // A bell for a question that has been seen without it.
                Received::Message(_) | Received::Nothing => {}
                Received::End => return None,
            }
        }
    }
}
