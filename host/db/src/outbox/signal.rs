//! The knock at the readers' door. Commits carry no NOTIFY: it would make all of them queue at one lock. Whoever committed
//! knocks afterwards, many commits at once; a knock that is lost only costs the readers' next look by themselves.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;

use crate::{Db, DbError, knocks};

const CHANNEL: &str = "vectis_outbox";

/// Shortest time between two knocks at other processes.
const PAUSE: Duration = Duration::from_millis(5);

/// Tells readers that there may be something to read. Cheap to clone; all clones are the same door.
#[derive(Clone, Debug)]
pub struct Signal {
    /// Commits of this process.
    own: watch::Sender<u64>,
    /// Those and the knocks of others.
    any: watch::Sender<u64>,
}

impl Signal {
    /// A door at which the commits of this database handle knock.
    pub fn of(db: &Db) -> Self {
        let signal = Self { own: watch::Sender::new(0), any: watch::Sender::new(0) };
        let knocking = signal.clone();
        db.bus().observe("events.signal", i32::MAX, move |_| knocking.raise());
        signal
    }

    /// Something was committed here.
    pub fn raise(&self) {
        self.own.send_modify(|count| *count += 1);
        self.any.send_modify(|count| *count += 1);
    }

    /// Where a reader waits.
    pub fn door(&self) -> watch::Receiver<u64> {
        self.any.subscribe()
    }

    /// Passes the knocks of other processes on, until `stop`.
    pub async fn listen(&self, db: &Db, stop: impl Future<Output = ()>) -> Result<(), DbError> {
        knocks::listen(db, CHANNEL, || self.any.send_modify(|count| *count += 1), stop).await
    }

    /// Knocks at other processes after commits of this one, until `stop`.
    pub async fn knock(&self, db: &Db, stop: impl Future<Output = ()>) -> Result<(), DbError> {
        let mut own = self.own.subscribe();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return Ok(()),
                changed = own.changed() => if changed.is_err() { return Ok(()) },
            }
            sqlx::query("NOTIFY vectis_outbox").execute(db.pool()).await?;
            tokio::time::sleep(PAUSE).await;
        }
    }
}
