use super::key_of;

#[test]
fn things_whose_words_have_blanks_are_told_apart() {
    assert_ne!(key_of(["Hall 1", "A"]), key_of(["Hall", "1 A"]));
    assert_ne!(key_of(["Hall\",\"1", "A"]), key_of(["Hall", "1\",\"A"]));
    assert_eq!(key_of(["Hall", "A"]), key_of(["Hall", "A"]));
}
