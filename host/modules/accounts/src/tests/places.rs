use sqlx::PgPool;
use vectis_contracts::accounts::{AccountCode, AddressUse, CreateLocation, PostalAddress};

use crate::tests::shop::{at, person, postal, refused, shop, site};

#[sqlx::test(migrations = false)]
async fn an_admin_adds_a_site_with_its_people(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let admin = shop.acting(&acme.admin).await;
    let employees = vec![person("ada@acme.example.com", "Buyer"), person("bob@acme.example.com", "Admin")];
    let given = CreateLocation { name: "Depot".to_owned(), employees, ..site("x") };

    let id = shop.accounts.location_create(&admin, acme.account.id, given).await.unwrap();

    let locations = shop.accounts.locations(&admin, &[acme.account.id]).await.unwrap();
    assert_eq!(locations.len(), 2);
    assert_eq!((locations[1].id, locations[1].name.as_str()), (id, "Depot"));
    let addresses = shop.accounts.addresses(&admin, &[id]).await.unwrap();
    assert_eq!(locations[1].default_address_id, Some(addresses[0].id));
    let employees = shop.accounts.employees_of(&admin, &[acme.account.id]).await.unwrap();
    assert_eq!(employees.iter().filter(|employee| employee.location_id == id).count(), 2);
    assert_eq!(shop.audit.actions().last(), Some(&"location.create"));
    let added = [
        "vectis.accounts.location_created.v1",
        "vectis.accounts.address_created.v1",
        "vectis.accounts.employee_created.v1",
        "vectis.accounts.employee_created.v1",
    ];
    assert_eq!(shop.event_types()[6..], added);
}

#[sqlx::test(migrations = false)]
async fn all_that_is_wrong_with_a_site_is_said_at_once(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let bad = CreateLocation {
        name: String::new(),
        address: Some(PostalAddress { city: "Lon\ndon".to_owned(), ..postal() }),
        employees: vec![person("ada@example.com", "Buyer"), person("no address", "King")],
    };
    let crowd = CreateLocation { employees: vec![person("x@example.com", "Buyer"); 10_001], ..site("x") };

    let bad = shop.accounts.location_create(&shop.system, acme.account.id, bad).await;
    let crowd = shop.accounts.location_create(&shop.system, acme.account.id, crowd).await;

    let expected = at([
        ("name", AccountCode::InvalidInput),
        ("address.city", AccountCode::InvalidInput),
        ("employees.1.role", AccountCode::RoleNotFound),
        ("employees.1.email", AccountCode::InvalidEmail),
    ]);
    assert_eq!(refused(bad), expected);
    assert_eq!(refused(crowd), at([("employees", AccountCode::TooMany)]));
    assert_eq!(shop.count("SELECT count(*) FROM accounts.location").await, 1);
}

#[sqlx::test(migrations = false)]
async fn an_address_is_added_as_the_default_or_beside_it(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let admin = shop.acting(&acme.admin).await;
    let default_of = async || {
        let locations = shop.accounts.locations(&admin, &[acme.account.id]).await.unwrap();
        locations[0].default_address_id.unwrap()
    };
    let first = default_of().await;
    let leeds = PostalAddress { city: "Leeds".to_owned(), ..postal() };

    let add =
        |address_use| shop.accounts.address_create(&admin, acme.location_id, leeds.clone(), address_use);
    let beside = add(AddressUse::Additional).await.unwrap();
    assert_eq!(default_of().await, first);
    let instead = add(AddressUse::Default).await.unwrap();
    assert_eq!(default_of().await, instead);

    let found = shop.accounts.find_address(&admin, beside).await.unwrap().unwrap();
    assert_eq!((found.location_id, found.postal), (acme.location_id, leeds.clone()));
    assert_eq!(shop.accounts.addresses(&admin, &[acme.location_id]).await.unwrap().len(), 3);
    let membership = shop.accounts.find_membership(acme.buyer.login_id).await.unwrap().unwrap();
    assert_eq!(membership.default_address, Some(leeds));
    assert_eq!(shop.event_types().last(), Some(&"vectis.accounts.address_created.v1"));
    assert_eq!(shop.audit.actions().last(), Some(&"address.create"));
}

#[sqlx::test(migrations = false)]
async fn a_bad_address_is_refused(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let bad = PostalAddress { country: "gb".to_owned(), street: "x".repeat(401), ..postal() };
    let refusal =
        shop.accounts.address_create(&shop.system, acme.location_id, bad, AddressUse::Additional).await;
    let expected = at([("country", AccountCode::InvalidInput), ("street", AccountCode::InvalidInput)]);
    assert_eq!(refused(refusal), expected);
}

#[sqlx::test(migrations = false)]
async fn the_default_address_of_a_site_cannot_be_anothers(pool: PgPool) {
    let shop = shop(pool).await;
    let (acme, bolt) = (shop.company("Acme").await, shop.company("Bolt").await);
    let theirs = shop.accounts.addresses(&shop.system, &[bolt.location_id]).await.unwrap()[0].id;
    let stolen = sqlx::query("UPDATE accounts.location SET default_address_id = $2 WHERE id = $1")
        .bind(acme.location_id.0)
        .bind(theirs.0)
        .execute(shop.db.pool())
        .await;
    assert!(stolen.unwrap_err().to_string().contains("foreign key"));
}

#[sqlx::test(migrations = false)]
async fn repeated_commands_on_places_with_their_keys_have_one_effect(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let depot = || CreateLocation { employees: Vec::new(), ..site("x") };
    let ctx = shop.keyed("site");
    let first = shop.accounts.location_create(&ctx, acme.account.id, depot()).await.unwrap();
    let second = shop.accounts.location_create(&ctx, acme.account.id, depot()).await.unwrap();
    assert_eq!(first, second);
    let ctx = shop.keyed("address");
    let add = || shop.accounts.address_create(&ctx, first, postal(), AddressUse::Default);
    assert_eq!(add().await.unwrap(), add().await.unwrap());
    assert_eq!(shop.count("SELECT count(*) FROM accounts.location").await, 2);
    assert_eq!(shop.count("SELECT count(*) FROM accounts.address").await, 3);
}
