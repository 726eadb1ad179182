//! Ports to the outside world: what the engine asks of machinery that can be replaced. Drivers stand behind them.

pub mod event_handler;
pub mod event_log;
pub mod event_observers;
pub mod process;
pub mod recurring;
pub mod search_index;
pub mod workflow_journal;
