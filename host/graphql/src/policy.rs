//! Who may ask for which field. Every field of every object type stands in a table next to its type; a field without an
//! entry fails a test. The tables shape introspection and are checked once per request, on the document, so that a
//! thousand lines cost no more than one.

use std::collections::HashMap;

use async_graphql::Context;
use async_graphql::registry::{MetaType, Registry};
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Actor, Permission};

use crate::caller::{Caller, ContextExt};

/// Who may ask for a field. What of it they get (their own account's things only, …) is the services' decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, signed in or not.
    Public,
    /// Whoever was given the object may read the field.
    Owner,
    /// Anybody signed in.
    SignedIn,
    /// Any member of staff.
    AnyStaff,
    /// Staff with the permission.
    Staff(&'static Permission),
    /// Employees of a company with the permission.
    Buyer(&'static Permission),
    /// Employees with the permission, and staff with theirs.
    BuyerOrStaff(&'static Permission, &'static Permission),
    /// Whoever can own a cart: guests, customers, employees who may order, staff who may place for others.
    Shopper,
}

impl Access {
    /// Whether the caller passes.
    pub fn allows(self, caller: &Caller) -> bool {
        let ctx = &caller.ctx;
        match self {
            Self::Public | Self::Owner => true,
            Self::SignedIn => ctx.login_id().is_some(),
            Self::AnyStaff => ctx.is_staff(),
            Self::Staff(permission) => ctx.is_staff() && ctx.may(permission),
            Self::Buyer(permission) => matches!(ctx.actor, Actor::Buyer(_)) && ctx.may(permission),
            Self::BuyerOrStaff(by_buyer, by_staff) => match &ctx.actor {
                Actor::Buyer(_) => ctx.may(by_buyer),
                Actor::Staff(_) | Actor::System { .. } => ctx.may(by_staff),
                Actor::Anonymous { .. } | Actor::Customer { .. } => false,
            },
            Self::Shopper => match &ctx.actor {
                Actor::Buyer(_) => ctx.may(&buyer::ORDER),
                Actor::Staff(_) | Actor::System { .. } => {
                    ctx.may(&staff::ORDERS_PLACE_FOR) || ctx.may(&staff::ORDERS_PRICE_OVERRIDE)
                }
                Actor::Anonymous { .. } | Actor::Customer { .. } => true,
            },
        }
    }
}

/// The fields of one object type, by who may ask for them: `(Access::Owner, "id number state")`.
pub type TypePolicy = (&'static str, &'static [(Access, &'static str)]);

/// All tables, in a form the checks can ask.
pub struct Policy {
    fields: HashMap<&'static str, HashMap<&'static str, Access>>,
}

impl Policy {
    /// From the tables next to the types.
    pub fn new(tables: &[&'static [TypePolicy]]) -> Self {
        let mut fields: HashMap<&'static str, HashMap<&'static str, Access>> = HashMap::new();
        for (type_name, rules) in tables.iter().flat_map(|table| table.iter()) {
            let known = fields.entry(type_name).or_default();
            for (access, names) in *rules {
                known.extend(names.split_whitespace().map(|name| (name, *access)));
            }
        }
        Self { fields }
    }

    /// The rule of a field; `None` when it was never declared.
    pub fn find(&self, type_name: &str, field: &str) -> Option<Access> {
        self.fields.get(type_name)?.get(field).copied()
    }

    /// All declared `Type.field` names.
    pub fn declared(&self) -> impl Iterator<Item = (&'static str, &'static str)> + '_ {
        self.fields
            .iter()
            .flat_map(|(type_name, fields)| fields.keys().map(move |field| (*type_name, *field)))
    }

    /// Hides from introspection what the asking caller may not use.
    pub(crate) fn shape(&self, registry: &mut Registry) {
        for (type_name, meta) in &mut registry.types {
            let MetaType::Object { fields, .. } = meta else { continue };
            for (name, field) in fields {
                field.visible = self.find(type_name, name).and_then(visible_to);
            }
        }
    }
}

/// The rules that hide something from somebody. Introspection asks plain functions, which cannot carry a rule; so there
/// is one function per place in this list.
const RULES: &[Access] = &[
    Access::SignedIn,
    Access::AnyStaff,
    Access::Shopper,
    Access::Staff(&staff::ACCOUNTS_READ),
    Access::Staff(&staff::ACCOUNTS_WRITE),
    Access::Staff(&staff::PRODUCTS_READ),
    Access::Staff(&staff::PRODUCTS_WRITE),
    Access::Staff(&staff::PRICES_READ),
    Access::Staff(&staff::PRICES_WRITE),
    Access::Staff(&staff::STOCK_READ),
    Access::Staff(&staff::STOCK_WRITE),
    Access::Staff(&staff::TAX_WRITE),
    Access::Staff(&staff::ORDERS_READ),
    Access::Staff(&staff::ORDERS_WRITE),
    Access::Staff(&staff::ORDERS_PRICE_OVERRIDE),
    Access::Staff(&staff::CHANNELS_WRITE),
    Access::Staff(&staff::PLUGINS_WRITE),
    Access::Staff(&staff::EVENTS_READ),
    Access::Staff(&staff::EVENTS_READ_PAYLOAD),
    Access::Staff(&staff::EVENTS_WRITE),
    Access::Staff(&staff::STAFF_WRITE),
    Access::Staff(&staff::AUDIT_READ),
    Access::Staff(&staff::WEBHOOKS_READ),
    Access::Staff(&staff::WEBHOOKS_MANAGE),
    Access::Staff(&staff::WORKFLOWS_READ),
    Access::Staff(&staff::WORKFLOWS_MANAGE),
    Access::BuyerOrStaff(&buyer::MANAGE, &staff::ACCOUNTS_WRITE),
    Access::BuyerOrStaff(&buyer::MANAGE, &staff::ACCOUNTS_READ),
    Access::Buyer(&buyer::APPROVE),
    Access::BuyerOrStaff(&buyer::ORDER, &staff::APPROVALS_READ),
    Access::BuyerOrStaff(&buyer::ORDER, &staff::ACCOUNTS_READ),
    Access::BuyerOrStaff(&buyer::ORDERS_READ_ALL, &staff::ORDERS_READ),
    Access::BuyerOrStaff(&buyer::BROWSE, &staff::ACCOUNTS_READ),
];

fn visible<const RULE: usize>(ctx: &Context<'_>) -> bool {
    RULES[RULE].allows(ctx.caller())
}

macro_rules! visibility {
    ($($rule:literal)*) => { [$(visible::<$rule> as fn(&Context<'_>) -> bool),*] };
}

/// Whether introspection shows a field; `None` where everybody sees it.
fn visible_to(access: Access) -> Option<fn(&Context<'_>) -> bool> {
    const SHOWN: [fn(&Context<'_>) -> bool; RULES.len()] =
        visibility!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);
    if matches!(access, Access::Public | Access::Owner) {
        return None;
    }
    let index = RULES.iter().position(|rule| *rule == access);
    Some(SHOWN[index.expect("every rule of a table stands in RULES; a test builds the schema")])
}
