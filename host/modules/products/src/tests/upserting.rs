use serde_json::json;
use sqlx::PgPool;
use tokio::task::JoinSet;
use vectis_contracts::products::{Product, QuantityLimits, UpsertProduct, UpsertVariant, Variant};
use vectis_kernel::Quantity;

use super::shelf::{Shelf, package, product, refusals, variant};

fn milli(milli: i64) -> Option<Quantity> {
    Some(Quantity::from_milli(milli))
}

fn full_lamp() -> UpsertProduct {
    UpsertProduct {
        name: "Desk lamp".to_owned(),
        description: "Made of brass.\nHeavy.".to_owned(),
        category_slugs: vec!["lamps".to_owned(), "bulbs".to_owned()],
        tax_category: "electric".to_owned(),
        custom_fields: json!({"voltage": 230, "colours": ["brass"]}),
        is_active: true,
        variants: vec![
            UpsertVariant {
                name: "Small".to_owned(),
                precision: 1,
                limits: QuantityLimits {
                    min: milli(1500),
                    max: milli(90_000),
                    step: milli(500),
                    max_per_customer_30_days: milli(200_000),
                },
                packages: vec![package("pallet", "Pallet", 240), package("case", "Case of 24", 24)],
                is_stocked: false,
                allows_backorder: true,
                weight_g: 1250,
                is_active: false,
                ..variant("LAMP-S")
            },
            variant("LAMP-L"),
        ],
        ..product("desk-lamp", &[])
    }
}

#[sqlx::test(migrations = false)]
async fn everything_put_in_comes_out(pool: PgPool) {
    let shelf = Shelf::with_categories(pool).await;

    let ids = shelf.put(vec![full_lamp()]).await.unwrap();

    let found = shelf.product("desk-lamp").await.unwrap();
    let categories = shelf.products.categories(&shelf.ctx).await.unwrap();
    let mut category_ids: Vec<_> =
        categories.iter().filter(|category| category.slug != "root").map(|category| category.id).collect();
    category_ids.sort();
    let expected = Product {
        id: ids[0],
        slug: "desk-lamp".to_owned(),
        name: "Desk lamp".to_owned(),
        description: "Made of brass.\nHeavy.".to_owned(),
        category_ids,
        tax_category: "electric".to_owned(),
        custom_fields: json!({"voltage": 230, "colours": ["brass"]}),
        is_active: true,
        version: 1,
    };
    assert_eq!(found, expected);
    let small = shelf.variant("LAMP-S").await.unwrap();
    let expected = Variant {
        id: small.id,
        product_id: ids[0],
        sku: "LAMP-S".to_owned(),
        name: "Small".to_owned(),
        product_name: "Desk lamp".to_owned(),
        tax_category: "electric".to_owned(),
        category_slugs: vec!["lamps".to_owned(), "bulbs".to_owned()],
        precision: 1,
        limits: full_lamp().variants[0].limits,
        packages: vec![package("case", "Case of 24", 24), package("pallet", "Pallet", 240)],
        is_stocked: false,
        allows_backorder: true,
        weight_g: 1250,
        is_active: false,
    };
    assert_eq!(small, expected);
    let large = shelf.variant("LAMP-L").await.unwrap();
    assert_eq!((large.limits, large.packages, large.is_active), (QuantityLimits::default(), vec![], true));
}

