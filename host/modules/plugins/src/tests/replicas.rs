use chrono::{DateTime, Duration, Utc};
use vectis_contracts::plugin_releases::{Replica, RunningPlugin};

use super::*;

fn replica(id: u128, reported_at: DateTime<Utc>) -> Replica {
    let running = vec![
        RunningPlugin { plugin: "acme".to_owned(), running: Some(version("1.0.0", 'a')), problem: None },
        RunningPlugin {
            plugin: "bolt".to_owned(),
            running: None,
            problem: Some("its file is not here".to_owned()),
        },
    ];
    Replica { id: Uuid::from_u128(id), name: format!("machine:{id}"), revision: 7, running, reported_at }
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

#[sqlx::test(migrations = false)]
async fn replicas_are_listed_as_they_reported_last(pool: PgPool) {
    let room = room(pool).await;
    let later = Replica { revision: 8, ..replica(1, noon() + Duration::seconds(30)) };

    room.releases.report(&replica(1, noon())).await.unwrap();
    room.releases.report(&replica(2, noon())).await.unwrap();
    room.releases.report(&later).await.unwrap();

    assert_eq!(room.releases.replicas().await.unwrap(), [later, replica(2, noon())]);
}

#[sqlx::test(migrations = false)]
async fn who_falls_silent_is_forgotten_and_who_stops_says_so(pool: PgPool) {
    let room = room(pool).await;
    room.releases.report(&replica(1, noon())).await.unwrap();
    room.releases.report(&replica(2, noon() + Duration::seconds(60))).await.unwrap();

    let last = replica(3, noon() + Duration::seconds(100));
    room.releases.report(&last).await.unwrap();
    room.releases.retire(Uuid::from_u128(2)).await.unwrap();

    assert_eq!(room.releases.replicas().await.unwrap(), [last]);
}
