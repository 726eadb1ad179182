//! Making an empty cart, for oneself or, as staff, for an employee.

use serde_json::json;
use vectis_contracts::accounts::Membership;
use vectis_contracts::carts::{CartChange, CartCode, CartOwner};
use vectis_contracts::shopper::find_owner;
use vectis_db::idempotency;
use vectis_kernel::ids::EmployeeId;
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Currency, Failure};

use crate::command::{Change, contended};
use crate::gather::named_channel;
use crate::owner;
use crate::service::PgCarts;
use crate::store::StoredCart;

impl PgCarts {
    /// Makes an empty cart.
    pub(crate) async fn create(
        &self,
        ctx: &Ctx,
        currency: Option<Currency>,
        for_employee: Option<EmployeeId>,
    ) -> Result<CartChange, Failure<CartCode>> {
        if let Some(answer) = idempotency::answered(&self.db, ctx).await? {
            return Ok(answer);
        }
        let channel_id = named_channel(ctx)?;
        let (owner, membership) = match for_employee {
            Some(employee_id) => self.employee(ctx, employee_id).await?,
            None => self.oneself(ctx).await?,
        };
        let channel = self.channel(ctx, channel_id).await?;
        owner::check_buyer(&channel, &owner, membership.as_ref())?;
        let currency = currency.unwrap_or(channel.currency);
        if !channel.currencies.contains(&currency) {
            let message = format!("the channel {} does not sell in {currency}", channel.slug);
            return Err(Failure::at(CartCode::UnknownCurrency, "currency", message));
        }
        let stored = StoredCart::requested(ctx, channel.id, owner, currency);
        let change = Change { detail: json!({ "currency": currency }), ..Change::of("cart.create") };
        self.write(ctx, &stored, &change).await?.ok_or_else(contended)
    }

    async fn employee(
        &self,
        ctx: &Ctx,
        id: EmployeeId,
    ) -> Result<(CartOwner, Option<Membership>), Failure<CartCode>> {
        if !ctx.is_staff() || !ctx.may(&staff::ORDERS_PLACE_FOR) {
            let message = "only staff may make a cart for somebody else";
            return Err(Failure::at(CartCode::Forbidden, "for_employee", message));
        }
        let found = self.accounts.memberships(&[id]).await;
        let found = found.map_err(|failure| failure.map_code(|_| CartCode::InvalidInput))?;
        let Some(membership) = found.into_iter().find(|found| found.employee.is_active) else {
            let message = format!("there is no active employee {id}");
            return Err(Failure::at(CartCode::InvalidInput, "for_employee", message));
        };
        let owner = CartOwner::Employee {
            account_id: membership.employee.account_id,
            location_id: membership.employee.location_id,
            employee_id: membership.employee.id,
        };
        Ok((owner, Some(membership)))
    }

    async fn oneself(&self, ctx: &Ctx) -> Result<(CartOwner, Option<Membership>), Failure<CartCode>> {
        let owner = owner::own(ctx).ok_or_else(|| {
            let message = if ctx.is_staff() {
                "staff have no cart of their own; name the employee it is for"
            } else {
                "a cart needs an owner; sign in or send a guest token"
            };
            Failure::at(CartCode::Forbidden, "for_employee", message)
        })?;
        owner::check_own(ctx)?;
        let membership = find_owner(ctx, self.accounts.as_ref(), &owner).await;
        let membership = membership.map_err(|failure| failure.map_code(|_| CartCode::Forbidden))?;
        Ok((owner, membership))
    }
}
