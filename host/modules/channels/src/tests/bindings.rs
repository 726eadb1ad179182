use vectis_kernel::permission::staff;

use super::*;

#[sqlx::test(migrations = false)]
async fn an_activated_strategy_is_listed_and_the_revision_changes(pool: PgPool) {
    let room = room(pool).await;
    let id = room.channel("trade").await;
    let before = room.channels.bindings().await.unwrap();

    room.channels.strategy_activate(&system(), binding(id, "tiers"), false).await.unwrap();

    assert_eq!(before, (0, vec![]));
    assert_eq!(room.channels.bindings().await.unwrap(), (1, vec![binding(id, "tiers")]));
    assert_eq!(room.channels.bindings_revision().await.unwrap(), 1);
    let event = room.events().remove(1);
    assert_eq!(event.event_type, "vectis.channels.strategy_activated.v1");
    assert_eq!(event.payload["plugin"], "tiers");
}

#[sqlx::test(migrations = false)]
async fn a_point_that_asks_one_keeps_only_the_last_binding_of_its_channel(pool: PgPool) {
    let room = room(pool).await;
    let (here, there) = (room.channel("here").await, room.channel("there").await);
    room.channels.strategy_activate(&system(), binding(there, "old"), false).await.unwrap();
    room.channels.strategy_activate(&system(), binding(here, "old"), false).await.unwrap();

    room.channels.strategy_activate(&system(), binding(here, "new"), false).await.unwrap();

    let (_, bindings) = room.channels.bindings().await.unwrap();
    let mut names: Vec<_> = bindings.iter().map(|b| (b.channel_id, b.plugin.as_str())).collect();
    names.sort();
    let mut expected = [(here, "new"), (there, "old")];
    expected.sort();
    assert_eq!(names, expected);
}

#[sqlx::test(migrations = false)]
async fn a_point_that_asks_all_adds_plugins_and_replaces_the_same_entry_point(pool: PgPool) {
    let room = room(pool).await;
    let id = room.channel("trade").await;
    let again = StrategyBinding { priority: 9, config: serde_json::json!({}), ..binding(id, "first") };
    room.channels.strategy_activate(&system(), binding(id, "first"), true).await.unwrap();
    room.channels.strategy_activate(&system(), binding(id, "second"), true).await.unwrap();

    room.channels.strategy_activate(&system(), again.clone(), true).await.unwrap();

    assert_eq!(room.channels.bindings().await.unwrap(), (3, vec![again, binding(id, "second")]));
}

#[sqlx::test(migrations = false)]
async fn deactivating_takes_the_binding_away_and_a_second_time_changes_nothing(pool: PgPool) {
    let room = room(pool).await;
    let id = room.channel("trade").await;
    room.channels.strategy_activate(&system(), binding(id, "tiers"), false).await.unwrap();

    for _ in 0..2 {
        room.channels.strategy_deactivate(&system(), id, "vectis.pricing", "tiers").await.unwrap();
    }

    assert_eq!(room.channels.bindings().await.unwrap(), (2, vec![]));
    assert_eq!(room.audit.actions(), ["channel.create", "strategy.activate", "strategy.deactivate"]);
    assert_eq!(room.events().len(), 3);
}

#[sqlx::test(migrations = false)]
async fn bindings_of_unknown_channels_are_refused(pool: PgPool) {
    let room = room(pool).await;
    let nowhere = ChannelId(Uuid::from_u128(9));

    let activated = room.channels.strategy_activate(&system(), binding(nowhere, "tiers"), false).await;
    let deactivated = room.channels.strategy_deactivate(&system(), nowhere, "vectis.pricing", "tiers").await;

    let expected = [(ChannelCode::ChannelNotFound, "channelId".to_owned())];
    assert_eq!(refused(activated), expected);
    assert_eq!(refused(deactivated), expected);
    assert_eq!(room.channels.bindings().await.unwrap(), (0, vec![]));
}

#[sqlx::test(migrations = false)]
async fn empty_names_in_a_binding_are_refused(pool: PgPool) {
    let room = room(pool).await;
    let id = room.channel("trade").await;
    let empty =
        StrategyBinding { point: String::new(), entry_point: "e".repeat(101), ..binding(id, "tiers") };

    let outcome = room.channels.strategy_activate(&system(), empty, false).await;

    let fields: Vec<_> = refused(outcome).into_iter().map(|(_, field)| field).collect();
    assert_eq!(fields, ["point", "entryPoint"]);
}

#[sqlx::test(migrations = false)]
async fn writing_bindings_needs_the_permission(pool: PgPool) {
    let room = room(pool).await;
    let id = room.channel("trade").await;
    let others = staff_with(&[staff::CHANNELS_WRITE]);
    let allowed = staff_with(&[staff::PLUGINS_WRITE]);

    let activated = room.channels.strategy_activate(&others, binding(id, "tiers"), false).await;
    let deactivated = room.channels.strategy_deactivate(&others, id, "vectis.pricing", "tiers").await;

    assert_eq!(refused(activated), [(ChannelCode::Forbidden, String::new())]);
    assert_eq!(refused(deactivated), [(ChannelCode::Forbidden, String::new())]);
    room.channels.strategy_activate(&allowed, binding(id, "tiers"), false).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn configurations_of_plugins_reach_neither_audit_nor_events(pool: PgPool) {
    let room = room(pool).await;
    let id = room.channel("trade").await;

    room.channels.strategy_activate(&system(), binding(id, "tiers"), false).await.unwrap();

    assert!(!room.audit.details().contains("hush"));
    assert!(room.events().iter().all(|event| !event.payload.to_string().contains("hush")));
}

#[sqlx::test(migrations = false)]
async fn concurrent_activations_of_a_point_that_asks_one_leave_one(pool: PgPool) {
    let room = room(pool).await;
    let id = room.channel("trade").await;
    let plugins: Vec<String> = (0..8).map(|n| format!("plugin-{n}")).collect();

    let outcomes = futures_util::future::join_all(plugins.iter().map(|plugin| {
        let channels = room.channels.clone();
        async move { channels.strategy_activate(&system(), binding(id, plugin), false).await }
    }))
    .await;

    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let (revision, bindings) = room.channels.bindings().await.unwrap();
    assert_eq!((revision, bindings.len()), (8, 1));
}
