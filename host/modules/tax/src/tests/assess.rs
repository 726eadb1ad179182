use vectis_contracts::points::PointError;
use vectis_contracts::tax::{AssessCode, TaxedLine};
use vectis_db::statements::counted;

use super::strategy::missing;
use super::*;

fn taxed(net: i64, tax: i64, gross: i64, parts: &[(usize, i64)]) -> TaxedLine {
    let parts = parts.iter().map(|(kind, minor)| (*kind, eur(*minor))).collect();
    TaxedLine { net: eur(net), tax: eur(tax), gross: eur(gross), parts }
}

async fn message(room: &Room, query: &TaxQuery) -> (AssessCode, String) {
    let failure = room.tax.assess(&ctx(), query).await.unwrap_err();
    let refusal = failure.refusals().first().expect("refused, not broken");
    (refusal.code, refusal.message.clone())
}

/// Which lines the strategy is told are exempt.
async fn exempt(pool: PgPool, grants: &[GrantExemption], query: &TaxQuery) -> Vec<bool> {
    let room = room(pool).await;
    let tax = room.strategies.add(100, Ok(TaxAnswer::default()));
    for grant in grants {
        room.tax.exemption_grant(&ctx(), grant.clone()).await.unwrap();
    }
    room.tax.assess(&ctx(), query).await.unwrap();
    tax.asked().lines.iter().map(|line| line.is_exempt).collect()
}

#[sqlx::test(migrations = false)]
async fn taxes_come_on_top_when_prices_exclude_them(pool: PgPool) {
    let room = room(pool).await;
    let tax = room.strategies.add(300, Ok(answer("VAT", &[(0, 200), (2, -100)])));

    let query = query(&[(1_000, "standard"), (50, "books"), (-500, "standard")]);
    let assessment = room.tax.assess(&ctx(), &query).await.unwrap();

    assert_eq!(assessment.kinds, [kind("VAT")]);
    let expected =
        [taxed(1_000, 200, 1_200, &[(0, 200)]), taxed(50, 0, 50, &[]), taxed(-500, -100, -600, &[(0, -100)])];
    assert_eq!(assessment.lines, expected);
    let asked = tax.asked();
    assert_eq!((asked.channel_id, asked.currency, asked.at), (query.channel_id, Currency::EUR, now()));
    assert_eq!((asked.destination, asked.prices_include_tax), (query.destination, false));
    assert_eq!((asked.lines[1].amount, asked.lines[1].category.as_str()), (eur(50), "books"));
    assert_eq!(asked.lines[1].quantity, Quantity::from_milli(1_000));
}

#[sqlx::test(migrations = false)]
async fn taxes_are_contained_when_prices_include_them(pool: PgPool) {
    let room = room(pool).await;
    room.strategies.add(100, Ok(answer("sales", &[(0, 100)])));
    room.strategies.add(300, Ok(answer("VAT", &[(0, 200), (1, -200)])));

    let query = TaxQuery { prices_include_tax: true, ..query(&[(1_200, "standard"), (-1_200, "standard")]) };
    let assessment = room.tax.assess(&ctx(), &query).await.unwrap();

    let expected = [taxed(900, 300, 1_200, &[(0, 100), (1, 200)]), taxed(-1_000, -200, -1_200, &[(1, -200)])];
    assert_eq!(assessment.lines, expected);
}

