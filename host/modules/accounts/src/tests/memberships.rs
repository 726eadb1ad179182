use std::collections::BTreeSet;

use sqlx::PgPool;
use vectis_contracts::accounts::{AccountStatus, UpdateAccount, UpdateEmployee};
use vectis_kernel::permission::buyer;
use vectis_kernel::{Currency, Money};

use crate::tests::shop::{Shop, postal, shop};

impl Shop {
    async fn deactivate(&self, employee: &vectis_contracts::accounts::Employee) {
        let changes = UpdateEmployee { is_active: Some(false), ..UpdateEmployee::default() };
        self.accounts.employee_update(&self.system, employee.id, changes).await.unwrap();
    }
}

#[sqlx::test(migrations = false)]
async fn one_statement_tells_all_a_request_needs_to_know_of_who_acts(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let limit = Money::new(50_000, Currency::GBP);
    let changes = UpdateEmployee { order_limit: Some(Some(limit)), ..UpdateEmployee::default() };
    shop.accounts.employee_update(&shop.system, acme.approver.id, changes).await.unwrap();
    let wholesale = shop.accounts.group_upsert(&shop.system, "Wholesale").await.unwrap();
    let changes = UpdateAccount {
        group_ids: Some(vec![wholesale]),
        status: Some(AccountStatus::Suspended),
        ..UpdateAccount::default()
    };
    shop.accounts.account_update(&shop.system, acme.account.id, 1, changes).await.unwrap();

    let before = shop.statements().await;
    let found = shop.accounts.find_membership(acme.approver.login_id).await.unwrap().unwrap();
    let ran = shop.statements().await.since(&before);

    assert_eq!(ran.total(), 1, "{:?}", ran.by_text());
    assert_eq!(found.employee.id, acme.approver.id);
    assert_eq!((found.employee.account_id, found.employee.location_id), (acme.account.id, acme.location_id));
    assert_eq!((found.employee.role_name.as_str(), found.employee.order_limit), ("Approver", Some(limit)));
    let approver = BTreeSet::from([buyer::BROWSE, buyer::ORDER, buyer::APPROVE, buyer::ORDERS_READ_ALL]);
    assert_eq!(*found.permissions, approver);
    assert_eq!((found.account_status, found.payment_terms.as_str()), (AccountStatus::Suspended, "Net30"));
    assert_eq!(found.group_ids, [wholesale]);
    assert_eq!(found.default_address, Some(postal()));
}

#[sqlx::test(migrations = false)]
async fn an_unknown_login_has_no_membership(pool: PgPool) {
    let shop = shop(pool).await;
    shop.company("Acme").await;
    assert!(shop.accounts.find_membership(shop.system.new_id()).await.unwrap().is_none());
}

#[sqlx::test(migrations = false)]
async fn a_deactivated_employee_has_no_membership_and_nothing_else_is_touched(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;

    shop.deactivate(&acme.buyer).await;

    assert!(shop.accounts.find_membership(acme.buyer.login_id).await.unwrap().is_none());
    let left = shop.accounts.memberships(&[acme.buyer.id, acme.approver.id]).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].employee.id, acme.approver.id);
    let employees = shop.accounts.employees_of(&shop.system, &[acme.account.id]).await.unwrap();
    let active: Vec<bool> = employees.iter().map(|employee| employee.is_active).collect();
    assert_eq!(active, [true, true, false]);
    assert_eq!(shop.account(acme.account.id).await.status, AccountStatus::Active);
    assert_eq!(shop.accounts.locations(&shop.system, &[acme.account.id]).await.unwrap().len(), 1);
}

#[sqlx::test(migrations = false)]
async fn memberships_by_employee_are_one_statement_and_leave_out_who_is_not_there(pool: PgPool) {
    let shop = shop(pool).await;
    let (acme, bolt) = (shop.company("Acme").await, shop.company("Bolt").await);
    let ids = [acme.buyer.id, bolt.admin.id, shop.system.new_id(), acme.buyer.id];

    let before = shop.statements().await;
    let found = shop.accounts.memberships(&ids).await.unwrap();
    let ran = shop.statements().await.since(&before);

    assert_eq!(ran.total(), 1);
    let found: BTreeSet<_> = found.into_iter().map(|membership| membership.employee.id).collect();
    assert_eq!(found, BTreeSet::from([acme.buyer.id, bolt.admin.id]));
    assert!(shop.accounts.memberships(&[]).await.unwrap().is_empty());
}

#[sqlx::test(migrations = false)]
async fn a_changed_role_counts_from_the_next_request_on(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let only_browsing = BTreeSet::from([buyer::BROWSE]);

    shop.accounts.role_upsert(&shop.system, "Buyer", only_browsing.clone()).await.unwrap();

    let found = shop.accounts.find_membership(acme.buyer.login_id).await.unwrap().unwrap();
    assert_eq!(*found.permissions, only_browsing);
}
