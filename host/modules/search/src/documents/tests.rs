use serde_json::json;
use uuid::Uuid;
use vectis_kernel::ids::ProductId;

use super::*;

fn facts(custom_fields: Value) -> ProductFacts {
    ProductFacts {
        id: ProductId(Uuid::from_u128(1)),
        name: "Drill".to_owned(),
        description: String::new(),
        category_slugs: vec!["tools".to_owned()],
        custom_fields,
        skus: vec!["D-1".to_owned()],
        variant_names: Vec::new(),
    }
}

#[test]
fn custom_fields_that_are_facets_are_found_and_no_others() {
    let fields = json!({
        "brand": " Acme\n", "sizes": ["S", "M", null, {"x": 1}], "watts": 12.5, "isNew": true, "cost": "9.99", "empty": ""
    });
    let facets = ["brand", "sizes", "watts", "isNew", "empty", "absent"].map(str::to_owned);

    let document = document(facts(fields), &facets);

    let set = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<BTreeSet<_>>();
    let expected = BTreeMap::from([
        ("brand".to_owned(), set(&["Acme"])),
        ("category".to_owned(), set(&["tools"])),
        ("isNew".to_owned(), set(&["true"])),
        ("sizes".to_owned(), set(&["M", "S"])),
        ("watts".to_owned(), set(&["12.5"])),
    ]);
    assert_eq!(document.facets, expected);
    assert_eq!(document.audience, [EVERYBODY]);
}

#[test]
fn values_have_an_end() {
    let many: Vec<String> = (0..1_000).map(|number| format!("{number:0200}ß")).collect();

    let document = document(facts(json!({ "sizes": many })), &["sizes".to_owned()]);

    let values = &document.facets["sizes"];
    assert!(values.len() <= MOST_VALUES);
    assert!(values.iter().all(|value| value.len() == LONGEST_VALUE));
}
