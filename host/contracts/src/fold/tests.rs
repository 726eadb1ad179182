use super::*;

#[test]
fn letters_lose_case_and_accents_but_no_letter_is_lost() {
    assert_eq!(fold("Žluťoučký KŮŇ"), "zlutoucky kun");
    assert_eq!(fold("Straße Ærø Łódź"), "strasse aero lodz");
    assert_eq!(fold("ﬁne ½"), "fine 1⁄2");
    assert_eq!(fold("Ελλάδα ДРЕЛЬ 日本"), "ελλαδα дрель 日本");
}

#[test]
fn a_sku_is_one_word() {
    assert_eq!(sku_code(" ÄB-12/34.x "), "ab1234x");
    assert_eq!(sku_code("--"), "");
}
