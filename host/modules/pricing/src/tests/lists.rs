use vectis_contracts::pricing::PriceList;
use vectis_kernel::PageRequest;
use vectis_kernel::permission::staff;

use super::*;

async fn all(room: &Room) -> Vec<PriceList> {
    room.pricing.price_lists(&ctx(), PageRequest::first(100)).await.unwrap().items
}

#[sqlx::test(migrations = false)]
async fn a_list_is_created_and_then_replaced_under_its_name(pool: PgPool) {
    let room = room(pool).await;
    let audience = vec![PriceAudience::Channel(CHANNEL), PriceAudience::Account(ACCOUNT)];
    let first = room.pricing.price_list_upsert(&ctx(), upsert("trade", audience)).await.unwrap();
    let changed = UpsertPriceList {
        currency: Currency::USD,
        priority: 9,
        valid_from: Some(now()),
        valid_to: Some(now() + day()),
        ..upsert("trade", vec![PriceAudience::Location(LOCATION), PriceAudience::Location(LOCATION)])
    };

    let second = room.pricing.price_list_upsert(&ctx(), changed).await.unwrap();

    assert_eq!(first, second);
    let list = all(&room).await.remove(0);
    assert_eq!(
        (list.id, list.name.as_str(), list.currency, list.priority),
        (first, "trade", Currency::USD, 9)
    );
    assert_eq!((list.valid_from, list.valid_to), (Some(now()), Some(now() + day())));
    assert_eq!((list.audience, list.version), (vec![PriceAudience::Location(LOCATION)], 2));
    assert_eq!(room.audit.actions(), ["price_list.upsert", "price_list.upsert"]);
    let events = room.events();
    let told: Vec<_> = events.iter().map(|e| (e.event_type, e.payload["version"].as_i64())).collect();
    let event_type = "vectis.pricing.price_list_changed.v1";
    assert_eq!(told, [(event_type, Some(1)), (event_type, Some(2))]);
    assert_eq!(events[0].payload["audience"][0]["kind"], "channel");
}

#[sqlx::test(migrations = false)]
async fn a_list_with_prices_keeps_its_currency_but_may_change_otherwise(pool: PgPool) {
    let room = room(pool).await;
    let list = room.list("trade", PriceAudience::Channel(CHANNEL)).await;
    room.set(list, variant(1), &[(1, "1")]).await;
    let in_dollars = UpsertPriceList { currency: Currency::USD, ..upsert("trade", vec![]) };
    let with_priority = UpsertPriceList { priority: 3, ..upsert("trade", vec![]) };

    let refusal = room.pricing.price_list_upsert(&ctx(), in_dollars.clone()).await;
    let accepted = room.pricing.price_list_upsert(&ctx(), with_priority).await;

    assert_eq!(refused(refusal), [at(PriceCode::CurrencyFixed, "currency")]);
    assert_eq!(accepted.unwrap(), list);
    room.set(list, variant(1), &[]).await;
    room.pricing.price_list_upsert(&ctx(), in_dollars).await.unwrap();
    let list = all(&room).await.remove(0);
    assert_eq!((list.currency, list.version), (Currency::USD, 5));
}

#[sqlx::test(migrations = false)]
async fn a_wrong_name_and_an_empty_period_are_named_at_once(pool: PgPool) {
    let room = room(pool).await;
    let wrong = UpsertPriceList {
        valid_from: Some(now()),
        valid_to: Some(now() + TimeDelta::nanoseconds(1)),
        ..upsert(&"n".repeat(201), vec![])
    };

    let outcome = room.pricing.price_list_upsert(&ctx(), wrong).await;

    assert_eq!(
        refused(outcome),
        [at(PriceCode::InvalidInput, "name"), at(PriceCode::InvalidInput, "validTo")]
    );
    for name in ["", "  ", "a\0b"] {
        let outcome = room.pricing.price_list_upsert(&ctx(), upsert(name, vec![])).await;
        assert_eq!(refused(outcome), [at(PriceCode::InvalidInput, "name")]);
    }
    assert!(all(&room).await.is_empty());
    assert!(room.events().is_empty());
}

