//! What an e-mail address is, and its one spelling.

use unicode_normalization::UnicodeNormalization;

/// RFC 5321: a path is at most 256 octets with its brackets.
const MAX_BYTES: usize = 254;

/// Lower-cased and NFC, so that one mailbox has one login; `None` when it is no address.
pub(crate) fn normalized(email: &str) -> Option<String> {
    // Cheap before thorough: a megabyte is not worth normalizing.
    if email.len() > 4 * MAX_BYTES {
        return None;
    }
    let email: String = email.trim().nfc().collect::<String>().to_lowercase().nfc().collect();
    let (local, domain) = email.rsplit_once('@')?;
    let fits = email.len() <= MAX_BYTES && is_local(local) && is_domain(domain);
    fits.then_some(email)
}

fn is_local(local: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "@\"(),:;<>[\\]".contains(c);
    (1..=64).contains(&local.len())
        && !local.contains(odd)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.contains('.') && domain.split('.').all(is_label)
}
