use vectis_contracts::pricing::ExchangeRate;

use super::*;

fn rate(base: Currency, target: Currency, rate: &str, effective_from: DateTime<Utc>) -> ExchangeRate {
    ExchangeRate { base, target, rate: decimal(rate), effective_from }
}

#[sqlx::test(migrations = false)]
async fn the_latest_rate_not_in_the_future_is_in_force(pool: PgPool) {
    let room = room(pool).await;
    let rates = vec![
        rate(Currency::USD, Currency::EUR, "0.9", now() - day()),
        rate(Currency::USD, Currency::EUR, "0.91234567", now()),
        rate(Currency::USD, Currency::EUR, "5", now() + day()),
        rate(Currency::EUR, Currency::USD, "1.1", now() - day()),
        rate(Currency::GBP, Currency::EUR, "1.2", now() + day()),
    ];
    room.pricing.exchange_rates_set(&ctx(), rates.clone()).await.unwrap();

    assert_eq!(room.pricing.exchange_rates(&ctx()).await.unwrap(), [rates[3], rates[1]]);
    assert_eq!(room.audit.actions(), ["exchange_rate.set"; 5]);
    let event = room.events().remove(0);
    assert_eq!(event.event_type, "vectis.pricing.exchange_rate_set.v1");
}

#[sqlx::test(migrations = false)]
async fn a_rate_of_the_same_pair_and_instant_is_replaced(pool: PgPool) {
    let room = room(pool).await;
    let first = rate(Currency::USD, Currency::EUR, "0.9", now());
    let second = ExchangeRate { rate: decimal("0.8"), ..first };

    room.pricing.exchange_rates_set(&ctx(), vec![first]).await.unwrap();
    room.pricing.exchange_rates_set(&ctx(), vec![second]).await.unwrap();

    assert_eq!(room.pricing.exchange_rates(&ctx()).await.unwrap(), [second]);
    let events = room.events();
    assert_eq!(events[0].aggregate_id, events[1].aggregate_id);
}

#[sqlx::test(migrations = false)]
async fn everything_wrong_is_named_at_once_and_nothing_is_written(pool: PgPool) {
    let room = room(pool).await;
    let wrong = vec![
        rate(Currency::EUR, Currency::EUR, "1", now()),
        rate(Currency::USD, Currency::EUR, "0", now()),
        rate(Currency::GBP, Currency::EUR, "0.123456789", now()),
        rate(Currency::EUR, Currency::GBP, "10000000000", now()),
        rate(Currency::USD, Currency::EUR, "1", now() + TimeDelta::nanoseconds(1)),
    ];

    let outcome = room.pricing.exchange_rates_set(&ctx(), wrong).await;

    let expected = [
        at(PriceCode::InvalidInput, "rates.0.target"),
        at(PriceCode::InvalidInput, "rates.1.rate"),
        at(PriceCode::InvalidInput, "rates.2.rate"),
        at(PriceCode::InvalidInput, "rates.3.rate"),
        at(PriceCode::Duplicate, "rates.4.effectiveFrom"),
    ];
    assert_eq!(refused(outcome), expected);
    assert_eq!(room.pricing.exchange_rates(&ctx()).await.unwrap(), []);
    assert!(room.events().is_empty());
}

#[sqlx::test(migrations = false)]
async fn more_than_a_thousand_rates_are_refused_and_the_largest_rate_is_taken(pool: PgPool) {
    let room = room(pool).await;
    let largest = rate(Currency::USD, Currency::EUR, "9999999999.99999999", now());

    let outcome = room.pricing.exchange_rates_set(&ctx(), vec![largest; 1_001]).await;

    assert_eq!(refused(outcome), [at(PriceCode::TooMany, "rates")]);
    room.pricing.exchange_rates_set(&ctx(), vec![largest]).await.unwrap();
    assert_eq!(room.pricing.exchange_rates(&ctx()).await.unwrap(), [largest]);
}

#[sqlx::test(migrations = false)]
async fn the_same_key_sets_once(pool: PgPool) {
    let room = room(pool).await;

    for _ in 0..2 {
        let rates = vec![rate(Currency::USD, Currency::EUR, "1", now())];
        room.pricing.exchange_rates_set(&keyed("k"), rates).await.unwrap();
    }

    assert_eq!(room.events().len(), 1);
}
