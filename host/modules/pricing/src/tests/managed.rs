use vectis_contracts::pricing::SetManagedPrice;

use super::*;

fn price(variant_id: VariantId, channel_id: Option<ChannelId>, price: Option<&str>) -> SetManagedPrice {
    SetManagedPrice {
        variant_id,
        channel_id,
        unit_price: price.map(eur),
        currency: Currency::EUR,
        valid_from: None,
        valid_to: None,
    }
}

async fn stored(room: &Room) -> Vec<(VariantId, Option<ChannelId>, UnitPrice)> {
    let prices = room.pricing.managed_prices(&ctx(), &[variant(1), variant(2)]).await.unwrap();
    prices.iter().map(|price| (price.variant_id, price.channel_id, price.unit_price)).collect()
}

#[sqlx::test(migrations = false)]
async fn a_price_replaces_the_one_of_the_same_variant_channel_and_currency(pool: PgPool) {
    let room = room(pool).await;
    let dollars = UnitPrice::from_decimal(decimal("7"), Currency::USD).unwrap();
    let in_dollars = SetManagedPrice {
        unit_price: Some(dollars),
        currency: Currency::USD,
        ..price(variant(1), None, None)
    };
    let first = vec![
        price(variant(1), None, Some("1")),
        price(variant(1), Some(CHANNEL), Some("2")),
        price(variant(2), None, Some("3")),
        in_dollars,
    ];
    room.pricing.managed_prices_set(&ctx(), first).await.unwrap();
    let ids: Vec<_> = room.pricing.managed_prices(&ctx(), &[variant(2)]).await.unwrap();

    let second = vec![
        price(variant(1), None, Some("1.5")),
        price(variant(1), Some(CHANNEL), None),
        SetManagedPrice {
            valid_from: Some(now()),
            valid_to: Some(now() + day()),
            ..price(variant(2), None, Some("4"))
        },
    ];
    room.pricing.managed_prices_set(&ctx(), second).await.unwrap();

    let expected =
        [(variant(1), None, eur("1.5")), (variant(1), None, dollars), (variant(2), None, eur("4"))];
    assert_eq!(stored(&room).await, expected);
    let changed = room.pricing.managed_prices(&ctx(), &[variant(2)]).await.unwrap().remove(0);
    assert_eq!(changed.id, ids[0].id);
    assert_eq!((changed.valid_from, changed.valid_to), (Some(now()), Some(now() + day())));
}

#[sqlx::test(migrations = false)]
async fn a_change_is_recorded_and_told_once_per_variant(pool: PgPool) {
    let room = room(pool).await;
    let prices = vec![
        price(variant(2), None, Some("3.10")),
        price(variant(1), None, Some("1")),
        price(variant(2), Some(CHANNEL), None),
    ];

    room.pricing.managed_prices_set(&ctx(), prices).await.unwrap();

    assert_eq!(room.audit.actions(), ["managed_price.set", "managed_price.set"]);
    let events = room.events();
    let aggregates: Vec<_> = events.iter().map(|event| event.aggregate_id).collect();
    assert_eq!(aggregates, [variant(1).0, variant(2).0]);
    let prices = &events[1].payload["prices"];
    assert_eq!(prices[0]["unitPrice"], serde_json::json!({ "amount": "3.1", "currency": "EUR" }));
    assert_eq!(prices[1]["unitPrice"], serde_json::Value::Null);
}

#[sqlx::test(migrations = false)]
async fn everything_wrong_is_named_at_once_and_nothing_is_written(pool: PgPool) {
    let room = room(pool).await;
    let wrong = vec![
        price(variant(1), None, Some("1")),
        price(variant(1), None, None),
        price(variant(2), None, Some("-1")),
        SetManagedPrice { currency: Currency::USD, ..price(variant(2), None, Some("1")) },
        SetManagedPrice {
            valid_from: Some(now()),
            valid_to: Some(now()),
            ..price(variant(2), Some(CHANNEL), None)
        },
    ];

    let outcome = room.pricing.managed_prices_set(&ctx(), wrong).await;

    let expected = [
        at(PriceCode::Duplicate, "prices.1.variantId"),
        at(PriceCode::InvalidPrice, "prices.2.unitPrice"),
        at(PriceCode::InvalidInput, "prices.3.currency"),
        at(PriceCode::InvalidInput, "prices.4.validTo"),
    ];
    assert_eq!(refused(outcome), expected);
    assert_eq!(stored(&room).await, []);
    assert!(room.events().is_empty());
}

#[sqlx::test(migrations = false)]
async fn more_than_ten_thousand_are_refused(pool: PgPool) {
    let room = room(pool).await;
    let prices = (0..10_001).map(|number| price(variant(number), None, None)).collect();
    let variants: Vec<_> = (0..10_001).map(variant).collect();

    let set = room.pricing.managed_prices_set(&ctx(), prices).await;
    let read = room.pricing.managed_prices(&ctx(), &variants).await;

    assert_eq!(refused(set), [at(PriceCode::TooMany, "prices")]);
    assert_eq!(refused(read), [at(PriceCode::TooMany, "variantIds")]);
}

#[sqlx::test(migrations = false)]
async fn the_same_key_sets_once(pool: PgPool) {
    let room = room(pool).await;

    for _ in 0..2 {
        let prices = vec![price(variant(1), None, Some("1"))];
        room.pricing.managed_prices_set(&keyed("k"), prices).await.unwrap();
    }

    assert_eq!(room.events().len(), 1);
}
