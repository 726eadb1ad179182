use sqlx::PgPool;
use vectis_contracts::products::{Activity, ProductFilter, UpsertProduct, UpsertVariant};
use vectis_kernel::{Ctx, PageRequest};

use super::shelf::{Shelf, product, refusals, variant};

fn in_category(slug: &str, category: &str) -> UpsertProduct {
    UpsertProduct { category_slugs: vec![category.to_owned()], ..product(slug, &[slug]) }
}

fn called(slug: &str, name: &str, description: &str, sku: &str) -> UpsertProduct {
    UpsertProduct { name: name.to_owned(), description: description.to_owned(), ..product(slug, &[sku]) }
}

fn text(text: &str) -> ProductFilter {
    ProductFilter { text: Some(text.to_owned()), ..ProductFilter::default() }
}

impl Shelf {
    async fn slugs(&self, ctx: &Ctx, filter: &ProductFilter) -> Vec<String> {
        let page = self.products.list(ctx, filter, PageRequest::first(100)).await.unwrap();
        page.items.into_iter().map(|product| product.slug).collect()
    }

    async fn found(&self, words: &str) -> Vec<String> {
        let mut slugs = self.slugs(&self.guest, &text(words)).await;
        slugs.sort();
        slugs
    }
}

#[sqlx::test(migrations = false)]
async fn products_are_paged_newest_first(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    for slug in ["a", "b", "c", "d"] {
        shelf.put(vec![product(slug, &[slug])]).await.unwrap();
    }

    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let page = shelf
            .products
            .list(&shelf.guest, &ProductFilter::default(), PageRequest { first: 2, after })
            .await
            .unwrap();
        after = page.items.last().map(|product| product.id.0);
        pages.push(page.items.into_iter().map(|product| product.slug).collect::<Vec<_>>());
        if !page.has_next {
            break;
        }
    }

    assert_eq!(pages, [["d", "c"], ["b", "a"]]);
}

#[sqlx::test(migrations = false)]
async fn a_search_is_paged_like_a_list(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    for slug in ["a", "b", "c"] {
        shelf.put(vec![called(slug, "Lamp", "", slug)]).await.unwrap();
    }

    let first = shelf.products.list(&shelf.guest, &text("lamp"), PageRequest::first(2)).await.unwrap();
    let after = first.items.last().map(|product| product.id.0);
    let rest =
        shelf.products.list(&shelf.guest, &text("lamp"), PageRequest { first: 2, after }).await.unwrap();

    let slugs: Vec<_> = first.items.iter().chain(&rest.items).map(|product| product.slug.as_str()).collect();
    assert_eq!(slugs, ["c", "b", "a"]);
    assert_eq!((first.has_next, rest.has_next), (true, false));
}

#[sqlx::test(migrations = false)]
async fn words_are_found_by_their_beginning_and_skus_by_theirs(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    shelf
        .put(vec![
            called("desk", "Brass DESK-lamp", "A heavy thing", "85123A"),
            called("wall", "Wall lantern", "Brass, 3.5mm", "LAMP 7"),
            called("chair", "Größe-9 chair", "It's 100% oak", "Ch_air-1"),
        ])
        .await
        .unwrap();

    assert_eq!(shelf.found("brass").await, ["desk", "wall"]);
    assert_eq!(shelf.found("  LA ").await, ["desk", "wall"]);
    assert_eq!(shelf.found("heavy lam").await, ["desk"]);
    assert_eq!(shelf.found("amp").await, Vec::<String>::new());
    assert_eq!(shelf.found("brass oak").await, Vec::<String>::new());
    assert_eq!(shelf.found("851").await, ["desk"]);
    assert_eq!(shelf.found("85123a").await, ["desk"]);
    assert_eq!(shelf.found("lamp 7").await, ["wall"]);
    assert_eq!(shelf.found("3.5MM").await, ["wall"]);
    assert_eq!(shelf.found("größ").await, ["chair"]);
    // Signs that mean something to SQL or to full text search mean nothing here.
    assert_eq!(shelf.found("ch_").await, ["chair"]);
    assert_eq!(shelf.found("ch%").await, ["chair"]);
    assert_eq!(shelf.found("8_1").await, Vec::<String>::new());
    assert_eq!(shelf.found("it's & !oak:*").await, ["chair"]);
    assert_eq!(shelf.found("!").await, Vec::<String>::new());
    assert_eq!(shelf.found("   ").await.len(), 3);
}

