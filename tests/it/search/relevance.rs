//! What is found by what people type.

use vectis_contracts::ports::search_index::{Document, Query, SearchIndex};

use super::indexes::{fill, on_both, product, search, search_any, sold_as, text, with};

on_both! {
    a_word_is_found_by_its_beginning,
    all_words_must_be_found_in_any_order_and_field,
    case_and_accents_make_no_difference,
    a_slip_is_forgiven_in_words_but_not_in_skus,
    a_sku_is_found_with_and_without_separators,
    what_fits_best_comes_first,
    other_scripts_are_words_too,
    signs_and_operators_mean_nothing,
    a_long_text_is_searched_by_its_first_words,
}

fn tools() -> Vec<Document> {
    let drill = Document {
        description: "Drives screws and drills holes into walls.".to_owned(),
        ..with(sold_as(product(1, "Cordless drill"), &["GSR-120/LI"]), "category", "power-tools")
    };
    let jack = Document { variant_names: vec!["crimson".to_owned()], ..product(4, "Trolley jack") };
    vec![
        drill,
        sold_as(product(2, "Screwdriver, slotted"), &["SD 4.0-100", "SD 5.5-125"]),
        sold_as(product(3, "Café-Mühle"), &["ab1234"]),
        jack,
        with(sold_as(product(5, "Hammer"), &["HAM-500"]), "brand", "Acme"),
        sold_as(product(6, "Hammer handle"), &["HAM-500-H"]),
    ]
}

async fn a_word_is_found_by_its_beginning(index: &dyn SearchIndex) {
    fill(index, &tools()).await;

    assert_eq!(search(index, "screwdr").await, [2]);
    assert_eq!(search_any(index, "ham").await, [5, 6]);
    assert_eq!(search_any(index, "screw").await, [1, 2]);
    // Only the last word may be a beginning.
    assert_eq!(search(index, "hamm hand").await, [] as [u128; 0]);
    assert_eq!(search(index, "hammer hand").await, [6]);
}

async fn all_words_must_be_found_in_any_order_and_field(index: &dyn SearchIndex) {
    fill(index, &tools()).await;

    assert_eq!(search(index, "drill cordless").await, [1]);
    assert_eq!(search(index, "walls cordless").await, [1]);
    assert_eq!(search(index, "crimson jack").await, [4]);
    assert_eq!(search(index, "acme hammer").await, [5]);
    assert_eq!(search(index, "power drill").await, [1]);
    assert_eq!(search(index, "cordless hammer").await, [] as [u128; 0]);
}

async fn case_and_accents_make_no_difference(index: &dyn SearchIndex) {
    fill(index, &tools()).await;

    for words in ["cafe", "CAFÉ", "muhle", "Mühle", "Cafe\u{301}", "café-mühle"] {
        assert_eq!(search(index, words).await, [3], "{words}");
    }
}

async fn a_slip_is_forgiven_in_words_but_not_in_skus(index: &dyn SearchIndex) {
    fill(index, &tools()).await;

    assert_eq!(search_any(index, "hamemr").await, [5, 6]);
    assert_eq!(search(index, "trolly jack").await, [4]);
    assert_eq!(search(index, "screwdirvr").await, [2]);
    assert_eq!(search(index, "cordles drill").await, [1]);
    // Too short for a slip, and another size.
    assert_eq!(search(index, "jakc").await, [] as [u128; 0]);
    assert_eq!(search(index, "HAM-501").await, [] as [u128; 0]);
    assert_eq!(search(index, "ab1235").await, [] as [u128; 0]);
}

async fn a_sku_is_found_with_and_without_separators(index: &dyn SearchIndex) {
    fill(index, &tools()).await;

    for sku in ["GSR-120/LI", "gsr120li", "GSR 120 LI", "gsr-120", "gsr120"] {
        assert_eq!(search(index, sku).await, [1], "{sku}");
    }
    for sku in ["AB1234", "AB-12-34", "ab 1234", "ab12"] {
        assert_eq!(search(index, sku).await, [3], "{sku}");
    }
    assert_eq!(search(index, "SD 5.5-125").await, [2]);
    assert_eq!(search(index, "sd55125").await, [2]);
}

async fn what_fits_best_comes_first(index: &dyn SearchIndex) {
    let described = Document { description: "Good beside a hammer.".to_owned(), ..product(7, "Anvil") };
    let documents = [tools(), vec![described, sold_as(product(8, "Pick"), &["HAMMER"])]].concat();
    fill(index, &documents).await;

    // The SKU, the name, then what is only described.
    let found = search(index, "hammer").await;
    assert_eq!((found.first(), found.last()), (Some(&8), Some(&7)), "{found:?}");
    assert_eq!(found.len(), 4);
    assert_eq!(search(index, "HAM-500").await, [5, 6]);
}

async fn other_scripts_are_words_too(index: &dyn SearchIndex) {
    let documents =
        [product(1, "Дрель ударная"), product(2, "Σφυρί"), product(3, "Bohrer Größe 5"), product(4, "مطرقة")];
    fill(index, &documents).await;

    assert_eq!(search(index, "дрель").await, [1]);
    assert_eq!(search(index, "УДАРНАЯ").await, [1]);
    assert_eq!(search(index, "σφυρι").await, [2]);
    assert_eq!(search(index, "grosse").await, [3]);
    assert_eq!(search(index, "مطرقة").await, [4]);
}

async fn signs_and_operators_mean_nothing(index: &dyn SearchIndex) {
    fill(index, &tools()).await;

    for words in
        ["'drill'", "drill:*", "(drill", "drill | ", "\"cordless\" & drill", "drill\\", "!drill", "drill <->"]
    {
        assert_eq!(search(index, words).await, [1], "{words}");
    }
    assert_eq!(search(index, "hammer; DROP TABLE x").await, [] as [u128; 0]);
}

async fn a_long_text_is_searched_by_its_first_words(index: &dyn SearchIndex) {
    fill(index, &tools()).await;

    let long = format!("cordless {}", "drill ".repeat(1_600));
    assert_eq!(search(index, &long).await, [1]);
    let word = "x".repeat(10_000);
    assert_eq!(search(index, &word).await, [] as [u128; 0]);
    let everything = index.search(&Query { text: String::new(), ..text("") }).await.unwrap();
    assert_eq!(everything.total, 6);
}
