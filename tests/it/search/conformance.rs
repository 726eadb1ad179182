//! What the port promises, held by each driver.

use std::collections::BTreeSet;

use vectis_contracts::ports::search_index::{Copy, Document, IndexError, Order, Query, SearchIndex};

use super::indexes::{fill, id, numbers, on_both, product, search, text, with};

on_both! {
    what_is_written_is_found_and_what_is_removed_is_not,
    writing_twice_is_as_good_as_once,
    nobody_finds_what_is_not_for_them,
    facets_are_counted_over_all_matches,
    filters_narrow_within_a_facet_and_over_facets,
    values_that_look_like_syntax_are_values,
    names_and_age_order,
    pages_have_everything_once,
    a_reindex_takes_the_place_of_what_was_between_two_searches,
    a_copy_that_was_not_prepared_is_missing,
}

async fn what_is_written_is_found_and_what_is_removed_is_not(index: &dyn SearchIndex) {
    fill(index, &[product(1, "Hammer"), product(2, "Anvil")]).await;

    index.write(Copy::Live, &[product(3, "Hammer, small")], &[id(2)]).await.unwrap();

    assert_eq!(numbers(&index.search(&text("")).await.unwrap()), [1, 3]);
    assert_eq!(search(index, "anvil").await, [] as [u128; 0]);
    assert_eq!(search(index, "small").await, [3]);
    assert_eq!(index.count(Copy::Live).await.unwrap(), Some(2));
    index.write(Copy::Live, &[product(1, "Sledge")], &[id(2), id(99)]).await.unwrap();
    assert_eq!(search(index, "hammer").await, [3]);
    assert_eq!(search(index, "sledge").await, [1]);
}

async fn writing_twice_is_as_good_as_once(index: &dyn SearchIndex) {
    let document = with(product(1, "Hammer"), "brand", "Acme");
    fill(index, std::slice::from_ref(&document)).await;

    for _ in 0..3 {
        index.write(Copy::Live, std::slice::from_ref(&document), &[]).await.unwrap();
    }

    let found = index.search(&Query { facets: vec!["brand".to_owned()], ..text("hammer") }).await.unwrap();
    assert_eq!((numbers(&found), found.total), (vec![1], 1));
    assert_eq!(found.facets, [("brand".to_owned(), vec![("Acme".to_owned(), 1)])]);
}

async fn nobody_finds_what_is_not_for_them(index: &dyn SearchIndex) {
    let of = |document: Document, audience: &[&str]| Document {
        audience: audience.iter().map(|one| (*one).to_owned()).collect(),
        ..document
    };
    let secret =
        of(with(with(product(2, "Secret hammer"), "brand", "Hidden"), "category", "vault"), &["club"]);
    let shared = of(with(product(3, "Club hammer"), "brand", "Hidden"), &["club", "Guests"]);
    let nobodys = of(product(4, "Nobody's hammer"), &[]);
    fill(index, &[with(product(1, "Hammer"), "brand", "Acme"), secret, shared, nobodys]).await;

    let facets = vec!["brand".to_owned(), "category".to_owned()];
    let ask = |words: &str, audience: &[&str]| Query {
        audience: audience.iter().map(|one| (*one).to_owned()).collect(),
        facets: facets.clone(),
        ..text(words)
    };
    for words in ["hammer", "", "hamemr"] {
        let found = index.search(&ask(words, &["everybody"])).await.unwrap();
        assert_eq!((numbers(&found), found.total), (vec![1], 1), "{words:?}");
        let brands = vec![("Acme".to_owned(), 1)];
        assert_eq!(found.facets, [("brand".to_owned(), brands), ("category".to_owned(), vec![])]);
    }
    let club: BTreeSet<u128> =
        numbers(&index.search(&ask("hammer", &["everybody", "club"])).await.unwrap()).into_iter().collect();
    assert_eq!(club, BTreeSet::from([1, 2, 3]));
    assert_eq!(numbers(&index.search(&ask("", &["Guests"])).await.unwrap()), [3]);
    for nobody in [vec![], vec!["guests"], vec![""], vec!["x\" OR audience EXISTS OR audience = \"club"]] {
        let found = index.search(&ask("", &nobody)).await.unwrap();
        assert_eq!((found.ids.len(), found.total), (0, 0), "{nobody:?}");
    }
    let wanted =
        Query { filters: vec![("brand".to_owned(), vec!["Hidden".to_owned()])], ..ask("", &["everybody"]) };
    assert_eq!(index.search(&wanted).await.unwrap().total, 0);
}

