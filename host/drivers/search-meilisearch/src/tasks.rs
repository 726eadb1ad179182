//! The server does what it is told later, in order; this waits for it.

use std::time::{Duration, Instant};

use serde_json::Value;
use vectis_contracts::ports::search_index::IndexError;

use crate::http::{Server, refusal};

/// Longest that a task is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The number of a task that has been enqueued.
pub(crate) fn number(enqueued: &Value) -> Result<u64, IndexError> {
    enqueued["taskUid"].as_u64().ok_or_else(|| IndexError::Unavailable("it names no task".to_owned()))
}

/// Waits until a task has ended, and says how.
pub(crate) async fn ended(server: &Server, task: u64) -> Result<(), IndexError> {
    let started = Instant::now();
    let mut wait = Duration::from_millis(5);
    loop {
        let state = server.get(&format!("/tasks/{task}")).await?;
        match state["status"].as_str() {
            Some("succeeded") => return Ok(()),
            Some("failed") => return Err(refusal(&state["error"])),
            Some("canceled") => return Err(IndexError::Unavailable(format!("its task {task} was canceled"))),
            _ => {}
        }
        if started.elapsed() > PATIENCE {
            return Err(IndexError::Unavailable(format!("its task {task} is not done yet")));
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LOOK_EVERY);
    }
}
