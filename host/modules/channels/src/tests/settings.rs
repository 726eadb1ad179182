use vectis_contracts::channels::Channel;
use vectis_kernel::permission::staff;

use super::*;

#[sqlx::test(migrations = false)]
async fn a_created_channel_is_found_by_slug_and_by_id_with_all_its_settings(pool: PgPool) {
    let room = room(pool).await;

    let id = room.channels.create(&system(), settings()).await.unwrap();

    let given = settings();
    let expected = Channel {
        id,
        slug: given.slug,
        name: given.name,
        mode: given.mode,
        currency: Currency::GBP,
        currencies: vec![Currency::GBP, Currency::EUR],
        time_zone: given.time_zone,
        prices_include_tax: false,
        guest_checkout: true,
        is_active: true,
        warehouse_ids: given.warehouse_ids,
        country: given.country,
        version: 1,
    };
    assert_eq!(room.channels.find_by_slug(&system(), "trade").await.unwrap(), Some(expected.clone()));
    assert_eq!(room.channels.find_by_slug(&system(), "other").await.unwrap(), None);
    let many = [ChannelId(Uuid::from_u128(9)), id];
    assert_eq!(room.channels.get_many(&system(), &many).await.unwrap(), vec![expected]);
    assert_eq!(room.audit.actions(), ["channel.create"]);
    let events = room.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event_type, "vectis.channels.channel_created.v1");
    assert_eq!(events[0].payload["currencies"], serde_json::json!(["GBP", "EUR"]));
}

#[sqlx::test(migrations = false)]
async fn channels_are_listed_by_slug(pool: PgPool) {
    let room = room(pool).await;
    room.channel("zoo").await;
    room.channel("art").await;

    let listed = room.channels.list(&system()).await.unwrap();

    let slugs: Vec<_> = listed.iter().map(|channel| channel.slug.as_str()).collect();
    assert_eq!(slugs, ["art", "zoo"]);
}

#[sqlx::test(migrations = false)]
async fn everything_wrong_with_the_settings_is_named_at_once_and_nothing_is_written(pool: PgPool) {
    let room = room(pool).await;
    let warehouse = Uuid::from_u128(3).into();
    let wrong = ChannelSettings {
        slug: "Trade!".to_owned(),
        name: " ".to_owned(),
        mode: CommerceMode::B2b,
        currencies: vec![Currency::EUR, Currency::EUR],
        time_zone: "Europe/Atlantis".to_owned(),
        warehouse_ids: vec![warehouse, warehouse],
        country: "UK".to_owned(),
        ..settings()
    };

    let outcome = room.channels.create(&system(), wrong).await;

    let expected = [
        (ChannelCode::InvalidInput, "slug"),
        (ChannelCode::InvalidInput, "name"),
        (ChannelCode::InvalidInput, "currencies.1"),
        (ChannelCode::InvalidInput, "timeZone"),
        (ChannelCode::InvalidInput, "warehouseIds.1"),
        (ChannelCode::InvalidInput, "country"),
        (ChannelCode::ModeMismatch, "guestCheckout"),
    ];
    assert_eq!(refused(outcome), expected.map(|(code, field)| (code, field.to_owned())));
    assert_eq!(room.channels.list(&system()).await.unwrap(), vec![]);
    assert!(room.events().is_empty());
}

#[sqlx::test(migrations = false)]
async fn too_long_and_too_many_are_refused(pool: PgPool) {
    let room = room(pool).await;
    let wrong = ChannelSettings {
        slug: "s".repeat(61),
        name: "n".repeat(201),
        warehouse_ids: (0..101).map(|n| Uuid::from_u128(n).into()).collect(),
        ..settings()
    };

    let outcome = room.channels.create(&system(), wrong).await;

    let fields: Vec<_> = refused(outcome).into_iter().map(|(_, field)| field).collect();
    assert_eq!(fields, ["slug", "name", "warehouseIds"]);
}

