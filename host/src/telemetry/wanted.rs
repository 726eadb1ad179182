//! What is taken note of at all: lines by `log.filter`; spans of ours when there are traces, else none, and then they cost nothing.

use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer};

pub(super) struct Wanted {
    pub(super) events: EnvFilter,
    pub(super) with_spans: bool,
}

impl Wanted {
    fn is_span_wanted(&self, metadata: &Metadata<'_>) -> bool {
        self.with_spans
            && *metadata.level() <= tracing::Level::INFO
            && metadata.target().starts_with("vectis")
    }
}

impl<S: Subscriber> Layer<S> for Wanted
where
    EnvFilter: Layer<S>,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_event() {
            Layer::<S>::register_callsite(&self.events, metadata)
        } else if self.is_span_wanted(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, context: Context<'_, S>) -> bool {
        if metadata.is_event() {
            Layer::<S>::enabled(&self.events, metadata, context)
        } else {
            self.is_span_wanted(metadata)
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let events = Layer::<S>::max_level_hint(&self.events);
        if self.with_spans { events.map(|level| level.max(LevelFilter::INFO)) } else { events }
    }
}
