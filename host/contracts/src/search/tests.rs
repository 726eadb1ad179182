use super::*;

#[test]
fn a_sku_is_found_by_its_beginning_with_and_without_separators() {
    for text in ["AB-12/34", "ab1234", "ab 12", "A.B", "bolt ab12"] {
        assert!(matches_sku(text, "AB-12/34"), "{text}");
    }
    for text in ["", "-", "a", "1234", "ab13", "bolt"] {
        assert!(!matches_sku(text, "AB-12/34"), "{text}");
    }
}
