use std::collections::HashSet;

use sqlx::PgPool;
use vectis_contracts::identity::{CreateLogin, LoginCode, LoginKind};
use vectis_kernel::ids::LoginId;
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Ctx, Failure};

use crate::Config;
use crate::tests::shop::{PASSWORD, Shop, code, login, refused, shop, shop_with};

impl Shop {
    async fn create(&self, ctx: &Ctx, logins: &[CreateLogin]) -> Result<Vec<LoginId>, Failure<LoginCode>> {
        let mut tx = self.db.begin().await?;
        let ids = self.identity.logins_create(&mut tx, ctx, logins).await?;
        tx.commit().await?;
        Ok(ids)
    }
}

fn buyers(count: usize) -> Vec<CreateLogin> {
    (0..count).map(|number| login(&format!("buyer-{number}@example.com"), LoginKind::Buyer)).collect()
}

#[sqlx::test(migrations = false)]
async fn logins_are_made_in_the_order_given(pool: PgPool) {
    let shop = shop(pool).await;
    let given = ["zoe@example.com", "ada@example.com", "mia@example.com"];
    let logins: Vec<CreateLogin> = given.iter().map(|email| login(email, LoginKind::Buyer)).collect();

    let ids = shop.create(&shop.system, &logins).await.unwrap();

    for (id, email) in ids.iter().zip(given) {
        let principal = shop.identity.logins_by_id(&shop.system, &[*id]).await.unwrap().remove(0);
        assert_eq!((principal.email.as_str(), principal.kind), (email, LoginKind::Buyer));
    }
    assert_eq!(shop.audit.actions(), ["login.create"; 3]);
    assert_eq!(shop.event_types(), ["vectis.identity.login_created.v1"; 3]);
}

#[sqlx::test(migrations = false)]
async fn all_bad_logins_are_refused_at_once_and_none_is_made(pool: PgPool) {
    let shop = shop(pool).await;
    shop.register("taken@example.com").await;
    let mut logins = buyers(8);
    logins[1].email = "no address".to_owned();
    logins[2].name = "  ".to_owned();
    logins[3].password = Some("password".to_owned());
    logins[4].email = "TAKEN@example.com".to_owned();
    logins[5].email = "Buyer-0@example.com".to_owned();
    logins[6].name = "x".repeat(201);
    logins[7].name = "Ada\0".to_owned();

    let mut refusals = refused(shop.create(&shop.system, &logins).await);

    refusals.sort_by(|one, two| one.0.cmp(&two.0));
    let expected = [
        ("logins.1.email", LoginCode::InvalidEmail),
        ("logins.2.name", LoginCode::InvalidInput),
        ("logins.3.password", LoginCode::WeakPassword),
        ("logins.4.email", LoginCode::EmailTaken),
        ("logins.5.email", LoginCode::EmailTaken),
        ("logins.6.name", LoginCode::InvalidInput),
        ("logins.7.name", LoginCode::InvalidInput),
    ];
    assert_eq!(refusals, expected.map(|(field, code)| (field.to_owned(), code)));
    assert_eq!(shop.count("SELECT count(*) FROM identity.login").await, 1);
}

#[sqlx::test(migrations = false)]
async fn ten_thousand_logins_are_as_many_statements_as_one_and_share_one_hash(pool: PgPool) {
    let shop = shop(pool).await;
    let mut counts = Vec::new();
    for count in [1, 1_000, 10_000] {
        sqlx::query("TRUNCATE identity.login CASCADE").execute(shop.db.pool()).await.unwrap();
        let logins = buyers(count);
        let before = shop.statements().await;
        let ids = shop.create(&shop.system, &logins).await.unwrap();
        counts.push(shop.statements().await.since(&before).total());
        assert_eq!(ids.into_iter().collect::<HashSet<_>>().len(), count);
        assert_eq!(shop.count("SELECT count(DISTINCT password_hash) FROM identity.login").await, 1);
    }
    // Taken e-mails, logins, events; the audit trail is another module's.
    assert_eq!(counts, [3, 3, 3]);
}