fn shirts() -> Vec<Document> {
    let shirt = |number: u128, brand: &str, colors: &[&str]| {
        let shirt = with(with(product(number, "Shirt"), "brand", brand), "category", "clothes");
        colors.iter().fold(shirt, |shirt, color| with(shirt, "color", color))
    };
    vec![
        shirt(1, "Acme", &["red", "blue"]),
        shirt(2, "Acme", &["red"]),
        shirt(3, "acme", &["Red"]),
        shirt(4, "Other & Sons", &["blue"]),
        with(product(5, "Hat"), "color", "red"),
    ]
}

async fn facets_are_counted_over_all_matches(index: &dyn SearchIndex) {
    fill(index, &shirts()).await;

    let facets = ["color", "brand", "category"].map(str::to_owned).to_vec();
    let found = index.search(&Query { facets, take: 1, ..text("shirt") }).await.unwrap();

    let count = |values: &[(&str, u32)]| {
        values.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect::<Vec<_>>()
    };
    let expected = [
        ("color".to_owned(), count(&[("blue", 2), ("red", 2), ("Red", 1)])),
        ("brand".to_owned(), count(&[("Acme", 2), ("Other & Sons", 1), ("acme", 1)])),
        ("category".to_owned(), count(&[("clothes", 4)])),
    ];
    assert_eq!(found.facets, expected);
    assert_eq!((found.ids.len(), found.total), (1, 4));
}

async fn filters_narrow_within_a_facet_and_over_facets(index: &dyn SearchIndex) {
    fill(index, &shirts()).await;
    let filter = |facet: &str, values: &[&str]| {
        (facet.to_owned(), values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>())
    };
    let find = async |filters: Vec<(String, Vec<String>)>| {
        let facets = vec!["color".to_owned()];
        let query = Query { filters, facets, order: Order::Newest, ..text("") };
        let found = index.search(&query).await.unwrap();
        (numbers(&found), found.facets[0].1.clone())
    };

    let (found, colors) = find(vec![filter("color", &["blue"])]).await;
    assert_eq!(found, [4, 1]);
    assert_eq!(colors, [("blue".to_owned(), 2), ("red".to_owned(), 1)]);
    assert_eq!(find(vec![filter("color", &["blue", "red"])]).await.0, [5, 4, 2, 1]);
    assert_eq!(find(vec![filter("color", &["red"]), filter("brand", &["Acme"])]).await.0, [2, 1]);
    assert_eq!(find(vec![filter("brand", &["acme"])]).await.0, [3]);
    assert_eq!(find(vec![filter("brand", &["ACME"])]).await.0, [] as [u128; 0]);
}

async fn values_that_look_like_syntax_are_values(index: &dyn SearchIndex) {
    let values = [
        "5\" pipe",
        "O'Brien",
        "back\\slash",
        "a = \"b\" OR c",
        "100%",
        "x,y",
        "brand=Acme",
        "(1)",
        "NULL",
        "日本",
        " ",
        "\\",
        "\"; --",
    ];
    let documents: Vec<Document> =
        (1..).zip(values).map(|(number, value)| with(product(number, "Thing"), "brand", value)).collect();
    fill(index, &documents).await;

    for (number, value) in (1_u128..).zip(values) {
        let filters = vec![("brand".to_owned(), vec![value.to_owned()])];
        let found =
            index.search(&Query { filters, facets: vec!["brand".to_owned()], ..text("") }).await.unwrap();
        assert_eq!(numbers(&found), [number], "{value}");
        assert_eq!(found.facets[0].1, [(value.to_owned(), 1)]);
    }
    for value in ["", "*", "%", "x' OR '1'='1", "\" OR audience = \"everybody"] {
        let filters = vec![("brand".to_owned(), vec![value.to_owned()])];
        assert_eq!(index.search(&Query { filters, ..text("") }).await.unwrap().total, 0, "{value}");
    }
}

