use super::*;

fn candidates() -> Vec<String> {
    ["hammer", "hammers", "hamper", "jammer", "ham", "screwdriver"].map(str::to_owned).to_vec()
}

#[test]
fn a_slip_more_in_a_longer_word() {
    assert_eq!(nearest("hamemr", candidates()), ["hammer"]);
    assert_eq!(nearest("hammer", candidates()), ["hammers", "hamper"]);
    assert_eq!(nearest("screwdirvr", candidates()), ["screwdriver"]);
    assert_eq!(nearest("scrwdirvr", candidates()), Vec::<String>::new());
}

#[test]
fn short_words_and_numbers_are_taken_as_they_are() {
    assert_eq!(slips("hame"), 0);
    assert_eq!(slips("m8x40000"), 0);
    assert_eq!(slips("hamme"), 1);
    assert_eq!(slips("hammerhea"), 2);
}
