use std::collections::BTreeSet;

use sqlx::PgPool;
use vectis_contracts::identity::{CreateLogin, LoginCode, LoginKind};
use vectis_kernel::ids::{LoginId, StaffRoleId};
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Ctx, PageRequest, Permission};

use crate::tests::shop::{Shop, code, login, refused, shop};

impl Shop {
    async fn role(&self, name: &str, permissions: &[Permission]) -> StaffRoleId {
        let permissions = permissions.iter().cloned().collect();
        self.identity.staff_role_upsert(&self.system, name, permissions).await.unwrap()
    }

    async fn member(&self, email: &str, role_ids: &[StaffRoleId]) -> LoginId {
        let login = login(email, LoginKind::Staff);
        self.identity.staff_create(&self.system, login, role_ids.to_vec()).await.unwrap()
    }

    async fn permissions(&self, email: &str) -> BTreeSet<Permission> {
        let claims = self.claims(&self.sign_in(email).await);
        let principal = self.identity.find_principal(claims).await.unwrap().unwrap();
        principal.staff_permissions.iter().cloned().collect()
    }
}

#[sqlx::test(migrations = false)]
async fn a_member_of_staff_holds_the_permissions_of_all_its_roles(pool: PgPool) {
    let shop = shop(pool).await;
    let clerk = shop.role("Clerk", &[staff::ORDERS_READ, staff::STOCK_READ]).await;
    let keeper = shop.role("Keeper", &[staff::STOCK_READ, staff::STOCK_WRITE]).await;

    let id = shop.member("ada@example.com", &[clerk, keeper, clerk]).await;

    let expected = BTreeSet::from([staff::ORDERS_READ, staff::STOCK_READ, staff::STOCK_WRITE]);
    assert_eq!(shop.permissions("ada@example.com").await, expected);
    let members = shop.identity.staff_list(&shop.system, PageRequest::first(10)).await.unwrap();
    assert_eq!(members.items.len(), 1);
    assert_eq!((members.items[0].login_id, members.items[0].is_active), (id, true));
    assert_eq!(members.items[0].role_ids, [clerk, keeper]);
}

#[sqlx::test(migrations = false)]
async fn an_upsert_replaces_the_permissions_of_the_role_with_that_name(pool: PgPool) {
    let shop = shop(pool).await;
    let clerk = shop.role("Clerk", &[staff::ORDERS_READ]).await;
    shop.member("ada@example.com", &[clerk]).await;

    let again = shop.role(" Clerk ", &[staff::ORDERS_WRITE]).await;

    assert_eq!(again, clerk);
    assert_eq!(shop.permissions("ada@example.com").await, BTreeSet::from([staff::ORDERS_WRITE]));
    let roles = shop.identity.staff_roles(&shop.system).await.unwrap();
    assert_eq!(roles.len(), 1);
    assert_eq!((roles[0].name.as_str(), &roles[0].permissions), ("Clerk", &[staff::ORDERS_WRITE].into()));
}

#[sqlx::test(migrations = false)]
async fn a_role_holds_staff_permissions_and_those_plugins_declare_and_no_others(pool: PgPool) {
    let shop = shop(pool).await;
    let declared = Permission::parse("wishlists.read").unwrap();
    shop.role("Reader", &[declared]).await;

    for unknown in [buyer::MANAGE, Permission::parse("wishlists.write").unwrap()] {
        let permissions = BTreeSet::from([staff::ORDERS_READ, unknown]);
        let refusal = shop.identity.staff_role_upsert(&shop.system, "Clerk", permissions).await;
        assert_eq!(refused(refusal), [("permissions".to_owned(), LoginCode::UnknownPermission)]);
    }
    for name in ["", "  ", "a\nb", &"x".repeat(101)] {
        let refusal = shop.identity.staff_role_upsert(&shop.system, name, BTreeSet::new()).await;
        assert_eq!(refused(refusal), [("name".to_owned(), LoginCode::InvalidInput)], "{name:?}");
    }
    assert_eq!(shop.count("SELECT count(*) FROM identity.staff_role").await, 1);
}

