use vectis_contracts::points::{PointError, PriceCandidate, PriceLevel, PricedAnswer};
use vectis_contracts::pricing::{ExchangeRate, PriceTier, QuoteCode, QuotedPrice, SetManagedPrice};

use super::strategy::missing;
use super::*;

fn quoted(price: &str, level: PriceLevel, list: PriceListId, min: i64) -> Option<QuotedPrice> {
    Some(QuotedPrice {
        unit_price: eur(price),
        level: Some(level),
        price_list_id: Some(list),
        min_quantity: units(min),
    })
}

fn managed(variant_id: VariantId, channel_id: Option<ChannelId>, price: &str) -> SetManagedPrice {
    SetManagedPrice {
        variant_id,
        channel_id,
        unit_price: Some(eur(price)),
        currency: Currency::EUR,
        valid_from: None,
        valid_to: None,
    }
}

fn usd_worth(rate: &str, effective_from: DateTime<Utc>) -> ExchangeRate {
    ExchangeRate { base: Currency::USD, target: Currency::EUR, rate: decimal(rate), effective_from }
}

async fn candidates(room: &Room, query: &PriceQuery) -> Vec<PriceCandidate> {
    room.pricing.quote(&ctx(), query).await.unwrap();
    room.strategies.asked().pop().unwrap().candidates.iter().collect()
}

#[sqlx::test(migrations = false)]
async fn each_line_gets_the_answer_for_its_variant_and_quantity(pool: PgPool) {
    let room = room(pool).await;
    let list = room.list("default", PriceAudience::Channel(CHANNEL)).await;
    room.set(list, variant(1), &[(1, "10"), (10, "9.5"), (50, "0.012345")]).await;
    room.set(list, variant(2), &[(5, "3")]).await;
    let lines = [
        (variant(1), 9),
        (variant(2), 5),
        (variant(1), 50),
        (variant(3), 1),
        (variant(2), 4),
        (variant(1), 10),
    ];

    let quotes = room.pricing.quote(&ctx(), &query(&lines)).await.unwrap();

    let expected = [
        quoted("10", PriceLevel::Default, list, 1),
        quoted("3", PriceLevel::Default, list, 5),
        quoted("0.012345", PriceLevel::Default, list, 50),
        None,
        None,
        quoted("9.5", PriceLevel::Default, list, 10),
    ];
    assert_eq!(quotes, expected);
}

#[sqlx::test(migrations = false)]
async fn the_strategy_sees_the_candidates_of_every_level_and_the_whole_question(pool: PgPool) {
    let room = room(pool).await;
    let audiences = [
        ("default", PriceAudience::Channel(CHANNEL), "5"),
        ("group", PriceAudience::Group(GROUP), "4"),
        ("account", PriceAudience::Account(ACCOUNT), "3"),
        ("location", PriceAudience::Location(LOCATION), "2"),
    ];
    for (name, audience, price) in audiences {
        let list = room.list(name, audience).await;
        room.set(list, variant(1), &[(1, price)]).await;
    }
    room.pricing.managed_prices_set(&ctx(), vec![managed(variant(1), None, "1")]).await.unwrap();

    room.pricing.quote(&ctx(), &query(&[(variant(1), 7)])).await.unwrap();

    let question = room.strategies.asked().remove(0);
    let found: Vec<_> = question.candidates.iter().map(|c| (c.level, c.unit_price, c.min_quantity)).collect();
    let expected = [
        (PriceLevel::Managed, eur("1"), Quantity::ZERO),
        (PriceLevel::Location, eur("2"), units(1)),
        (PriceLevel::Account, eur("3"), units(1)),
        (PriceLevel::Group, eur("4"), units(1)),
        (PriceLevel::Default, eur("5"), units(1)),
    ];
    assert_eq!(found, expected);
    assert!(question.candidates.iter().all(|candidate| !candidate.converted));
    assert_eq!(
        (question.channel_id, question.account_id, question.location_id),
        (CHANNEL, Some(ACCOUNT), Some(LOCATION))
    );
    assert_eq!((question.currency, question.at), (Currency::EUR, now()));
    let line = &question.lines[0];
    assert_eq!((line.variant_id, line.quantity, line.candidates.clone()), (variant(1), units(7), 0..5));
}

