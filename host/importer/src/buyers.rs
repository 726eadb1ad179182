//! The buyers of the file, each signed in when first needed and then remembered.

use std::collections::HashMap;

use crate::mine::Account;
use crate::session::Identity;

/// One account's people.
#[derive(Debug)]
pub(crate) struct Company {
    /// Who orders.
    pub(crate) buyer: Identity,
    /// Who approves.
    pub(crate) approver: Identity,
    /// ISO country of its address.
    pub(crate) country_code: &'static str,
}

/// Companies by customer number.
#[derive(Debug)]
pub(crate) struct Buyers(HashMap<String, Company>);

impl Buyers {
    pub(crate) fn new(accounts: &[Account], password: &str) -> Self {
        let company = |account: &Account| Company {
            buyer: Identity::login(&account.buyer_email(), password),
            approver: Identity::login(&account.approver_email(), password),
            country_code: account.country_code,
        };
        Self(accounts.iter().map(|account| (account.number.clone(), company(account))).collect())
    }

    /// `None` for a customer number that is in no row.
    pub(crate) fn find(&self, number: &str) -> Option<&Company> {
        self.0.get(number)
    }
}
