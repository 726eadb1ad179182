use sqlx::PgPool;
use vectis_contracts::accounts::{AccountFilter, AccountStatus, CreateAccount};
use vectis_kernel::PageRequest;
use vectis_kernel::ids::AccountId;

use crate::tests::shop::{Shop, company, shop};

impl Shop {
    async fn found(&self, filter: AccountFilter) -> Vec<AccountId> {
        let page = self.accounts.list(&self.system, &filter, PageRequest::first(100)).await.unwrap();
        page.items.into_iter().map(|account| account.id).collect()
    }

    async fn found_by_text(&self, text: &str) -> Vec<AccountId> {
        self.found(AccountFilter { text: Some(text.to_owned()), ..AccountFilter::default() }).await
    }
}

fn empty(name: &str, legal_name: &str) -> CreateAccount {
    let mut given = company(name);
    given.legal_name = legal_name.to_owned();
    given.locations[0].employees.clear();
    given
}

#[sqlx::test(migrations = false)]
async fn accounts_are_listed_newest_first_in_pages(pool: PgPool) {
    let shop = shop(pool).await;
    let given = (0..5).map(|number| empty(&format!("Company {number}"), "")).collect();
    let mut made = shop.accounts.accounts_create(&shop.system, given).await.unwrap();
    made.reverse();

    let mut listed = Vec::new();
    let mut page = PageRequest::first(2);
    loop {
        let got = shop.accounts.list(&shop.system, &AccountFilter::default(), page).await.unwrap();
        listed.extend(got.items.iter().map(|account| account.id));
        page.after = got.items.last().map(|account| account.id.0);
        if !got.has_next {
            break;
        }
    }

    assert_eq!(listed, made);
}

#[sqlx::test(migrations = false)]
async fn text_is_looked_for_in_names_and_numbers_as_it_is(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.create(empty("Acme 100%", "Rocket_Works")).await;
    let bolt = shop.create(empty("Bolt", "Rocket Works")).await;

    assert_eq!(shop.found_by_text("aCmE").await, [acme]);
    assert_eq!(shop.found_by_text("rocket").await, [bolt, acme]);
    assert_eq!(shop.found_by_text("ac-10000").await, [bolt, acme]);
    assert_eq!(shop.found_by_text("AC-100002").await, [bolt]);
    assert_eq!(shop.found_by_text("%").await, [acme]);
    assert_eq!(shop.found_by_text("rocket_works").await, [acme]);
    for nothing in ["nobody", "\\", "'", "\0"] {
        assert!(shop.found_by_text(nothing).await.is_empty(), "{nothing:?}");
    }
}

#[sqlx::test(migrations = false)]
async fn filters_narrow_together(pool: PgPool) {
    let shop = shop(pool).await;
    let group = shop.accounts.group_upsert(&shop.system, "Wholesale").await.unwrap();
    let acme = CreateAccount {
        group_ids: vec![group],
        external_reference: Some("C-1".to_owned()),
        ..empty("Acme", "")
    };
    let acme = shop.create(acme).await;
    let bolt = CreateAccount { group_ids: vec![group], status: AccountStatus::Prospect, ..empty("Bolt", "") };
    let bolt = shop.create(bolt).await;
    let cog = shop.create(empty("Cog", "")).await;

    let in_group = AccountFilter { group_id: Some(group), ..AccountFilter::default() };
    let active = AccountFilter { status: Some(AccountStatus::Active), ..AccountFilter::default() };
    let both = AccountFilter { status: Some(AccountStatus::Active), ..in_group.clone() };
    let referenced =
        |text: &str| AccountFilter { external_reference: Some(text.to_owned()), ..AccountFilter::default() };
    assert_eq!(shop.found(in_group).await, [bolt, acme]);
    assert_eq!(shop.found(active).await, [cog, acme]);
    assert_eq!(shop.found(both).await, [acme]);
    assert_eq!(shop.found(referenced("C-1")).await, [acme]);
    assert!(shop.found(referenced("C-")).await.is_empty());
    assert!(shop.found(referenced("C-1\0")).await.is_empty());
}

#[sqlx::test(migrations = false)]
async fn the_employees_of_an_account_are_its_first_thousand_by_name(pool: PgPool) {
    let shop = shop(pool).await;
    let mut crowd = empty("Crowd", "");
    crowd.locations[0].employees = (0..1_001)
        .map(|number| {
            let mut person = crate::tests::shop::person(&format!("{number}@crowd.example.com"), "Buyer");
            person.name = format!("Person {number:04}");
            person
        })
        .rev()
        .collect();
    let crowd = shop.create(crowd).await;
    let acme = shop.company("Acme").await;

    let found = shop.accounts.employees_of(&shop.system, &[crowd, acme.account.id, crowd]).await.unwrap();

    let of_crowd: Vec<&str> = found
        .iter()
        .filter(|employee| employee.account_id == crowd)
        .map(|employee| employee.name.as_str())
        .collect();
    assert_eq!((of_crowd.len(), found.len()), (1_000, 1_003));
    assert_eq!((of_crowd[0], of_crowd[999]), ("Person 0000", "Person 0999"));
}