#[sqlx::test(migrations = false)]
async fn an_audience_of_more_than_ten_thousand_is_refused(pool: PgPool) {
    let room = room(pool).await;
    let audience = vec![PriceAudience::Account(ACCOUNT); 10_001];

    let outcome = room.pricing.price_list_upsert(&ctx(), upsert("trade", audience)).await;

    assert_eq!(refused(outcome), [at(PriceCode::TooMany, "audience")]);
}

#[sqlx::test(migrations = false)]
async fn lists_are_paged_by_name(pool: PgPool) {
    let room = room(pool).await;
    for name in ["c", "a", "b"] {
        room.list(name, PriceAudience::Channel(CHANNEL)).await;
    }

    let first = room.pricing.price_lists(&ctx(), PageRequest::first(2)).await.unwrap();
    let after = Some(first.items[1].id.0);
    let second = room.pricing.price_lists(&ctx(), PageRequest { first: 2, after }).await.unwrap();

    let names = |page: &[PriceList]| page.iter().map(|list| list.name.clone()).collect::<Vec<_>>();
    assert_eq!((names(&first.items), first.has_next), (vec!["a".to_owned(), "b".to_owned()], true));
    assert_eq!((names(&second.items), second.has_next), (vec!["c".to_owned()], false));
}

#[sqlx::test(migrations = false)]
async fn reading_needs_the_read_and_writing_the_write_permission(pool: PgPool) {
    let room = room(pool).await;
    let list = room.list("trade", PriceAudience::Channel(CHANNEL)).await;
    let (reader, writer) = (staff_with(&staff::PRICES_READ), staff_with(&staff::PRICES_WRITE));
    let (pricing, page) = (&room.pricing, PageRequest::first(1));
    let forbidden = [at(PriceCode::Forbidden, "")];

    assert_eq!(refused(pricing.price_lists(&writer, page).await), forbidden);
    assert_eq!(refused(pricing.price_entries(&writer, list, &[]).await), forbidden);
    assert_eq!(refused(pricing.managed_prices(&writer, &[]).await), forbidden);
    assert_eq!(refused(pricing.exchange_rates(&writer).await), forbidden);
    assert_eq!(refused(pricing.price_list_upsert(&reader, upsert("new", vec![])).await), forbidden);
    assert_eq!(refused(pricing.price_entries_set(&reader, list, vec![]).await), forbidden);
    assert_eq!(refused(pricing.managed_prices_set(&reader, vec![]).await), forbidden);
    assert_eq!(refused(pricing.exchange_rates_set(&reader, vec![]).await), forbidden);

    assert_eq!(pricing.price_lists(&reader, page).await.unwrap().items.len(), 1);
    pricing.price_list_upsert(&writer, upsert("new", vec![])).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn the_same_key_answers_with_the_same_list_and_writes_once(pool: PgPool) {
    let room = room(pool).await;

    let first = room.pricing.price_list_upsert(&keyed("k"), upsert("trade", vec![])).await.unwrap();
    let second = room.pricing.price_list_upsert(&keyed("k"), upsert("trade", vec![])).await.unwrap();

    assert_eq!(first, second);
    assert_eq!(all(&room).await[0].version, 1);
}

#[sqlx::test(migrations = false)]
async fn prices_set_while_the_currency_changes_never_end_up_in_the_other_currency(pool: PgPool) {
    let room = room(pool).await;
    for number in 0..20 {
        let name = format!("list {number}");
        let list = room.list(&name, PriceAudience::Channel(CHANNEL)).await;
        let in_dollars = UpsertPriceList { currency: Currency::USD, ..upsert(&name, vec![]) };
        let entries = (0..200).map(|number| entry(variant(number), &[(1, "1")])).collect();
        let ctx = ctx();

        let (set, changed) = futures_util::join!(
            room.pricing.price_entries_set(&ctx, list, entries),
            room.pricing.price_list_upsert(&ctx, in_dollars),
        );

        set.unwrap();
        let told = room.events().into_iter().rfind(|event| event.payload.get("variantIds").is_some());
        let currency = if changed.is_ok() { "USD" } else { "EUR" };
        assert_eq!(told.unwrap().payload["currency"], currency);
    }
}
