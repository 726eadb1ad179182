//! Whose data a caller may meet. Every query takes a scope; there is no other way to the tables.

use uuid::Uuid;
use vectis_contracts::accounts::AccountCode;
use vectis_kernel::ids::AccountId;
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Actor, Ctx, Failure};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Every account.
    All,
    /// One account; everything else behaves as if it did not exist.
    Own(AccountId),
    /// Nothing at all.
    Nothing,
}

impl Scope {
    /// For reading by id: staff meet everything (which of it they are shown is decided where fields are), buyers their
    /// own account, others nothing.
    pub(crate) fn of_reader(ctx: &Ctx) -> Self {
        match &ctx.actor {
            Actor::Staff(_) | Actor::System { .. } => Self::All,
            Actor::Buyer(buyer) => Self::Own(buyer.account_id),
            Actor::Anonymous { .. } | Actor::Customer { .. } => Self::Nothing,
        }
    }

    /// For changing what is inside an account: staff with `accounts.write`, or employees with `account.manage`.
    pub(crate) fn of_manager(ctx: &Ctx) -> Result<Self, Failure<AccountCode>> {
        match &ctx.actor {
            Actor::Buyer(acting) if ctx.may(&buyer::MANAGE) => Ok(Self::Own(acting.account_id)),
            _ if may_write(ctx) => Ok(Self::All),
            _ => Err(forbidden("this needs accounts.write, or account.manage in the own account")),
        }
    }

    /// For SQL: `$n::uuid IS NULL OR account_id = $n`. Nobody's id when nothing may be met.
    pub(crate) fn only_account(self) -> Option<Uuid> {
        match self {
            Self::All => None,
            Self::Own(id) => Some(id.0),
            Self::Nothing => Some(Uuid::nil()),
        }
    }
}

/// For what only staff change: accounts themselves, credit, groups, roles.
pub(crate) fn needs_accounts_write(ctx: &Ctx) -> Result<(), Failure<AccountCode>> {
    if may_write(ctx) { Ok(()) } else { Err(forbidden("this needs accounts.write")) }
}

/// For lists over all accounts.
pub(crate) fn needs_accounts_read(ctx: &Ctx) -> Result<(), Failure<AccountCode>> {
    let may_read = ctx.is_staff() && ctx.may(&staff::ACCOUNTS_READ);
    if may_read || may_write(ctx) { Ok(()) } else { Err(forbidden("this needs accounts.read")) }
}

pub(crate) fn forbidden(message: &str) -> Failure<AccountCode> {
    Failure::refused(AccountCode::Forbidden, message)
}

/// A buyer's role could carry the key under a plugin's name; it is for staff alone.
fn may_write(ctx: &Ctx) -> bool {
    ctx.is_staff() && ctx.may(&staff::ACCOUNTS_WRITE)
}
