use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
use proptest::sample::select;
use vectis_plugin_api::pricing::{Candidate, PriceLevel, Priced};
use vectis_plugin_api::testing::{self, NOW_MS, PricingCart, PricingHarness};
use vectis_plugin_api::{ErrorCode, Id};

use crate::choice::Choice;
use crate::{Config, Tiered};

const LEVELS: [PriceLevel; 5] =
    [PriceLevel::MANAGED, PriceLevel::LOCATION, PriceLevel::ACCOUNT, PriceLevel::GROUP, PriceLevel::DEFAULT];

fn tiered(config: &str) -> PricingHarness {
    testing::pricing::<Tiered>(config).unwrap()
}

fn price(config: &str, quantity: i64, candidates: &[Candidate]) -> Priced {
    let cart = PricingCart::new("EUR").line("A-1", quantity * 1_000, candidates);
    tiered(config).price(&cart).unwrap()[0]
}

fn list(number: u8) -> Id {
    Id([number; 16])
}

#[test]
fn the_first_level_that_has_a_price_wins_whatever_the_others_cost() {
    let candidates: Vec<_> =
        LEVELS.iter().zip(1..).map(|(level, price)| Candidate::new(*level, 6 - price)).collect();

    let wins: Vec<_> = (0..5).map(|first| price("{}", 1, &candidates[first..]).unit_price_micros).collect();

    assert_eq!(wins, [5, 4, 3, 2, 1]);
}

#[test]
fn the_quantity_picks_the_tier() {
    let tiers = [(1, 10_00), (10, 9_00), (50, 7_50), (100, 6_00)].map(|(from, cents)| {
        Candidate::new(PriceLevel::DEFAULT, cents * 10_000).of_list(list(1), 0).from_quantity(from * 1_000)
    });

    let prices = [1, 9, 10, 49, 50, 99, 100, 5_000]
        .map(|quantity| price("{}", quantity, &tiers).unit_price_micros / 10_000);

    assert_eq!(prices, [10_00, 10_00, 9_00, 9_00, 7_50, 7_50, 6_00, 6_00]);
}

#[test]
fn a_quantity_below_all_tiers_of_a_level_falls_through_to_the_next() {
    let account = Candidate::new(PriceLevel::ACCOUNT, 1).from_quantity(10_000);
    let default = Candidate::new(PriceLevel::DEFAULT, 2);

    assert_eq!(price("{}", 9, &[account, default]), Priced::at(2).from_candidate(1));
    assert_eq!(price("{}", 9, &[account]), Priced::none());
}

#[test]
fn the_list_of_highest_priority_wins_even_with_a_smaller_tier() {
    let low = Candidate::new(PriceLevel::DEFAULT, 1).of_list(list(1), 5).from_quantity(10_000);
    let high = Candidate::new(PriceLevel::DEFAULT, 2).of_list(list(2), 10);

    assert_eq!(price("{}", 10, &[low, high]), Priced::at(2).from_candidate(1));
}

#[test]
fn among_equal_priorities_the_lower_list_id_wins() {
    let first = Candidate::new(PriceLevel::DEFAULT, 9).of_list(list(1), 5);
    let second = Candidate::new(PriceLevel::DEFAULT, 1).of_list(list(2), 5);

    assert_eq!(price("{}", 1, &[second, first]), Priced::at(9).from_candidate(1));
}

#[test]
fn prices_count_from_their_first_instant_until_before_their_last() {
    let ended = Candidate::new(PriceLevel::MANAGED, 1).valid(i64::MIN, NOW_MS);
    let begins = Candidate::new(PriceLevel::ACCOUNT, 2).valid(NOW_MS + 1, i64::MAX);
    let begun = Candidate::new(PriceLevel::GROUP, 3).valid(NOW_MS, NOW_MS + 1);

    assert_eq!(price("{}", 1, &[ended, begins, begun]), Priced::at(3).from_candidate(2));
}

#[test]
fn within_a_level_a_price_in_the_buyers_currency_goes_before_a_converted_one() {
    let converted = Candidate::new(PriceLevel::DEFAULT, 1).of_list(list(1), 10).converted();
    let own = Candidate::new(PriceLevel::DEFAULT, 2).of_list(list(2), 0);

    assert_eq!(price("{}", 1, &[converted, own]), Priced::at(2).from_candidate(1));
}

