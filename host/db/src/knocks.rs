//! Knocks that units of work leave behind: heard by every process that listens, once they have committed.

use std::future::Future;

use sqlx::postgres::PgListener;

use crate::{Db, DbError};

/// Calls `heard` for every knock at `channel`, until `stop`.
pub async fn listen(
    db: &Db,
    channel: &str,
    heard: impl Fn(),
    stop: impl Future<Output = ()>,
) -> Result<(), DbError> {
    let mut listener = PgListener::connect_with(db.pool()).await?;
    listener.listen(channel).await?;
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            knock = listener.try_recv() => {
                // A lost connection is made again by the listener; what was missed meanwhile is worth a look.
                knock?;
                heard();
            }
        }
    }
}
