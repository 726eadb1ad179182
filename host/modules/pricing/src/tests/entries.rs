use vectis_contracts::pricing::PriceTier;

use super::*;

async fn stored(room: &Room, list: PriceListId, variants: &[VariantId]) -> Vec<(VariantId, i64, Decimal)> {
    let entries = room.pricing.price_entries(&ctx(), list, variants).await.unwrap();
    entries
        .iter()
        .map(|(variant, tier)| (*variant, tier.min_quantity.milli() / 1_000, tier.unit_price.to_decimal()))
        .collect()
}

#[sqlx::test(migrations = false)]
async fn entries_replace_all_tiers_of_their_variants_and_leave_the_others(pool: PgPool) {
    let room = room(pool).await;
    let list = room.list("trade", PriceAudience::Channel(CHANNEL)).await;
    let first = vec![
        entry(variant(1), &[(1, "10"), (10, "9")]),
        entry(variant(2), &[(1, "20")]),
        entry(variant(3), &[(1, "30")]),
    ];
    room.pricing.price_entries_set(&ctx(), list, first).await.unwrap();

    let second = vec![entry(variant(1), &[(5, "8.123456")]), entry(variant(2), &[])];
    room.pricing.price_entries_set(&ctx(), list, second).await.unwrap();

    let found = stored(&room, list, &[variant(1), variant(2), variant(3)]).await;
    assert_eq!(found, [(variant(1), 5, decimal("8.123456")), (variant(3), 1, decimal("30"))]);
    assert_eq!(room.audit.actions(), ["price_list.upsert", "price_entries.set", "price_entries.set"]);
    let event = room.events().remove(2);
    assert_eq!(event.event_type, "vectis.pricing.price_entries_changed.v1");
    assert_eq!((event.aggregate_id, &event.payload["version"]), (list.0, &3.into()));
    assert_eq!(event.payload["variantIds"], serde_json::json!([variant(1), variant(2)]));
}

#[sqlx::test(migrations = false)]
async fn entries_are_listed_by_variant_and_minimum_quantity(pool: PgPool) {
    let room = room(pool).await;
    let list = room.list("trade", PriceAudience::Channel(CHANNEL)).await;
    room.set(list, variant(2), &[(10, "1"), (1, "2")]).await;
    room.set(list, variant(1), &[(1, "3")]).await;

    let entries = room.pricing.price_entries(&ctx(), list, &[variant(2), variant(1)]).await.unwrap();

    let tier = |min, price| PriceTier { min_quantity: units(min), unit_price: eur(price) };
    let expected = [(variant(1), tier(1, "3")), (variant(2), tier(1, "2")), (variant(2), tier(10, "1"))];
    assert_eq!(entries, expected);
    assert_eq!(room.pricing.price_entries(&ctx(), list, &[variant(9)]).await.unwrap(), []);
}

#[sqlx::test(migrations = false)]
async fn everything_wrong_is_named_at_once_and_nothing_is_written(pool: PgPool) {
    let room = room(pool).await;
    let list = room.list("trade", PriceAudience::Channel(CHANNEL)).await;
    room.set(list, variant(1), &[(1, "10")]).await;
    let many: Vec<(i64, &str)> = (0..51).map(|min| (min, "1")).collect();
    let wrong = vec![
        entry(variant(1), &[(1, "11"), (1, "12")]),
        entry(variant(1), &[(1, "-0.01")]),
        entry(variant(2), &[(1, "0.1234567"), (-1, "9223372036854.775808")]),
        entry(variant(3), &many),
    ];

    let outcome = room.pricing.price_entries_set(&ctx(), list, wrong).await;

    let expected = [
        at(PriceCode::Duplicate, "entries.0.tiers.1.minQuantity"),
        at(PriceCode::Duplicate, "entries.1.variantId"),
        at(PriceCode::InvalidPrice, "entries.1.tiers.0.unitPrice"),
        at(PriceCode::InvalidPrice, "entries.2.tiers.0.unitPrice"),
        at(PriceCode::InvalidInput, "entries.2.tiers.1.minQuantity"),
        at(PriceCode::InvalidPrice, "entries.2.tiers.1.unitPrice"),
        at(PriceCode::InvalidInput, "entries.3.tiers"),
    ];
    assert_eq!(refused(outcome), expected);
    assert_eq!(stored(&room, list, &[variant(1)]).await, [(variant(1), 1, decimal("10"))]);
    assert_eq!(room.events().len(), 2);
}