#[sqlx::test(migrations = false)]
async fn a_taken_slug_is_refused_at_create_and_at_update(pool: PgPool) {
    let room = room(pool).await;
    room.channel("trade").await;
    let other = room.channel("other").await;

    let created = room.channels.create(&system(), settings()).await;
    let updated = room.channels.update(&system(), other, 1, settings()).await;

    let expected = [(ChannelCode::SlugTaken, "slug".to_owned())];
    assert_eq!(refused(created), expected);
    assert_eq!(refused(updated), expected);
    assert_eq!(room.channels.list(&system()).await.unwrap().len(), 2);
}

#[sqlx::test(migrations = false)]
async fn an_update_replaces_all_settings_and_counts_the_version_up(pool: PgPool) {
    let room = room(pool).await;
    let id = room.channel("trade").await;
    let changed = ChannelSettings {
        slug: "paris".to_owned(),
        mode: CommerceMode::B2b,
        guest_checkout: false,
        currency: Currency::EUR,
        currencies: vec![],
        is_active: false,
        warehouse_ids: vec![],
        ..settings()
    };

    room.channels.update(&system(), id, 1, changed).await.unwrap();

    let channel = room.channels.get_many(&system(), &[id]).await.unwrap().remove(0);
    assert_eq!((channel.slug.as_str(), channel.version, channel.is_active), ("paris", 2, false));
    assert_eq!(channel.currencies, [Currency::EUR]);
    assert_eq!(room.audit.actions(), ["channel.create", "channel.update"]);
    let event = room.events().remove(1);
    assert_eq!(event.event_type, "vectis.channels.channel_changed.v1");
    assert_eq!((event.aggregate_id, &event.payload["version"]), (id.0, &2.into()));
}

#[sqlx::test(migrations = false)]
async fn an_update_of_an_old_version_or_an_unknown_channel_is_refused(pool: PgPool) {
    let room = room(pool).await;
    let id = room.channel("trade").await;
    room.channels.update(&system(), id, 1, settings()).await.unwrap();

    let stale = room.channels.update(&system(), id, 1, settings()).await;
    let unknown = room.channels.update(&system(), ChannelId(Uuid::from_u128(9)), 1, settings()).await;

    assert_eq!(refused(stale), [(ChannelCode::StaleVersion, "version".to_owned())]);
    assert_eq!(refused(unknown), [(ChannelCode::ChannelNotFound, "channelId".to_owned())]);
}

#[sqlx::test(migrations = false)]
async fn writing_channels_needs_the_permission(pool: PgPool) {
    let room = room(pool).await;
    let id = room.channel("trade").await;
    let allowed = staff_with(&[staff::CHANNELS_WRITE]);
    let others = staff_with(&[staff::PLUGINS_WRITE]);

    let created =
        room.channels.create(&others, ChannelSettings { slug: "new".to_owned(), ..settings() }).await;
    let updated = room.channels.update(&others, id, 1, settings()).await;

    assert_eq!(refused(created), [(ChannelCode::Forbidden, String::new())]);
    assert_eq!(refused(updated), [(ChannelCode::Forbidden, String::new())]);
    room.channels.update(&allowed, id, 1, settings()).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn the_same_key_creates_once_and_answers_the_same(pool: PgPool) {
    let room = room(pool).await;

    let first = room.channels.create(&keyed("k"), settings()).await.unwrap();
    let second = room.channels.create(&keyed("k"), settings()).await.unwrap();

    assert_eq!(first, second);
    assert_eq!(room.channels.list(&system()).await.unwrap().len(), 1);
    assert_eq!(room.events().len(), 1);
}

#[sqlx::test(migrations = false)]
async fn the_same_key_updates_once(pool: PgPool) {
    let room = room(pool).await;
    let id = room.channel("trade").await;

    room.channels.update(&keyed("k"), id, 1, settings()).await.unwrap();
    room.channels.update(&keyed("k"), id, 1, settings()).await.unwrap();

    assert_eq!(room.channels.get_many(&system(), &[id]).await.unwrap()[0].version, 2);
}
