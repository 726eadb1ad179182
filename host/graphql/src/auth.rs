//! Signing in and out, passwords, staff and their roles, and "who am I".

use std::collections::BTreeSet;
use std::sync::Arc;

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use vectis_contracts::identity::{self as contract, CreateLogin, LoginKind};
use vectis_kernel::ids::{LoginId, StaffRoleId};
use vectis_kernel::permission::staff;
use vectis_kernel::{Actor, Permission};

use crate::accounts::{Account, Employee};
use crate::caller::ContextExt;
use crate::channels::Channel;
use crate::error::{UserError, answer, bad_input, outcome};
use crate::id::GlobalId;
use crate::loaders;
use crate::page::{connection, page_request};
use crate::paths::below;
use crate::policy::{Access, TypePolicy};

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Query", &[(Access::Public, "me"), (Access::Staff(&staff::STAFF_WRITE), "staff staffRoles")]),
    (
        "Mutation",
        &[
            (Access::Public, "signIn tokenRefresh signOut customerRegister"),
            (Access::SignedIn, "passwordChange"),
            (Access::Staff(&staff::STAFF_WRITE), "staffCreate staffRolesSet staffRoleUpsert loginActivate"),
        ],
    ),
    ("Me", &[(Access::Public, "kind name email permissions employee account channel")]),
    ("Tokens", &[(Access::Owner, "accessToken accessExpiresAt refreshToken refreshExpiresAt")]),
    ("StaffMember", &[(Access::Owner, "id email name isActive roleIds")]),
    ("StaffRole", &[(Access::Owner, "id name permissions")]),
];

/// Why signing in, refreshing or changing a password was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::AuthCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum AuthErrorCode {
    InvalidCredentials,
    TooManyAttempts,
    InvalidRefreshToken,
    WeakPassword,
    NotSignedIn,
}

/// Why a login or staff command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::LoginCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum LoginErrorCode {
    Forbidden,
    EmailTaken,
    InvalidEmail,
    WeakPassword,
    InvalidInput,
    LoginNotFound,
    RoleNotFound,
    UnknownPermission,
    LastManager,
    TooManyAttempts,
}

/// What the caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CallerKind {
    /// Nobody is signed in.
    Anonymous,
    /// An employee of an account.
    Buyer,
    /// A retail customer.
    Customer,
    /// The merchant's staff.
    Staff,
}

/// The caller.
pub struct Me;

