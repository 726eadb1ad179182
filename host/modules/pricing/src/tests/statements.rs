//! The number of statements never grows with the number of lines.

use vectis_contracts::pricing::{ExchangeRate, SetManagedPrice};
use vectis_db::statements::{Statements, counted};

use super::*;

const SIZES: [u128; 3] = [1, 1_000, 10_000];

async fn count(room: &Room) -> Statements {
    counted(room.db.pool()).await.unwrap().expect("the server counts statements")
}

/// The rates of three pairs at as many instants as it takes.
fn rates(size: u128) -> Vec<ExchangeRate> {
    let rate = |n: u128| ExchangeRate {
        base: Currency::USD,
        target: Currency::EUR,
        rate: decimal("1"),
        effective_from: now() - TimeDelta::seconds(i64::try_from(n).unwrap()),
    };
    (0..size.min(1_000)).map(rate).collect()
}

#[sqlx::test(migrations = false)]
async fn a_quote_is_one_statement_and_one_call(pool: PgPool) {
    let room = room(pool).await;
    let list = room.list("default", PriceAudience::Channel(CHANNEL)).await;
    let entries = (0..10_000).map(|number| entry(variant(number), &[(1, "2"), (10, "1")])).collect();
    room.pricing.price_entries_set(&ctx(), list, entries).await.unwrap();

    for size in SIZES {
        let lines: Vec<_> = (0..size).map(|number| (variant(number), 10)).collect();
        let before = count(&room).await;
        let quotes = room.pricing.quote(&ctx(), &query(&lines)).await.unwrap();
        let quoting = count(&room).await;
        let ladders = room.pricing.ladders(&ctx(), &query(&lines)).await.unwrap();
        let laddering = count(&room).await;

        assert!(quotes.iter().all(|quote| quote.unwrap().unit_price == eur("1")));
        assert!(ladders.iter().all(|ladder| ladder.len() == 2));
        assert_eq!(quoting.since(&before).total(), 1, "{:?}", quoting.since(&before));
        assert_eq!(laddering.since(&quoting).total(), 1, "{:?}", laddering.since(&quoting));
    }
    assert_eq!(room.strategies.asked().len(), 6);
}

#[sqlx::test(migrations = false)]
async fn writing_takes_the_same_statements_however_many_prices(pool: PgPool) {
    let room = room(pool).await;
    let list = room.list("default", PriceAudience::Channel(CHANNEL)).await;

    for size in SIZES {
        let entries = (0..size).map(|number| entry(variant(number), &[(1, "2"), (10, "1")])).collect();
        let managed = (0..size).map(|number| SetManagedPrice {
            variant_id: variant(number),
            channel_id: None,
            unit_price: Some(eur("1")),
            currency: Currency::EUR,
            valid_from: None,
            valid_to: None,
        });
        let managed = managed.collect();
        let before = count(&room).await;
        room.pricing.price_entries_set(&ctx(), list, entries).await.unwrap();
        let entered = count(&room).await;
        room.pricing.managed_prices_set(&ctx(), managed).await.unwrap();
        let hand_set = count(&room).await;
        room.pricing.exchange_rates_set(&ctx(), rates(size)).await.unwrap();
        let rated = count(&room).await;

        assert_eq!(entered.since(&before).total(), 4, "{:?}", entered.since(&before));
        assert_eq!(hand_set.since(&entered).total(), 3, "{:?}", hand_set.since(&entered));
        assert_eq!(rated.since(&hand_set).total(), 2, "{:?}", rated.since(&hand_set));
    }
}
