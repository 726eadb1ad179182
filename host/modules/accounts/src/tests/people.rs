use std::collections::BTreeSet;

use sqlx::PgPool;
use vectis_contracts::accounts::{AccountCode, CreateEmployee, Employee, UpdateEmployee};
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Currency, Money};

use crate::tests::shop::{Shop, at, person, refused, shop};

impl Shop {
    async fn employee(&self, of: &Employee) -> Employee {
        self.accounts.employees_by_id(&self.system, &[of.id]).await.unwrap().remove(0)
    }
}

fn role(name: &str) -> UpdateEmployee {
    UpdateEmployee { role: Some(name.to_owned()), ..UpdateEmployee::default() }
}

fn limit(minor: i64) -> UpdateEmployee {
    let order_limit = Some(Some(Money::new(minor, Currency::GBP)));
    UpdateEmployee { order_limit, ..UpdateEmployee::default() }
}

#[sqlx::test(migrations = false)]
async fn an_admin_hires_for_the_own_account(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let admin = shop.acting(&acme.admin).await;
    let given = CreateEmployee {
        name: " Ada ".to_owned(),
        order_limit: Some(Money::new(5_000, Currency::GBP)),
        ..person("Ada@Acme.example.com", "Approver")
    };

    let id = shop.accounts.employee_create(&admin, acme.location_id, given).await.unwrap();

    let ada = shop.accounts.employees_by_id(&admin, &[id]).await.unwrap().remove(0);
    assert_eq!((ada.name.as_str(), ada.email.as_str()), ("Ada", "ada@acme.example.com"));
    assert_eq!((ada.role_name.as_str(), ada.account_id), ("Approver", acme.account.id));
    assert_eq!(ada.order_limit, Some(Money::new(5_000, Currency::GBP)));
    assert!(shop.accounts.find_membership(ada.login_id).await.unwrap().is_some());
    assert_eq!(shop.event_types().last(), Some(&"vectis.accounts.employee_created.v1"));
    assert_eq!(shop.audit.actions().last(), Some(&"employee.create"));
}

#[sqlx::test(migrations = false)]
async fn all_that_is_wrong_with_a_new_employee_is_said_at_once(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let bad = CreateEmployee {
        email: "no address".to_owned(),
        name: String::new(),
        password: Some("short".to_owned()),
        role: "King".to_owned(),
        order_limit: Some(Money::new(-1, Currency::GBP)),
    };
    let taken = person("buyer@acme.example.com", "Buyer");

    let bad = shop.accounts.employee_create(&shop.system, acme.location_id, bad).await;
    let taken = shop.accounts.employee_create(&shop.system, acme.location_id, taken).await;

    let expected = at([
        ("orderLimit", AccountCode::InvalidInput),
        ("role", AccountCode::RoleNotFound),
        ("email", AccountCode::InvalidEmail),
        ("name", AccountCode::InvalidInput),
        ("password", AccountCode::WeakPassword),
    ]);
    assert_eq!(refused(bad), expected);
    assert_eq!(refused(taken), at([("email", AccountCode::EmailTaken)]));
    assert_eq!(shop.count("SELECT count(*) FROM accounts.employee").await, 3);
}

#[sqlx::test(migrations = false)]
async fn nobody_changes_the_own_role_or_limit(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let admin = shop.acting(&acme.admin).await;
    let both = UpdateEmployee {
        role: Some("Buyer".to_owned()),
        order_limit: Some(None),
        ..UpdateEmployee::default()
    };

    let refusal = shop.accounts.employee_update(&admin, acme.admin.id, both).await;

    let expected = at([("role", AccountCode::Forbidden), ("orderLimit", AccountCode::Forbidden)]);
    assert_eq!(refused(refusal), expected);
    assert_eq!(shop.employee(&acme.admin).await.role_name, "Admin");
    let renamed = UpdateEmployee { name: Some("Ada".to_owned()), ..UpdateEmployee::default() };
    shop.accounts.employee_update(&admin, acme.admin.id, renamed).await.unwrap();
    assert_eq!(shop.employee(&acme.admin).await.name, "Ada");
}

