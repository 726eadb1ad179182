//! Where a strategy takes a tax: what it knows stands in its configuration, so places are made of the words in there.

use vectis_contracts::points::{Jurisdiction, TaxPoint, TaxingLine, TaxingQuestion};
use vectis_kernel::Currency;

use super::questions::{in_currency, line, question};
use crate::adapters::TaxAdapter;
use crate::conformance::dice::Words;

/// Combinations of words that are tried.
const MOST_TRIES: usize = 3_000;

/// A place that the strategy knows, and categories it knows there, which are taxed differently.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) place: Jurisdiction,
    /// The one with most kinds of tax.
    pub(crate) category: String,
    pub(crate) others: Vec<String>,
    pub(crate) currency: Currency,
}

impl Home {
    /// Net amounts of the place, in its currency.
    pub(super) fn question(&self, lines: impl IntoIterator<Item = TaxingLine>) -> TaxingQuestion {
        in_currency(self.currency, question(&self.place, lines))
    }
}

impl Default for Home {
    fn default() -> Self {
        Self {
            place: place("DE", "", ""),
            category: "standard".to_owned(),
            others: Vec::new(),
            currency: Currency::EUR,
        }
    }
}

/// Up to three, the one with most kinds of tax first. Empty when the strategy answers nowhere.
pub(super) fn homes(adapter: &TaxAdapter, words: &Words) -> Vec<Home> {
    let mut found: Vec<(usize, Home)> = Vec::new();
    let currency = words.texts.iter().find_map(|text| text.parse().ok()).unwrap_or(Currency::EUR);
    for (place, category) in tries(words).into_iter().take(MOST_TRIES) {
        let home = Home { place, category, others: Vec::new(), currency };
        if let Ok(answer) = adapter.tax(&home.question([line(100_000, &home.category)])) {
            let kinds = answer.amounts.iter().filter(|amount| amount.amount.minor != 0).count();
            if !found.iter().any(|(known, _)| *known == kinds) {
                found.push((kinds, home));
            }
        }
    }
    found.sort_by_key(|(kinds, _)| std::cmp::Reverse(*kinds));
    let homes = found.into_iter().map(|(_, home)| home).take(3);
    homes.map(|home| Home { others: other_categories(adapter, words, &home), ..home }).collect()
}

/// Up to three categories that are taxed otherwise than the home's own.
fn other_categories(adapter: &TaxAdapter, words: &Words, home: &Home) -> Vec<String> {
    let taxed = |category: &str| adapter.tax(&home.question([line(100_000, category)])).ok();
    let mut answers = vec![taxed(&home.category)];
    let mut others = Vec::new();
    for category in ["standard", "books"].into_iter().chain(words.texts.iter().map(String::as_str)).take(60) {
        let answer = taxed(category);
        if answer.is_some() && !answers.contains(&answer) {
            answers.push(answer);
            others.push(category.to_owned());
        }
    }
    others.truncate(3);
    others
}

fn tries(words: &Words) -> Vec<(Jurisdiction, String)> {
    let is_code = |text: &&String| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    let mut countries: Vec<&str> = words.texts.iter().filter(is_code).map(String::as_str).collect();
    countries.extend(["DE", "GB", "US", "FR", ""]);
    let names: Vec<&str> =
        std::iter::once("").chain(words.texts.iter().map(String::as_str)).take(40).collect();
    let mut tries = Vec::new();
    for category in ["standard", "books", ""] {
        tries.extend(countries.iter().map(|country| (place(country, "", ""), category.to_owned())));
    }
    for country in &countries {
        tries.extend(names.iter().map(|name| (place(country, "", ""), (*name).to_owned())));
        tries.extend(names.iter().map(|name| (place(country, name, ""), "standard".to_owned())));
        tries.extend(names.iter().map(|name| (place(country, "", name), "standard".to_owned())));
    }
    for country in &countries {
        for region in &names {
            tries.extend(names.iter().map(|name| (place(country, region, name), "standard".to_owned())));
            tries.extend(names.iter().map(|name| (place(country, region, ""), (*name).to_owned())));
        }
    }
    tries
}

pub(super) fn place(country: &str, region: &str, city: &str) -> Jurisdiction {
    Jurisdiction {
        country: country.to_owned(),
        region: region.to_owned(),
        city: city.to_owned(),
        postal_code: String::new(),
    }
}
