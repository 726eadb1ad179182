use super::*;

#[test]
fn values_come_back_as_they_were_and_no_two_are_one() {
    let values = ["acme", "Acme", "a\" OR audience EXISTS OR x = \"", "\\", "", "~00", "Ä 日本", "1.5_x-y"];

    let encoded: Vec<String> = values.iter().map(|value| encode(value)).collect();

    for (value, encoded) in values.iter().zip(&encoded) {
        assert_eq!(decode(encoded).as_deref(), Some(*value));
        assert!(
            encoded
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.~".contains(&byte))
        );
    }
    let different: std::collections::BTreeSet<&String> = encoded.iter().collect();
    assert_eq!(different.len(), values.len());
    assert_eq!(decode("~0"), None);
    assert_eq!(decode("~ff"), None);
}

#[test]
fn a_text_has_no_phrases_and_excludes_nothing() {
    assert_eq!(plain("\"cordless drill\" -hammer --x a-b \" -"), "cordless drill  hammer x a-b");
    assert_eq!(plain(&"word ".repeat(1_000)).split(' ').count(), MAX_WORDS);
}

#[test]
fn who_asks_stands_in_every_search() {
    let query = Query {
        text: "drill".to_owned(),
        audience: vec!["everybody".to_owned()],
        filters: vec![("brand".to_owned(), vec!["x\" OR 1 = 1".to_owned(), "acme".to_owned()])],
        facets: vec!["category".to_owned()],
        order: Order::Relevance,
        skip: 20,
        take: 21,
    };

    let search = search(&query);

    let expected = json!({
        "q": "drill",
        "filter": [
            ["audience = \"everybody\""],
            ["facets.brand = \"~7822204f522031203d2031\"", "facets.brand = \"acme\""],
        ],
        "facets": ["facets.category"],
        "sort": [],
        "offset": 20,
        "limit": 21,
        "attributesToRetrieve": ["id"],
        "matchingStrategy": "all",
    });
    assert_eq!(search, expected);
}
