//! Purchase-order number, note and addresses of a cart.

use async_trait::async_trait;
use serde_json::json;
use vectis_contracts::accounts::PostalAddress;
use vectis_contracts::carts::{AddressChoice, Cart, CartCode, CartDetails};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::{Ctx, Failure, Refusal};

use crate::command::{Change, Command};
use crate::gather::Gathered;
use crate::owner::account_of;
use crate::service::PgCarts;

/// Longest purchase-order number, in characters.
const MAX_PO_NUMBER: usize = 100;
/// Longest note, in characters.
const MAX_NOTE: usize = 2_000;

/// Sets details; absent ones stay.
pub(crate) struct SetDetails {
    pub(crate) details: CartDetails,
}

#[async_trait]
impl Command for SetDetails {
    async fn plan(
        &self,
        carts: &PgCarts,
        ctx: &Ctx,
        gathered: &Gathered,
    ) -> Result<Change, Failure<CartCode>> {
        let given = &self.details;
        let mut cart = Cart { lines: Vec::new(), ..gathered.stored.cart.clone() };
        let (mut fields, mut refusals) = (Vec::new(), Vec::new());
        if let Some(po_number) = &given.po_number {
            refusals.extend(check_text("po_number", po_number, MAX_PO_NUMBER));
            fields.push("po_number");
            cart.po_number.clone_from(po_number);
        }
        if let Some(note) = &given.note {
            refusals.extend(check_text("note", note, MAX_NOTE));
            fields.push("note");
            cart.note.clone_from(note);
        }
        let addresses = [
            ("shipping_address", &given.shipping_address, &mut cart.shipping_address),
            ("billing_address", &given.billing_address, &mut cart.billing_address),
        ];
        for (field, choice, place) in addresses {
            let Some(choice) = choice else { continue };
            fields.push(field);
            match carts.address(ctx, &gathered.stored.cart, field, choice).await? {
                Ok(address) => *place = Some(address),
                Err(wrong) => refusals.extend(wrong),
            }
        }
        refuse_if_any(refusals)?;
        Ok(Change {
            detail: json!({ "fields": fields }),
            details: Some(cart),
            ..Change::of("cart.details_set")
        })
    }
}

impl PgCarts {
    /// The address chosen, or what is wrong with the choice. An address of another account does not exist.
    async fn address(
        &self,
        ctx: &Ctx,
        cart: &Cart,
        field: &str,
        choice: &AddressChoice,
    ) -> Result<Result<PostalAddress, Vec<Refusal<CartCode>>>, Failure<CartCode>> {
        let id = match choice {
            AddressChoice::Known(id) => *id,
            AddressChoice::Written(address) => {
                let wrong = check_address(field, address);
                return Ok(if wrong.is_empty() { Ok(address.clone()) } else { Err(wrong) });
            }
        };
        let found = self.accounts.find_address(ctx, id).await;
        let found = found.map_err(|failure| failure.map_code(|_| CartCode::AddressNotFound))?;
        let account_id = account_of(&cart.owner);
        let own = found.filter(|address| Some(address.account_id) == account_id);
        Ok(own.map(|address| address.postal).ok_or_else(|| {
            let message = format!("the account has no address {id}");
            vec![Refusal::at(CartCode::AddressNotFound, field, message)]
        }))
    }
}

fn check_address(field: &str, address: &PostalAddress) -> Vec<Refusal<CartCode>> {
    let texts = [
        ("name", &address.name, 200),
        ("street", &address.street, 400),
        ("city", &address.city, 200),
        ("region", &address.region, 200),
        ("postal_code", &address.postal_code, 40),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(part, text, longest)| check_text(&format!("{field}.{part}"), text, longest));
    let mut refusals: Vec<_> = texts.collect();
    let country = address.country.as_bytes();
    if country.len() != 2 || !country.iter().all(u8::is_ascii_uppercase) {
        let message = format!("{:?} is not an ISO 3166-1 alpha-2 country code", address.country);
        let field = format!("{field}.country");
        refusals.push(Refusal::at(CartCode::InvalidInput, &field, message));
    }
    refusals
}

fn check_text(field: &str, text: &str, longest: usize) -> Option<Refusal<CartCode>> {
    let length = text.chars().count();
    let message = if length > longest {
        format!("at most {longest} characters are taken, not {length}")
    } else if text.contains('\0') {
        "a text cannot hold the character NUL".to_owned()
    } else {
        return None;
    };
    Some(Refusal::at(CartCode::InvalidInput, field, message))
}