#[sqlx::test(migrations = false)]
async fn a_bad_member_of_staff_is_refused_with_all_reasons_and_not_made(pool: PgPool) {
    let shop = shop(pool).await;
    let unknown: StaffRoleId = shop.system.new_id();
    let clerk = shop.role("Clerk", &[]).await;
    let bad = CreateLogin { password: Some("short".to_owned()), ..login("no address", LoginKind::Staff) };

    let refusal = shop.identity.staff_create(&shop.system, bad, vec![clerk, unknown]).await;
    let buyer = shop
        .identity
        .staff_create(&shop.system, login("ada@example.com", LoginKind::Buyer), Vec::new())
        .await;
    let many = shop
        .identity
        .staff_create(&shop.system, login("ada@example.com", LoginKind::Staff), vec![clerk; 51])
        .await;

    let expected = [
        ("roleIds.1", LoginCode::RoleNotFound),
        ("email", LoginCode::InvalidEmail),
        ("password", LoginCode::WeakPassword),
    ];
    assert_eq!(refused(refusal), expected.map(|(field, code)| (field.to_owned(), code)));
    assert_eq!(refused(buyer), [("kind".to_owned(), LoginCode::InvalidInput)]);
    assert_eq!(refused(many), [("roleIds".to_owned(), LoginCode::InvalidInput)]);
    assert_eq!(shop.count("SELECT count(*) FROM identity.login").await, 0);
}

#[sqlx::test(migrations = false)]
async fn setting_roles_replaces_them_all(pool: PgPool) {
    let shop = shop(pool).await;
    let clerk = shop.role("Clerk", &[staff::ORDERS_READ]).await;
    let keeper = shop.role("Keeper", &[staff::STOCK_WRITE]).await;
    let id = shop.member("ada@example.com", &[clerk]).await;

    shop.identity.staff_roles_set(&shop.system, id, vec![keeper]).await.unwrap();

    assert_eq!(shop.permissions("ada@example.com").await, BTreeSet::from([staff::STOCK_WRITE]));
    shop.identity.staff_roles_set(&shop.system, id, Vec::new()).await.unwrap();
    assert_eq!(shop.permissions("ada@example.com").await, BTreeSet::new());
    let customer = shop.register("bob@example.com").await;
    let unknown = shop.system.new_id();
    let refusal = shop.identity.staff_roles_set(&shop.system, customer, vec![unknown]).await;
    let expected = [("roleIds.0", LoginCode::RoleNotFound), ("id", LoginCode::LoginNotFound)];
    assert_eq!(refused(refusal), expected.map(|(field, code)| (field.to_owned(), code)));
}

#[sqlx::test(migrations = false)]
async fn the_last_who_may_manage_staff_cannot_lose_that(pool: PgPool) {
    let shop = shop(pool).await;
    let manager = shop.role("Manager", &[staff::STAFF_WRITE]).await;
    let id = shop.member("ada@example.com", &[manager]).await;
    let identity = &shop.identity;

    let unset = identity.staff_roles_set(&shop.system, id, Vec::new()).await;
    let deactivated = identity.login_activate(&shop.system, id, false).await;
    let emptied = identity.staff_role_upsert(&shop.system, "Manager", BTreeSet::new()).await;

    assert_eq!(code(unset), LoginCode::LastManager);
    assert_eq!(code(deactivated), LoginCode::LastManager);
    assert_eq!(code(emptied), LoginCode::LastManager);
    assert_eq!(shop.permissions("ada@example.com").await, BTreeSet::from([staff::STAFF_WRITE]));

    shop.member("bob@example.com", &[manager]).await;
    identity.staff_roles_set(&shop.system, id, Vec::new()).await.unwrap();
    assert_eq!(shop.permissions("ada@example.com").await, BTreeSet::new());
}

#[sqlx::test(migrations = false)]
async fn of_eight_managers_who_all_leave_at_once_one_stays(pool: PgPool) {
    let shop = shop(pool).await;
    let manager = shop.role("Manager", &[staff::STAFF_WRITE]).await;
    let mut managers = Vec::new();
    for number in 0..8 {
        managers.push(shop.member(&format!("{number}@example.com"), &[manager]).await);
    }

    let leaving = managers.iter().enumerate().map(|(at, id)| {
        let (identity, system) = (&shop.identity, &shop.system);
        async move {
            match at % 2 {
                0 => identity.staff_roles_set(system, *id, Vec::new()).await,
                _ => identity.login_activate(system, *id, false).await,
            }
        }
    });
    let answers = futures_util::future::join_all(leaving).await;

    let refused: Vec<LoginCode> = answers.into_iter().filter(Result::is_err).map(code).collect();
    assert_eq!(refused, [LoginCode::LastManager]);
}

