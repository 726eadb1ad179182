use std::collections::BTreeSet;

use sqlx::PgPool;
use vectis_contracts::accounts::AccountCode;
use vectis_kernel::Permission;
use vectis_kernel::permission::{buyer, staff};

use crate::tests::shop::{at, refused, shop};

#[sqlx::test(migrations = false)]
async fn there_are_three_roles_from_the_start_each_allowing_more(pool: PgPool) {
    let shop = shop(pool).await;
    let roles = shop.accounts.roles(&shop.system).await.unwrap();

    let names: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
    assert_eq!(names, ["Admin", "Approver", "Buyer"]);
    let [admin, approver, buyer] = [0, 1, 2].map(|at| roles[at].permissions.clone());
    assert_eq!(buyer, BTreeSet::from([buyer::BROWSE, buyer::ORDER]));
    assert_eq!(&approver - &buyer, BTreeSet::from([buyer::APPROVE, buyer::ORDERS_READ_ALL]));
    assert_eq!(&admin - &approver, BTreeSet::from([buyer::MANAGE]));
}

#[sqlx::test(migrations = false)]
async fn a_role_is_created_or_its_permissions_are_replaced(pool: PgPool) {
    let shop = shop(pool).await;
    let viewer = BTreeSet::from([buyer::BROWSE]);
    let declared = BTreeSet::from([Permission::parse("wishlists.read").unwrap()]);

    let first = shop.accounts.role_upsert(&shop.system, " Viewer ", viewer).await.unwrap();
    let second = shop.accounts.role_upsert(&shop.system, "Viewer", declared.clone()).await.unwrap();

    assert_eq!(first, second);
    let roles = shop.accounts.roles(&shop.system).await.unwrap();
    assert_eq!((roles.len(), roles[3].name.as_str()), (4, "Viewer"));
    assert_eq!(roles[3].permissions, declared);
    assert_eq!(shop.event_types(), ["vectis.accounts.role_changed.v1"; 2]);
    assert_eq!(shop.audit.actions(), ["role.upsert"; 2]);
}

#[sqlx::test(migrations = false)]
async fn a_role_of_a_bad_name_or_with_a_permission_nobody_declared_is_refused(pool: PgPool) {
    let shop = shop(pool).await;
    let unknown = BTreeSet::from([staff::ACCOUNTS_WRITE, Permission::parse("wishlists.write").unwrap()]);
    let refusal = shop.accounts.role_upsert(&shop.system, "", unknown).await;
    let expected = at([
        ("name", AccountCode::InvalidInput),
        ("permissions", AccountCode::UnknownPermission),
        ("permissions", AccountCode::UnknownPermission),
    ]);
    assert_eq!(refused(refusal), expected);
    assert_eq!(shop.count("SELECT count(*) FROM accounts.role").await, 3);
}

#[sqlx::test(migrations = false)]
async fn a_group_is_created_once_however_often_it_is_asked_for(pool: PgPool) {
    let shop = shop(pool).await;
    let (one, two) = tokio::join!(
        shop.accounts.group_upsert(&shop.system, "Wholesale"),
        shop.accounts.group_upsert(&shop.system, "Wholesale")
    );
    let retail = shop.accounts.group_upsert(&shop.system, "Retail").await.unwrap();

    assert_eq!(one.unwrap(), two.unwrap());
    let groups = shop.accounts.groups(&shop.system).await.unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!((groups[0].id, groups[0].name.as_str()), (retail, "Retail"));
    assert_eq!(shop.event_types(), ["vectis.accounts.group_created.v1"; 2]);
    for name in ["", "a\0b", &"x".repeat(201)] {
        let refusal = shop.accounts.group_upsert(&shop.system, name).await;
        assert_eq!(refused(refusal), at([("name", AccountCode::InvalidInput)]));
    }
}
