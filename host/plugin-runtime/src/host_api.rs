//! What a running instance may ask of the host.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use vectis_contracts::plugin_services::{
    Capabilities, PluginServices, ServiceAnswer, ServiceCaller, ServiceError, ServiceErrorKind,
    ServiceQuestion,
};
use vectis_contracts::plugin_tables::TablesPlan;
use vectis_kernel::Clock;
use vectis_plugin_api::abi::host::{HostServices, Served};
use vectis_plugin_api::{Error, ErrorCode, Level};

use crate::calls::Call;
use crate::grants::GrantBook;
use crate::point::Point;

/// The services of one instance. Its log lines carry the names of who wrote them.
pub(crate) struct InstanceServices {
    pub(crate) plugin: String,
    pub(crate) entry_point: String,
    pub(crate) point: Point,
    /// Slug of its channel; empty when it answers wherever nothing is activated.
    pub(crate) channel: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log_limit: LogLimit,
    pub(crate) services: Arc<dyn PluginServices>,
    /// What the plugin's manifest asks for.
    pub(crate) asked: Capabilities,
    /// The plugin's content, as grants know it.
    pub(crate) sha256: String,
    pub(crate) grants: Arc<GrantBook>,
    /// Its own tables, when it has some.
    pub(crate) tables: Option<Arc<TablesPlan>>,
}

impl InstanceServices {
    /// Who asks, with what is granted now.
    fn caller(&self) -> ServiceCaller {
        ServiceCaller {
            plugin: self.plugin.clone(),
            asked: self.asked.clone(),
            granted: self.grants.of(&self.plugin, &self.sha256),
            tables: self.tables.clone(),
        }
    }

    fn write(&self, level: Level, message: &str, fields: &str) {
        let Self { plugin, entry_point, channel, point, .. } = self;
        // The level of an event is part of its call site, so there is one of each.
        macro_rules! write_at {
            ($level:ident) => {
                tracing::$level!(plugin, entry_point, channel, point = point.group(), fields, "{message}")
            };
        }
        match level {
            Level::TRACE => write_at!(trace),
            Level::DEBUG => write_at!(debug),
            Level::INFO => write_at!(info),
            Level::WARN => write_at!(warn),
            _ => write_at!(error),
        }
    }
}

impl HostServices for InstanceServices {
    fn log(&self, level: u32, message: &str, fields_json: &str) {
        match self.log_limit.admit(self.now_ms() / 1000) {
            Admission::Dropped => {}
            Admission::Written { dropped_before } => {
                if dropped_before > 0 {
                    self.write(Level::WARN, &format!("{dropped_before} log lines were dropped"), "");
                }
                self.write(Level(level), message, fields_json);
            }
        }
    }

    fn now_ms(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }

    fn serve(&self, service: &str, question_json: &str, body: &[u8]) -> Result<Served, Error> {
        let question = ServiceQuestion { service, json: question_json, body };
        let caller = self.caller();
        if let Some(outcome) = self.services.serve_at_once(&caller, question) {
            return outcome.map(served).map_err(|error| refused(&error));
        }
        let Some(call) = Call::current() else {
            let Self { entry_point, point, .. } = self;
            let why = format!(
                "{service} waits, and is not served to {entry_point} here: only calls of {} may wait, no constructor and no \
                 call of {point} beside them",
                Point::waiting()
            );
            return Err(Error::new(ErrorCode::DENIED, why));
        };
        call.count(service)?;
        call.wait(self.services.serve(&caller, question))?.map(served).map_err(|error| refused(&error))
    }
}

fn served(answer: ServiceAnswer) -> Served {
    Served { json: answer.json, body: answer.body }
}

fn refused(error: &ServiceError) -> Error {
    let code = match error.kind {
        ServiceErrorKind::Denied => ErrorCode::DENIED,
        ServiceErrorKind::Input | ServiceErrorKind::Limit => ErrorCode::INPUT,
        ServiceErrorKind::Unavailable => ErrorCode::UNAVAILABLE,
        ServiceErrorKind::Unsupported => ErrorCode::UNSUPPORTED,
    };
    Error::new(code, error.message.clone())
}

/// For a host without services: everything but log and clock is unknown.
pub(crate) struct NoPluginServices;

#[async_trait]
impl PluginServices for NoPluginServices {
    fn serve_at_once(
        &self,
        _caller: &ServiceCaller,
        _question: ServiceQuestion<'_>,
    ) -> Option<Result<ServiceAnswer, ServiceError>> {
        None
    }

    async fn serve(
        &self,
        _caller: &ServiceCaller,
        question: ServiceQuestion<'_>,
    ) -> Result<ServiceAnswer, ServiceError> {
        let why = format!("this host has no service {:?}", question.service);
        Err(ServiceError::new(ServiceErrorKind::Unsupported, why))
    }
}

/// So many lines of an instance in each second, so that none floods the log of all.
pub(crate) struct LogLimit {
    lines_per_second: u32,
    window: Mutex<Window>,
}

#[derive(Default)]
struct Window {
    second: i64,
    lines: u32,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Written { dropped_before: u32 },
    Dropped,
}

impl LogLimit {
    pub(crate) fn new(lines_per_second: u32) -> Self {
        Self { lines_per_second, window: Mutex::default() }
    }

    /// Counts a line written in `second`.
    pub(crate) fn admit(&self, second: i64) -> Admission {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let mut dropped_before = 0;
        if window.second != second {
            dropped_before = window.lines.saturating_sub(self.lines_per_second);
            *window = Window { second, lines: 0 };
        }
        window.lines = window.lines.saturating_add(1);
        if window.lines > self.lines_per_second {
            Admission::Dropped
        } else {
            Admission::Written { dropped_before }
        }
    }
}
