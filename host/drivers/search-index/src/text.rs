//! How texts are cut into words. Documents and searches alike: lower case, without accents, runs of letters and digits; and
//! runs with nothing but other characters between them (`AB-12/34`) as one word too.

use std::collections::BTreeMap;

use vectis_contracts::fold::{fold, sku_code};
use vectis_contracts::ports::search_index::Document;
use vectis_contracts::search::MAX_WORDS;

/// Longest word kept, in characters; a longer one is found by its beginning.
const MAX_WORD: usize = 64;
/// Bytes of the words of one document; Postgres takes a megabyte.
const MAX_BYTES: usize = 700_000;

fn cut(word: &str) -> String {
    word.chars().take(MAX_WORD).collect()
}

/// What stands between blanks, each as its runs of letters and digits.
fn tokens(text: &str) -> Vec<Vec<String>> {
    let folded = fold(text);
    let runs = |token: &str| -> Vec<String> {
        token.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty()).map(cut).collect()
    };
    folded.split_whitespace().map(runs).filter(|runs| !runs.is_empty()).collect()
}

/// The words of a document with their weights, as Postgres reads them: `'drill':2B,4D`.
#[derive(Default)]
pub(crate) struct Words {
    words: BTreeMap<String, [bool; 4]>,
    bytes: usize,
}

impl Words {
    pub(crate) fn of(document: &Document) -> Self {
        let mut words = Self::default();
        for sku in &document.skus {
            words.add_whole(sku);
        }
        words.add(&document.name, 1);
        document.skus.iter().chain(&document.variant_names).for_each(|text| words.add(text, 2));
        for values in document.facets.values() {
            values.iter().for_each(|value| words.add(value, 3));
        }
        words.add(&document.description, 3);
        words
    }

    /// A SKU as one word, whatever stands between its parts.
    fn add_whole(&mut self, sku: &str) {
        let whole = sku_code(sku);
        if !whole.is_empty() {
            self.put(cut(&whole), 0);
        }
    }

    fn add(&mut self, text: &str, weight: usize) {
        for runs in tokens(text) {
            if runs.len() > 1 {
                self.put(cut(&runs.concat()), weight);
            }
            runs.into_iter().for_each(|run| self.put(run, weight));
        }
    }

    fn put(&mut self, word: String, weight: usize) {
        if self.bytes + word.len() > MAX_BYTES && !self.words.contains_key(&word) {
            return;
        }
        let bytes = word.len();
        let weights = self.words.entry(word).or_insert_with(|| {
            self.bytes += bytes;
            [false; 4]
        });
        weights[weight] = true;
    }

    /// For a column of the type `tsvector`. Words are letters and digits, so nothing in them needs an escape.
    pub(crate) fn to_tsvector(&self) -> String {
        let entry = |(word, weights): (&String, &[bool; 4])| {
            let places =
                (0..4).filter(|at| weights[*at]).map(|at| format!("{}{}", at + 1, ["A", "B", "C", "D"][at]));
            format!("'{word}':{}", places.collect::<Vec<_>>().join(","))
        };
        self.words.iter().map(entry).collect::<Vec<_>>().join(" ")
    }

    /// Those that may be misspelled.
    pub(crate) fn spelled(&self) -> impl Iterator<Item = &String> {
        self.words
            .iter()
            .filter(|(word, weights)| !weights[0] && can_be_misspelled(word, 4))
            .map(|(word, _)| word)
    }
}

/// Letters only, and enough of them: a wrong digit is another size, not a slip.
pub(crate) fn can_be_misspelled(word: &str, least: usize) -> bool {
    word.chars().count() >= least && word.chars().all(char::is_alphabetic)
}

/// A search.
pub(crate) struct Wanted {
    tokens: Vec<Vec<String>>,
}

/// What a word may also have meant.
pub(crate) type Near = BTreeMap<String, Vec<String>>;

impl Wanted {
    /// The first [`MAX_WORDS`] words of a text.
    pub(crate) fn of(text: &str) -> Self {
        let mut tokens = tokens(text);
        let mut left = MAX_WORDS;
        for runs in &mut tokens {
            runs.truncate(left);
            left -= runs.len();
        }
        tokens.retain(|runs| !runs.is_empty());
        Self { tokens }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = &String> {
        self.tokens.iter().flatten()
    }

    /// All words, the last one by its beginning; or all of them together as one.
    pub(crate) fn all_words(&self, near: &Near) -> String {
        let last = self.tokens.len() - 1;
        let token = |(at, runs): (usize, &Vec<String>)| {
            let words = runs.iter().enumerate().map(|(number, run)| {
                let mark = if at == last && number + 1 == runs.len() { ":*" } else { "" };
                let others = near.get(run).into_iter().flatten().map(|other| format!(" | '{other}'"));
                format!("('{run}'{mark}{})", others.collect::<String>())
            });
            let words = words.collect::<Vec<_>>().join(" & ");
            let mark = if at == last { ":*" } else { "" };
            if runs.len() > 1 { format!("({words} | '{}'{mark})", cut(&runs.concat())) } else { words }
        };
        let words = self.tokens.iter().enumerate().map(token).collect::<Vec<_>>().join(" & ");
        if self.tokens.len() > 1 { format!("({words}) | '{}':*", self.whole()) } else { words }
    }

    /// The whole text as a SKU; with `:*`, as the beginning of one.
    pub(crate) fn sku(&self, mark: &str) -> String {
        match mark {
            "" => format!("'{}':A", self.whole()),
            _ => format!("'{}':*A", self.whole()),
        }
    }

    /// All words in the name, the last one by its beginning when told.
    pub(crate) fn in_name(&self, mark: &str) -> String {
        let words: Vec<&String> = self.words().collect();
        let last = words.len() - 1;
        let word = |(at, word): (usize, &&String)| {
            let mark = if at == last { mark } else { "" };
            if mark.is_empty() { format!("'{word}':B") } else { format!("'{word}':*B") }
        };
        words.iter().enumerate().map(word).collect::<Vec<_>>().join(" & ")
    }

    fn whole(&self) -> String {
        cut(&self.tokens.concat().concat())
    }
}

#[cfg(test)]
mod tests;
