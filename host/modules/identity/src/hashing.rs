//! argon2id on a bounded number of threads. A hash takes 19 MiB and tens of milliseconds, so no more run at once than
//! there are cores, and only so many requests may wait for their turn.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{AcquireError, Semaphore};
use tokio::task::JoinError;

use crate::secret;

/// In KiB; OWASP's first choice with the two below.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

#[derive(Debug, thiserror::Error)]
pub(crate) enum HashError {
    #[error("argon2: {0}")]
    Argon2(#[from] argon2::Error),
    #[error("password hash: {0}")]
    PasswordHash(#[from] password_hash::Error),
    #[error("the stored password hash cannot be read: {0}")]
    Stored(#[from] password_hash::phc::Error),
    #[error("the hashing thread: {0}")]
    Thread(#[from] JoinError),
    #[error("the hashing pool: {0}")]
    Closed(#[from] AcquireError),
    #[error("randomness: {0}")]
    Random(#[from] rand::rand_core::OsError),
}

/// Too many wait already.
pub(crate) struct Busy;

pub(crate) struct Hasher {
    running: Arc<Semaphore>,
    /// Those who run or wait.
    admitted: Arc<Semaphore>,
    /// The hash of a password nobody has: an unknown e-mail costs the same work as a known one.
    dummy: String,
}

/// The right to be hashed for, given back when dropped.
pub(crate) struct Admission(
    #[expect(dead_code, reason = "held for its drop")] tokio::sync::OwnedSemaphorePermit,
);

impl Hasher {
    pub(crate) fn new(waiting: u32) -> Result<Self, HashError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            running: Arc::new(Semaphore::new(cores)),
            admitted: Arc::new(Semaphore::new(cores + waiting as usize)),
            dummy: hash_now(&secret::refresh_token()?)?,
        })
    }

    /// For requests of people who are not signed in: refused at once when too many wait.
    pub(crate) fn admit(&self) -> Result<Admission, Busy> {
        Arc::clone(&self.admitted).try_acquire_owned().map(Admission).map_err(|_| Busy)
    }

    pub(crate) async fn hash(&self, password: String) -> Result<String, HashError> {
        self.run(move || hash_now(&password)).await
    }

    /// Whether the password is the one behind the hash. No password or no hash: false, after the same work.
    pub(crate) async fn verify(&self, password: Option<&str>, hash: Option<&str>) -> Result<bool, HashError> {
        let may_match = password.is_some() && hash.is_some();
        let password = password.unwrap_or_default().to_owned();
        let hash = hash.unwrap_or(&self.dummy).to_owned();
        Ok(self.run(move || verify_now(&password, &hash)).await? && may_match)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let permit = Arc::clone(&self.running).acquire_owned().await?;
        let task = tokio::task::spawn_blocking(move || {
            // Held by the thread, not by the request: a caller who goes away does not make room while it still works.
            let _permit = permit;
            work()
        });
        task.await?
    }
}

fn argon2id() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(MEMORY, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &str) -> Result<String, HashError> {
    Ok(argon2id()?.hash_password(password.as_bytes())?.to_string())
}

/// With the parameters stored in the hash, so that they can be raised later.
fn verify_now(password: &str, hash: &str) -> Result<bool, HashError> {
    let hash = PasswordHash::new(hash)?;
    match argon2id()?.verify_password(password.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
