//! Logins, sessions and the merchant's staff. Who a login is to an account is the accounts' business.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use vectis_kernel::ids::{LoginId, SessionId, StaffRoleId};
use vectis_kernel::{Ctx, Failure, Page, PageRequest, Permission};

use crate::Tx;

/// What a login is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginKind {
    /// An employee of an account.
    Buyer,
    /// A retail customer.
    Customer,
    /// The merchant's staff.
    Staff,
}

/// A pair of tokens. The access token is a short-lived signed JWT; the refresh token is opaque, used once.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Whose they are.
    pub login_id: LoginId,
    /// `Authorization: Bearer …`
    pub access_token: String,
    /// 15 minutes by default.
    pub access_expires_at: DateTime<Utc>,
    /// For `tokenRefresh`, once.
    pub refresh_token: String,
    /// 30 days by default.
    pub refresh_expires_at: DateTime<Utc>,
}

/// What a valid access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// Who.
    pub login_id: LoginId,
    /// Under which sign-in.
    pub session_id: SessionId,
}

/// A token that is not ours, not valid any more, or not valid yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the access token is not valid")]
pub struct InvalidToken;

/// A signed-in person as the database knows them now.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The login.
    pub login_id: LoginId,
    /// Lower-cased.
    pub email: String,
    /// For people.
    pub name: String,
    /// What it is for.
    pub kind: LoginKind,
    /// Of all staff roles; empty unless staff.
    pub staff_permissions: Arc<BTreeSet<Permission>>,
}

/// A login to make.
#[derive(Clone, Debug)]
pub struct CreateLogin {
    /// Unique without regard to case, at most 254 characters.
    pub email: String,
    /// 1 to 200 characters.
    pub name: String,
    /// 8 to 128 characters, not among the commonest, not the e-mail. `None` leaves the login without a password
    /// until one is set.
    pub password: Option<String>,
    /// What it is for.
    pub kind: LoginKind,
}

/// A role of staff.
#[derive(Clone, Debug)]
pub struct StaffRole {
    /// Its id.
    pub id: StaffRoleId,
    /// Unique.
    pub name: String,
    /// What it allows.
    pub permissions: BTreeSet<Permission>,
}

/// A member of staff.
#[derive(Clone, Debug)]
pub struct StaffMember {
    /// The login.
    pub login_id: LoginId,
    /// E-mail.
    pub email: String,
    /// For people.
    pub name: String,
    /// Whether the login may sign in.
    pub is_active: bool,
    /// Roles held.
    pub role_ids: Vec<StaffRoleId>,
}

vectis_kernel::refusal_codes! {
    /// Why signing in, refreshing or changing a password was refused. Unknown e-mail, wrong password and locked login
    /// all read `INVALID_CREDENTIALS`, in the same time.
    AuthCode {
        /// Unknown e-mail, wrong password or inactive login.
        InvalidCredentials = "INVALID_CREDENTIALS": Invalid,
        /// Too many attempts; wait.
        TooManyAttempts = "TOO_MANY_ATTEMPTS": Unavailable,
        /// The refresh token is unknown, used, expired or revoked. A used one revokes its whole session.
        InvalidRefreshToken = "INVALID_REFRESH_TOKEN": Invalid,
        /// The new password breaks a rule; the message names it.
        WeakPassword = "WEAK_PASSWORD": Invalid,
        /// Nobody is signed in.
        NotSignedIn = "NOT_SIGNED_IN": Forbidden,
    }
    /// Why a login or staff command was refused.
    LoginCode {
        /// Needs `staff.write`, or the account's own management right.
        Forbidden = "FORBIDDEN": Forbidden,
        /// The e-mail has a login already.
        EmailTaken = "EMAIL_TAKEN": Conflict,
        /// Not an e-mail address.
        InvalidEmail = "INVALID_EMAIL": Invalid,
        /// The password breaks a rule; the message names it.
        WeakPassword = "WEAK_PASSWORD": Invalid,
        /// A field is out of its range; the field is named.
        InvalidInput = "INVALID_INPUT": Invalid,
        /// No such login.
        LoginNotFound = "LOGIN_NOT_FOUND": NotFound,
        /// No such role.
        RoleNotFound = "ROLE_NOT_FOUND": NotFound,
        /// A permission key nobody declared.
        UnknownPermission = "UNKNOWN_PERMISSION": Invalid,
        /// The last login that may manage staff cannot lose that right.
        LastManager = "LAST_MANAGER": Refused,
        /// Too many registrations from one address; wait. Only `customer_register`.
        TooManyAttempts = "TOO_MANY_ATTEMPTS": Unavailable,
    }
}

