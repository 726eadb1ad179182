use proptest::prelude::*;

use super::*;

fn variant(number: u8) -> VariantId {
    VariantId(Uuid::from_u128(u128::from(number)))
}

fn warehouse(number: u8) -> WarehouseId {
    WarehouseId(Uuid::from_u128(1000 + u128::from(number)))
}

fn place(variant_number: u8, warehouse_number: u8) -> Place {
    Place { variant_id: variant(variant_number), warehouse_id: warehouse(warehouse_number) }
}

fn level(variant_number: u8, warehouse_number: u8, on_hand: i64) -> Level {
    Level {
        place: place(variant_number, warehouse_number),
        amounts: Amounts::on_hand(on_hand),
        can_be_drawn: true,
    }
}

fn need(variant_number: u8, milli: i64, allows_backorder: bool) -> StockNeed {
    StockNeed { variant_id: variant(variant_number), quantity: Quantity::from_milli(milli), allows_backorder }
}

fn kept(number: u128, at: Place, quantity: i64, status: ReservationStatus) -> KeptLine {
    KeptLine {
        id: Uuid::from_u128(number),
        reservation_id: ReservationId(Uuid::from_u128(7)),
        owner_id: Uuid::from_u128(8),
        status,
        expires_at: None,
        variant_id: at.variant_id,
        warehouse_id: Some(at.warehouse_id),
        quantity,
    }
}

#[test]
fn the_first_warehouse_is_emptied_before_the_second_is_asked() {
    let mut stock = Stock::new(vec![level(1, 1, 3), level(1, 2, 10)]);

    let draws =
        draw(&mut stock, &[warehouse(1), warehouse(2)], &wanted(&[need(1, 5, false)]), Firmness::Allocated);

    let drawn = |warehouse_number, quantity| Draw {
        variant_id: variant(1),
        warehouse_id: Some(warehouse(warehouse_number)),
        quantity,
    };
    assert_eq!(draws, Ok(vec![drawn(1, 3), drawn(2, 2)]));
    assert_eq!(
        stock.changes(),
        vec![(place(1, 1), Amounts::allocated(3)), (place(1, 2), Amounts::allocated(2))]
    );
}

#[test]
fn a_closed_warehouse_is_not_drawn_from() {
    let closed = Level { can_be_drawn: false, ..level(1, 1, 3) };
    let mut stock = Stock::new(vec![closed]);

    let draws = draw(&mut stock, &[warehouse(1)], &wanted(&[need(1, 2, false)]), Firmness::Reserved);

    assert_eq!(draws, Ok(vec![Draw { variant_id: variant(1), warehouse_id: None, quantity: 2 }]));
    assert_eq!(stock.changes(), vec![]);
}

#[test]
fn every_short_need_is_named_with_what_was_left_for_it() {
    let needs = [need(1, 3, false), need(2, 1, false), need(1, 4, false), need(1, 1, false)];
    // Five of variant 1 were there, none of variant 2.
    let missing = [
        Draw { variant_id: variant(1), warehouse_id: Some(warehouse(1)), quantity: 5 },
        Draw { variant_id: variant(1), warehouse_id: None, quantity: 3 },
        Draw { variant_id: variant(2), warehouse_id: None, quantity: 1 },
    ];

    let short = shortages(&needs, &missing);

    let shortage = |need, asked, available| Shortage {
        need,
        asked: Quantity::from_milli(asked),
        available: Quantity::from_milli(available),
    };
    assert_eq!(short, vec![shortage(1, 1, 0), shortage(2, 4, 2), shortage(3, 1, 0)]);
}

#[test]
fn needs_that_cannot_wait_are_served_before_those_that_can() {
    let needs = [need(1, 4, true), need(1, 4, false)];
    let missing = [Draw { variant_id: variant(1), warehouse_id: None, quantity: 4 }];

    assert_eq!(shortages(&needs, &missing), vec![]);
}

#[test]
fn needs_beyond_all_numbers_are_short_and_do_not_overflow() {
    let needs = [need(1, i64::MAX, false), need(1, i64::MAX, false)];
    let mut stock = Stock::new(vec![level(1, 1, 5)]);

    let draws = draw(&mut stock, &[warehouse(1)], &wanted(&needs), Firmness::Reserved).unwrap();

    assert_eq!(shortages(&needs, &draws).len(), 2);
}

