use std::sync::Arc;

use sqlx::PgPool;
use tokio::task::JoinSet;
use vectis_contracts::products::Category;

use super::shelf::{Shelf, refusals};

impl Shelf {
    /// (slug, slug of the parent), in the order given.
    async fn tree(&self) -> Vec<(String, Option<String>)> {
        let all = self.products.categories(&self.guest).await.unwrap();
        let slug_of =
            |id| all.iter().find(|category| category.id == id).map(|category| category.slug.clone());
        all.iter().map(|category| (category.slug.clone(), category.parent_id.and_then(slug_of))).collect()
    }
}

#[sqlx::test(migrations = false)]
async fn categories_come_by_parent_and_position(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    let put = async |slug: &str, parent: Option<&str>, position| {
        shelf.products.category_upsert(&shelf.ctx, slug, slug, parent, position).await.unwrap()
    };
    put("b", None, 2).await;
    let a = put("a", None, 1).await;
    put("a2", Some("a"), 2).await;
    let a1 = put("a1", Some("a"), 1).await;

    let all = shelf.products.categories(&shelf.guest).await.unwrap();

    let slugs: Vec<&str> = all.iter().map(|category| category.slug.as_str()).collect();
    assert_eq!(slugs, ["a", "b", "a1", "a2"]);
    let expected =
        Category { id: a1, parent_id: Some(a), slug: "a1".to_owned(), name: "a1".to_owned(), position: 1 };
    assert_eq!(all[2], expected);
    assert_eq!(shelf.audit.actions(), ["category.upsert"; 4]);
}

#[sqlx::test(migrations = false)]
async fn a_known_slug_is_moved_and_renamed(pool: PgPool) {
    let shelf = Shelf::with_categories(pool).await;
    let before = shelf.products.categories(&shelf.ctx).await.unwrap();

    let id = shelf.products.category_upsert(&shelf.ctx, "bulbs", "Bulbs", None, 7).await.unwrap();

    let after = shelf.products.categories(&shelf.ctx).await.unwrap();
    let bulbs = after.iter().find(|category| category.slug == "bulbs").unwrap();
    assert_eq!(after.len(), 3);
    assert!(before.iter().any(|category| category.id == id && category.slug == "bulbs"));
    assert_eq!((bulbs.parent_id, bulbs.name.as_str(), bulbs.position), (None, "Bulbs", 7));
}

#[sqlx::test(migrations = false)]
async fn a_category_with_a_wrong_place_is_refused(pool: PgPool) {
    let shelf = Shelf::with_categories(pool).await;
    let before = shelf.tree().await;
    let put = async |slug: &str, parent: &str| {
        refusals(shelf.products.category_upsert(&shelf.ctx, slug, "name", Some(parent), 0).await)
    };

    assert_eq!(put("root", "bulbs").await, [("CYCLE", "parentSlug".to_owned())]);
    assert_eq!(put("new", "new").await, [("CYCLE", "parentSlug".to_owned())]);
    assert_eq!(put("new", "nowhere").await, [("CATEGORY_NOT_FOUND", "parentSlug".to_owned())]);
    assert_eq!(put("a b", "root").await, [("INVALID_INPUT", "slug".to_owned())]);
    let forbidden = shelf.products.category_upsert(&shelf.guest, "new", "New", None, 0).await;
    assert_eq!(refusals(forbidden), [("FORBIDDEN", String::new())]);
    assert_eq!(shelf.tree().await, before);
}

#[sqlx::test(migrations = false)]
async fn two_moves_at_once_make_no_loop(pool: PgPool) {
    let shelf = Arc::new(Shelf::empty(pool).await);
    for round in 0..10 {
        let [one, other] = [format!("one-{round}"), format!("other-{round}")];
        for slug in [&one, &other] {
            shelf.products.category_upsert(&shelf.ctx, slug, slug, None, 0).await.unwrap();
        }

        let mut moves = JoinSet::new();
        for (slug, parent) in [(one.clone(), other.clone()), (other, one)] {
            let shelf = shelf.clone();
            moves.spawn(async move {
                refusals(shelf.products.category_upsert(&shelf.ctx, &slug, &slug, Some(&parent), 0).await)
            });
        }
        let refused = moves.join_all().await.concat();

        assert_eq!(refused, [("CYCLE", "parentSlug".to_owned())]);
    }
}

#[sqlx::test(migrations = false)]
async fn the_same_request_twice_has_one_effect(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    let ctx = shelf.once("category");

    let first = shelf.products.category_upsert(&ctx, "a", "A", None, 0).await.unwrap();
    let second = shelf.products.category_upsert(&ctx, "a", "A", None, 0).await.unwrap();

    assert_eq!(first, second);
    assert_eq!(shelf.audit.actions().len(), 1);
}