#[sqlx::test(migrations = false)]
async fn a_later_stage_sees_the_taxes_of_earlier_ones_but_not_of_its_own(pool: PgPool) {
    let room = room(pool).await;
    let vat = room.strategies.add(300, Ok(answer("VAT", &[(0, 7)])));
    let second_vat = room.strategies.add(300, Ok(answer("VAT", &[(1, 5)])));
    let sales = room.strategies.add(100, Ok(answer("sales", &[(0, 10), (0, 1)])));
    let excise = room.strategies.add(200, Ok(answer("excise", &[(1, 3)])));

    let query = query(&[(1_000, "standard"), (1_000, "standard")]);
    let assessment = room.tax.assess(&ctx(), &query).await.unwrap();

    assert_eq!(sales.asked().taxed_before, [eur(0), eur(0)]);
    assert_eq!(excise.asked().taxed_before, [eur(11), eur(0)]);
    assert_eq!(vat.asked().taxed_before, [eur(11), eur(3)]);
    assert_eq!(second_vat.asked().taxed_before, [eur(11), eur(3)]);
    // The two strategies of stage 300 share the kind.
    assert_eq!(assessment.kinds, [kind("sales"), kind("excise"), kind("VAT")]);
    let expected =
        [taxed(1_000, 18, 1_018, &[(0, 10), (0, 1), (2, 7)]), taxed(1_000, 8, 1_008, &[(1, 3), (2, 5)])];
    assert_eq!(assessment.lines, expected);
}

#[sqlx::test(migrations = false)]
async fn a_strategy_that_is_missing_or_fails_refuses_with_its_words(pool: PgPool) {
    let room = room(pool).await;
    let query = query(&[(1_000, "standard")]);
    assert_eq!(message(&room, &query).await, (AssessCode::StrategyFailed, missing().to_string()));

    let failed = PointError::Failed {
        point: "vectis.tax",
        plugin: "fake/main".to_owned(),
        message: "no rates".to_owned(),
        retryable: false,
    };
    room.strategies.add(100, Err(failed.clone()));
    assert_eq!(message(&room, &query).await, (AssessCode::StrategyFailed, failed.to_string()));
}

#[sqlx::test(migrations = false)]
async fn an_answer_that_breaks_the_rules_is_never_a_tax(pool: PgPool) {
    let room = room(pool).await;
    let dollars = TaxAmount { line: 0, kind: 0, amount: Money::new(1, Currency::USD) };
    let lies = [
        (answer("VAT", &[(2, 1)]), "a tax on line 2 of 2"),
        (TaxAnswer { kinds: vec![], ..answer("VAT", &[(0, 1)]) }, "a tax of kind 0 of 0"),
        (answer("VAT", &[(0, -1)]), "line 0: -0.01 EUR of tax on 10.00 EUR"),
        (answer("VAT", &[(1, 1)]), "line 1: 0.01 EUR of tax on 0.00 EUR"),
        (TaxAnswer { amounts: vec![dollars], ..answer("VAT", &[]) }, "mixed currencies EUR and USD"),
    ];

    for (lie, reason) in lies {
        room.strategies.clear();
        room.strategies.add(100, Ok(lie));
        let (code, message) = message(&room, &query(&[(1_000, "standard"), (0, "standard")])).await;
        assert_eq!(code, AssessCode::StrategyFailed);
        assert!(message.contains(reason), "{message} / {reason}");
        assert!(message.starts_with("fake/main@1.0.0"), "{message}");
    }
}

#[sqlx::test(migrations = false)]
async fn contained_taxes_may_be_the_whole_amount_but_not_more(pool: PgPool) {
    let room = room(pool).await;
    room.strategies.add(100, Ok(answer("sales", &[(0, 600)])));
    room.strategies.add(200, Ok(answer("excise", &[(0, 400)])));
    let included = |minor| TaxQuery { prices_include_tax: true, ..query(&[(minor, "standard")]) };

    let assessment = room.tax.assess(&ctx(), &included(1_000)).await.unwrap();
    let (code, message) = message(&room, &included(999)).await;

    assert_eq!((assessment.lines[0].net, assessment.lines[0].gross), (eur(0), eur(1_000)));
    assert_eq!(code, AssessCode::StrategyFailed);
    assert!(message.contains("line 0: 10.00 EUR of tax are more than the 9.99 EUR"), "{message}");
}

#[sqlx::test(migrations = false)]
async fn an_amount_that_leaves_the_range_with_its_tax_is_refused(pool: PgPool) {
    let room = room(pool).await;
    room.strategies.add(100, Ok(answer("VAT", &[(0, 1)])));

    let (code, _) = message(&room, &query(&[(i64::MAX, "standard")])).await;

    assert_eq!(code, AssessCode::OutOfRange);
}

