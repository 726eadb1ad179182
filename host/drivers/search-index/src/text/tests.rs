use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;
use vectis_kernel::ids::ProductId;

use super::*;

fn document() -> Document {
    Document {
        id: ProductId(Uuid::from_u128(1)),
        name: "Café-Mühle GSR 12".to_owned(),
        description: "Mahlt.".to_owned(),
        skus: vec!["AB-12/34".to_owned()],
        variant_names: vec!["blau".to_owned()],
        facets: BTreeMap::from([("category".to_owned(), BTreeSet::from(["kitchen".to_owned()]))]),
        audience: vec!["everybody".to_owned()],
    }
}

#[test]
fn a_document_has_its_sku_as_one_word_and_in_parts() {
    let words = Words::of(&document()).to_tsvector();

    assert_eq!(
        words,
        "'12':2B,3C '34':3C 'ab':3C 'ab1234':1A,3C 'blau':3C 'cafe':2B 'cafemuhle':2B 'gsr':2B 'kitchen':4D 'mahlt':4D \
         'muhle':2B"
    );
}

#[test]
fn only_words_of_letters_may_be_misspelled() {
    let words = Words::of(&document());

    assert_eq!(
        words.spelled().collect::<Vec<_>>(),
        ["blau", "cafe", "cafemuhle", "kitchen", "mahlt", "muhle"]
    );
}

#[test]
fn nothing_that_is_typed_becomes_an_operator() {
    let wanted = Wanted::of("a' & !b | (c:*) \\ \"d\" <-> '");

    assert_eq!(wanted.all_words(&Near::new()), "(('a') & ('b') & ('c') & ('d':*)) | 'abcd':*");
}

#[test]
fn of_a_long_text_the_first_words_count() {
    let wanted = Wanted::of(&"one-two-three ".repeat(1_000));

    assert_eq!(wanted.words().count(), MAX_WORDS);
    assert!(Wanted::of("!!! ???").is_empty());
}

#[test]
fn a_document_of_very_many_words_stays_below_what_postgres_takes() {
    let skus = (0..100_000).map(|number| format!("SKU-{number:060}")).collect();

    let words = Words::of(&Document { skus, ..document() }).to_tsvector();

    assert!(words.len() < 2_000_000, "{}", words.len());
    assert!(words.contains("'sku0"));
}
