use vectis_contracts::plugin_releases::{PluginFact, ReleaseAction, ReleaseCode, Releases};
use vectis_kernel::Failure;

use super::*;

fn refused<T: std::fmt::Debug>(outcome: Result<T, Failure<ReleaseCode>>) -> ReleaseCode {
    outcome.unwrap_err().refusals()[0].code
}

#[sqlx::test(migrations = false)]
async fn a_release_is_read_back_with_the_revision_its_write_made(pool: PgPool) {
    let room = room(pool).await;
    assert_eq!(room.releases.releases().await.unwrap(), Releases::default());

    let revision = room.releases.put(&system(), 0, ReleaseAction::Install, &release("acme")).await.unwrap();
    let disabled = Release { is_enabled: false, previous: None, ..release("acme") };
    room.releases.put(&system(), 1, ReleaseAction::Disable, &disabled).await.unwrap();
    room.releases.put(&system(), 2, ReleaseAction::Swap, &release("bolt")).await.unwrap();

    assert_eq!(revision, 1);
    let expected = Releases { revision: 3, all: vec![disabled, release("bolt")] };
    assert_eq!(room.releases.releases().await.unwrap(), expected);
    assert_eq!(room.releases.revision().await.unwrap(), 3);
}

#[sqlx::test(migrations = false)]
async fn a_write_leaves_an_entry_in_the_trail_and_an_event(pool: PgPool) {
    let room = room(pool).await;

    room.releases.put(&system(), 0, ReleaseAction::Rollback, &release("acme")).await.unwrap();

    assert_eq!(room.audit.actions(), ["plugin.rollback"]);
    assert!(room.audit.details().contains(&"b".repeat(64)));
    let told = room.told.lock().unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].event_type, "vectis.plugins.release_changed.v1");
    assert_eq!((&told[0].payload["action"], &told[0].payload["revision"]), (&"rollback".into(), &1.into()));
}

#[sqlx::test(migrations = false)]
async fn who_has_not_seen_the_last_change_overwrites_nothing(pool: PgPool) {
    let room = room(pool).await;
    room.releases.put(&system(), 0, ReleaseAction::Swap, &release("acme")).await.unwrap();

    let late = room.releases.put(&system(), 0, ReleaseAction::Swap, &release("bolt")).await;

    assert_eq!(refused(late), ReleaseCode::StaleRevision);
    assert_eq!(room.releases.releases().await.unwrap().all, [release("acme")]);
    assert_eq!(room.audit.actions().len(), 1);
}

#[sqlx::test(migrations = false)]
async fn of_many_writers_at_once_one_wins_each_revision(pool: PgPool) {
    let room = room(pool).await;

    let outcomes = futures_util::future::join_all((0..8).map(|_| {
        let releases = room.releases.clone();
        async move { releases.put(&system(), 0, ReleaseAction::Swap, &release("acme")).await }
    }))
    .await;

    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert_eq!(room.releases.revision().await.unwrap(), 1);
}

#[sqlx::test(migrations = false)]
async fn the_same_key_writes_once(pool: PgPool) {
    let room = room(pool).await;
    let ctx = keyed("k");

    let first = room.releases.put(&ctx, 0, ReleaseAction::Swap, &release("acme")).await.unwrap();
    let again = room.releases.put(&ctx, 0, ReleaseAction::Swap, &release("acme")).await.unwrap();

    assert_eq!((first, again), (1, 1));
    assert_eq!(room.audit.actions().len(), 1);
}

#[sqlx::test(migrations = false)]
async fn releases_need_their_permission(pool: PgPool) {
    let room = room(pool).await;

    let outcome = room.releases.put(&powerless(), 0, ReleaseAction::Swap, &release("acme")).await;

    assert_eq!(refused(outcome), ReleaseCode::Forbidden);
    assert_eq!(room.releases.revision().await.unwrap(), 0);
}

#[sqlx::test(migrations = false)]
async fn loads_and_refusals_of_one_plugin_have_one_subject(pool: PgPool) {
    let room = room(pool).await;
    let loaded =
        PluginFact::Loaded { plugin: "acme".to_owned(), version: version("1.0.0", 'a'), standing: "signed" };
    let refused = PluginFact::Refused {
        plugin: "acme".to_owned(),
        sha256: "b".repeat(64),
        sentence: "acme refused at step trust: it is revoked".to_owned(),
    };

    room.releases.record(&system(), &[loaded, refused]).await.unwrap();
    room.releases.record(&system(), &[]).await.unwrap();
    room.releases.put(&system(), 0, ReleaseAction::Install, &release("acme")).await.unwrap();

    assert_eq!(room.audit.actions(), ["plugin.load", "plugin.refuse", "plugin.release"]);
    let subjects = room.audit.subjects();
    assert!(subjects.iter().all(|subject| *subject == subjects[0]), "{subjects:?}");
    assert!(room.audit.details().contains("signed") && room.audit.details().contains("it is revoked"));
}
