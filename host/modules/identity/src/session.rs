//! Signing in, staying in, signing out.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use vectis_contracts::Tx;
use vectis_contracts::identity::{AccessClaims, AuthCode, Tokens};
use vectis_db::{idempotency, outbox, retrying};
use vectis_kernel::{Ctx, Failure};

use crate::refusal::{invalid_credentials, invalid_refresh_token, too_many_attempts};
use crate::service::PgIdentity;
use crate::store::logins::Credentials;
use crate::store::sessions::{NewSession, RefreshToken};
use crate::{email, events, password, secret, store};

type Answer<T> = Result<T, Failure<AuthCode>>;

pub(crate) async fn sign_in(identity: &PgIdentity, ctx: &Ctx, email: &str, password: &str) -> Answer<Tokens> {
    // What is no address has no login either, and takes the same way to the same answer.
    let email = email::normalized(email).unwrap_or_default();
    let attempt = Attempt::begin(identity, ctx, &email)?;
    let credentials = store::logins::credentials_by_email(&identity.db, &email).await?;
    let credentials = checked(identity, credentials.as_ref(), password).await?;
    attempt.succeeded();
    retrying(|| open_session(identity, ctx, credentials)).await
}

/// The credentials, if the password is theirs and the login is active. Everything else is one refusal, after the same
/// work: one look-up and one hash.
async fn checked<'c>(
    identity: &PgIdentity,
    credentials: Option<&'c Credentials>,
    password: &str,
) -> Answer<&'c Credentials> {
    let _admission = identity.hasher.admit().map_err(|_busy| too_many_attempts())?;
    let given = password::normalized(password);
    let stored = credentials.and_then(|credentials| credentials.password_hash.as_deref());
    let is_right = identity.hasher.verify(given.as_deref(), stored).await?;
    credentials.filter(|credentials| is_right && credentials.is_active).ok_or_else(invalid_credentials)
}

async fn open_session(identity: &PgIdentity, ctx: &Ctx, checked: &Credentials) -> Answer<Tokens> {
    let login_id = checked.login_id;
    let claims = AccessClaims { login_id, session_id: ctx.new_id() };
    let expires_at = ctx.now() + delta(identity.config.session_max_age);
    let token = NewToken::of(identity, ctx, expires_at)?;
    let mut tx = identity.db.begin().await?;
    store::sessions::delete_expired(&mut tx, ctx, login_id).await?;
    let new = NewSession {
        session_id: claims.session_id,
        expires_at,
        token_hash: token.hash,
        token_expires_at: token.expires_at,
    };
    if !store::sessions::open(&mut tx, ctx, checked, &new).await? {
        return Err(invalid_credentials());
    }
    record(identity, &mut tx, ctx, "session.open", claims).await?;
    tx.commit().await?;
    tokens(identity, ctx, claims, token)
}

/// What came of a refresh token. A reuse is written down before it is refused.
enum Refreshed {
    Renewed(AccessClaims, NewToken),
    Refused,
}

pub(crate) async fn refresh(identity: &PgIdentity, ctx: &Ctx, refresh_token: &str) -> Answer<Tokens> {
    let used = secret::token_hash(refresh_token).ok_or_else(invalid_refresh_token)?;
    match retrying(|| rotate(identity, ctx, &used)).await? {
        Refreshed::Renewed(claims, next) => tokens(identity, ctx, claims, next),
        Refreshed::Refused => Err(invalid_refresh_token()),
    }
}

async fn rotate(identity: &PgIdentity, ctx: &Ctx, used: &[u8; 32]) -> Answer<Refreshed> {
    let mut tx = identity.db.begin().await?;
    let Some(token) = store::sessions::lock_token(&mut tx, used).await? else {
        return Ok(Refreshed::Refused);
    };
    let claims = AccessClaims { login_id: token.login_id, session_id: token.session_id };
    match judged(&token, ctx.now()) {
        Verdict::Bad => Ok(Refreshed::Refused),
        Verdict::Reused => {
            store::sessions::revoke(&mut tx, ctx, token.session_id).await?;
            record(identity, &mut tx, ctx, "session.revoke_reused", claims).await?;
            let reused = events::refresh_token_reused(token.login_id, token.session_id);
            outbox::append(&mut tx, ctx, &[reused]).await?;
            tx.commit().await?;
            Ok(Refreshed::Refused)
        }
        Verdict::Good => {
            let next = NewToken::of(identity, ctx, token.session_expires_at)?;
            store::sessions::rotate_token(&mut tx, ctx, used, &next.hash, next.expires_at).await?;
            tx.commit().await?;
            Ok(Refreshed::Renewed(claims, next))
        }
    }
}

enum Verdict {
    Good,
    /// Used before, while its session still lived: somebody has a copy.
    Reused,
    Bad,
}

fn judged(token: &RefreshToken, now: DateTime<Utc>) -> Verdict {
    if token.session_revoked_at.is_some() || token.session_expires_at <= now {
        Verdict::Bad
    } else if token.used_at.is_some() {
        Verdict::Reused
    } else if token.login_is_active && token.expires_at > now {
        Verdict::Good
    } else {
        Verdict::Bad
    }
}

