//! Random questions that are the same in every run, with words and numbers of the plugin's configuration among them.

use serde_json::Value;

/// SplitMix64: short, and the same on every machine.
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `end`, exclusive.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = end.max(1) as u64;
        usize::try_from(self.next() % end).unwrap_or_default()
    }

    /// From `least` to `most`, inclusive.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = u64::try_from(most - least).unwrap_or_default() + 1;
        least + i64::try_from(self.next() % span).unwrap_or_default()
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }

    pub(crate) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// All positions up to `count`, mixed.
    pub(crate) fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            let other = self.below(last + 1);
            order.swap(last, other);
        }
        order
    }
}

/// What a configuration speaks of. Rules stand at its words and numbers, so questions use them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    pub(crate) texts: Vec<String>,
    pub(crate) numbers: Vec<i64>,
}

impl Words {
    pub(crate) fn of(config: &Value) -> Self {
        let mut words = Self::default();
        words.collect(config);
        words.texts.sort();
        words.texts.dedup();
        words.numbers.sort_unstable();
        words.numbers.dedup();
        words
    }

    fn collect(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Number(number) => self.numbers.extend(number.as_i64()),
            Value::Array(items) => items.iter().for_each(|item| self.collect(item)),
            Value::Object(entries) => {
                for (key, value) in entries {
                    self.texts.push(key.clone());
                    self.collect(value);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// A text, the part after a prefix as in `role:Admin`, and the whole number of an amount.
    fn text(&mut self, text: &str) {
        self.texts.push(text.to_owned());
        self.texts.extend(text.split_once(':').map(|(_, rest)| rest.to_owned()));
        let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
        self.numbers.extend(whole.parse::<i64>().ok());
    }
}
