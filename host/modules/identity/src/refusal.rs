//! Sentences that more than one command says.

use vectis_contracts::identity::{AuthCode, LoginCode};
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure};

/// One sentence for an unknown e-mail, a wrong password and an inactive login.
pub(crate) fn invalid_credentials() -> Failure<AuthCode> {
    Failure::refused(AuthCode::InvalidCredentials, "the e-mail or the password is wrong")
}

pub(crate) fn too_many_attempts() -> Failure<AuthCode> {
    Failure::refused(AuthCode::TooManyAttempts, "too many attempts; wait a minute and try again")
}

/// One sentence for every way a refresh token can be bad.
pub(crate) fn invalid_refresh_token() -> Failure<AuthCode> {
    Failure::refused(AuthCode::InvalidRefreshToken, "the refresh token is not good any more; sign in again")
}

/// For commands on staff and on logins as such.
pub(crate) fn needs_staff_write(ctx: &Ctx) -> Result<(), Failure<LoginCode>> {
    if ctx.is_staff() && ctx.may(&staff::STAFF_WRITE) {
        Ok(())
    } else {
        Err(Failure::refused(LoginCode::Forbidden, "managing staff and logins needs staff.write"))
    }
}