async fn names_and_age_order(index: &dyn SearchIndex) {
    let names = ["zebra lamp", "Ähre lamp", "apple lamp", "Zange lamp", "élan lamp"];
    let documents: Vec<Document> = (1..).zip(names).map(|(number, name)| product(number, name)).collect();
    fill(index, &documents).await;

    for words in ["lamp", ""] {
        let by_name = index.search(&Query { order: Order::Name, ..text(words) }).await.unwrap();
        assert_eq!(numbers(&by_name), [2, 3, 5, 4, 1]);
        let newest = index.search(&Query { order: Order::Newest, ..text(words) }).await.unwrap();
        assert_eq!(numbers(&newest), [5, 4, 3, 2, 1]);
    }
    assert_eq!(numbers(&index.search(&text("")).await.unwrap()), [2, 3, 5, 4, 1]);
}

async fn pages_have_everything_once(index: &dyn SearchIndex) {
    let documents: Vec<Document> = (1..=57).map(|number| product(number, "Hammer")).collect();
    fill(index, &documents).await;

    for (words, order) in [
        ("hammer", Order::Relevance),
        ("hammer", Order::Name),
        ("", Order::Newest),
        ("hamemr", Order::Relevance),
    ] {
        let mut seen = Vec::new();
        for skip in (0..70).step_by(10) {
            let page = index.search(&Query { order, skip, take: 10, ..text(words) }).await.unwrap();
            assert_eq!(page.total, 57);
            seen.extend(numbers(&page));
        }
        assert_eq!(seen.len(), 57, "{words} {order:?}");
        assert_eq!(seen.iter().copied().collect::<BTreeSet<_>>(), (1..=57).collect());
    }
}

async fn a_reindex_takes_the_place_of_what_was_between_two_searches(index: &dyn SearchIndex) {
    fill(index, &[product(1, "Hammer"), product(2, "Anvil")]).await;

    index.prepare_next().await.unwrap();
    index.write(Copy::Next, &[product(3, "Hammer")], &[]).await.unwrap();
    index.write(Copy::Live, &[product(4, "Hammer")], &[]).await.unwrap();
    assert_eq!(search(index, "hammer").await, [1, 4]);
    index.write(Copy::Next, &[product(5, "Hammer")], &[id(3)]).await.unwrap();
    assert_eq!(search(index, "hammer").await, [1, 4]);
    index.swap().await.unwrap();

    assert_eq!(search(index, "hammer").await, [5]);
    assert_eq!(search(index, "anvil").await, [] as [u128; 0]);
    assert_eq!(index.count(Copy::Live).await.unwrap(), Some(1));
    assert_eq!(index.count(Copy::Next).await.unwrap(), None);
    // A second time it begins with nothing.
    fill(index, &[product(6, "Hammer")]).await;
    assert_eq!(search(index, "hammer").await, [6]);
}

async fn a_copy_that_was_not_prepared_is_missing(index: &dyn SearchIndex) {
    assert_eq!(index.count(Copy::Next).await.unwrap(), None);
    let written = index.write(Copy::Next, &[product(1, "Hammer")], &[]).await;
    assert!(matches!(written, Err(IndexError::Missing(_))), "{written:?}");
    let swapped = index.swap().await;
    assert!(matches!(swapped, Err(IndexError::Missing(_))), "{swapped:?}");
}
