use sqlx::PgPool;
use vectis_contracts::accounts::{AccountCode, AccountStatus, CreateAccount, CreateLocation, Credit};
use vectis_kernel::permission::staff;
use vectis_kernel::{Currency, Money};

use crate::tests::shop::{at, code, company, person, refused, shop, site};

/// `accounts` companies of `people` people each.
fn companies(accounts: usize, people: usize) -> Vec<CreateAccount> {
    let company_of = |number: usize| {
        let employees = (0..people).map(|at| person(&format!("{at}@{number}.example.com"), "Buyer"));
        let location = CreateLocation { employees: employees.collect(), ..site("x") };
        let external_reference = Some(format!("C-{number}"));
        let credit_limit = Some(Money::new(100_000, Currency::GBP));
        let locations = vec![location];
        CreateAccount { external_reference, credit_limit, locations, ..company("Acme") }
    };
    (0..accounts).map(company_of).collect()
}

#[sqlx::test(migrations = false)]
async fn a_company_is_created_with_its_sites_addresses_people_groups_and_credit(pool: PgPool) {
    let shop = shop(pool).await;
    let wholesale = shop.accounts.group_upsert(&shop.system, "Wholesale").await.unwrap();
    let limit = Money::new(250_000, Currency::GBP);
    let given = CreateAccount {
        name: " Acme ".to_owned(),
        external_reference: Some("C-17".to_owned()),
        credit_limit: Some(limit),
        group_ids: vec![wholesale, wholesale],
        ..company("Acme")
    };

    let id = shop.create(given).await;

    let account = shop.account(id).await;
    assert_eq!((account.number.as_str(), account.version), ("AC-100001", 1));
    assert_eq!((account.name.as_str(), account.legal_name.as_str()), ("Acme", "Acme Ltd"));
    assert_eq!(account.external_reference.as_deref(), Some("C-17"));
    assert_eq!((account.status, account.payment_terms.as_str()), (AccountStatus::Active, "Net30"));
    assert_eq!(account.group_ids, [wholesale]);
    assert_eq!(account.credit, Some(Credit { limit, held: Money::zero(Currency::GBP) }));
    let locations = shop.accounts.locations(&shop.system, &[id]).await.unwrap();
    assert_eq!(locations.len(), 1);
    assert_eq!(locations[0].name, "Main site");
    let addresses = shop.accounts.addresses(&shop.system, &[locations[0].id]).await.unwrap();
    assert_eq!(addresses.len(), 1);
    assert_eq!(locations[0].default_address_id, Some(addresses[0].id));
    assert_eq!(addresses[0].postal.street, "1 High Street\nGate 4");
    let employees = shop.accounts.employees_of(&shop.system, &[id]).await.unwrap();
    let roles: Vec<&str> = employees.iter().map(|employee| employee.role_name.as_str()).collect();
    assert_eq!(roles, ["Admin", "Approver", "Buyer"]);
    assert_eq!(employees[2].email, "buyer@acme.example.com");
    assert_eq!(shop.audit.actions(), ["group.create", "account.create"]);
    assert_eq!(shop.audit.records()[1].account_id, Some(id));
    let created = [
        "vectis.accounts.group_created.v1",
        "vectis.accounts.account_created.v1",
        "vectis.accounts.location_created.v1",
        "vectis.accounts.address_created.v1",
        "vectis.accounts.employee_created.v1",
        "vectis.accounts.employee_created.v1",
        "vectis.accounts.employee_created.v1",
    ];
    assert_eq!(shop.event_types(), created);
}

#[sqlx::test(migrations = false)]
async fn accounts_are_numbered_in_the_order_given(pool: PgPool) {
    let shop = shop(pool).await;
    let ids = shop.accounts.accounts_create(&shop.system, companies(50, 1)).await.unwrap();
    for (at, id) in ids.into_iter().enumerate() {
        let account = shop.account(id).await;
        assert_eq!(account.number, format!("AC-{}", 100_001 + at));
        assert_eq!(account.external_reference, Some(format!("C-{at}")));
    }
}

