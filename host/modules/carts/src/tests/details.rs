use sqlx::PgPool;
use vectis_contracts::accounts::PostalAddress;
use vectis_contracts::carts::{AddressChoice, CartCode, CartDetails, OnDuplicate};
use vectis_kernel::permission::{buyer, staff};

use super::world::{MINE, World, code, line, postal, refusals, this};

#[sqlx::test(migrations = false)]
async fn details_are_set_one_by_one_and_the_others_stay(pool: PgPool) {
    let world = World::new(pool).await;
    world.add(vec![line("MUG", 1)]).await.unwrap();
    let known = world.address(&world.buyer, "London");
    let first = CartDetails {
        po_number: Some("PO 4711".to_owned()),
        shipping_address: Some(AddressChoice::Known(known.id)),
        ..CartDetails::default()
    };
    let second = CartDetails {
        note: Some("ring twice".to_owned()),
        billing_address: Some(AddressChoice::Written(postal("Leeds"))),
        ..CartDetails::default()
    };

    world.carts.details_set(&world.buyer, MINE, first).await.unwrap();
    let change = world.carts.details_set(&world.buyer, MINE, second).await.unwrap();

    let cart = world.mine().await;
    assert_eq!((change.version, cart.version), (3, 3));
    assert_eq!((cart.po_number.as_str(), cart.note.as_str()), ("PO 4711", "ring twice"));
    assert_eq!((cart.shipping_address, cart.billing_address), (Some(known.postal), Some(postal("Leeds"))));
    assert_eq!(cart.lines.len(), 1);
    let detail = world.change(|answers| answers.audited.last().unwrap().detail.clone());
    assert_eq!(detail, serde_json::json!({ "fields": ["note", "billing_address"] }));
}

#[sqlx::test(migrations = false)]
async fn details_may_be_the_first_thing_a_cart_has(pool: PgPool) {
    let world = World::new(pool).await;
    let details = CartDetails { po_number: Some("PO 1".to_owned()), ..CartDetails::default() };

    let change = world.carts.details_set(&world.buyer, MINE, details).await.unwrap();

    let cart = world.mine().await;
    assert_eq!((cart.id, cart.version, cart.po_number.as_str()), (change.cart_id, 1, "PO 1"));
}

#[sqlx::test(migrations = false)]
async fn every_bad_detail_is_named_at_once_and_nothing_is_set(pool: PgPool) {
    let world = World::new(pool).await;
    let country = |country: &str| PostalAddress { country: country.to_owned(), ..postal("London") };
    let details = CartDetails {
        po_number: Some("9".repeat(101)),
        note: Some("é".repeat(2_001)),
        shipping_address: Some(AddressChoice::Known(world.new_id())),
        billing_address: Some(AddressChoice::Written(PostalAddress {
            name: "n".repeat(201),
            street: "a\0b".to_owned(),
            ..country("gb")
        })),
    };

    let refused = world.carts.details_set(&world.buyer, MINE, details).await;

    let expected = [
        (CartCode::InvalidInput, "po_number"),
        (CartCode::InvalidInput, "note"),
        (CartCode::AddressNotFound, "shipping_address"),
        (CartCode::InvalidInput, "billing_address.name"),
        (CartCode::InvalidInput, "billing_address.street"),
        (CartCode::InvalidInput, "billing_address.country"),
    ];
    assert_eq!(refusals(refused), expected.map(|(code, field)| (code, field.to_owned())));
    assert_eq!(world.stored_carts().await, 0);
}

#[sqlx::test(migrations = false)]
async fn an_address_of_another_account_does_not_exist_not_even_for_staff(pool: PgPool) {
    let world = World::new(pool).await;
    let cart_id = world.add(vec![line("MUG", 1)]).await.unwrap().cart_id;
    let foreign = world.address(&world.stranger(&[buyer::ORDER]), "Paris");
    let own = world.address(&world.buyer, "London");
    let to = |address| CartDetails {
        shipping_address: Some(AddressChoice::Known(address)),
        ..CartDetails::default()
    };
    let staff = world.staff(&[staff::ORDERS_PLACE_FOR]);

    let by_buyer = world.carts.details_set(&world.buyer, this(cart_id), to(foreign.id)).await;
    let by_staff = world.carts.details_set(&staff, this(cart_id), to(foreign.id)).await;
    let fitting = world.carts.details_set(&staff, this(cart_id), to(own.id)).await;

    assert_eq!(code(by_buyer), CartCode::AddressNotFound);
    assert_eq!(code(by_staff), CartCode::AddressNotFound);
    assert!(fitting.is_ok());
}

#[sqlx::test(migrations = false)]
async fn a_guest_has_no_known_addresses(pool: PgPool) {
    let world = World::new(pool).await;
    let guest = world.guest("g1");
    world.carts.lines_add(&guest, MINE, vec![line("MUG", 1)], OnDuplicate::Merge).await.unwrap();
    let known = world.address(&world.buyer, "London");
    let details =
        CartDetails { shipping_address: Some(AddressChoice::Known(known.id)), ..CartDetails::default() };

    let refused = world.carts.details_set(&guest, MINE, details).await;

    assert_eq!(code(refused), CartCode::AddressNotFound);
}
