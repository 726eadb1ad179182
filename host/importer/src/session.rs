//! Who sends a request: a login that signs in when it is first needed and stays signed in, or a guest.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use vectis_kernel::{Clock as _, SystemClock};

use crate::client::{Call, CallError, Shop};

/// An access token this close to its end is replaced before it is used.
const MARGIN: TimeDelta = TimeDelta::seconds(60);

const SIGN_IN: &str = "mutation SignIn($input: SignInInput!) { signIn(input: $input) { \
    tokens { accessToken accessExpiresAt refreshToken } userErrors { code field message } } }";

const REFRESH: &str = "mutation Refresh($input: RefreshTokenInput!) { tokenRefresh(input: $input) { \
    tokens { accessToken accessExpiresAt refreshToken } userErrors { code field message } } }";

/// Who sends a request.
#[derive(Debug)]
pub(crate) enum Identity {
    /// Somebody with a login.
    Login(Session),
    /// Somebody with a guest token.
    Guest(String),
}

impl Identity {
    /// Somebody with a login. Signs in with the first request.
    pub(crate) fn login(email: &str, password: &str) -> Self {
        Self::Login(Session {
            email: email.to_owned(),
            password: password.to_owned(),
            tokens: Mutex::new(None),
        })
    }

    pub(crate) fn guest(&self) -> Option<&str> {
        match self {
            Self::Login(_) => None,
            Self::Guest(token) => Some(token),
        }
    }
}

/// A login and its tokens.
pub(crate) struct Session {
    email: String,
    password: String,
    tokens: Mutex<Option<Tokens>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tokens {
    access_token: String,
    access_expires_at: DateTime<Utc>,
    refresh_token: String,
}

#[derive(Deserialize)]
struct Signed {
    tokens: Tokens,
}

impl Session {
    /// A token that is good for at least [`MARGIN`]. Requests of one login wait for each other here, so that none signs in
    /// twice.
    pub(crate) async fn access_token(&self, shop: &Shop) -> Result<String, CallError> {
        let mut held = self.tokens.lock().await;
        let tokens = match held.take() {
            Some(tokens) if tokens.access_expires_at - SystemClock.now() > MARGIN => tokens,
            Some(tokens) => self.refresh(shop, &tokens).await?,
            None => self.sign_in(shop).await?,
        };
        let token = tokens.access_token.clone();
        *held = Some(tokens);
        Ok(token)
    }

    /// Forgets a token the shop does not take any more, unless it has been replaced already.
    pub(crate) async fn forget(&self, token: &str) {
        let mut held = self.tokens.lock().await;
        if held.as_ref().is_some_and(|tokens| tokens.access_token == token) {
            *held = None;
        }
    }

    /// A refresh token works once: when its answer is lost, only signing in helps.
    async fn refresh(&self, shop: &Shop, tokens: &Tokens) -> Result<Tokens, CallError> {
        let input = json!({ "input": { "refreshToken": tokens.refresh_token } });
        let refreshed = shop.post(None, None, &Call::new(REFRESH, input)).await;
        match refreshed.and_then(|mut answer| answer.accepted::<Signed>("tokenRefresh")) {
            Ok(signed) => Ok(signed.tokens),
            Err(unreachable @ CallError::Unreachable(_)) => Err(unreachable),
            Err(_) => self.sign_in(shop).await,
        }
    }

    async fn sign_in(&self, shop: &Shop) -> Result<Tokens, CallError> {
        let input = json!({ "input": { "email": self.email, "password": self.password } });
        let mut answer = shop.post(None, None, &Call::new(SIGN_IN, input)).await?;
        Ok(answer.accepted::<Signed>("signIn")?.tokens)
    }
}
