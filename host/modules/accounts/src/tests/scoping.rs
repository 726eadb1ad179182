use sqlx::PgPool;
use vectis_contracts::accounts::{
    AccountCode, AccountFilter, AddressUse, CreateLocation, UpdateAccount, UpdateEmployee,
};
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure, PageRequest};

use crate::tests::shop::{Company, Shop, code, person, postal, refused, shop, site};

/// How many things of each kind the caller meets when asking for those of both companies by id.
async fn seen(shop: &Shop, ctx: &Ctx, one: &Company, two: &Company) -> [usize; 6] {
    let account_ids = [one.account.id, two.account.id];
    let location_ids = [one.location_id, two.location_id];
    let employee_ids = [one.buyer.id, two.buyer.id];
    let accounts = &shop.accounts;
    let mut addresses = 0;
    for address in accounts.addresses(&shop.system, &location_ids).await.unwrap() {
        addresses += usize::from(accounts.find_address(ctx, address.id).await.unwrap().is_some());
    }
    [
        accounts.get_many(ctx, &account_ids).await.unwrap().len(),
        accounts.locations(ctx, &account_ids).await.unwrap().len(),
        accounts.addresses(ctx, &location_ids).await.unwrap().len(),
        accounts.employees_by_id(ctx, &employee_ids).await.unwrap().len(),
        accounts.employees_of(ctx, &account_ids).await.unwrap().len(),
        addresses,
    ]
}

#[sqlx::test(migrations = false)]
async fn a_buyer_meets_the_own_account_staff_all_and_others_none(pool: PgPool) {
    let shop = shop(pool).await;
    let (acme, bolt) = (shop.company("Acme").await, shop.company("Bolt").await);

    for employee in [&acme.buyer, &acme.admin] {
        let ctx = shop.acting(employee).await;
        assert_eq!(seen(&shop, &ctx, &acme, &bolt).await, [1, 1, 1, 1, 3, 1]);
        assert_eq!(seen(&shop, &ctx, &bolt, &bolt).await, [0, 0, 0, 0, 0, 0]);
        let own = shop.accounts.get_many(&ctx, &[bolt.account.id, acme.account.id]).await.unwrap();
        assert_eq!(own[0].id, acme.account.id);
    }
    assert_eq!(seen(&shop, &shop.staff(&[]), &acme, &bolt).await, [2, 2, 2, 2, 6, 2]);
    assert_eq!(seen(&shop, &shop.anonymous(), &acme, &bolt).await, [0, 0, 0, 0, 0, 0]);
    assert_eq!(seen(&shop, &shop.customer(), &acme, &bolt).await, [0, 0, 0, 0, 0, 0]);
}

/// Code, field and message of the one refusal, with the id it names cut out.
fn words<T>(answer: Result<T, Failure<AccountCode>>) -> (AccountCode, Vec<String>, String) {
    let Err(failure) = answer else { panic!("not refused") };
    let refusal = &failure.refusals()[0];
    let message = refusal.message.rsplit_once(' ').unwrap().0.to_owned();
    (refusal.code, refusal.field.clone(), message)
}

#[sqlx::test(migrations = false)]
async fn what_belongs_to_another_account_behaves_as_if_it_did_not_exist(pool: PgPool) {
    let shop = shop(pool).await;
    let (acme, bolt) = (shop.company("Acme").await, shop.company("Bolt").await);
    let admin = shop.acting(&acme.admin).await;
    let accounts = &shop.accounts;
    let events = shop.event_types().len();
    let hired = || person("new@example.com", "Buyer");
    let changes = || UpdateEmployee { is_active: Some(false), ..UpdateEmployee::default() };

    let foreign = words(accounts.location_create(&admin, bolt.account.id, site("new")).await);
    let missing = words(accounts.location_create(&admin, shop.system.new_id(), site("new")).await);
    assert_eq!((foreign.0, &foreign), (AccountCode::AccountNotFound, &missing));

    let foreign =
        words(accounts.address_create(&admin, bolt.location_id, postal(), AddressUse::Default).await);
    let missing =
        words(accounts.address_create(&admin, shop.system.new_id(), postal(), AddressUse::Default).await);
    assert_eq!((foreign.0, &foreign), (AccountCode::LocationNotFound, &missing));

    let foreign = words(accounts.employee_create(&admin, bolt.location_id, hired()).await);
    let missing = words(accounts.employee_create(&admin, shop.system.new_id(), hired()).await);
    assert_eq!((foreign.0, &foreign), (AccountCode::LocationNotFound, &missing));

    let foreign = words(accounts.employee_update(&admin, bolt.buyer.id, changes()).await);
    let missing = words(accounts.employee_update(&admin, shop.system.new_id(), changes()).await);
    assert_eq!((foreign.0, &foreign), (AccountCode::EmployeeNotFound, &missing));

    assert_eq!(shop.event_types().len(), events);
    assert!(accounts.find_membership(bolt.buyer.login_id).await.unwrap().is_some());
}

#[sqlx::test(migrations = false)]
async fn managing_an_account_needs_its_right_and_accounts_themselves_are_for_staff(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let accounts = &shop.accounts;
    let others = [
        shop.acting(&acme.buyer).await,
        shop.acting(&acme.approver).await,
        shop.staff(&[staff::ACCOUNTS_READ]),
        shop.customer(),
        shop.anonymous(),
    ];
    for ctx in &others {
        let location = CreateLocation { employees: Vec::new(), ..site("x") };
        let employee = UpdateEmployee::default();
        let forbidden = [
            code(accounts.location_create(ctx, acme.account.id, location).await),
            code(accounts.address_create(ctx, acme.location_id, postal(), AddressUse::Additional).await),
            code(accounts.employee_create(ctx, acme.location_id, person("x@example.com", "Buyer")).await),
            code(accounts.employee_update(ctx, acme.buyer.id, employee).await),
        ];
        assert_eq!(forbidden, [AccountCode::Forbidden; 4], "{:?}", ctx.actor);
    }
    for ctx in others.into_iter().chain([shop.acting(&acme.admin).await]) {
        let forbidden = [
            code(accounts.account_update(&ctx, acme.account.id, 1, UpdateAccount::default()).await),
            code(accounts.role_upsert(&ctx, "King", [].into()).await),
            code(accounts.group_upsert(&ctx, "Kings").await),
        ];
        assert_eq!(forbidden, [AccountCode::Forbidden; 3], "{:?}", ctx.actor);
    }
}

#[sqlx::test(migrations = false)]
async fn who_may_list_accounts_groups_and_roles(pool: PgPool) {
    let shop = shop(pool).await;
    let acme = shop.company("Acme").await;
    let callers = [
        (shop.acting(&acme.admin).await, [false, false, true]),
        (shop.staff(&[]), [false, true, true]),
        (shop.staff(&[staff::ACCOUNTS_READ]), [true, true, true]),
        (shop.staff(&[staff::ACCOUNTS_WRITE]), [true, true, true]),
        (shop.customer(), [false, false, false]),
        (shop.anonymous(), [false, false, false]),
    ];
    for (ctx, [accounts, groups, roles]) in callers {
        let page = PageRequest::first(1);
        let answers = [
            shop.accounts.list(&ctx, &AccountFilter::default(), page).await.map(drop),
            shop.accounts.groups(&ctx).await.map(drop),
            shop.accounts.roles(&ctx).await.map(drop),
        ];
        for (answer, may) in answers.into_iter().zip([accounts, groups, roles]) {
            if may {
                answer.unwrap();
            } else {
                assert_eq!(refused(answer), [(String::new(), AccountCode::Forbidden)], "{:?}", ctx.actor);
            }
        }
    }
}
