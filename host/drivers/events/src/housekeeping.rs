//! What keeps the tables small, and the figures that say how far behind everybody is.

use std::time::Duration;

use vectis_db::{Db, DbError, inbox, outbox, subscribers};

/// How long things are kept.
#[derive(Clone, Debug)]
pub struct Keep {
    /// Events in the outbox, at least; longer while a reader is behind.
    pub outbox: Duration,
    /// What consumers remember to have taken in.
    pub inbox: Duration,
    /// Readers that the present configuration has. Others hold nothing back.
    pub readers: Vec<&'static str>,
    /// Whether subscriptions of plugins read the outbox too. Those served of late hold it back, others do not.
    pub has_subscribers: bool,
}

/// Empties what is over. Safe to run anywhere, any number of times at once.
pub async fn clean_up(db: &Db, keep: &Keep) -> Result<(), DbError> {
    let subscribed = match keep.has_subscribers {
        true => subscribers::waited_for(db, keep.outbox).await?,
        false => Vec::new(),
    };
    let readers: Vec<&str> =
        keep.readers.iter().copied().chain(subscribed.iter().map(String::as_str)).collect();
    let slots = outbox::empty_slots(db, keep.outbox, &readers).await?;
    let forgotten = inbox::forget(db, keep.inbox).await?;
    if slots + forgotten > 0 {
        tracing::info!(slots, forgotten, "the outbox and the inbox were cleaned up");
    }
    Ok(())
}

/// Sets the gauges of lag and dead letters.
pub async fn measure(db: &Db, ctx: &vectis_kernel::Ctx) -> Result<(), DbError> {
    for standing in outbox::standings(db).await? {
        let age = standing.oldest.map_or(0, |oldest| (ctx.now() - oldest).num_milliseconds().max(0));
        let name = standing.name;
        metrics::gauge!("vectis_reader_lag_events", "reader" => name.clone()).set(f64_of(standing.behind));
        metrics::gauge!("vectis_reader_lag_seconds", "reader" => name).set(f64_of(age) / 1000.0);
    }
    for (consumer, letters) in vectis_db::dead_letters::counts(db).await? {
        metrics::gauge!("vectis_dead_letters", "consumer" => consumer).set(f64_of(letters));
    }
    Ok(())
}

/// How many dead letters wait.
pub async fn dead_letters(db: &Db) -> Result<i64, DbError> {
    let counts = vectis_db::dead_letters::counts(db).await?;
    Ok(counts.into_iter().map(|(_, letters)| letters).sum())
}

/// Prometheus counts in floating point; money never comes near it.
fn f64_of(count: i64) -> f64 {
    f64::from(i32::try_from(count).unwrap_or(i32::MAX))
}