/// Logins, sessions, staff.
#[async_trait]
pub trait Identity: Send + Sync {
    /// Checks e-mail and password and opens a session.
    async fn sign_in(&self, ctx: &Ctx, email: &str, password: &str) -> Result<Tokens, Failure<AuthCode>>;
    /// Trades a refresh token for a new pair; a token that was traded before revokes its session.
    async fn refresh(&self, ctx: &Ctx, refresh_token: &str) -> Result<Tokens, Failure<AuthCode>>;
    /// Ends the session of a refresh token. Unknown tokens are fine: signing out never fails.
    async fn sign_out(&self, ctx: &Ctx, refresh_token: &str) -> Result<(), Failure<AuthCode>>;
    /// Sets a new password of the acting login and ends its other sessions: all but `ctx.session_id`.
    async fn password_change(&self, ctx: &Ctx, current: &str, new: &str) -> Result<(), Failure<AuthCode>>;
    /// Checks a token's signature and times. No I/O; `now` is the context's.
    fn verify(&self, ctx: &Ctx, access_token: &str) -> Result<AccessClaims, InvalidToken>;
    /// Who the claims stand for now; `None` when the login is inactive or the session was ended. One statement.
    async fn find_principal(&self, claims: AccessClaims) -> Result<Option<Principal>, Failure<AuthCode>>;

    /// Makes logins in the caller's transaction, in a constant number of statements; the same order as the input.
    /// Equal passwords within one call are hashed once.
    async fn logins_create(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        logins: &[CreateLogin],
    ) -> Result<Vec<LoginId>, Failure<LoginCode>>;
    /// Registers a retail customer.
    async fn customer_register(&self, ctx: &Ctx, login: CreateLogin) -> Result<LoginId, Failure<LoginCode>>;
    /// Lets a login sign in, or not; ends its sessions when not.
    async fn login_activate(&self, ctx: &Ctx, id: LoginId, is_active: bool)
    -> Result<(), Failure<LoginCode>>;
    /// By id; missing ones are left out.
    async fn logins_by_id(&self, ctx: &Ctx, ids: &[LoginId]) -> Result<Vec<Principal>, Failure<LoginCode>>;

    /// Makes a member of staff.
    async fn staff_create(
        &self,
        ctx: &Ctx,
        login: CreateLogin,
        role_ids: Vec<StaffRoleId>,
    ) -> Result<LoginId, Failure<LoginCode>>;
    /// Replaces a member's roles.
    async fn staff_roles_set(
        &self,
        ctx: &Ctx,
        id: LoginId,
        role_ids: Vec<StaffRoleId>,
    ) -> Result<(), Failure<LoginCode>>;
    /// All staff, newest first.
    async fn staff_list(&self, ctx: &Ctx, page: PageRequest)
    -> Result<Page<StaffMember>, Failure<LoginCode>>;
    /// Creates a role, or replaces the permissions of the one with this name.
    async fn staff_role_upsert(
        &self,
        ctx: &Ctx,
        name: &str,
        permissions: BTreeSet<Permission>,
    ) -> Result<StaffRoleId, Failure<LoginCode>>;
    /// All staff roles by name; at most 200.
    async fn staff_roles(&self, ctx: &Ctx) -> Result<Vec<StaffRole>, Failure<LoginCode>>;
}