#[sqlx::test(migrations = false)]
async fn a_replaced_name_is_no_longer_found(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    shelf.put(vec![called("x", "Lamp", "", "X")]).await.unwrap();
    shelf.put(vec![called("x", "Chair", "", "X")]).await.unwrap();

    assert_eq!(shelf.found("lamp").await, Vec::<String>::new());
    assert_eq!(shelf.found("chair").await, ["x"]);
}

#[sqlx::test(migrations = false)]
async fn a_category_holds_what_stands_below_it(pool: PgPool) {
    let shelf = Shelf::with_categories(pool).await;
    let products = vec![
        in_category("bulb", "bulbs"),
        in_category("lamp", "lamps"),
        in_category("all", "root"),
        product("none", &["N"]),
    ];
    shelf.put(products).await.unwrap();
    let of = |category: &str| ProductFilter {
        category_slug: Some(category.to_owned()),
        ..ProductFilter::default()
    };
    let sorted = async |filter: ProductFilter| {
        let mut slugs = shelf.slugs(&shelf.guest, &filter).await;
        slugs.sort();
        slugs
    };

    assert_eq!(sorted(of("root")).await, ["all", "bulb", "lamp"]);
    assert_eq!(sorted(of("lamps")).await, ["bulb", "lamp"]);
    assert_eq!(sorted(of("bulbs")).await, ["bulb"]);
    assert_eq!(sorted(of("nowhere")).await, Vec::<String>::new());
    assert_eq!(sorted(of("a\0b")).await, Vec::<String>::new());
    assert_eq!(sorted(ProductFilter { text: Some("l".to_owned()), ..of("lamps") }).await, ["lamp"]);
}

#[sqlx::test(migrations = false)]
async fn inactive_products_are_for_those_who_may_read_them(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    let off = UpsertProduct { is_active: false, ..product("off", &["OFF"]) };
    let dead_end = UpsertProduct {
        variants: vec![UpsertVariant { is_active: false, ..variant("ZZ") }],
        ..product("dead-end", &[])
    };
    let ids = shelf.put(vec![product("on", &["ON"]), off, dead_end]).await.unwrap();
    let all = ProductFilter { with_inactive: Activity::All, ..ProductFilter::default() };

    assert_eq!(shelf.slugs(&shelf.ctx, &all).await.len(), 3);
    assert_eq!(shelf.slugs(&shelf.ctx, &ProductFilter::default()).await.len(), 2);
    assert_eq!(shelf.found("off").await, Vec::<String>::new());
    assert_eq!(shelf.found("zz").await, Vec::<String>::new());
    assert_eq!(
        shelf.slugs(&shelf.ctx, &ProductFilter { text: Some("zz".to_owned()), ..all.clone() }).await,
        ["dead-end"]
    );
    let refused = shelf.products.list(&shelf.guest, &all, PageRequest::first(1)).await;
    assert_eq!(refusals(refused), [("FORBIDDEN", String::new())]);
    assert_eq!(shelf.products.products_by_id(&shelf.guest, &ids).await.unwrap().len(), 2);
    assert_eq!(shelf.products.products_by_id(&shelf.ctx, &ids).await.unwrap().len(), 3);
    assert_eq!(shelf.products.find_by_slug(&shelf.guest, "off").await.unwrap(), None);
    assert_eq!(shelf.products.find_by_slug(&shelf.ctx, "off").await.unwrap().unwrap().id, ids[1]);
    assert_eq!(shelf.products.find_by_slug(&shelf.ctx, "o\0ff").await.unwrap(), None);
}

#[sqlx::test(migrations = false)]
async fn a_search_has_its_length(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;

    for wrong in ["x".repeat(501), "a\0b".to_owned()] {
        let outcome = shelf.products.list(&shelf.guest, &text(&wrong), PageRequest::first(1)).await;
        assert_eq!(refusals(outcome), [("INVALID_INPUT", "text".to_owned())]);
    }
}
