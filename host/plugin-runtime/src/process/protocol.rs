//! What host and runner agree on, and how the host knows that they do.

use serde::{Deserialize, Serialize};
use vectis_plugin_api::abi::approval::{ApprovalFactsRecord, ApprovalStepRecord, DecisionFactsRecord};
use vectis_plugin_api::abi::embed;
use vectis_plugin_api::abi::order_process::OrderFactsRecord;
use vectis_plugin_api::abi::pricing::PricingCall;
use vectis_plugin_api::abi::tax::{TaxAmount, TaxCall, TaxKind};
use vectis_plugin_api::pricing::{Candidate, Line, Priced};
use vectis_plugin_api::tax::TaxLine;

use crate::discover::sha256;
use crate::process::sandbox::Limits;

/// Raised with every change of what goes over the area or the socket.
const PROTOCOL: u32 = 3;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Verb {
    /// The first: go into the sandbox and load the plugin.
    Load = 1,
    Construct = 2,
    Drop = 3,
    Price = 10,
    Stage = 20,
    Tax = 21,
    States = 30,
    Transitions = 31,
    Place = 32,
    Step = 33,
    Plan = 40,
    MayDecide = 41,
    Fields = 50,
    Rates = 60,
    Run = 70,
    Observe = 80,
}

impl Verb {
    pub(crate) fn of(number: u32) -> Option<Self> {
        let all = [
            Self::Load,
            Self::Construct,
            Self::Drop,
            Self::Price,
            Self::Stage,
            Self::Tax,
            Self::States,
            Self::Transitions,
            Self::Place,
            Self::Step,
            Self::Plan,
            Self::MayDecide,
            Self::Fields,
            Self::Rates,
            Self::Run,
            Self::Observe,
        ];
        all.into_iter().find(|verb| *verb as u32 == number)
    }
}

/// How a question was answered: with what was asked for.
pub(crate) const ANSWERED: u32 = 1;
/// With an error.
pub(crate) const FAILED: u32 = 2;

/// The payload of [`Verb::Load`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) schema: String,
    pub(crate) plugin: String,
    /// Byte for byte as embedded.
    pub(crate) manifest: String,
    /// Group and name.
    pub(crate) entry_points: Vec<(String, String)>,
    pub(crate) limits: Limits,
}

/// The payload of [`Verb::Construct`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Construct {
    pub(crate) group: String,
    pub(crate) entry_point: String,
    pub(crate) config_json: String,
}

/// Two programs with the same one understand each other. They are one and the same program unless an operator put another
/// one in its place.
pub(crate) fn schema() -> String {
    macro_rules! layouts {
        ($($record:ty),+ $(,)?) => {
            [$((std::any::type_name::<$record>(), size_of::<$record>(), align_of::<$record>())),+]
        };
    }
    let layouts = layouts![
        PricingCall<'_>,
        Line<'_>,
        Candidate,
        Priced,
        TaxCall<'_>,
        TaxLine<'_>,
        TaxKind,
        TaxAmount,
        OrderFactsRecord<'_>,
        ApprovalFactsRecord<'_>,
        DecisionFactsRecord<'_>,
        ApprovalStepRecord,
    ];
    sha256(format!("{PROTOCOL} {} {layouts:?}", embed::BUILD).as_bytes())
}

/// What goes over the socket while a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// Look at the area.
    Bell,
    /// A line for the log.
    Log { level: u32, message: &'a str, fields_json: &'a str },
    /// Asks for the time.
    Now,
    /// Asks for a service: name, question and bytes beside it stand in the area of answers, this many bytes in all.
    Serve { length: u32 },
}

/// What the host answers to [`Message::Serve`]: where in the area of questions the answer stands, behind the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Served {
    /// [`ANSWERED`] or [`FAILED`].
    pub(crate) status: u32,
    pub(crate) start: u32,
    pub(crate) length: u32,
}

impl Served {
    pub(crate) const BYTES: usize = 12;

    pub(crate) fn bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (place, word) in bytes.chunks_exact_mut(4).zip([self.status, self.start, self.length]) {
            place.copy_from_slice(&word.to_ne_bytes());
        }
        bytes
    }

    /// `None` for what is no such answer.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (status, rest) = bytes.split_first_chunk()?;
        let (start, rest) = rest.split_first_chunk()?;
        let length = rest.try_into().ok()?;
        let [status, start, length] = [*status, *start, length].map(u32::from_ne_bytes);
        Some(Self { status, start, length })
    }
}

/// The longest message: what is longer is cut.
pub(crate) const MESSAGE_BYTES: usize = 64 * 1024;
const BELL: u8 = 0;
const LOG: u8 = 1;
const NOW: u8 = 2;
const SERVE: u8 = 3;

impl<'a> Message<'a> {
    pub(crate) fn bytes(self) -> Vec<u8> {
        match self {
            Self::Bell => vec![BELL],
            Self::Now => vec![NOW],
            Self::Serve { length } => [&[SERVE], &length.to_ne_bytes()[..]].concat(),
            Self::Log { level, message, fields_json } => {
                let half = |text: &'a str| &text[..text.floor_char_boundary(MESSAGE_BYTES / 2 - 16)];
                // Fields that are cut are no JSON any more.
                let fields = if half(fields_json) == fields_json { fields_json } else { "" };
                let message = half(message);
                let length = u32::try_from(message.len()).unwrap_or_default();
                let (level, length) = (level.to_ne_bytes(), length.to_ne_bytes());
                [&[LOG], &level[..], &length[..], message.as_bytes(), fields.as_bytes()].concat()
            }
        }
    }

    /// `None` for what is no message.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        match bytes.split_first()? {
            (&BELL, []) => Some(Self::Bell),
            (&NOW, []) => Some(Self::Now),
            (&SERVE, length) => Some(Self::Serve { length: u32::from_ne_bytes(length.try_into().ok()?) }),
            (&LOG, rest) => {
                let (level, rest) = rest.split_first_chunk()?;
                let (length, rest) = rest.split_first_chunk()?;
                let (message, fields) = rest.split_at_checked(u32::from_ne_bytes(*length) as usize)?;
                Some(Self::Log {
                    level: u32::from_ne_bytes(*level),
                    message: std::str::from_utf8(message).ok()?,
                    fields_json: std::str::from_utf8(fields).ok()?,
                })
            }
            _ => None,
        }
    }
}
