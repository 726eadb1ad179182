use sqlx::PgPool;
use vectis_contracts::accounts::{AccountCode, AccountStatus, CreateAccount, Credit, UpdateAccount};
use vectis_kernel::ids::AccountId;
use vectis_kernel::permission::staff;
use vectis_kernel::{Currency, Failure, Money};

use crate::tests::shop::{Shop, at, company, refused, shop};

fn pounds(amount: i64) -> Money {
    Money::new(amount * 100, Currency::GBP)
}

fn credit(limit: Option<Money>) -> UpdateAccount {
    UpdateAccount { credit_limit: Some(limit), ..UpdateAccount::default() }
}

impl Shop {
    async fn update(&self, id: AccountId, changes: UpdateAccount) -> Result<(), Failure<AccountCode>> {
        let version = self.account(id).await.version;
        self.accounts.account_update(&self.system, id, version, changes).await
    }

    /// An account with a limit of £100, of which £60 are held.
    async fn indebted(&self) -> AccountId {
        let id = self.create(CreateAccount { credit_limit: Some(pounds(100)), ..company("Acme") }).await;
        let mut tx = self.db.begin().await.unwrap();
        let order = self.system.ids.next();
        self.accounts.credit_hold(&mut tx, &self.system, id, order, pounds(60)).await.unwrap();
        tx.commit().await.unwrap();
        id
    }
}

#[sqlx::test(migrations = false)]
async fn what_is_given_changes_and_the_rest_stays(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let group = shop.accounts.group_upsert(&shop.system, "Wholesale").await.unwrap();
    let changes = UpdateAccount {
        name: Some("Acme & Co".to_owned()),
        status: Some(AccountStatus::Suspended),
        group_ids: Some(vec![group, group]),
        credit_limit: Some(Some(pounds(5))),
        ..UpdateAccount::default()
    };

    let staff = shop.staff(&[staff::ACCOUNTS_WRITE]);
    shop.accounts.account_update(&staff, acme.account.id, 1, changes).await.unwrap();

    let account = shop.account(acme.account.id).await;
    assert_eq!((account.name.as_str(), account.legal_name.as_str()), ("Acme & Co", "Acme Ltd"));
    assert_eq!((account.status, account.payment_terms.as_str()), (AccountStatus::Suspended, "Net30"));
    assert_eq!((account.group_ids, account.version), (vec![group], 2));
    assert_eq!(account.credit, Some(Credit { limit: pounds(5), held: pounds(0) }));
    assert_eq!(shop.event_types().last(), Some(&"vectis.accounts.account_changed.v1"));
    assert_eq!(shop.audit.actions().last(), Some(&"account.update"));

    let rest = UpdateAccount {
        legal_name: Some(String::new()),
        payment_terms: Some(String::new()),
        group_ids: Some(Vec::new()),
        credit_limit: Some(None),
        ..UpdateAccount::default()
    };
    shop.update(acme.account.id, rest).await.unwrap();
    let account = shop.account(acme.account.id).await;
    assert_eq!((account.legal_name.as_str(), account.payment_terms.as_str()), ("", ""));
    assert_eq!((account.group_ids.len(), account.credit, account.version), (0, None, 3));
}

#[sqlx::test(migrations = false)]
async fn a_stale_version_or_an_unknown_account_is_refused(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let rename = || UpdateAccount { name: Some("X".to_owned()), ..UpdateAccount::default() };
    shop.update(acme.account.id, UpdateAccount::default()).await.unwrap();

    let stale = shop.accounts.account_update(&shop.system, acme.account.id, 1, rename()).await;
    let unknown = shop.accounts.account_update(&shop.system, shop.system.new_id(), 1, rename()).await;

    assert_eq!(refused(stale), at([("version", AccountCode::StaleVersion)]));
    assert_eq!(refused(unknown), at([("id", AccountCode::AccountNotFound)]));
    assert_eq!(shop.account(acme.account.id).await.name, "Acme");
}

#[sqlx::test(migrations = false)]
async fn of_two_changes_to_one_version_one_is_refused(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.company("Acme").await.account.id;
    let rename = |name: &str| UpdateAccount { name: Some(name.to_owned()), ..UpdateAccount::default() };
    let (one, two) = tokio::join!(
        shop.accounts.account_update(&shop.system, id, 1, rename("One")),
        shop.accounts.account_update(&shop.system, id, 1, rename("Two"))
    );
    assert_ne!(one.is_ok(), two.is_ok());
    let lost = if one.is_ok() { two } else { one };
    assert_eq!(refused(lost), at([("version", AccountCode::StaleVersion)]));
    assert_eq!(shop.account(id).await.version, 2);
}

#[sqlx::test(migrations = false)]
async fn a_bad_change_is_refused_with_all_reasons_and_changes_nothing(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let bad = UpdateAccount {
        name: Some(String::new()),
        legal_name: Some("\0".to_owned()),
        payment_terms: Some("soon".to_owned()),
        group_ids: Some(vec![shop.system.new_id()]),
        credit_limit: Some(Some(pounds(-1))),
        status: Some(AccountStatus::Closed),
    };
    let many = UpdateAccount {
        group_ids: Some((0..101).map(|_| shop.system.new_id()).collect()),
        ..UpdateAccount::default()
    };

    let expected = at([
        ("creditLimit", AccountCode::InvalidInput),
        ("name", AccountCode::InvalidInput),
        ("legalName", AccountCode::InvalidInput),
        ("paymentTerms", AccountCode::InvalidInput),
        ("groupIds.0", AccountCode::GroupNotFound),
    ]);
    assert_eq!(refused(shop.update(acme.account.id, bad).await), expected);
    assert_eq!(refused(shop.update(acme.account.id, many).await), at([("groupIds", AccountCode::TooMany)]));
    let account = shop.account(acme.account.id).await;
    assert_eq!((account.status, account.version), (AccountStatus::Active, 1));
}

#[sqlx::test(migrations = false)]
async fn a_credit_limit_cannot_go_below_what_is_held_nor_change_its_currency_nor_vanish(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.indebted().await;
    let euros = Money::new(1_000_000, Currency::EUR);

    for limit in [Some(pounds(59)), Some(euros), None] {
        let refusal = shop.update(id, credit(limit)).await;
        assert_eq!(refused(refusal), at([("creditLimit", AccountCode::CreditInUse)]), "{limit:?}");
    }
    assert_eq!(shop.account(id).await.credit, Some(Credit { limit: pounds(100), held: pounds(60) }));

    shop.update(id, credit(Some(pounds(60)))).await.unwrap();
    assert_eq!(shop.account(id).await.credit, Some(Credit { limit: pounds(60), held: pounds(60) }));
}

#[sqlx::test(migrations = false)]
async fn a_repeated_change_with_its_key_has_one_effect(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.company("Acme").await.account.id;
    let ctx = shop.keyed("update");
    shop.accounts.account_update(&ctx, id, 1, UpdateAccount::default()).await.unwrap();
    shop.accounts.account_update(&ctx, id, 1, UpdateAccount::default()).await.unwrap();
    assert_eq!(shop.account(id).await.version, 2);
}