#[sqlx::test(migrations = false)]
async fn a_line_in_another_currency_is_a_bug_of_the_caller(pool: PgPool) {
    let room = room(pool).await;
    room.strategies.add(100, Ok(TaxAnswer::default()));
    let mixed = TaxQuery { currency: Currency::USD, ..query(&[(1, "standard")]) };

    let failure = room.tax.assess(&ctx(), &mixed).await.unwrap_err();

    assert!(matches!(failure, Failure::Internal(_)), "{failure:?}");
}

#[sqlx::test(migrations = false)]
async fn an_exemption_of_everything_covers_all_lines(pool: PgPool) {
    let query = query(&[(1, "standard"), (1, "books")]);

    assert_eq!(exempt(pool, &[grant()], &query).await, [true, true]);
}

#[sqlx::test(migrations = false)]
async fn an_exemption_of_a_category_covers_only_its_lines(pool: PgPool) {
    let books = GrantExemption { category: Some("books".to_owned()), ..grant() };
    let query = query(&[(1, "standard"), (1, "books")]);

    assert_eq!(exempt(pool, &[books], &query).await, [false, true]);
}

#[sqlx::test(migrations = false)]
async fn an_exemption_of_this_very_place_and_location_covers(pool: PgPool) {
    let here = GrantExemption {
        location_id: Some(LOCATION),
        country: Some("DE".to_owned()),
        region: Some("BAVARIA".to_owned()),
        valid_to: Some(now() + TimeDelta::seconds(1)),
        ..grant()
    };

    assert_eq!(exempt(pool, &[here], &query(&[(1, "standard")])).await, [true]);
}

#[sqlx::test(migrations = false)]
async fn exemptions_of_others_elsewhere_or_at_other_times_do_not_cover(pool: PgPool) {
    let text = |text: &str| Some(text.to_owned());
    let others = [
        GrantExemption { account_id: AccountId(Uuid::from_u128(9)), ..grant() },
        GrantExemption { location_id: Some(LocationId(Uuid::from_u128(9))), ..grant() },
        GrantExemption { country: text("FR"), ..grant() },
        GrantExemption { country: text("DE"), region: text("Hesse"), ..grant() },
        GrantExemption { valid_from: now() + TimeDelta::seconds(1), ..grant() },
        GrantExemption { valid_from: now() - day(), valid_to: Some(now()), ..grant() },
    ];

    assert_eq!(exempt(pool, &others, &query(&[(1, "standard")])).await, [false]);
}

#[sqlx::test(migrations = false)]
async fn a_buyer_without_an_account_is_not_exempt(pool: PgPool) {
    let guest = TaxQuery { account_id: None, location_id: None, ..query(&[(1, "standard")]) };

    assert_eq!(exempt(pool, &[grant()], &guest).await, [false]);
}

#[sqlx::test(migrations = false)]
async fn an_assessment_is_one_statement_and_one_call_per_strategy(pool: PgPool) {
    let room = room(pool).await;
    for size in [1, 1_000, 10_000] {
        room.strategies.clear();
        let strategies = [100, 200].map(|stage| room.strategies.add(stage, Ok(answer("VAT", &[(0, 1)]))));
        let lines = vec![(100, "standard"); size];
        let before = counted(room.db.pool()).await.unwrap().expect("the server counts statements");
        let assessment = room.tax.assess(&ctx(), &query(&lines)).await.unwrap();
        let after = counted(room.db.pool()).await.unwrap().expect("the server counts statements");

        assert_eq!(assessment.lines.len(), size);
        assert_eq!(after.since(&before).total(), 1, "{:?}", after.since(&before));
        // `asked` insists on exactly one question.
        assert!(strategies.iter().all(|tax| tax.asked().lines.len() == size));
    }
}
