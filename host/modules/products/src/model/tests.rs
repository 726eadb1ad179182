use super::*;
use uuid::Uuid;

fn node(number: u128, parent: Option<u128>) -> Node {
    let id = |number| CategoryId(Uuid::from_u128(number));
    Node { id: id(number), parent_id: parent.map(id), slug: format!("c{number}") }
}

fn codes<T>(outcome: Result<T, Failure<ProductCode>>) -> Vec<ProductCode> {
    outcome
        .err()
        .map(|failure| failure.refusals().iter().map(|refusal| refusal.code).collect())
        .unwrap_or_default()
}

#[test]
fn a_text_is_cut_into_lower_case_words_of_any_script() {
    let found: Vec<String> = words("Éclair 3.5mm T-shirt, ÉCLAIR (Größe) 85123A").into_iter().collect();

    assert_eq!(found, ["3", "5mm", "85123a", "größe", "shirt", "t", "éclair"]);
}

#[test]
fn nothing_of_a_search_reaches_the_query_language() {
    assert_eq!(prefix_query("lamp' | !x:* \\ & "), "'lamp':* & 'x':*");
    assert_eq!(prefix_query("'\"&|!()"), "");
    // Turkish İ becomes i and a combining dot; the dot is no letter.
    assert_eq!(prefix_query("İ"), "'i':*");
}

#[test]
fn a_very_long_word_is_found_by_its_beginning() {
    let long = "x".repeat(3000);

    assert_eq!(words(&long), BTreeSet::from(["x".repeat(64)]));
}

#[test]
fn a_category_cannot_stand_below_itself_at_any_depth() {
    let tree = [node(1, None), node(2, Some(1)), node(3, Some(2)), node(4, None)];

    assert_eq!(codes(parent_for(&tree, "c1", Some("c1"))), [ProductCode::Cycle]);
    assert_eq!(codes(parent_for(&tree, "c1", Some("c2"))), [ProductCode::Cycle]);
    assert_eq!(codes(parent_for(&tree, "c1", Some("c3"))), [ProductCode::Cycle]);
    assert_eq!(codes(parent_for(&tree, "new", Some("new"))), [ProductCode::Cycle]);
    assert_eq!(parent_for(&tree, "c3", Some("c4")).unwrap(), Some(tree[3].id));
    assert_eq!(parent_for(&tree, "c3", None).unwrap(), None);
}

#[test]
fn an_unknown_parent_is_refused() {
    assert_eq!(codes(parent_for(&[node(1, None)], "c1", Some("nowhere"))), [ProductCode::CategoryNotFound]);
}

#[test]
fn the_catalogue_holds_ten_thousand_categories() {
    let full: Vec<Node> = (0..10_000).map(|number| node(number, None)).collect();

    assert_eq!(codes(parent_for(&full, "one-more", None)), [ProductCode::TooMany]);
    assert_eq!(codes(parent_for(&full, "c77", None)), []);
    assert_eq!(codes(parent_for(&full[1..], "one-more", None)), []);
}
