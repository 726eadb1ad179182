//! Which words a misspelled one may mean: one slip in five letters, two in nine, never in the first letter.

use crate::text::can_be_misspelled;

/// Words that are tried in place of one.
const MOST_NEAR: usize = 20;

/// How many slips a word may have.
pub(crate) fn slips(word: &str) -> usize {
    match word.chars().count() {
        letters if !can_be_misspelled(word, 5) || letters < 5 => 0,
        5..=8 => 1,
        _ => 2,
    }
}

/// Those of some candidates that a word may mean, the nearest first.
pub(crate) fn nearest(word: &str, candidates: Vec<String>) -> Vec<String> {
    let most = slips(word);
    let first = word.chars().next();
    let mut near: Vec<(usize, String)> = candidates
        .into_iter()
        .filter(|candidate| candidate.chars().next() == first)
        .map(|candidate| (strsim::osa_distance(word, &candidate), candidate))
        .filter(|(slips, _)| (1..=most).contains(slips))
        .collect();
    near.sort();
    near.into_iter().take(MOST_NEAR).map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests;