#[sqlx::test(migrations = false)]
async fn an_admin_changes_colleagues(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let admin = shop.acting(&acme.admin).await;

    shop.accounts.employee_update(&admin, acme.buyer.id, role("Approver")).await.unwrap();
    shop.accounts.employee_update(&admin, acme.buyer.id, limit(700)).await.unwrap();

    let buyer = shop.employee(&acme.buyer).await;
    assert_eq!(
        (buyer.role_name.as_str(), buyer.order_limit),
        ("Approver", Some(Money::new(700, Currency::GBP)))
    );
    let unlimited = UpdateEmployee { order_limit: Some(None), ..UpdateEmployee::default() };
    shop.accounts.employee_update(&admin, acme.buyer.id, unlimited).await.unwrap();
    assert_eq!(shop.employee(&acme.buyer).await.order_limit, None);
    assert_eq!(shop.event_types().last(), Some(&"vectis.accounts.employee_changed.v1"));
    assert_eq!(shop.audit.actions().last(), Some(&"employee.update"));
}

#[sqlx::test(migrations = false)]
async fn no_employee_gives_a_right_it_does_not_hold(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let manager = BTreeSet::from([buyer::BROWSE, buyer::ORDER, buyer::MANAGE]);
    shop.accounts.role_upsert(&shop.system, "Manager", manager).await.unwrap();
    shop.accounts.employee_update(&shop.system, acme.approver.id, role("Manager")).await.unwrap();
    let manager = shop.acting(&acme.approver).await;
    let accounts = &shop.accounts;

    let promoted = accounts.employee_update(&manager, acme.buyer.id, role("Approver")).await;
    let hired = accounts.employee_create(&manager, acme.location_id, person("x@example.com", "Admin")).await;

    assert_eq!(refused(promoted), at([("role", AccountCode::Forbidden)]));
    assert_eq!(refused(hired), at([("role", AccountCode::Forbidden)]));
    accounts.employee_update(&manager, acme.buyer.id, role("Manager")).await.unwrap();
    accounts
        .employee_update(&shop.staff(&[staff::ACCOUNTS_WRITE]), acme.buyer.id, role("Admin"))
        .await
        .unwrap();
}

#[sqlx::test(migrations = false)]
async fn a_bad_change_is_refused_with_all_reasons_and_changes_nothing(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let bad = UpdateEmployee {
        name: Some("\0".to_owned()),
        role: Some("King\0".to_owned()),
        order_limit: Some(Some(Money::new(-1, Currency::GBP))),
        is_active: Some(false),
    };

    let refusal = shop.accounts.employee_update(&shop.system, acme.buyer.id, bad).await;

    let expected = at([
        ("name", AccountCode::InvalidInput),
        ("role", AccountCode::RoleNotFound),
        ("orderLimit", AccountCode::InvalidInput),
    ]);
    assert_eq!(refused(refusal), expected);
    assert!(shop.employee(&acme.buyer).await.is_active);
}

#[sqlx::test(migrations = false)]
async fn repeated_commands_on_people_with_their_keys_have_one_effect(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let ada = || person("ada@acme.example.com", "Buyer");
    let ctx = shop.keyed("hire");
    let first = shop.accounts.employee_create(&ctx, acme.location_id, ada()).await.unwrap();
    let second = shop.accounts.employee_create(&ctx, acme.location_id, ada()).await.unwrap();
    assert_eq!(first, second);
    let ctx = shop.keyed("change");
    shop.accounts.employee_update(&ctx, first, limit(1)).await.unwrap();
    shop.accounts.employee_update(&ctx, first, limit(1)).await.unwrap();
    assert_eq!(shop.event_types().len(), 6 + 2);
}
