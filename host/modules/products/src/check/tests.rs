use serde_json::json;

use super::*;

fn whole(units: i64) -> Quantity {
    Quantity::from_units(units).unwrap()
}

fn package(slug: &str, multiplier: Quantity) -> Package {
    Package { slug: slug.to_owned(), name: format!("Package {slug}"), multiplier }
}

fn variant(sku: &str) -> UpsertVariant {
    UpsertVariant {
        sku: sku.to_owned(),
        name: String::new(),
        precision: 0,
        limits: QuantityLimits::default(),
        packages: vec![package("case", whole(12))],
        is_stocked: true,
        allows_backorder: false,
        weight_g: 0,
        is_active: true,
    }
}

fn product(slug: &str) -> UpsertProduct {
    UpsertProduct {
        slug: slug.to_owned(),
        name: "A lamp".to_owned(),
        description: "Two\nlines".to_owned(),
        category_slugs: vec!["lamps".to_owned()],
        tax_category: "standard".to_owned(),
        custom_fields: json!({"voltage": 230}),
        is_active: true,
        variants: vec![variant(&format!("SKU {slug}"))],
    }
}

/// (code, field) of each refusal.
fn refused(products: &[UpsertProduct]) -> Vec<(ProductCode, String)> {
    let Err(failure) = check_products(products) else { return Vec::new() };
    failure.refusals().iter().map(|refusal| (refusal.code, refusal.field.join("."))).collect()
}

/// What is wrong with one product after a change to a good one.
fn wrong_with(change: impl FnOnce(&mut UpsertProduct)) -> Vec<(ProductCode, String)> {
    let mut product = product("lamp");
    change(&mut product);
    refused(&[product])
}

fn invalid_at(fields: &[&str]) -> Vec<(ProductCode, String)> {
    fields.iter().map(|field| (ProductCode::InvalidInput, format!("products.0.{field}"))).collect()
}

#[test]
fn a_good_product_passes() {
    assert_eq!(refused(&[product("lamp"), product("other-lamp")]), []);
}

#[test]
fn every_field_of_a_product_has_its_range() {
    assert_eq!(wrong_with(|product| product.slug.clear()), invalid_at(&["slug"]));
    assert_eq!(wrong_with(|product| product.slug = "a lamp".to_owned()), invalid_at(&["slug"]));
    assert_eq!(wrong_with(|product| product.slug = "x".repeat(501)), invalid_at(&["slug"]));
    assert_eq!(wrong_with(|product| product.slug = "é".repeat(500)), []);
    assert_eq!(wrong_with(|product| product.name = "  ".to_owned()), invalid_at(&["name"]));
    assert_eq!(wrong_with(|product| product.name = "x".repeat(501)), invalid_at(&["name"]));
    assert_eq!(wrong_with(|product| product.name = "a\nb".to_owned()), invalid_at(&["name"]));
    assert_eq!(wrong_with(|product| product.description = "x".repeat(20_001)), invalid_at(&["description"]));
    assert_eq!(wrong_with(|product| product.description = "\0".to_owned()), invalid_at(&["description"]));
    assert_eq!(wrong_with(|product| product.tax_category.clear()), invalid_at(&["taxCategory"]));
    assert_eq!(
        wrong_with(|product| product.category_slugs = vec!["a\0".to_owned()]),
        invalid_at(&["categorySlugs.0"])
    );
    let many = (0..101).map(|number| format!("c{number}")).collect();
    assert_eq!(wrong_with(|product| product.category_slugs = many), invalid_at(&["categorySlugs"]));
}

#[test]
fn custom_fields_are_an_object_of_sixteen_kilobytes() {
    let set = |fields: Value| wrong_with(|product| product.custom_fields = fields);

    assert_eq!(set(json!([])), invalid_at(&["customFields"]));
    assert_eq!(set(json!({"a": "x".repeat(16 * 1024 - 8)})), []);
    assert_eq!(set(json!({"a": "x".repeat(16 * 1024 - 7)})), invalid_at(&["customFields"]));
    assert_eq!(set(json!({"a": [{"b": "x\0"}]})), invalid_at(&["customFields"]));
    assert_eq!(set(json!({"a\0": 1})), invalid_at(&["customFields"]));
}