#[test]
fn a_converted_price_of_an_earlier_level_wins_unless_conversion_is_off() {
    let converted = Candidate::new(PriceLevel::ACCOUNT, 1).converted();
    let own = Candidate::new(PriceLevel::DEFAULT, 2);

    let candidates = [converted, own];

    assert_eq!(price("{}", 1, &candidates), Priced::at(1).from_candidate(0));
    assert_eq!(price(r#"{ "allow_converted": false }"#, 1, &candidates), Priced::at(2).from_candidate(1));
}

#[test]
fn configured_levels_are_asked_in_their_order_and_no_others() {
    let config = r#"{ "levels": ["group", "account"] }"#;
    let managed = Candidate::new(PriceLevel::MANAGED, 1);
    let account = Candidate::new(PriceLevel::ACCOUNT, 2);
    let group = Candidate::new(PriceLevel::GROUP, 3);

    assert_eq!(price(config, 1, &[managed, account, group]), Priced::at(3).from_candidate(2));
    assert_eq!(price(config, 1, &[managed, account]), Priced::at(2).from_candidate(1));
    assert_eq!(price(config, 1, &[managed]), Priced::none());
}

#[test]
fn a_level_of_a_newer_host_is_not_asked() {
    let unknown = [0, 6, 7, 8, u32::MAX].map(|level| Candidate::new(PriceLevel(level), 1));

    assert_eq!(price("{}", 1, &unknown), Priced::none());
}

#[test]
fn every_line_is_priced_from_its_own_candidates() {
    let cart = (0..1_000).fold(PricingCart::new("EUR"), |cart, line| {
        let own = Candidate::new(PriceLevel::DEFAULT, line);
        let dearer = Candidate::new(PriceLevel::GROUP, 1_000 + line);
        cart.line("A-1", 1_000, &[own, dearer][..1 + usize::from(line % 2 == 1)])
    });

    let priced = tiered("{}").price(&cart).unwrap();

    let expected: Vec<_> = (0..1_000)
        .map(|line| match line % 2 {
            0 => Priced::at(line).from_candidate(0),
            _ => Priced::at(1_000 + line).from_candidate(1),
        })
        .collect();
    assert_eq!(priced, expected);
}

#[test]
fn wrong_configurations_are_refused_with_place_and_fix() {
    for (config, message) in [
        (r#"{ "levels": [] }"#, "/levels: must name at least one level; leave it out to ask all five"),
        (
            r#"{ "levels": ["group", "default", "group"] }"#,
            "/levels/2: names a level for the second time; remove it",
        ),
        (
            r#"{ "levels": ["company"] }"#,
            "/levels/0: unknown variant `company`, expected one of `managed`, `location`, `account`, `group`, `default`",
        ),
        (r#"{ "tiers": [] }"#, "/tiers: unknown field `tiers`, expected `levels` or `allow_converted`"),
    ] {
        let error = testing::pricing::<Tiered>(config).err().unwrap();

        assert_eq!((error.code, error.message.as_str()), (ErrorCode::CONFIG, message));
    }
}

#[test]
fn the_example_of_the_readme_is_a_configuration() {
    let example =
        include_str!("../README.md").split("```").find_map(|block| block.strip_prefix("json")).unwrap();

    assert_eq!(testing::pricing::<Tiered>(example).err(), None);
}

#[test]
fn the_manifest_states_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../plugin.toml"), "tiered");
}

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let candidate = (
        select(LEVELS.to_vec()),
        (1_u8..4, select(vec![i32::MIN, -1, 0, 1, i32::MAX]), 0_i64..4),
        0_i64..5,
        any::<bool>(),
        any::<bool>(),
    );
    let built = candidate.prop_map(|(level, (number, priority, from), price, is_converted, is_over)| {
        let candidate = Candidate::new(level, price).of_list(list(number), priority).from_quantity(from);
        let candidate = if is_over { candidate.valid(0, 1) } else { candidate };
        if is_converted { candidate.converted() } else { candidate }
    });
    proptest::collection::vec(built, 0..12)
}

/// The rules one after another, each thinning out what is left.
fn by_elimination(candidates: &[Candidate], quantity: i64, now_ms: i64) -> Option<i64> {
    let mut left: Vec<_> = candidates.to_vec();
    left.retain(|candidate| candidate.is_valid_at(now_ms));
    left.retain(|candidate| candidate.min_quantity_milli <= quantity);
    let level = left.iter().map(|candidate| candidate.level).min()?;
    left.retain(|candidate| candidate.level == level);
    if left.iter().any(|candidate| !candidate.is_converted()) {
        left.retain(|candidate| !candidate.is_converted());
    }
    let priority = left.iter().map(|candidate| candidate.priority).max()?;
    left.retain(|candidate| candidate.priority == priority);
    let list = left.iter().map(|candidate| candidate.price_list_id).min()?;
    left.retain(|candidate| candidate.price_list_id == list);
    let tier = left.iter().map(|candidate| candidate.min_quantity_milli).max()?;
    left.retain(|candidate| candidate.min_quantity_milli == tier);
    left.iter().map(|candidate| candidate.unit_price_micros).min()
}

proptest! {
    #[test]
    fn the_single_pass_finds_what_elimination_finds_in_any_order(
        candidates in candidates(), quantity in 1_i64..5, turn in 0_usize..12,
    ) {
        let choice = Choice::new(&Config::default()).unwrap();
        let mut turned = candidates.clone();
        turned.rotate_left(turn.min(candidates.len()));

        let expected = by_elimination(&candidates, quantity, 5);

        let price = |of: &[Candidate]| choice.best(of, quantity, 5).map(|best| of[best].unit_price_micros);
        prop_assert_eq!(price(&candidates), expected);
        prop_assert_eq!(price(&turned), expected);
    }
}