#[sqlx::test(migrations = false)]
async fn no_logins_are_no_statements(pool: PgPool) {
    let shop = shop(pool).await;
    let before = shop.statements().await;
    assert!(shop.create(&shop.system, &[]).await.unwrap().is_empty());
    assert_eq!(shop.statements().await.since(&before).total(), 0);
}

#[sqlx::test(migrations = false)]
async fn too_many_different_passwords_in_one_call_are_refused(pool: PgPool) {
    let shop = shop(pool).await;
    let mut logins = buyers(501);
    for (number, login) in logins.iter_mut().enumerate() {
        login.password = Some(format!("correct horse {number}"));
    }
    let refusals = refused(shop.create(&shop.system, &logins).await);
    assert_eq!(refusals, [("logins".to_owned(), LoginCode::InvalidInput)]);
}

#[sqlx::test(migrations = false)]
async fn of_two_calls_that_want_the_same_emails_one_gets_them_all(pool: PgPool) {
    let shop = shop(pool).await;
    let forwards = buyers(9);
    let backwards: Vec<CreateLogin> = forwards.iter().rev().cloned().collect();
    // Somebody who holds the one in the middle until both calls are under way, then lets go of it.
    let mut holding = shop.db.begin().await.unwrap();
    shop.identity.logins_create(&mut holding, &shop.system, &forwards[4..5]).await.unwrap();
    let let_go = async {
        let waiting = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while shop.count(waiting).await < 2 {}
        holding.rollback().await.unwrap();
    };

    let (one, two, ()) =
        tokio::join!(shop.create(&shop.system, &forwards), shop.create(&shop.system, &backwards), let_go);

    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(won.unwrap().len(), 9);
    let refusals = refused(lost);
    assert_eq!(refusals.len(), 9);
    assert!(refusals.iter().all(|(_, code)| *code == LoginCode::EmailTaken));
    assert_eq!(shop.count("SELECT count(*) FROM identity.login").await, 9);
}

#[sqlx::test(migrations = false)]
async fn who_may_make_which_login(pool: PgPool) {
    let shop = shop(pool).await;
    let callers = [
        (shop.staff(&[staff::STAFF_WRITE]), [true, false, true]),
        (shop.staff(&[staff::ACCOUNTS_WRITE]), [false, true, true]),
        (shop.staff(&[]), [false, false, true]),
        (shop.buyer(&[buyer::MANAGE]), [false, true, true]),
        (shop.buyer(&[staff::STAFF_WRITE, staff::ACCOUNTS_WRITE]), [false, false, true]),
        (shop.anonymous(), [false, false, true]),
    ];
    for (number, (ctx, allowed)) in callers.iter().enumerate() {
        let kinds = [LoginKind::Staff, LoginKind::Buyer, LoginKind::Customer];
        for (kind, may) in kinds.into_iter().zip(allowed) {
            let made = shop.create(ctx, &[login(&format!("{number}-{kind:?}@example.com"), kind)]).await;
            if *may {
                made.unwrap();
            } else {
                assert_eq!(code(made), LoginCode::Forbidden, "{kind:?} by {:?}", ctx.actor);
            }
        }
    }
}

