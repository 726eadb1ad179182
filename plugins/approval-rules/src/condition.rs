//! What a cart has to be like to meet a rule.

use vectis_plugin_api::approval::ApprovalFacts;
use vectis_plugin_api::{Error, Id, units};

use crate::config::{AmountConfig, WhenConfig};

/// Amounts of the configuration are kept in millionths: which decimals a currency has is known with the cart only.
const PLACES: u32 = 6;

/// All that is stated has to hold.
pub(crate) struct Condition {
    min_total: Option<Amount>,
    min_lines: Option<u32>,
    categories_any: Option<Vec<String>>,
    roles: Option<Vec<String>>,
    employees: Option<Vec<Id>>,
    locations: Option<Vec<Id>>,
    above_order_limit: Option<bool>,
}

struct Amount {
    micros: i64,
    currency: String,
}

impl Condition {
    pub(crate) fn new(config: WhenConfig, pointer: &str) -> Result<Self, Error> {
        if config.min_lines == Some(0) {
            let message = "every cart has a line; state at least 1, or leave it out";
            return Err(Error::config(&format!("{pointer}/min_lines"), message));
        }
        for (key, length) in [
            ("categories_any", config.categories_any.as_ref().map(Vec::len)),
            ("roles", config.roles.as_ref().map(Vec::len)),
            ("employees", config.employees.as_ref().map(Vec::len)),
            ("locations", config.locations.as_ref().map(Vec::len)),
        ] {
            if length == Some(0) {
                let message = "is empty, so no cart would ever meet the rule; fill it or leave it out";
                return Err(Error::config(&format!("{pointer}/{key}"), message));
            }
        }
        let read = |amount| Amount::new(amount, &format!("{pointer}/min_total"));
        Ok(Self {
            min_total: config.min_total.map(read).transpose()?,
            min_lines: config.min_lines,
            categories_any: config.categories_any,
            roles: config.roles,
            employees: config.employees,
            locations: config.locations,
            above_order_limit: config.above_order_limit,
        })
    }

    /// The currency of the smallest total, if one is stated.
    pub(crate) fn currency(&self) -> Option<&str> {
        self.min_total.as_ref().map(|amount| amount.currency.as_str())
    }

    /// Whether the cart meets it. `is_known` says whether any rule states an amount in the cart's currency.
    pub(crate) fn is_met(&self, facts: &ApprovalFacts<'_>, is_known: bool) -> bool {
        is_met(&self.min_total, |least| least.is_reached(facts).unwrap_or(!is_known))
            && is_met(&self.min_lines, |least| facts.line_count >= *least)
            && is_met(&self.categories_any, |slugs| {
                slugs.iter().any(|slug| facts.categories.contains(&slug.as_str()))
            })
            && is_met(&self.roles, |roles| roles.iter().any(|role| role == facts.employee_role))
            && is_met(&self.employees, |ids| ids.contains(&facts.employee_id))
            && is_met(&self.locations, |ids| ids.contains(&facts.location_id))
            && is_met(&self.above_order_limit, |above| *above == is_above_order_limit(facts))
    }
}

impl Amount {
    fn new(config: AmountConfig, pointer: &str) -> Result<Self, Error> {
        let micros = units::parse(&config.amount, PLACES).filter(|micros| *micros >= 0).ok_or_else(|| {
            let message =
                format!("must be an amount that is not negative, like \"5000.00\", not {:?}", config.amount);
            Error::config(&format!("{pointer}/amount"), message)
        })?;
        let currency = config.currency;
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            let message = format!(
                "must be an ISO 4217 code of three upper-case letters, like \"EUR\", not {currency:?}"
            );
            return Err(Error::config(&format!("{pointer}/currency"), message));
        }
        Ok(Self { micros, currency })
    }

    /// `None` when the cart is in another currency.
    fn is_reached(&self, facts: &ApprovalFacts<'_>) -> Option<bool> {
        let scale = 10_i128.pow(PLACES.saturating_sub(facts.exponent));
        let total = i128::from(facts.grand_total_minor) * scale;
        (self.currency == facts.currency).then_some(total >= i128::from(self.micros))
    }
}

/// Whether the total is above the employee's own order limit, if there is one.
pub(crate) fn is_above_order_limit(facts: &ApprovalFacts<'_>) -> bool {
    facts.order_limit_minor.is_some_and(|limit| facts.grand_total_minor > limit)
}

fn is_met<T>(stated: &Option<T>, holds: impl FnOnce(&T) -> bool) -> bool {
    stated.as_ref().is_none_or(holds)
}
