//! Access tokens: JWTs signed with Ed25519, as RFC 8725 and RFC 9068 would have them. Whatever a token says about its
//! own key beyond a name in our key ring (`jku`, `x5u`, `jwk`) is not looked at.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use vectis_contracts::identity::{AccessClaims, InvalidToken};
use vectis_kernel::ids::{LoginId, SessionId};

use crate::config::Config;
use crate::keys::KeyRing;

const ALGORITHM: Algorithm = Algorithm::EdDSA;
/// In the header; keeps tokens of other purposes and issuers apart even when a key is shared by mistake.
const HEADER_TYPE: &str = "at+jwt";
/// In the claims.
const CLAIM_TYPE: &str = "access";
/// Ours have about 500 bytes.
const MAX_LENGTH: usize = 4_096;

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    typ: String,
    sub: LoginId,
    sid: SessionId,
    iat: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError {
    #[error("there is no signing key")]
    NoKey,
    #[error("signing an access token: {0}")]
    Signing(#[from] jsonwebtoken::errors::Error),
}

/// Issues and verifies. Knows no key: they come with each call, because they change.
pub(crate) struct AccessTokens {
    issuer: String,
    audience: String,
    ttl: TimeDelta,
    leeway: TimeDelta,
    validation: Validation,
}

impl AccessTokens {
    pub(crate) fn new(config: &Config) -> Self {
        let mut validation = Validation::new(ALGORITHM);
        validation.set_issuer(&[&config.issuer]);
        validation.set_audience(&[&config.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // The library asks the machine's clock; we ask the context's, below.
        validation.validate_exp = false;
        Self {
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            ttl: TimeDelta::from_std(config.access_token_ttl).unwrap_or(TimeDelta::MAX),
            leeway: TimeDelta::from_std(config.clock_leeway).unwrap_or(TimeDelta::MAX),
            validation,
        }
    }

    /// How long after its last signature a key is still needed.
    pub(crate) fn key_overlap(&self) -> TimeDelta {
        self.ttl + self.leeway
    }

    /// A token for the session, and when it expires.
    pub(crate) fn issue(
        &self,
        keys: &KeyRing,
        claims: AccessClaims,
        now: DateTime<Utc>,
    ) -> Result<(String, DateTime<Utc>), IssueError> {
        let key = keys.signer(now).ok_or(IssueError::NoKey)?;
        let expires_at = now + self.ttl;
        let header = Header {
            typ: Some(HEADER_TYPE.to_owned()),
            kid: Some(key.kid().to_owned()),
            ..Header::new(ALGORITHM)
        };
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            typ: CLAIM_TYPE.to_owned(),
            sub: claims.login_id,
            sid: claims.session_id,
            iat: now.timestamp(),
            exp: expires_at.timestamp(),
            nbf: None,
        };
        Ok((encode(&header, &claims, key.private_half())?, expires_at))
    }

    /// What the token says, when one of our keys signed it for this purpose and its time is now.
    pub(crate) fn verify(
        &self,
        keys: &KeyRing,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<AccessClaims, InvalidToken> {
        if token.len() > MAX_LENGTH {
            return Err(InvalidToken);
        }
        let header = decode_header(token).map_err(|_| InvalidToken)?;
        let is_ours = header.typ.as_deref() == Some(HEADER_TYPE) && header.crit.is_none();
        let kid = header.kid.filter(|_| is_ours).ok_or(InvalidToken)?;
        let key = keys.verifier(&kid, now).ok_or(InvalidToken)?;
        let claims =
            decode::<Claims>(token, key.public_half(), &self.validation).map_err(|_| InvalidToken)?.claims;
        if claims.typ == CLAIM_TYPE && self.is_timely(&claims, now) {
            Ok(AccessClaims { login_id: claims.sub, session_id: claims.sid })
        } else {
            Err(InvalidToken)
        }
    }

    fn is_timely(&self, claims: &Claims, now: DateTime<Utc>) -> bool {
        let (now, leeway) = (now.timestamp(), self.leeway.num_seconds());
        let begins = claims.nbf.map_or(claims.iat, |not_before| not_before.max(claims.iat));
        claims.exp.saturating_add(leeway) > now && begins <= now.saturating_add(leeway)
    }
}
