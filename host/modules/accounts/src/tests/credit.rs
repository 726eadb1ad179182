use futures_util::future::join_all;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::accounts::{CreateAccount, Credit, CreditCode};
use vectis_kernel::ids::AccountId;
use vectis_kernel::{Currency, Failure, Money};

use crate::tests::shop::{Shop, code, company, shop};

fn pounds(amount: i64) -> Money {
    Money::new(amount * 100, Currency::GBP)
}

impl Shop {
    async fn with_limit(&self, limit: Money) -> AccountId {
        self.create(CreateAccount { credit_limit: Some(limit), ..company("Acme") }).await
    }

    async fn hold(&self, id: AccountId, owner: Uuid, amount: Money) -> Result<(), Failure<CreditCode>> {
        let mut tx = self.db.begin().await?;
        self.accounts.credit_hold(&mut tx, &self.system, id, owner, amount).await?;
        Ok(tx.commit().await?)
    }

    async fn release(&self, id: AccountId, owner: Uuid) {
        let mut tx = self.db.begin().await.unwrap();
        self.accounts.credit_release(&mut tx, &self.system, id, owner).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn left(&self, id: AccountId) -> Option<Money> {
        self.accounts.credit_available(id, Currency::GBP).await.unwrap()
    }

    /// What the holds add up to, beside what the credit says is held.
    async fn held(&self, id: AccountId) -> (Money, i64) {
        let held = self.account(id).await.credit.unwrap().held;
        let query = "SELECT COALESCE(SUM(amount_minor), 0)::bigint FROM accounts.credit_hold";
        (held, self.count(query).await)
    }
}

#[sqlx::test(migrations = false)]
async fn what_is_held_is_not_available_until_it_is_released(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.with_limit(pounds(100)).await;
    let order = shop.system.ids.next();
    assert_eq!(shop.left(id).await, Some(pounds(100)));

    shop.hold(id, order, pounds(60)).await.unwrap();

    assert_eq!(shop.left(id).await, Some(pounds(40)));
    assert_eq!(shop.account(id).await.credit, Some(Credit { limit: pounds(100), held: pounds(60) }));
    shop.release(id, order).await;
    shop.release(id, order).await;
    shop.release(id, shop.system.ids.next()).await;
    assert_eq!(shop.left(id).await, Some(pounds(100)));
    assert_eq!(shop.held(id).await, (pounds(0), 0));
}

#[sqlx::test(migrations = false)]
async fn the_limit_can_be_used_up_and_not_exceeded_by_a_penny(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.with_limit(pounds(100)).await;

    let over = shop.hold(id, shop.system.ids.next(), Money::new(10_001, Currency::GBP)).await;
    assert_eq!(code(over), CreditCode::InsufficientCredit);
    shop.hold(id, shop.system.ids.next(), pounds(100)).await.unwrap();
    let more = shop.hold(id, shop.system.ids.next(), Money::new(1, Currency::GBP)).await;
    assert_eq!(code(more), CreditCode::InsufficientCredit);
    let huge = shop.hold(id, shop.system.ids.next(), Money::new(i64::MAX, Currency::GBP)).await;
    assert_eq!(code(huge), CreditCode::InsufficientCredit);

    assert_eq!(shop.held(id).await, (pounds(100), 10_000));
}

#[sqlx::test(migrations = false)]
async fn without_credit_in_the_currency_nothing_is_held(pool: PgPool) {
    let shop = shop(pool).await;
    let none = shop.create(company("Bolt")).await;
    let id = shop.with_limit(pounds(100)).await;
    let euros = Money::new(1, Currency::EUR);

    assert_eq!(code(shop.hold(none, shop.system.ids.next(), pounds(1)).await), CreditCode::NoCredit);
    assert_eq!(code(shop.hold(id, shop.system.ids.next(), euros).await), CreditCode::NoCredit);
    assert_eq!(
        code(shop.hold(shop.system.new_id(), shop.system.ids.next(), pounds(1)).await),
        CreditCode::NoCredit
    );

    assert_eq!(shop.left(none).await, None);
    assert_eq!(shop.accounts.credit_available(id, Currency::EUR).await.unwrap(), None);
    assert_eq!(shop.held(id).await, (pounds(0), 0));
}

#[sqlx::test(migrations = false)]
async fn several_holds_of_one_order_add_up_and_are_released_together(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.with_limit(pounds(100)).await;
    let (order, other) = (shop.system.ids.next(), shop.system.ids.next());
    shop.hold(id, order, pounds(30)).await.unwrap();
    shop.hold(id, order, pounds(20)).await.unwrap();
    shop.hold(id, other, pounds(50)).await.unwrap();

    shop.release(id, order).await;

    assert_eq!(shop.held(id).await, (pounds(50), 5_000));
}

#[sqlx::test(migrations = false)]
async fn nothing_is_held_for_nothing_and_less_than_nothing_is_a_fault(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.create(company("Acme")).await;
    shop.hold(id, shop.system.ids.next(), pounds(0)).await.unwrap();
    let negative = shop.hold(id, shop.system.ids.next(), pounds(-1)).await;
    assert!(matches!(negative, Err(Failure::Internal(_))));
}

#[sqlx::test(migrations = false)]
async fn a_hold_falls_with_the_unit_of_work_it_was_made_in(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.with_limit(pounds(100)).await;
    let mut tx = shop.db.begin().await.unwrap();
    shop.accounts.credit_hold(&mut tx, &shop.system, id, shop.system.ids.next(), pounds(60)).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(shop.held(id).await, (pounds(0), 0));
}

#[sqlx::test(migrations = false)]
async fn of_32_orders_at_once_as_many_are_granted_as_the_limit_bears(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.with_limit(pounds(100)).await;

    let holds = (0..32).map(|_| shop.hold(id, shop.system.ids.next(), pounds(9)));
    let answers = join_all(holds).await;

    let granted = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(granted, 11);
    for answer in answers.into_iter().filter(Result::is_err) {
        assert_eq!(code(answer), CreditCode::InsufficientCredit);
    }
    assert_eq!(shop.held(id).await, (pounds(99), 9_900));
}

#[sqlx::test(migrations = false)]
async fn holds_and_releases_at_once_leave_the_sum_of_the_holds(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.with_limit(pounds(1_000)).await;
    let orders: Vec<Uuid> = (0..8).map(|_| shop.system.ids.next()).collect();

    let work = orders.iter().cycle().take(96).enumerate().map(|(at, order)| {
        let shop = &shop;
        async move {
            if at % 3 == 2 {
                shop.release(id, *order).await;
            } else {
                shop.hold(id, *order, pounds(7)).await.unwrap();
            }
        }
    });
    join_all(work).await;

    let (held, sum) = shop.held(id).await;
    assert_eq!(held.minor, sum);
    for order in orders {
        shop.release(id, order).await;
    }
    assert_eq!(shop.held(id).await, (pounds(0), 0));
}

#[sqlx::test(migrations = false)]
async fn holding_and_releasing_are_one_statement_each(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.with_limit(pounds(100)).await;
    let order = shop.system.ids.next();
    let before = shop.statements().await;
    shop.hold(id, order, pounds(60)).await.unwrap();
    shop.release(id, order).await;
    let ran = shop.statements().await.since(&before);
    assert_eq!(ran.total(), 2, "{:?}", ran.by_text());
}