#[sqlx::test(migrations = false)]
async fn the_largest_price_is_stored_as_it_is(pool: PgPool) {
    let room = room(pool).await;
    let list = room.list("trade", PriceAudience::Channel(CHANNEL)).await;

    room.set(list, variant(1), &[(1, "9223372036854.775807"), (2, "0")]).await;

    let found = stored(&room, list, &[variant(1)]).await;
    assert_eq!(found, [(variant(1), 1, decimal("9223372036854.775807")), (variant(1), 2, decimal("0"))]);
    let quotes = room.pricing.quote(&ctx(), &query(&[(variant(1), 1)])).await.unwrap();
    assert_eq!(quotes[0].unwrap().unit_price.micros, i64::MAX);
}

#[sqlx::test(migrations = false)]
async fn too_many_variants_or_tiers_are_refused(pool: PgPool) {
    let room = room(pool).await;
    let list = room.list("trade", PriceAudience::Channel(CHANNEL)).await;
    let entries = (0..10_001).map(|number| entry(variant(number), &[])).collect();
    let many: Vec<(i64, &str)> = (0..50).map(|min| (min, "1")).collect();
    let tiers = (0..1_001).map(|number| entry(variant(number), &many)).collect();
    let variants: Vec<_> = (0..10_001).map(variant).collect();

    for entries in [entries, tiers] {
        let outcome = room.pricing.price_entries_set(&ctx(), list, entries).await;
        assert_eq!(refused(outcome), [at(PriceCode::TooMany, "entries")]);
    }
    let listed = room.pricing.price_entries(&ctx(), list, &variants).await;
    assert_eq!(refused(listed), [at(PriceCode::TooMany, "variantIds")]);
}

#[sqlx::test(migrations = false)]
async fn an_unknown_list_is_refused(pool: PgPool) {
    let room = room(pool).await;
    let unknown = PriceListId(Uuid::from_u128(9));

    let set = room.pricing.price_entries_set(&ctx(), unknown, vec![entry(variant(1), &[(1, "1")])]).await;
    let read = room.pricing.price_entries(&ctx(), unknown, &[variant(1)]).await;

    assert_eq!(refused(set), [at(PriceCode::PriceListNotFound, "priceListId")]);
    assert_eq!(refused(read), [at(PriceCode::PriceListNotFound, "priceListId")]);
}

#[sqlx::test(migrations = false)]
async fn the_same_key_sets_once(pool: PgPool) {
    let room = room(pool).await;
    let list = room.list("trade", PriceAudience::Channel(CHANNEL)).await;

    for _ in 0..2 {
        let entries = vec![entry(variant(1), &[(1, "1")])];
        room.pricing.price_entries_set(&keyed("k"), list, entries).await.unwrap();
    }

    assert_eq!(room.events().len(), 2);
}

#[sqlx::test(migrations = false)]
async fn writers_of_the_same_variants_do_not_mix_their_tiers(pool: PgPool) {
    let room = room(pool).await;
    let list = room.list("trade", PriceAudience::Channel(CHANNEL)).await;
    let entries =
        |price: &str| (0..50).map(|number| entry(variant(number), &[(1, price), (2, price)])).collect();

    let writes = ["1", "2", "3", "4"].map(|price| {
        let (pricing, entries) = (room.pricing.clone(), entries(price));
        async move { pricing.price_entries_set(&ctx(), list, entries).await }
    });
    let outcomes = futures_util::future::join_all(writes).await;

    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let variants: Vec<_> = (0..50).map(variant).collect();
    let found = stored(&room, list, &variants).await;
    assert_eq!(found.len(), 100);
    assert!(found.iter().all(|(_, _, price)| *price == found[0].2), "{found:?}");
}
