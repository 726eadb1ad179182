//! All SQL of logins, sessions and staff.

pub(crate) mod keys;
pub(crate) mod logins;
pub(crate) mod sessions;
pub(crate) mod staff;

use std::collections::BTreeSet;

use vectis_contracts::identity::LoginKind;
use vectis_kernel::Permission;

pub(crate) fn kind_text(kind: LoginKind) -> &'static str {
    match kind {
        LoginKind::Buyer => "buyer",
        LoginKind::Customer => "customer",
        LoginKind::Staff => "staff",
    }
}

/// The table's CHECK allows these three and no other.
fn kind_of(text: &str) -> LoginKind {
    match text {
        "staff" => LoginKind::Staff,
        "customer" => LoginKind::Customer,
        _ => LoginKind::Buyer,
    }
}

fn permissions_of(keys: &[String]) -> BTreeSet<Permission> {
    keys.iter().filter_map(|key| Permission::parse(key)).collect()
}