#[test]
fn a_level_never_promises_more_than_it_has() {
    let mut stock = Stock::new(vec![level(1, 1, 5)]);
    stock.shift(place(1, 1), Amounts::reserved(3)).unwrap();

    assert_eq!(stock.shift(place(1, 1), Amounts::allocated(3)), Err(Impossible(place(1, 1))));
    assert_eq!(stock.shift(place(1, 1), Amounts::on_hand(-3)), Err(Impossible(place(1, 1))));
    assert_eq!(stock.shift(place(1, 1), Amounts::reserved(-4)), Err(Impossible(place(1, 1))));
    assert_eq!(stock.shift(place(1, 2), Amounts::on_hand(1)), Err(Impossible(place(1, 2))));
    assert_eq!(stock.changes(), vec![(place(1, 1), Amounts::reserved(3))]);
}

#[test]
fn giving_back_starts_with_what_was_only_backordered_then_with_the_last_drawn() {
    let confirmed = ReservationStatus::Confirmed;
    let backordered = KeptLine { warehouse_id: None, ..kept(3, place(1, 1), 2, confirmed) };
    let lines = [kept(1, place(1, 1), 4, confirmed), kept(2, place(1, 2), 4, confirmed), backordered];
    let allocated = |at, quantity| Level {
        amounts: Amounts { on_hand: 10, reserved: 0, allocated: quantity },
        ..level(1, at, 0)
    };
    let mut stock = Stock::new(vec![allocated(1, 4), allocated(2, 4)]);
    let mut changes = LineChanges::default();

    give_back(&mut stock, &mut changes, &lines, &wanted(&[need(1, 7, false)])).unwrap();

    assert_eq!(changes.removed, vec![Uuid::from_u128(3), Uuid::from_u128(2)]);
    assert_eq!(changes.reduced, vec![(Uuid::from_u128(1), 3)]);
    assert_eq!(
        stock.changes(),
        vec![(place(1, 1), Amounts::allocated(-1)), (place(1, 2), Amounts::allocated(-4))]
    );
}

const VARIANTS: u8 = 3;
const WAREHOUSES: u8 = 3;

fn any_levels() -> impl Strategy<Value = Vec<Level>> {
    let cells = (VARIANTS * WAREHOUSES) as usize;
    let cell = (0..30i64, 0..10i64, 0..10i64, any::<bool>(), any::<bool>());
    prop::collection::vec(cell, cells).prop_map(|cells| {
        let levels = cells.into_iter().enumerate().filter(|(_, cell)| cell.4).map(|(index, cell)| {
            let (free, reserved, allocated, can_be_drawn, _) = cell;
            let index = u8::try_from(index).unwrap();
            Level {
                place: place(index % VARIANTS, index / VARIANTS),
                amounts: Amounts { on_hand: free + reserved + allocated, reserved, allocated },
                can_be_drawn,
            }
        });
        levels.collect()
    })
}

fn any_needs() -> impl Strategy<Value = Vec<StockNeed>> {
    let need =
        (0..VARIANTS, 1..40i64, any::<bool>()).prop_map(|(v, milli, backorder)| need(v, milli, backorder));
    prop::collection::vec(need, 0..8)
}

fn any_order() -> impl Strategy<Value = Vec<WarehouseId>> {
    Just((0..WAREHOUSES).map(warehouse).collect::<Vec<_>>()).prop_shuffle()
}