#[sqlx::test(migrations = false)]
async fn a_known_slug_is_replaced_and_variants_not_named_stay(pool: PgPool) {
    let shelf = Shelf::with_categories(pool).await;
    let first = shelf.put(vec![full_lamp()]).await.unwrap();
    let small_before = shelf.variant("LAMP-S").await.unwrap();
    let large_before = shelf.variant("LAMP-L").await.unwrap();

    let again = UpsertProduct {
        name: "Lamp".to_owned(),
        category_slugs: vec!["root".to_owned(), "bulbs".to_owned()],
        variants: vec![
            UpsertVariant { packages: vec![package("case", "Carton", 12)], ..variant("LAMP-S") },
            variant("LAMP-XL"),
        ],
        ..product("desk-lamp", &[])
    };
    let second = shelf.put(vec![again]).await.unwrap();

    assert_eq!(second, first);
    let found = shelf.product("desk-lamp").await.unwrap();
    assert_eq!((found.name.as_str(), found.version, found.category_ids.len()), ("Lamp", 2, 2));
    let small = shelf.variant("LAMP-S").await.unwrap();
    assert_eq!(small.id, small_before.id);
    assert_eq!(small.limits, QuantityLimits::default());
    assert_eq!(small.packages, vec![package("case", "Carton", 12)]);
    assert_eq!(small.category_slugs, vec!["root", "bulbs"]);
    let large = shelf.variant("LAMP-L").await.unwrap();
    let expected = Variant {
        product_name: "Lamp".to_owned(),
        tax_category: "standard".to_owned(),
        category_slugs: small.category_slugs,
        ..large_before
    };
    assert_eq!(large, expected);
    let all = shelf.products.variants_of(&shelf.ctx, &first).await.unwrap();
    let skus: Vec<&str> = all.iter().map(|variant| variant.sku.as_str()).collect();
    assert_eq!(skus, ["LAMP-L", "LAMP-S", "LAMP-XL"]);
}

#[sqlx::test(migrations = false)]
async fn a_known_product_may_be_changed_without_naming_variants(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    shelf.put(vec![product("lamp", &["L"])]).await.unwrap();

    let renamed = UpsertProduct { name: "Lantern".to_owned(), ..product("lamp", &[]) };
    shelf.put(vec![renamed]).await.unwrap();

    assert_eq!(shelf.variant("L").await.unwrap().product_name, "Lantern");
}

#[sqlx::test(migrations = false)]
async fn all_that_does_not_fit_the_catalogue_is_named_and_nothing_written(pool: PgPool) {
    let shelf = Shelf::with_categories(pool).await;
    shelf.put(vec![product("lamp", &["L1", "L2"])]).await.unwrap();
    let events = shelf.product_events().len();

    let unknown = UpsertProduct {
        category_slugs: vec!["lamps".to_owned(), "nowhere".to_owned()],
        ..product("one", &["N1", "L2"])
    };
    let good = product("good", &["G1"]);
    let without = product("two", &[]);
    let own = product("lamp", &["L1", "N2"]);
    let outcome = shelf.put(vec![unknown, good, without, own, product("three", &["L1X", "N3"])]).await;

    assert_eq!(
        refusals(outcome),
        [
            ("CATEGORY_NOT_FOUND", "products.0.categorySlugs.1".to_owned()),
            ("SKU_TAKEN", "products.0.variants.1.sku".to_owned()),
            ("INVALID_INPUT", "products.2.variants".to_owned()),
        ]
    );
    assert_eq!(shelf.product("good").await, None);
    assert_eq!(shelf.product("lamp").await.unwrap().version, 1);
    assert_eq!(shelf.product_events().len(), events);
}

#[sqlx::test(migrations = false)]
async fn an_input_wrong_in_itself_is_refused_before_anything_else(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;

    let outcome = shelf.put(vec![product("a b", &["A"]), product("c", &["A"])]).await;
    let too_many = shelf.put((0..10_001).map(|number| product(&format!("p{number}"), &[])).collect()).await;

    assert_eq!(
        refusals(outcome),
        [
            ("INVALID_INPUT", "products.0.slug".to_owned()),
            ("DUPLICATE", "products.1.variants.0.sku".to_owned())
        ]
    );
    assert_eq!(refusals(too_many), [("TOO_MANY", "products".to_owned())]);
    assert_eq!(shelf.product("c").await, None);
}

#[sqlx::test(migrations = false)]
async fn writing_needs_a_permission(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;

    let outcome = shelf.products.products_upsert(&shelf.guest, vec![product("lamp", &["L"])]).await;

    assert_eq!(refusals(outcome), [("FORBIDDEN", String::new())]);
    assert_eq!(shelf.product("lamp").await, None);
}

