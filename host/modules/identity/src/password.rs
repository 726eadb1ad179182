//! What a password may be. It is never truncated; two ways of typing the same letters (NFC, NFD) are one password.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// In characters.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;
/// More bytes than 128 characters of any script: such a text is not even looked at.
const MAX_BYTES: usize = 4_096;
/// The commonest of those with eight characters and more, lower-cased, one a line.
const COMMONEST: &str = include_str!("commonest_passwords.txt");

/// The password as it is hashed; `None` for a text that no login can have as its password.
pub(crate) fn normalized(password: &str) -> Option<Cow<'_, str>> {
    if password.len() > MAX_BYTES || password.contains('\0') {
        return None;
    }
    let password = match is_nfc_quick(password.chars()) {
        IsNormalized::Yes => Cow::Borrowed(password),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(password.nfc().collect()),
    };
    LENGTH.contains(&password.chars().count()).then_some(password)
}

/// The password as it is hashed, or the rule it breaks. `email` in its one spelling.
pub(crate) fn checked<'a>(password: &'a str, email: &str) -> Result<Cow<'a, str>, &'static str> {
    if password.contains('\0') {
        return Err("a password cannot contain the NUL character");
    }
    let password = normalized(password).ok_or("a password has 8 to 128 characters")?;
    let lower = password.to_lowercase();
    if COMMONEST.lines().any(|common| common == lower) {
        return Err("this password is among the commonest and would be guessed at once");
    }
    if lower == email {
        return Err("a password cannot be the e-mail address");
    }
    Ok(password)
}