#[sqlx::test(migrations = false)]
async fn everything_bad_is_refused_at_once_at_its_place_and_nothing_is_created(pool: PgPool) {
    let shop = shop(pool).await;
    shop.create(CreateAccount { external_reference: Some("C-1".to_owned()), ..company("Taken") }).await;
    let unknown = shop.system.new_id();
    let mut given = vec![company("A"), company("B"), company("C"), company("D")];
    given[0].name = String::new();
    given[0].payment_terms = "whenever".to_owned();
    given[0].credit_limit = Some(Money::new(-1, Currency::GBP));
    given[0].locations[0].name = "\0".to_owned();
    given[0].locations[0].employees[1].role = "King".to_owned();
    given[1].external_reference = Some("C-1".to_owned());
    given[1].group_ids = vec![unknown];
    given[1].locations[0].employees[0].email = "no address".to_owned();
    given[1].locations[0].employees[2].email = "admin@taken.example.com".to_owned();
    given[1].locations[0].employees[2].password = Some("short".to_owned());
    given[2].locations.clear();
    given[2].external_reference = Some("C-2".to_owned());
    given[3].external_reference = Some("C-2".to_owned());
    given[3].locations[0].employees[0].order_limit = Some(Money::new(-5, Currency::GBP));
    given[3].locations[0].employees[0].role = "Buyer\0".to_owned();
    if let Some(address) = &mut given[3].locations[0].address {
        address.country = "Britain".to_owned();
    }

    let mut refusals = refused(shop.accounts.accounts_create(&shop.system, given).await);

    refusals.sort_by(|one, two| one.0.cmp(&two.0));
    let expected = at([
        ("accounts.0.creditLimit", AccountCode::InvalidInput),
        ("accounts.0.locations.0.employees.1.role", AccountCode::RoleNotFound),
        ("accounts.0.locations.0.name", AccountCode::InvalidInput),
        ("accounts.0.name", AccountCode::InvalidInput),
        ("accounts.0.paymentTerms", AccountCode::InvalidInput),
        ("accounts.1.externalReference", AccountCode::Taken),
        ("accounts.1.groupIds.0", AccountCode::GroupNotFound),
        ("accounts.1.locations.0.employees.0.email", AccountCode::InvalidEmail),
        ("accounts.1.locations.0.employees.2.email", AccountCode::EmailTaken),
        ("accounts.1.locations.0.employees.2.password", AccountCode::WeakPassword),
        ("accounts.2.locations", AccountCode::InvalidInput),
        ("accounts.3.externalReference", AccountCode::Taken),
        ("accounts.3.locations.0.address.country", AccountCode::InvalidInput),
        ("accounts.3.locations.0.employees.0.orderLimit", AccountCode::InvalidInput),
        ("accounts.3.locations.0.employees.0.role", AccountCode::RoleNotFound),
    ]);
    assert_eq!(refusals, expected);
    assert_eq!(shop.count("SELECT count(*) FROM accounts.account").await, 1);
    assert_eq!(shop.event_types().len(), 6);
}

#[sqlx::test(migrations = false)]
async fn a_refusal_of_all_logins_together_is_about_the_whole(pool: PgPool) {
    let shop = shop(pool).await;
    let refusals = refused(shop.accounts.accounts_create(&shop.system, companies(1, 77)).await);
    assert_eq!(refusals, at([("", AccountCode::InvalidInput)]));
}