#[sqlx::test(migrations = false)]
async fn each_product_has_its_event_and_its_audit_entry(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    let ids = shelf.put(vec![product("lamp", &["L"]), product("chair", &["C"])]).await.unwrap();
    let ids_again = shelf.put(vec![product("lamp", &[])]).await.unwrap();

    assert_eq!(ids_again, ids[..1]);
    let events = shelf.product_events();
    let about: Vec<_> = events.iter().map(|event| (event.aggregate_kind, event.aggregate_id)).collect();
    assert_eq!(about, [("product", ids[0].0), ("product", ids[1].0), ("product", ids[0].0)]);
    let lamp = shelf.variant("L").await.unwrap();
    let told = |version, variants| {
        json!({
            "productId": ids[0], "slug": "lamp", "name": "lamp", "taxCategory": "standard", "isActive": true,
            "version": version, "variants": variants,
        })
    };
    let variants = json!([{"variantId": lamp.id, "sku": "L", "isActive": true}]);
    assert_eq!(events[0].payload, told(1, variants));
    assert_eq!(events[2].payload, told(2, json!([])));
    assert_eq!(shelf.audit.actions(), ["product.create", "product.create", "product.replace"]);
}

#[sqlx::test(migrations = false)]
async fn a_product_of_very_many_variants_is_told_in_pieces(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    let skus: Vec<String> = (0..1001).map(|number| format!("S{number}")).collect();
    let skus: Vec<&str> = skus.iter().map(String::as_str).collect();

    shelf.put(vec![product("lamp", &skus)]).await.unwrap();

    let told: Vec<usize> = shelf
        .product_events()
        .iter()
        .map(|event| event.payload["variants"].as_array().unwrap().len())
        .collect();
    assert_eq!(told, [1000, 1]);
}

#[sqlx::test(migrations = false)]
async fn the_same_request_twice_has_one_effect(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    let ctx = shelf.once("put");

    let first = shelf.products.products_upsert(&ctx, vec![product("lamp", &["L"])]).await.unwrap();
    let second = shelf.products.products_upsert(&ctx, vec![product("lamp", &["L"])]).await.unwrap();

    assert_eq!(first, second);
    assert_eq!(shelf.product("lamp").await.unwrap().version, 1);
}

#[sqlx::test(migrations = false)]
async fn one_new_product_put_in_many_times_at_once_is_one_product(pool: PgPool) {
    let shelf = std::sync::Arc::new(Shelf::empty(pool).await);

    let mut puts = JoinSet::new();
    for number in 0..8 {
        let shelf = shelf.clone();
        let skus = [format!("OWN-{number}"), "SHARED".to_owned()];
        puts.spawn(async move { shelf.put(vec![product("lamp", &[&skus[0], &skus[1]])]).await.unwrap() });
    }
    let mut ids: Vec<_> = puts.join_all().await.concat();
    ids.dedup();

    assert_eq!(ids.len(), 1);
    assert_eq!(shelf.product("lamp").await.unwrap().version, 8);
    assert_eq!(shelf.products.variants_of(&shelf.ctx, &ids).await.unwrap().len(), 9);
}

#[sqlx::test(migrations = false)]
async fn of_many_products_that_claim_a_sku_at_once_one_gets_it(pool: PgPool) {
    let shelf = std::sync::Arc::new(Shelf::empty(pool).await);

    let mut puts = JoinSet::new();
    for number in 0..8 {
        let shelf = shelf.clone();
        puts.spawn(async move {
            let outcome = shelf.put(vec![product(&format!("lamp-{number}"), &["FREE", "WANTED"])]).await;
            refusals(outcome)
        });
    }
    let refused: Vec<_> = puts.join_all().await.into_iter().filter(|refusals| !refusals.is_empty()).collect();

    let taken = |number: usize| ("SKU_TAKEN", format!("products.0.variants.{number}.sku"));
    assert_eq!(refused, vec![vec![taken(0), taken(1)]; 7]);
    let owner = shelf.variant("WANTED").await.unwrap();
    assert_eq!(shelf.variant("FREE").await.unwrap().product_id, owner.product_id);
}