#[sqlx::test(migrations = false)]
async fn prices_for_others_are_no_candidates(pool: PgPool) {
    let room = room(pool).await;
    let other = Uuid::from_u128(0xDEAD);
    let others = [
        PriceAudience::Channel(ChannelId(other)),
        PriceAudience::Group(CustomerGroupId(other)),
        PriceAudience::Account(AccountId(other)),
        PriceAudience::Location(LocationId(other)),
        // The id of this buyer's channel, but as an account.
        PriceAudience::Account(AccountId(CHANNEL.0)),
    ];
    for (index, audience) in others.into_iter().enumerate() {
        let list = room.list(&format!("list {index}"), audience).await;
        room.set(list, variant(1), &[(1, "1")]).await;
    }
    let elsewhere = managed(variant(1), Some(ChannelId(other)), "1");
    room.pricing.managed_prices_set(&ctx(), vec![elsewhere]).await.unwrap();

    assert_eq!(candidates(&room, &query(&[(variant(1), 1)])).await, []);
}

#[sqlx::test(migrations = false)]
async fn a_guest_gets_the_prices_of_the_channel_alone(pool: PgPool) {
    let room = room(pool).await;
    let open = room.list("open", PriceAudience::Channel(CHANNEL)).await;
    let closed = room.list("closed", PriceAudience::Account(ACCOUNT)).await;
    room.set(open, variant(1), &[(1, "10")]).await;
    room.set(closed, variant(1), &[(1, "8")]).await;
    let guest =
        PriceQuery { account_id: None, location_id: None, group_ids: vec![], ..query(&[(variant(1), 1)]) };

    let quotes = room.pricing.quote(&ctx(), &guest).await.unwrap();

    assert_eq!(quotes, [quoted("10", PriceLevel::Default, open, 1)]);
}

#[sqlx::test(migrations = false)]
async fn a_list_that_reaches_the_buyer_twice_is_a_candidate_at_each_level_once(pool: PgPool) {
    let room = room(pool).await;
    let second = CustomerGroupId(Uuid::from_u128(0x61));
    let audience =
        vec![PriceAudience::Channel(CHANNEL), PriceAudience::Group(GROUP), PriceAudience::Group(second)];
    let list = room.pricing.price_list_upsert(&ctx(), upsert("both", audience)).await.unwrap();
    room.set(list, variant(1), &[(1, "2")]).await;
    let asked = PriceQuery { group_ids: vec![GROUP, second], ..query(&[(variant(1), 1)]) };

    let levels: Vec<_> = candidates(&room, &asked).await.iter().map(|candidate| candidate.level).collect();

    assert_eq!(levels, [PriceLevel::Group, PriceLevel::Default]);
}

#[sqlx::test(migrations = false)]
async fn lists_and_managed_prices_count_only_while_they_are_valid(pool: PgPool) {
    let room = room(pool).await;
    let periods = [
        ("past", Some(now() - day() * 2), Some(now()), false),
        ("future", Some(now() + TimeDelta::seconds(1)), None, false),
        ("since now", Some(now()), None, true),
        ("until soon", None, Some(now() + TimeDelta::seconds(1)), true),
    ];
    for (number, (name, valid_from, valid_to, _)) in periods.iter().enumerate() {
        let (valid_from, valid_to) = (*valid_from, *valid_to);
        let list =
            UpsertPriceList { valid_from, valid_to, ..upsert(name, vec![PriceAudience::Channel(CHANNEL)]) };
        let list = room.pricing.price_list_upsert(&ctx(), list).await.unwrap();
        let variant = variant(number as u128);
        room.set(list, variant, &[(1, "2")]).await;
        let price = SetManagedPrice { valid_from, valid_to, ..managed(variant, None, "1") };
        room.pricing.managed_prices_set(&ctx(), vec![price]).await.unwrap();
    }

    for (number, (name, valid_from, valid_to, is_valid)) in periods.iter().enumerate() {
        let found = candidates(&room, &query(&[(variant(number as u128), 1)])).await;
        assert_eq!(found.len(), if *is_valid { 2 } else { 0 }, "{name}");
        assert!(found.iter().all(|c| c.valid_from == *valid_from && c.valid_to == *valid_to), "{name}");
    }
}