pub(crate) async fn sign_out(identity: &PgIdentity, ctx: &Ctx, refresh_token: &str) -> Answer<()> {
    let Some(hash) = secret::token_hash(refresh_token) else {
        return Ok(());
    };
    retrying(|| async {
        let mut tx = identity.db.begin().await?;
        if let Some(claims) = store::sessions::revoke_by_token(&mut tx, ctx, &hash).await? {
            record(identity, &mut tx, ctx, "session.close", claims).await?;
        }
        Ok(tx.commit().await?)
    })
    .await
}

pub(crate) async fn password_change(
    identity: &PgIdentity,
    ctx: &Ctx,
    current: &str,
    new: &str,
) -> Answer<()> {
    let not_signed_in = || Failure::refused(AuthCode::NotSignedIn, "nobody is signed in");
    let login_id = ctx.login_id().ok_or_else(not_signed_in)?;
    if was_answered(identity, ctx).await? {
        return Ok(());
    }
    let stored = store::logins::credentials(&identity.db, login_id).await?.ok_or_else(not_signed_in)?;
    let attempt = Attempt::begin(identity, ctx, &stored.email)?;
    let stored = checked(identity, Some(&stored), current).await?;
    attempt.succeeded();
    let new = password::checked(new, &stored.email)
        .map_err(|rule| Failure::at(AuthCode::WeakPassword, "new", rule))?;
    let hash = identity.hasher.hash(new.into_owned()).await?;
    retrying(|| set_password(identity, ctx, stored, &hash)).await
}

/// Whether this very request has succeeded before: its current password would be wrong by now.
async fn was_answered(identity: &PgIdentity, ctx: &Ctx) -> Answer<bool> {
    if ctx.idempotency.is_none() {
        return Ok(false);
    }
    let mut tx = identity.db.begin().await?;
    Ok(idempotency::find::<()>(&mut tx, ctx).await?.is_some())
}

async fn set_password(identity: &PgIdentity, ctx: &Ctx, checked: &Credentials, hash: &str) -> Answer<()> {
    let mut tx = identity.db.begin().await?;
    if let Some(()) = idempotency::find(&mut tx, ctx).await? {
        return Ok(());
    }
    if !store::logins::set_password(&mut tx, ctx, checked, hash).await? {
        return Err(invalid_credentials());
    }
    let login_id = checked.login_id;
    let ended = store::sessions::revoke_all(&mut tx, ctx, login_id, ctx.session_id).await?;
    let detail = json!({"sessionsEnded": ended});
    identity.record(&mut tx, ctx, "login.password_change", ("login", login_id.0), detail).await?;
    outbox::append(&mut tx, ctx, &[events::password_changed(login_id)]).await?;
    idempotency::record(&mut tx, ctx, &()).await?;
    Ok(tx.commit().await?)
}

/// A try to prove who one is, counted before its outcome is known.
struct Attempt<'a> {
    identity: &'a PgIdentity,
    email: &'a str,
    address: Option<&'a str>,
}

impl<'a> Attempt<'a> {
    fn begin(identity: &'a PgIdentity, ctx: &'a Ctx, email: &'a str) -> Answer<Self> {
        let address = ctx.remote.as_deref();
        let is_allowed = address.is_none_or(|address| identity.by_address.attempt(address, ctx.now()))
            && identity.by_login.attempt(email, ctx.now());
        if is_allowed { Ok(Self { identity, email, address }) } else { Err(too_many_attempts()) }
    }

    /// Only failures stay counted.
    fn succeeded(self) {
        self.identity.by_login.forgive(self.email);
        if let Some(address) = self.address {
            self.identity.by_address.forgive(address);
        }
    }
}

/// A fresh refresh token and what is stored of it.
struct NewToken {
    token: String,
    hash: [u8; 32],
    expires_at: DateTime<Utc>,
}

impl NewToken {
    /// Good for its time, but not longer than its session.
    fn of(identity: &PgIdentity, ctx: &Ctx, session_expires_at: DateTime<Utc>) -> Answer<Self> {
        let token = secret::refresh_token()?;
        let hash = secret::token_hash(&token)
            .ok_or_else(|| Failure::internal("a refresh token has 64 characters"))?;
        let expires_at = (ctx.now() + delta(identity.config.refresh_token_ttl)).min(session_expires_at);
        Ok(Self { token, hash, expires_at })
    }
}

fn tokens(identity: &PgIdentity, ctx: &Ctx, claims: AccessClaims, refresh: NewToken) -> Answer<Tokens> {
    let (access_token, access_expires_at) =
        identity.access_tokens.issue(&identity.keys(), claims, ctx.now())?;
    Ok(Tokens {
        login_id: claims.login_id,
        access_token,
        access_expires_at,
        refresh_token: refresh.token,
        refresh_expires_at: refresh.expires_at,
    })
}

async fn record(
    identity: &PgIdentity,
    tx: &mut Tx,
    ctx: &Ctx,
    action: &'static str,
    claims: AccessClaims,
) -> Answer<()> {
    let detail = json!({"loginId": claims.login_id});
    identity.record(tx, ctx, action, ("session", claims.session_id.0), detail).await
}

/// Settings are checked at start to be well below the range.
fn delta(duration: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
