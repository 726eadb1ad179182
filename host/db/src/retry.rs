//! Serialization failures and deadlocks are the database's way of saying "once more, please".

use std::future::Future;
use std::time::Duration;

use vectis_kernel::Failure;

/// Attempts in all, the first included.
const ATTEMPTS: u32 = 5;

/// Runs `attempt` until it succeeds, refuses, breaks for good, or has met five serialization failures (SQLSTATE 40001)
/// or deadlocks (40P01). `attempt` opens and commits its own unit of work, so nothing of a failed try remains.
pub async fn retrying<T, C, F, Fut>(mut attempt: F) -> Result<T, Failure<C>>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Failure<C>>>,
{
    for tried in 1..ATTEMPTS {
        match attempt().await {
            Err(failure) if is_transient(&failure) => back_off(tried).await,
            outcome => return outcome,
        }
    }
    attempt().await
}

fn is_transient<C>(failure: &Failure<C>) -> bool {
    let Failure::Internal(error) = failure else {
        return false;
    };
    let code =
        error.find::<sqlx::Error>().and_then(sqlx::Error::as_database_error).and_then(|error| error.code());
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

/// 2, 4, 8, 16 ms, each with as much again by chance, so that two that met do not meet again.
async fn back_off(tried: u32) {
    let base = 1u64 << tried;
    let jittered = rand::random_range(base..=2 * base);
    tracing::debug!(tried, wait_ms = jittered, "retrying after a serialization failure or deadlock");
    tokio::time::sleep(Duration::from_millis(jittered)).await;
}
