//! Permission keys: `area.action`, held by roles of staff and of employees. Plugins may add their own.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One `area.action` key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permission(Cow<'static, str>);

impl Permission {
    /// A key known at compile time.
    pub const fn known(key: &'static str) -> Self {
        Self(Cow::Borrowed(key))
    }

    /// A key from outside; `None` unless it reads `area.action` in lower case.
    pub fn parse(key: &str) -> Option<Self> {
        let (area, action) = key.split_once('.')?;
        let word = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        (key.len() <= 100 && word(area) && word(action)).then(|| Self(Cow::Owned(key.to_owned())))
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! permissions {
    ($list:ident: $($(#[$doc:meta])* $name:ident = $key:literal;)*) => {
        $($(#[$doc])* pub const $name: Permission = Permission::known($key);)*
        /// All keys of this audience, with what they allow.
        pub const $list: &[Permission] = &[$($name),*];
    };
}

/// Keys for employees of accounts; what they allow ends at the employee's own account.
pub mod buyer {
    use super::Permission;
    permissions! { ALL:
        /// See the catalogue and prices.
        BROWSE = "catalog.browse";
        /// Fill carts and submit them.
        ORDER = "orders.place";
        /// Decide approval requests.
        APPROVE = "approvals.decide";
        /// See all orders and carts of the account, not only the own.
        ORDERS_READ_ALL = "orders.read_all";
        /// Manage employees, locations and addresses of the account.
        MANAGE = "account.manage";
    }
}

/// Keys for the merchant's staff.
pub mod staff {
    use super::Permission;
    permissions! { ALL:
        /// Read accounts, locations, employees.
        ACCOUNTS_READ = "accounts.read";
        /// Create and change accounts, locations, employees, groups, credit.
        ACCOUNTS_WRITE = "accounts.write";
        /// Read the whole catalogue, inactive things too.
        PRODUCTS_READ = "products.read";
        /// Create and change products, variants, categories, packages.
        PRODUCTS_WRITE = "products.write";
        /// Read price lists and managed prices.
        PRICES_READ = "prices.read";
        /// Create and change price lists, managed prices, exchange rates.
        PRICES_WRITE = "prices.write";
        /// Read stock and its ledger.
        STOCK_READ = "stock.read";
        /// Adjust stock, create warehouses.
        STOCK_WRITE = "stock.write";
        /// Grant and withdraw tax exemptions.
        TAX_WRITE = "tax.write";
        /// Read all carts and orders.
        ORDERS_READ = "orders.read";
        /// Move orders through their states, edit, cancel, take returns, issue credit notes.
        ORDERS_WRITE = "orders.write";
        /// Override prices, with a reason.
        ORDERS_PRICE_OVERRIDE = "orders.price_override";
        /// Place orders in the name of a buyer.
        ORDERS_PLACE_FOR = "orders.place_for";
        /// Read approval requests of all accounts. Deciding them is the company's own business.
        APPROVALS_READ = "approvals.read";
        /// Create and change channels.
        CHANNELS_WRITE = "channels.write";
        /// See, load and activate plugins.
        PLUGINS_WRITE = "plugins.write";
        /// See the subscriptions of plugins and events that nobody could take in, without what they hold.
        EVENTS_READ = "events.read";
        /// See also what such events hold: data of customers.
        EVENTS_READ_PAYLOAD = "events.read_payload";
        /// Have such events tried again, or give them up.
        EVENTS_WRITE = "events.write";
        /// Manage staff and their roles.
        STAFF_WRITE = "staff.write";
        /// Read the audit trail.
        AUDIT_READ = "audit.read";
        /// See webhooks and what became of their deliveries.
        WEBHOOKS_READ = "webhooks.read";
        /// Create, change, test and delete webhooks, see their secrets once, send deliveries again.
        WEBHOOKS_MANAGE = "webhooks.manage";
        /// See workflows and their faults.
        WORKFLOWS_READ = "workflows.read";
        /// Cancel workflows, retry and skip what failed.
        WORKFLOWS_MANAGE = "workflows.manage";
    }
}