#[sqlx::test(migrations = false)]
async fn prices_of_another_currency_are_converted_by_the_latest_rate_in_force(pool: PgPool) {
    let room = room(pool).await;
    let list =
        UpsertPriceList { currency: Currency::USD, ..upsert("usd", vec![PriceAudience::Channel(CHANNEL)]) };
    let list = room.pricing.price_list_upsert(&ctx(), list).await.unwrap();
    room.set(list, variant(1), &[(1, "10.000001")]).await;
    let price = UnitPrice::from_decimal(decimal("3"), Currency::USD).unwrap();
    let by_hand = SetManagedPrice {
        unit_price: Some(price),
        currency: Currency::USD,
        ..managed(variant(1), None, "1")
    };
    room.pricing.managed_prices_set(&ctx(), vec![by_hand]).await.unwrap();
    let rates = vec![
        usd_worth("0.8", now() - day() * 2),
        usd_worth("0.5", now() - day()),
        usd_worth("0.1", now() + day()),
    ];
    room.pricing.exchange_rates_set(&ctx(), rates).await.unwrap();

    let found = candidates(&room, &query(&[(variant(1), 1)])).await;

    let found: Vec<_> = found.iter().map(|c| (c.level, c.unit_price, c.converted)).collect();
    // 10.000001 × 0.5 = 5.0000005, half away from zero.
    let expected = [(PriceLevel::Managed, eur("1.5"), true), (PriceLevel::Default, eur("5.000001"), true)];
    assert_eq!(found, expected);
}

#[sqlx::test(migrations = false)]
async fn prices_of_a_currency_without_a_rate_are_no_candidates(pool: PgPool) {
    let room = room(pool).await;
    let list =
        UpsertPriceList { currency: Currency::USD, ..upsert("usd", vec![PriceAudience::Channel(CHANNEL)]) };
    let list = room.pricing.price_list_upsert(&ctx(), list).await.unwrap();
    room.set(list, variant(1), &[(1, "10")]).await;
    // The other way round says nothing about this one.
    let inverse = ExchangeRate { base: Currency::EUR, target: Currency::USD, ..usd_worth("2", now()) };
    room.pricing.exchange_rates_set(&ctx(), vec![inverse]).await.unwrap();

    assert_eq!(candidates(&room, &query(&[(variant(1), 1)])).await, []);
}

#[sqlx::test(migrations = false)]
async fn a_managed_price_of_the_channel_goes_before_one_of_everywhere(pool: PgPool) {
    let room = room(pool).await;
    let prices = vec![managed(variant(1), None, "1"), managed(variant(1), Some(CHANNEL), "2")];
    room.pricing.managed_prices_set(&ctx(), prices).await.unwrap();

    let found = candidates(&room, &query(&[(variant(1), 1)])).await;

    let found: Vec<_> = found.iter().map(|c| (c.unit_price, c.priority)).collect();
    assert_eq!(found, [(eur("2"), 1), (eur("1"), 0)]);
}

#[sqlx::test(migrations = false)]
async fn more_than_ten_thousand_lines_are_refused_and_nobody_is_asked(pool: PgPool) {
    let room = room(pool).await;
    let lines = vec![(variant(1), 1); 10_001];

    let quote = room.pricing.quote(&ctx(), &query(&lines)).await;
    let ladders = room.pricing.ladders(&ctx(), &query(&lines)).await;

    assert_eq!(refused(quote), [(QuoteCode::TooMany, "lines".to_owned())]);
    assert_eq!(refused(ladders), [(QuoteCode::TooMany, "lines".to_owned())]);
    assert!(room.strategies.asked().is_empty());
}

#[sqlx::test(migrations = false)]
async fn no_lines_have_no_prices(pool: PgPool) {
    let room = room(pool).await;

    assert_eq!(room.pricing.quote(&ctx(), &query(&[])).await.unwrap(), []);
    assert_eq!(room.pricing.ladders(&ctx(), &query(&[])).await.unwrap(), Vec::<Vec<PriceTier>>::new());
}

