//! Setting credit aside.

use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::accounts::CreditCode;
use vectis_db::conn;
use vectis_kernel::ids::AccountId;
use vectis_kernel::{Ctx, Failure, Money};

use crate::store;

pub(crate) async fn hold(
    tx: &mut Tx,
    ctx: &Ctx,
    account_id: AccountId,
    owner: Uuid,
    amount: Money,
) -> Result<(), Failure<CreditCode>> {
    if amount.minor < 0 {
        return Err(Failure::internal(format!("credit of {amount} cannot be held")));
    }
    if amount.minor == 0 || store::credit::hold(tx, ctx, account_id, owner, amount).await? {
        return Ok(());
    }
    Err(match store::credit::left(conn(tx), account_id, amount.currency).await? {
        Some(left) => {
            let message = format!("{amount} of credit is needed and {left} is left");
            Failure::refused(CreditCode::InsufficientCredit, message)
        }
        None => {
            let message = format!("the account has no credit in {}", amount.currency);
            Failure::refused(CreditCode::NoCredit, message)
        }
    })
}
