use super::*;

async fn take(room: &Room, list: &str, entries: &[SetPriceEntry]) -> Result<(), Failure<PriceCode>> {
    let mut tx = room.db.begin().await?;
    room.price_feed.price_entries_take(&mut tx, &ctx(), list, entries).await?;
    Ok(tx.commit().await?)
}

#[sqlx::test(migrations = false)]
async fn prices_of_another_system_replace_all_tiers_of_their_variants(pool: PgPool) {
    let room = room(pool).await;
    let list = room.list("trade", PriceAudience::Channel(CHANNEL)).await;
    room.set(list, variant(1), &[(1, "10"), (10, "9")]).await;
    room.set(list, variant(2), &[(1, "20")]).await;

    take(&room, "trade", &[entry(variant(1), &[(5, "8.5")])]).await.unwrap();

    let entries = room.pricing.price_entries(&ctx(), list, &[variant(1), variant(2)]).await.unwrap();
    let seen: Vec<_> =
        entries.iter().map(|(variant, tier)| (*variant, tier.unit_price.to_decimal())).collect();
    assert_eq!(seen, [(variant(1), decimal("8.5")), (variant(2), decimal("20"))]);
    assert_eq!(room.audit.actions().last(), Some(&"price_entries.set"));
    assert_eq!(room.events().last().unwrap().event_type, "vectis.pricing.price_entries_changed.v1");
}

#[sqlx::test(migrations = false)]
async fn prices_for_a_list_that_is_not_there_are_refused(pool: PgPool) {
    let room = room(pool).await;

    let outcome = take(&room, "nowhere", &[entry(variant(1), &[(1, "8.5")])]).await;

    let Err(Failure::Refused(refusals)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(refusals[0].code, PriceCode::PriceListNotFound);
    assert_eq!(room.events().len(), 0);
}
