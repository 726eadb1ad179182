//! What the fields of accounts may be. Pure.

use vectis_contracts::accounts::{AccountCode, PostalAddress};
use vectis_kernel::{Money, Refusal, is_country_code};

/// Collects what is wrong, each at its place in the input.
#[derive(Default)]
pub(crate) struct Refusals(Vec<Refusal<AccountCode>>);

impl Refusals {
    pub(crate) fn add(&mut self, code: AccountCode, field: &str, message: impl Into<String>) {
        self.0.push(Refusal::at(code, field, message));
    }

    pub(crate) fn extend(&mut self, more: impl IntoIterator<Item = Refusal<AccountCode>>) {
        self.0.extend(more);
    }

    pub(crate) fn into_inner(self) -> Vec<Refusal<AccountCode>> {
        self.0
    }

    /// A text of so many characters; the ends are trimmed. Control characters would break logs, files and labels.
    pub(crate) fn text(
        &mut self,
        field: &str,
        text: &str,
        length: std::ops::RangeInclusive<usize>,
    ) -> String {
        self.text_without(field, text, length, char::is_control)
    }

    /// A text that may have several lines.
    pub(crate) fn lines(
        &mut self,
        field: &str,
        text: &str,
        length: std::ops::RangeInclusive<usize>,
    ) -> String {
        self.text_without(field, text, length, |c| c.is_control() && c != '\n')
    }

    fn text_without(
        &mut self,
        field: &str,
        text: &str,
        length: std::ops::RangeInclusive<usize>,
        is_odd: impl Fn(char) -> bool,
    ) -> String {
        let text = text.trim();
        let count = text.chars().count();
        if !length.contains(&count) {
            let (least, most) = length.into_inner();
            let message = format!("this has {least} to {most} characters, not {count}");
            self.add(AccountCode::InvalidInput, field, message);
        } else if text.contains(is_odd) {
            self.add(AccountCode::InvalidInput, field, "this has no control characters");
        }
        text.to_owned()
    }

    /// `Net30`, or empty.
    pub(crate) fn payment_terms(&mut self, field: &str, terms: &str) -> String {
        let days = terms.strip_prefix("Net").filter(|days| days.bytes().all(|byte| byte.is_ascii_digit()));
        let fits = terms.is_empty()
            || days.is_some_and(|days| days.len() <= 3 && days.parse().is_ok_and(|days: u16| days <= 365));
        if !fits {
            let shown: String = terms.chars().take(40).collect();
            let message = format!("payment terms read Net and 0 to 365 days, or are empty; not {shown:?}");
            self.add(AccountCode::InvalidInput, field, message);
        }
        terms.to_owned()
    }

    /// A limit is not negative.
    pub(crate) fn limit(&mut self, field: &str, limit: Money) {
        if limit.minor < 0 {
            self.add(AccountCode::InvalidInput, field, format!("a limit is not negative: {limit}"));
        }
    }

    pub(crate) fn postal(&mut self, field: &str, postal: &PostalAddress) -> PostalAddress {
        let at = |name: &str| join(field, name);
        if !is_country_code(&postal.country) {
            let shown: String = postal.country.chars().take(10).collect();
            let message = format!("{shown:?} is not an ISO 3166-1 alpha-2 code in upper case");
            self.add(AccountCode::InvalidInput, &at("country"), message);
        }
        PostalAddress {
            name: self.text(&at("name"), &postal.name, 0..=200),
            street: self.lines(&at("street"), &postal.street, 0..=400),
            city: self.text(&at("city"), &postal.city, 0..=200),
            region: self.text(&at("region"), &postal.region, 0..=200),
            postal_code: self.text(&at("postalCode"), &postal.postal_code, 0..=32),
            country: postal.country.clone(),
        }
    }
}

/// `a.b`, or just `b` at the top.
pub(crate) fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}