#[sqlx::test(migrations = false)]
async fn the_list_of_staff_is_newest_first_in_pages(pool: PgPool) {
    let shop = shop(pool).await;
    let mut made = Vec::new();
    for name in ["a", "b", "c"] {
        made.push(shop.member(&format!("{name}@example.com"), &[]).await);
    }
    shop.register("customer@example.com").await;

    let first = shop.identity.staff_list(&shop.system, PageRequest::first(2)).await.unwrap();
    let after =
        PageRequest { after: first.items.last().map(|member| member.login_id.0), ..PageRequest::first(2) };
    let second = shop.identity.staff_list(&shop.system, after).await.unwrap();

    assert!(first.has_next && !second.has_next);
    let listed: Vec<LoginId> =
        first.items.iter().chain(&second.items).map(|member| member.login_id).collect();
    made.reverse();
    assert_eq!(listed, made);
}

#[sqlx::test(migrations = false)]
async fn everything_about_staff_needs_the_staff_permission(pool: PgPool) {
    let shop = shop(pool).await;
    let id = shop.member("ada@example.com", &[]).await;
    let others: [Ctx; 4] = [
        shop.anonymous(),
        shop.customer(id),
        shop.buyer(&[staff::STAFF_WRITE]),
        shop.staff(&[staff::ACCOUNTS_WRITE]),
    ];
    for ctx in others {
        let member = login("bob@example.com", LoginKind::Staff);
        let identity = &shop.identity;
        assert_eq!(code(identity.staff_create(&ctx, member, Vec::new()).await), LoginCode::Forbidden);
        assert_eq!(code(identity.staff_roles_set(&ctx, id, Vec::new()).await), LoginCode::Forbidden);
        assert_eq!(code(identity.staff_list(&ctx, PageRequest::first(1)).await), LoginCode::Forbidden);
        assert_eq!(code(identity.staff_role_upsert(&ctx, "X", BTreeSet::new()).await), LoginCode::Forbidden);
        assert_eq!(code(identity.staff_roles(&ctx).await), LoginCode::Forbidden);
    }
    assert_eq!(shop.count("SELECT count(*) FROM identity.login").await, 1);
    shop.identity.staff_roles(&shop.staff(&[staff::STAFF_WRITE])).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn repeated_staff_commands_with_their_keys_have_one_effect(pool: PgPool) {
    let shop = shop(pool).await;
    let ctx = shop.keyed("role", shop.system.clone());
    let first = shop.identity.staff_role_upsert(&ctx, "Clerk", BTreeSet::new()).await.unwrap();
    let second = shop.identity.staff_role_upsert(&ctx, "Clerk", BTreeSet::new()).await.unwrap();
    assert_eq!(first, second);

    let ctx = shop.keyed("member", shop.system.clone());
    let ada = login("ada@example.com", LoginKind::Staff);
    let first = shop.identity.staff_create(&ctx, ada.clone(), vec![first]).await.unwrap();
    let second = shop.identity.staff_create(&ctx, ada, vec![second]).await.unwrap();
    assert_eq!(first, second);

    let ctx = shop.keyed("off", shop.system.clone());
    shop.identity.login_activate(&ctx, first, false).await.unwrap();
    shop.identity.login_activate(&ctx, first, false).await.unwrap();
    let ctx = shop.keyed("roles", shop.system.clone());
    shop.identity.staff_roles_set(&ctx, first, Vec::new()).await.unwrap();
    shop.identity.staff_roles_set(&ctx, first, Vec::new()).await.unwrap();

    let expected = [
        "vectis.identity.staff_role_changed.v1",
        "vectis.identity.login_created.v1",
        "vectis.identity.staff_roles_set.v1",
        "vectis.identity.login_activated.v1",
        "vectis.identity.staff_roles_set.v1",
    ];
    assert_eq!(shop.event_types(), expected);
}