#[test]
fn every_field_of_a_variant_has_its_range() {
    let with = |change: fn(&mut UpsertVariant)| wrong_with(|product| change(&mut product.variants[0]));
    let at = |field: &str| invalid_at(&[&format!("variants.0.{field}")]);

    assert_eq!(with(|variant| variant.sku.clear()), at("sku"));
    assert_eq!(with(|variant| variant.sku = " A".to_owned()), at("sku"));
    assert_eq!(with(|variant| variant.sku = "x".repeat(101)), at("sku"));
    assert_eq!(with(|variant| variant.name = "x".repeat(501)), at("name"));
    assert_eq!(with(|variant| variant.precision = 4), at("precision"));
    assert_eq!(with(|variant| variant.weight_g = -1), at("weightGrams"));
    assert_eq!(with(|variant| variant.limits.min = Some(Quantity::ZERO)), at("minQuantity"));
    assert_eq!(with(|variant| variant.limits.max = Some(whole(-1))), at("maxQuantity"));
    assert_eq!(with(|variant| variant.limits.step = Some(Quantity::from_milli(500))), at("quantityStep"));
    let far = |variant: &mut UpsertVariant| {
        variant.limits.max_per_customer_30_days = Some(Quantity::from_milli(i64::MAX));
    };
    assert_eq!(with(far), at("maxPerCustomer30Days"));
    let crossed = |variant: &mut UpsertVariant| {
        variant.limits.min = Some(whole(5));
        variant.limits.max = Some(whole(4));
    };
    assert_eq!(with(crossed), at("maxQuantity"));
    let fine = |variant: &mut UpsertVariant| {
        variant.precision = 1;
        variant.limits.step = Some(Quantity::from_milli(500));
    };
    assert_eq!(with(fine), []);
}

#[test]
fn every_field_of_a_package_has_its_range() {
    let with = |change: fn(&mut Package)| wrong_with(|product| change(&mut product.variants[0].packages[0]));
    let at = |field: &str| invalid_at(&[&format!("variants.0.packages.0.{field}")]);

    assert_eq!(with(|package| package.slug = "a case".to_owned()), at("slug"));
    assert_eq!(with(|package| package.name.clear()), at("name"));
    assert_eq!(with(|package| package.multiplier = Quantity::ZERO), at("multiplier"));
    assert_eq!(with(|package| package.multiplier = Quantity::from_milli(1500)), at("multiplier"));
    let many: Vec<Package> = (0..51).map(|number| package(&format!("p{number}"), whole(2))).collect();
    assert_eq!(
        wrong_with(|product| product.variants[0].packages = many),
        invalid_at(&["variants.0.packages"])
    );
}

#[test]
fn nothing_stands_twice() {
    let mut twice = product("lamp");
    twice.category_slugs.push("lamps".to_owned());
    twice.variants[0].packages.push(package("case", whole(24)));

    let duplicate = |field: &str| (ProductCode::Duplicate, field.to_owned());
    assert_eq!(
        refused(&[twice, product("lamp")]),
        [
            duplicate("products.0.categorySlugs.1"),
            duplicate("products.0.variants.0.packages.1.slug"),
            duplicate("products.1.slug"),
            duplicate("products.1.variants.0.sku"),
        ]
    );
}

#[test]
fn a_package_has_one_name_throughout_a_call() {
    let mut other = product("other");
    other.variants[0].packages[0].name = "Carton".to_owned();

    let field = "products.1.variants.0.packages.0.name".to_owned();
    assert_eq!(refused(&[product("lamp"), other]), [(ProductCode::InvalidInput, field)]);
}

#[test]
fn ten_thousand_products_and_ten_thousand_variants_are_the_most() {
    let bare = |number: usize| UpsertProduct { variants: Vec::new(), ..product(&format!("p{number}")) };
    let products = |count: usize| (0..count).map(bare).collect::<Vec<_>>();
    let variants = |count: usize| {
        let variants = (0..count).map(|number| variant(&format!("s{number}"))).collect();
        vec![UpsertProduct { variants, ..product("p") }]
    };

    let too_many = [(ProductCode::TooMany, "products".to_owned())];
    assert_eq!(refused(&products(10_000)), []);
    assert_eq!(refused(&products(10_001)), too_many);
    assert_eq!(refused(&variants(10_000)), []);
    assert_eq!(refused(&variants(10_001)), too_many);
}

#[test]
fn a_category_needs_a_slug_and_a_name() {
    let failure = check_category("a b", " ").unwrap_err();

    let fields: Vec<String> = failure.refusals().iter().map(|refusal| refusal.field.join(".")).collect();
    assert_eq!(fields, ["slug", "name"]);
}

#[test]
fn a_message_shows_the_offending_value_but_never_all_of_a_long_one() {
    let failure = check_products(&[product(&"x".repeat(5000))]).unwrap_err();

    let message = &failure.refusals()[0].message;
    assert!(message.starts_with("\"xxx"), "{message}");
    assert!(message.len() < 200, "{message}");
}