#[sqlx::test(migrations = false)]
async fn a_registration_names_its_own_fields_and_needs_a_password_and_the_right_kind(pool: PgPool) {
    let shop = shop(pool).await;
    shop.register("taken@example.com").await;
    let register = async |login| shop.identity.customer_register(&shop.anonymous(), login).await;
    let customer = |email| login(email, LoginKind::Customer);

    let taken = register(customer("taken@example.com")).await;
    let weak =
        register(CreateLogin { password: Some("12345678".to_owned()), ..customer("a@example.com") }).await;
    let passwordless = register(CreateLogin { password: None, ..customer("a@example.com") }).await;
    let staff = register(login("a@example.com", LoginKind::Staff)).await;

    assert_eq!(refused(taken), [("email".to_owned(), LoginCode::EmailTaken)]);
    assert_eq!(refused(weak), [("password".to_owned(), LoginCode::WeakPassword)]);
    assert_eq!(refused(passwordless), [("password".to_owned(), LoginCode::InvalidInput)]);
    assert_eq!(refused(staff), [("kind".to_owned(), LoginCode::InvalidInput)]);
    assert_eq!(shop.count("SELECT count(*) FROM identity.login").await, 1);
}

#[sqlx::test(migrations = false)]
async fn a_repeated_registration_with_its_key_answers_the_same(pool: PgPool) {
    let shop = shop(pool).await;
    let ctx = shop.keyed("register", shop.anonymous());
    let ada = login("ada@example.com", LoginKind::Customer);

    let first = shop.identity.customer_register(&ctx, ada.clone()).await.unwrap();
    let second = shop.identity.customer_register(&ctx, ada).await.unwrap();

    assert_eq!(first, second);
    assert_eq!(shop.event_types().len(), 1);
}

#[sqlx::test(migrations = false)]
async fn registrations_from_one_address_are_throttled(pool: PgPool) {
    let shop = shop_with(pool, Config { registrations_per_address: 2, ..Config::default() }).await;
    let register = async |address, email| {
        let login = login(email, LoginKind::Customer);
        shop.identity.customer_register(&shop.from(address), login).await
    };
    register("203.0.113.7", "a@example.com").await.unwrap();
    register("203.0.113.7", "b@example.com").await.unwrap();

    let third = register("203.0.113.7", "c@example.com").await;

    assert_eq!(code(third), LoginCode::TooManyAttempts);
    register("203.0.113.8", "c@example.com").await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn only_those_who_manage_staff_switch_logins_on_and_off(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.register("ada@example.com").await;
    for ctx in [
        shop.anonymous(),
        shop.customer(id),
        shop.buyer(&[buyer::MANAGE, staff::STAFF_WRITE]),
        shop.staff(&[staff::ACCOUNTS_WRITE]),
    ] {
        assert_eq!(code(shop.identity.login_activate(&ctx, id, false).await), LoginCode::Forbidden);
    }
    shop.sign_in("ada@example.com").await;

    let manager = shop.staff(&[staff::STAFF_WRITE]);
    shop.identity.login_activate(&manager, id, false).await.unwrap();

    assert!(shop.identity.sign_in(&shop.anonymous(), "ada@example.com", PASSWORD).await.is_err());
    assert!(shop.event_types().contains(&"vectis.identity.login_activated.v1"));
    assert!(shop.audit.actions().contains(&"login.activate"));
    let nobody = shop.identity.login_activate(&manager, shop.system.new_id(), false).await;
    assert_eq!(refused(nobody), [("id".to_owned(), LoginCode::LoginNotFound)]);
}

#[sqlx::test(migrations = false)]
async fn staff_see_every_login_and_others_only_themselves(pool: PgPool) {
    let shop = shop(pool).await;
    let ada = shop.register("ada@example.com").await;
    let bob = shop.register("bob@example.com").await;
    let unknown = shop.system.new_id();
    let seen = async |ctx: &Ctx| {
        let found = shop.identity.logins_by_id(ctx, &[ada, bob, unknown]).await.unwrap();
        found.into_iter().map(|principal| principal.login_id).collect::<HashSet<_>>()
    };

    assert_eq!(seen(&shop.staff(&[])).await, HashSet::from([ada, bob]));
    assert_eq!(seen(&shop.customer(ada)).await, HashSet::from([ada]));
    assert_eq!(seen(&shop.buyer(&[buyer::MANAGE])).await, HashSet::new());
    assert_eq!(seen(&shop.anonymous()).await, HashSet::new());
}