/// Who sends this request.
#[Object]
impl Me {
    /// What the caller is.
    async fn kind(&self, ctx: &Context<'_>) -> CallerKind {
        match &ctx.caller().ctx.actor {
            Actor::Anonymous { .. } => CallerKind::Anonymous,
            Actor::Buyer(_) => CallerKind::Buyer,
            Actor::Customer { .. } => CallerKind::Customer,
            Actor::Staff(_) | Actor::System { .. } => CallerKind::Staff,
        }
    }
    /// The caller's name.
    async fn name(&self, ctx: &Context<'_>) -> Option<String> {
        ctx.caller().principal.as_ref().map(|principal| principal.name.clone())
    }
    /// The caller's e-mail.
    async fn email(&self, ctx: &Context<'_>) -> Option<String> {
        ctx.caller().principal.as_ref().map(|principal| principal.email.clone())
    }
    /// Permission keys the caller holds.
    async fn permissions(&self, ctx: &Context<'_>) -> Vec<String> {
        let held: Option<&Arc<BTreeSet<Permission>>> = match &ctx.caller().ctx.actor {
            Actor::Buyer(buyer) => Some(&buyer.permissions),
            Actor::Staff(staff) => Some(&staff.permissions),
            _ => None,
        };
        held.map(|keys| keys.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }
    /// The employee acting.
    async fn employee(&self, ctx: &Context<'_>) -> Option<Employee> {
        ctx.caller().membership.as_ref().map(|membership| Employee(Arc::new(membership.employee.clone())))
    }
    /// The company acted for.
    async fn account(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Account>> {
        let Some(buyer) = ctx.caller().ctx.buyer() else { return Ok(None) };
        Ok(loaders::of(ctx).load_one(buyer.account_id).await?.map(Account))
    }
    /// The channel this request came through.
    async fn channel(&self, ctx: &Context<'_>) -> Option<Channel> {
        ctx.caller().channel.clone().map(Channel)
    }
}

/// A pair of tokens.
#[derive(SimpleObject)]
pub struct Tokens {
    /// `Authorization: Bearer …`; short-lived.
    pub access_token: String,
    /// Until then.
    pub access_expires_at: DateTime<Utc>,
    /// For `tokenRefresh`, once.
    pub refresh_token: String,
    /// Until then.
    pub refresh_expires_at: DateTime<Utc>,
}

impl From<contract::Tokens> for Tokens {
    fn from(tokens: contract::Tokens) -> Self {
        Self {
            access_token: tokens.access_token,
            access_expires_at: tokens.access_expires_at,
            refresh_token: tokens.refresh_token,
            refresh_expires_at: tokens.refresh_expires_at,
        }
    }
}

/// What signing in gave.
#[derive(SimpleObject)]
pub struct TokensPayload {
    /// The tokens.
    pub tokens: Option<Tokens>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<AuthErrorCode>>,
}

/// Whether it was done.
#[derive(SimpleObject)]
pub struct AuthPayload {
    /// Whether it was done.
    pub is_done: bool,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<AuthErrorCode>>,
}

/// What a login command left behind.
#[derive(SimpleObject)]
pub struct LoginPayload {
    /// The login.
    pub login_id: Option<GlobalId<LoginId>>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<LoginErrorCode>>,
}

/// What a role command left behind.
#[derive(SimpleObject)]
pub struct StaffRolePayload {
    /// The role.
    pub role_id: Option<GlobalId<StaffRoleId>>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<LoginErrorCode>>,
}

/// A member of staff.
#[derive(SimpleObject)]
pub struct StaffMember {
    /// The login.
    pub id: GlobalId<LoginId>,
    /// E-mail.
    pub email: String,
    /// For people.
    pub name: String,
    /// Whether it may sign in.
    pub is_active: bool,
    /// Roles held.
    pub role_ids: Vec<GlobalId<StaffRoleId>>,
}

/// A role of staff.
#[derive(SimpleObject)]
pub struct StaffRole {
    /// Its id.
    pub id: GlobalId<StaffRoleId>,
    /// Unique.
    pub name: String,
    /// What it allows.
    pub permissions: Vec<String>,
}

/// Credentials.
#[derive(InputObject)]
pub struct SignInInput {
    /// E-mail.
    pub email: String,
    /// Password.
    #[graphql(secret)]
    pub password: String,
}

/// A refresh token.
#[derive(InputObject)]
pub struct RefreshTokenInput {
    /// As given by `signIn` or the last `tokenRefresh`.
    #[graphql(secret)]
    pub refresh_token: String,
}

/// A new password.
#[derive(InputObject)]
pub struct PasswordChangeInput {
    /// The present one.
    #[graphql(secret)]
    pub current: String,
    /// 8 to 128 characters.
    #[graphql(secret)]
    pub new: String,
}

/// A person to make.
#[derive(InputObject)]
pub struct LoginInput {
    /// E-mail.
    pub email: String,
    /// For people.
    pub name: String,
    /// 8 to 128 characters.
    #[graphql(secret)]
    pub password: String,
}

impl LoginInput {
    fn login(self, kind: LoginKind) -> CreateLogin {
        CreateLogin { email: self.email, name: self.name, password: Some(self.password), kind }
    }
}

/// A member of staff to make.
#[derive(InputObject)]
pub struct StaffCreateInput {
    /// The person.
    pub login: LoginInput,
    /// Roles.
    pub role_ids: Vec<GlobalId<StaffRoleId>>,
}

/// Roles to give.
#[derive(InputObject)]
pub struct StaffRolesSetInput {
    /// To whom.
    pub id: GlobalId<LoginId>,
    /// All of them.
    pub role_ids: Vec<GlobalId<StaffRoleId>>,
}

/// A role to make, or to replace the permissions of.
#[derive(InputObject)]
pub struct StaffRoleUpsertInput {
    /// Unique.
    pub name: String,
    /// `area.action` keys.
    pub permissions: Vec<String>,
}

/// Whether a login may sign in.
#[derive(InputObject)]
pub struct LoginActivateInput {
    /// Which.
    pub id: GlobalId<LoginId>,
    /// Whether it may.
    pub is_active: bool,
}

/// Permission keys from text.
pub(crate) fn permissions(keys: &[String]) -> async_graphql::Result<BTreeSet<Permission>> {
    let parse = |key: &String| {
        Permission::parse(key).ok_or_else(|| bad_input(format!("{key:?} is not a permission key")))
    };
    keys.iter().map(parse).collect()
}

/// Queries about people who sign in.
#[derive(Default)]
pub struct AuthQuery;

#[Object]
impl AuthQuery {
    /// Who sends this request.
    async fn me(&self) -> Me {
        Me
    }

    /// All staff, newest first.
    async fn staff(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, StaffMember>> {
        let page = page_request(first, after)?;
        let found = answer(ctx, ctx.services().identity.staff_list(&ctx.caller().ctx, page).await)?;
        Ok(connection(
            page,
            found,
            |member| member.login_id.0,
            |member| StaffMember {
                id: GlobalId(member.login_id),
                email: member.email,
                name: member.name,
                is_active: member.is_active,
                role_ids: member.role_ids.into_iter().map(GlobalId).collect(),
            },
        ))
    }

    /// All staff roles.
    async fn staff_roles(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<StaffRole>> {
        let roles = answer(ctx, ctx.services().identity.staff_roles(&ctx.caller().ctx).await)?;
        let role = |role: contract::StaffRole| StaffRole {
            id: GlobalId(role.id),
            name: role.name,
            permissions: role.permissions.iter().map(ToString::to_string).collect(),
        };
        Ok(roles.into_iter().map(role).collect())
    }
}

/// Commands about people who sign in.
#[derive(Default)]
pub struct AuthMutation;

#[Object]
impl AuthMutation {
    /// Opens a session. Unknown e-mail and wrong password get the same answer in the same time.
    async fn sign_in(&self, ctx: &Context<'_>, input: SignInInput) -> async_graphql::Result<TokensPayload> {
        let done = ctx.services().identity.sign_in(&ctx.caller().ctx, &input.email, &input.password).await;
        let (tokens, user_errors) = outcome(ctx, done)?;
        Ok(TokensPayload { tokens: tokens.map(Into::into), user_errors })
    }

    /// Trades a refresh token for a new pair. A token traded twice ends its session.
    async fn token_refresh(
        &self,
        ctx: &Context<'_>,
        input: RefreshTokenInput,
    ) -> async_graphql::Result<TokensPayload> {
        let done = ctx.services().identity.refresh(&ctx.caller().ctx, &input.refresh_token).await;
        let (tokens, user_errors) = outcome(ctx, done)?;
        Ok(TokensPayload { tokens: tokens.map(Into::into), user_errors })
    }

    /// Ends the session of a refresh token.
    async fn sign_out(
        &self,
        ctx: &Context<'_>,
        input: RefreshTokenInput,
    ) -> async_graphql::Result<AuthPayload> {
        let done = ctx.services().identity.sign_out(&ctx.caller().ctx, &input.refresh_token).await;
        let (done, user_errors) = outcome(ctx, done)?;
        Ok(AuthPayload { is_done: done.is_some(), user_errors })
    }

    /// Sets a new password; all other sessions end.
    async fn password_change(
        &self,
        ctx: &Context<'_>,
        input: PasswordChangeInput,
    ) -> async_graphql::Result<AuthPayload> {
        let done =
            ctx.services().identity.password_change(&ctx.caller().ctx, &input.current, &input.new).await;
        let (done, user_errors) = outcome(ctx, done)?;
        Ok(AuthPayload { is_done: done.is_some(), user_errors })
    }

    /// Registers a retail customer.
    async fn customer_register(
        &self,
        ctx: &Context<'_>,
        input: LoginInput,
    ) -> async_graphql::Result<LoginPayload> {
        let done = ctx
            .services()
            .identity
            .customer_register(&ctx.command(None)?, input.login(LoginKind::Customer))
            .await;
        let (id, user_errors) = outcome(ctx, done)?;
        Ok(LoginPayload { login_id: id.map(GlobalId), user_errors })
    }

    /// Makes a member of staff.
    async fn staff_create(
        &self,
        ctx: &Context<'_>,
        input: StaffCreateInput,
    ) -> async_graphql::Result<LoginPayload> {
        let role_ids = input.role_ids.into_iter().map(|id| id.0).collect();
        let login = input.login.login(LoginKind::Staff);
        let done = ctx.services().identity.staff_create(&ctx.command(None)?, login, role_ids).await;
        let (id, user_errors) = outcome(ctx, below(done, "login", &["roleIds"]))?;
        Ok(LoginPayload { login_id: id.map(GlobalId), user_errors })
    }

    /// Replaces the roles of a member of staff.
    async fn staff_roles_set(
        &self,
        ctx: &Context<'_>,
        input: StaffRolesSetInput,
    ) -> async_graphql::Result<LoginPayload> {
        let role_ids = input.role_ids.into_iter().map(|id| id.0).collect();
        let done = ctx.services().identity.staff_roles_set(&ctx.command(None)?, input.id.0, role_ids).await;
        let (done, user_errors) = outcome(ctx, done)?;
        Ok(LoginPayload { login_id: done.map(|()| input.id), user_errors })
    }

    /// Makes a staff role, or replaces its permissions.
    async fn staff_role_upsert(
        &self,
        ctx: &Context<'_>,
        input: StaffRoleUpsertInput,
    ) -> async_graphql::Result<StaffRolePayload> {
        let keys = permissions(&input.permissions)?;
        let done = ctx.services().identity.staff_role_upsert(&ctx.command(None)?, &input.name, keys).await;
        let (id, user_errors) = outcome(ctx, done)?;
        Ok(StaffRolePayload { role_id: id.map(GlobalId), user_errors })
    }

    /// Lets a login sign in, or ends its sessions and does not.
    async fn login_activate(
        &self,
        ctx: &Context<'_>,
        input: LoginActivateInput,
    ) -> async_graphql::Result<LoginPayload> {
        let done =
            ctx.services().identity.login_activate(&ctx.command(None)?, input.id.0, input.is_active).await;
        let (done, user_errors) = outcome(ctx, done)?;
        Ok(LoginPayload { login_id: done.map(|()| input.id), user_errors })
    }
}