proptest! {
    #[test]
    fn draws_add_up_respect_the_order_and_leave_nothing_negative(
        levels in any_levels(), needs in any_needs(), order in any_order(),
    ) {
        let mut stock = Stock::new(levels.clone());
        let wanted = wanted(&needs);
        let draws = draw(&mut stock, &order, &wanted, Firmness::Allocated).unwrap();

        for wanted in &wanted {
            let mine: Vec<&Draw> = draws.iter().filter(|draw| draw.variant_id == wanted.variant_id).collect();
            prop_assert_eq!(mine.iter().map(|draw| draw.quantity).sum::<i64>(), wanted.quantity);
            prop_assert!(mine.iter().all(|draw| draw.quantity > 0));
            // Whatever stands before the last place drawn from is empty.
            let last = mine.last().unwrap().warehouse_id;
            for before in order.iter().take_while(|id| Some(**id) != last) {
                let place = Place { variant_id: wanted.variant_id, warehouse_id: *before };
                prop_assert_eq!(stock.available(place), 0);
            }
        }
        for level in &levels {
            let now = stock.amounts(level.place);
            prop_assert!(now.available() >= 0);
            let drawn: i64 = draws
                .iter()
                .filter(|draw| draw.variant_id == level.place.variant_id)
                .filter(|draw| draw.warehouse_id == Some(level.place.warehouse_id))
                .map(|draw| draw.quantity)
                .sum();
            prop_assert_eq!(now, level.amounts.plus(Amounts::allocated(drawn)));
            prop_assert!(drawn == 0 || level.can_be_drawn);
        }
    }

    #[test]
    fn a_need_is_short_exactly_when_the_strict_ones_outgrow_the_stock(
        levels in any_levels(), needs in any_needs(), order in any_order(),
    ) {
        let mut stock = Stock::new(levels.clone());
        let draws = draw(&mut stock, &order, &wanted(&needs), Firmness::Reserved).unwrap();
        let short = shortages(&needs, &draws);

        for number in 0..VARIANTS {
            let id = variant(number);
            let there: i64 = levels
                .iter()
                .filter(|level| level.place.variant_id == id && level.can_be_drawn)
                .map(|level| level.amounts.available())
                .sum();
            let strict: i64 = needs
                .iter()
                .filter(|need| need.variant_id == id && !need.allows_backorder)
                .map(|need| need.quantity.milli())
                .sum();
            let is_short = short.iter().any(|short| needs[short.need].variant_id == id);
            prop_assert_eq!(is_short, strict > there);
        }
        prop_assert!(short.iter().all(|short| short.available < short.asked));
        prop_assert!(short.iter().all(|short| !needs[short.need].allows_backorder));
    }

    #[test]
    fn a_hold_taken_over_keeps_what_is_wanted_and_frees_the_rest(
        held in prop::collection::vec((0..VARIANTS, 0..WAREHOUSES, 1..20i64), 0..8), needs in any_needs(),
    ) {
        let mut reserved: BTreeMap<Place, i64> = BTreeMap::new();
        let lines: Vec<KeptLine> = held
            .iter()
            .enumerate()
            .map(|(index, (v, w, quantity))| {
                *reserved.entry(place(*v, *w)).or_default() += quantity;
                kept(index as u128, place(*v, *w), *quantity, ReservationStatus::Held)
            })
            .collect();
        let levels = reserved.iter().map(|(place, reserved)| Level {
            place: *place,
            amounts: Amounts { on_hand: *reserved, reserved: *reserved, allocated: 0 },
            can_be_drawn: true,
        });
        let mut stock = Stock::new(levels.collect());
        let mut changes = LineChanges::default();
        let total = wanted(&needs);
        let lacking = take_over(&mut stock, &mut changes, &lines, total.clone()).unwrap();

        for number in 0..VARIANTS {
            let id = variant(number);
            let of = |wanted: &[Wanted]| -> i64 {
                wanted.iter().filter(|wanted| wanted.variant_id == id).map(|wanted| wanted.quantity).sum()
            };
            let was_held: i64 = held.iter().filter(|(v, _, _)| *v == number).map(|(_, _, q)| q).sum();
            let kept = was_held.min(of(&total));
            prop_assert_eq!(of(&lacking), of(&total) - kept);
            let allocated: i64 = reserved
                .keys()
                .filter(|place| place.variant_id == id)
                .map(|place| stock.amounts(*place).allocated)
                .sum();
            prop_assert_eq!(allocated, kept);
        }
        prop_assert!(reserved.keys().all(|place| stock.amounts(*place).reserved == 0));
        let left: i64 = lines
            .iter()
            .filter(|line| !changes.removed.contains(&line.id))
            .map(|line| changes.reduced.iter().find(|(id, _)| *id == line.id).map_or(line.quantity, |(_, to)| *to))
            .sum();
        let allocated: i64 = reserved.keys().map(|place| stock.amounts(*place).allocated).sum();
        prop_assert_eq!(left, allocated);
    }
}