#[sqlx::test(migrations = false)]
async fn a_strategy_that_is_missing_or_fails_refuses_with_its_words(pool: PgPool) {
    let room = room(pool).await;
    let failed = PointError::Failed {
        point: "vectis.pricing",
        plugin: "fake/main".to_owned(),
        message: "out of paper".to_owned(),
        retryable: false,
    };

    for error in [missing(), failed] {
        room.strategies.answer(Err(error.clone()));
        let failure = room.pricing.quote(&ctx(), &query(&[(variant(1), 1)])).await.unwrap_err();
        let refusal = &failure.refusals()[0];
        assert_eq!((refusal.code, &refusal.message), (QuoteCode::StrategyFailed, &error.to_string()));
    }
}

#[sqlx::test(migrations = false)]
async fn an_answer_that_breaks_the_rules_is_never_a_price(pool: PgPool) {
    let room = room(pool).await;
    let list = room.list("default", PriceAudience::Channel(CHANNEL)).await;
    room.set(list, variant(1), &[(1, "10")]).await;
    room.set(list, variant(2), &[(1, "20")]).await;
    let answer = |unit_price, candidate| vec![Some(PricedAnswer { unit_price, candidate }), None];
    let dollars = UnitPrice::from_micros(1, Currency::USD);
    let lies = [
        (vec![], "0 answers for 2 lines"),
        (answer(dollars, None), "a price in USD instead of EUR"),
        (answer(eur("-1"), None), "the price -1 is negative"),
        (answer(eur("20"), Some(1)), "candidate 1 is not among 0..1"),
    ];

    for (answers, reason) in lies {
        room.strategies.answer(Ok(answers));
        let lines = [(variant(1), 1), (variant(2), 1)];
        let failure = room.pricing.quote(&ctx(), &query(&lines)).await.unwrap_err();
        let refusal = &failure.refusals()[0];
        assert_eq!(refusal.code, QuoteCode::StrategyFailed);
        assert!(refusal.message.contains(reason), "{} / {reason}", refusal.message);
    }
}

#[sqlx::test(migrations = false)]
async fn a_price_the_strategy_made_up_itself_is_taken(pool: PgPool) {
    let room = room(pool).await;
    room.strategies.answer(Ok(vec![Some(PricedAnswer { unit_price: eur("7"), candidate: None })]));

    let quotes = room.pricing.quote(&ctx(), &query(&[(variant(1), 1)])).await.unwrap();

    let expected =
        QuotedPrice { unit_price: eur("7"), level: None, price_list_id: None, min_quantity: Quantity::ZERO };
    assert_eq!(quotes, [Some(expected)]);
}

#[sqlx::test(migrations = false)]
async fn a_ladder_asks_at_every_minimum_quantity_and_merges_equal_rungs(pool: PgPool) {
    let room = room(pool).await;
    let default = room.list("default", PriceAudience::Channel(CHANNEL)).await;
    let account = room.list("account", PriceAudience::Account(ACCOUNT)).await;
    room.set(default, variant(1), &[(1, "10"), (5, "9"), (100, "5")]).await;
    room.set(account, variant(1), &[(20, "8"), (50, "8")]).await;
    let by_hand = managed(variant(2), None, "4");
    room.pricing.managed_prices_set(&ctx(), vec![by_hand]).await.unwrap();
    let lines = [(variant(1), 1), (variant(3), 1), (variant(2), 1), (variant(1), 999)];

    let ladders = room.pricing.ladders(&ctx(), &query(&lines)).await.unwrap();

    let tier = |min, price| PriceTier { min_quantity: units(min), unit_price: eur(price) };
    let first = vec![tier(1, "10"), tier(5, "9"), tier(20, "8")];
    assert_eq!(ladders, [first.clone(), vec![], vec![tier(0, "4")], first]);
    let asked = room.strategies.asked();
    assert_eq!(asked.len(), 1);
    // Five rungs for each of the two lines of variant 1, one for variant 2: asked for a thousandth, not for nothing.
    assert_eq!(asked[0].lines.len(), 11);
    assert_eq!(asked[0].lines[5].quantity, Quantity::from_milli(1));
}