#[sqlx::test(migrations = false)]
async fn more_than_stated_is_refused_before_anything_is_looked_at(pool: PgPool) {
    let shop = shop(pool).await;
    let too_many = at([("accounts", AccountCode::TooMany)]);
    let mut spread = company("A");
    spread.locations = vec![CreateLocation { employees: Vec::new(), ..site("x") }; 10_001];
    let mut grouped = company("B");
    grouped.group_ids = (0..101).map(|_| shop.system.new_id()).collect();
    let before = shop.statements().await;

    assert_eq!(refused(shop.accounts.accounts_create(&shop.system, companies(1_001, 0)).await), too_many);
    assert_eq!(refused(shop.accounts.accounts_create(&shop.system, companies(1, 10_001)).await), too_many);
    assert_eq!(refused(shop.accounts.accounts_create(&shop.system, vec![spread]).await), too_many);
    assert_eq!(shop.statements().await.since(&before).total(), 0);

    let refusals = refused(shop.accounts.accounts_create(&shop.system, vec![grouped]).await);
    assert!(refusals.contains(&("accounts.0.groupIds".to_owned(), AccountCode::TooMany)));
}

#[sqlx::test(migrations = false)]
async fn a_thousand_accounts_with_ten_thousand_people_are_as_many_statements_as_one(pool: PgPool) {
    let shop = shop(pool).await;
    let mut counts = Vec::new();
    for (accounts, people) in [(1, 1), (100, 10), (1_000, 10)] {
        let given = companies(accounts, people);
        let before = shop.statements().await;
        let ids = shop.accounts.accounts_create(&shop.system, given).await;
        let ran = shop.statements().await.since(&before);
        counts.push(ran.total());
        assert_eq!(ids.unwrap().len(), accounts);
        sqlx::query("TRUNCATE accounts.account CASCADE").execute(shop.db.pool()).await.unwrap();
        shop.forget_emails();
    }
    // Taken keys, roles; accounts, groups, credit, sites, addresses, defaults, people; events. Logins and audit are others'.
    assert_eq!(counts, [10, 10, 10]);
    assert!(shop.accounts.accounts_create(&shop.system, Vec::new()).await.unwrap().is_empty());
}

#[sqlx::test(migrations = false)]
async fn of_two_calls_that_want_the_same_outside_keys_one_gets_them(pool: PgPool) {
    let shop = shop(pool).await;
    let mine: Vec<CreateAccount> = companies(100, 0);
    let theirs: Vec<CreateAccount> = mine.iter().rev().cloned().collect();

    let (one, two) = tokio::join!(
        shop.accounts.accounts_create(&shop.system, mine),
        shop.accounts.accounts_create(&shop.system, theirs)
    );

    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(won.unwrap().len(), 100);
    let refusals = refused(lost);
    assert_eq!(refusals.len(), 100);
    assert!(refusals.iter().all(|(_, code)| *code == AccountCode::Taken));
    assert_eq!(shop.count("SELECT count(*) FROM accounts.account").await, 100);
}

#[sqlx::test(migrations = false)]
async fn creating_accounts_is_for_staff_with_the_permission(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    for ctx in [
        shop.acting(&acme.admin).await,
        shop.staff(&[staff::ACCOUNTS_READ]),
        shop.customer(),
        shop.anonymous(),
    ] {
        let refusal = shop.accounts.accounts_create(&ctx, companies(1, 1)).await;
        assert_eq!(code(refusal), AccountCode::Forbidden, "{:?}", ctx.actor);
    }
    let staff = shop.staff(&[staff::ACCOUNTS_WRITE]);
    assert_eq!(shop.accounts.accounts_create(&staff, companies(1, 1)).await.unwrap().len(), 1);
}

#[sqlx::test(migrations = false)]
async fn a_repeated_creation_with_its_key_answers_the_same(pool: PgPool) {
    let shop = shop(pool).await;
    let ctx = shop.keyed("create");
    let first = shop.accounts.accounts_create(&ctx, companies(3, 2)).await.unwrap();
    let second = shop.accounts.accounts_create(&ctx, companies(3, 2)).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(shop.count("SELECT count(*) FROM accounts.account").await, 3);
}
