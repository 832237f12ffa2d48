//! Passwords: hashed with Argon2id (RFC 9106) off the async threads, a few at a time.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use fanfare_model::{Error, ErrorKind, MAX_PASSWORD_BYTES, Result, check_password};
use tokio::sync::Semaphore;

/// Hashes computed at the same time: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;
/// Requests that may wait for a hash; more are sent away, so that a flood of log-ins cannot pile up.
const WAITING: usize = 32;

/// A hash that no password has (its digest is a fixed text), with the parameters of real ones: an unknown name is
/// checked against it, so that it takes as long as a wrong password.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LWhhcy10aGlz$bm9ib2R5LWhhcy10aGlzLXBhc3N3b3JkLWF0LWFsbCE";

/// The one place where passwords are hashed and checked.
#[derive(Debug, Clone)]
pub struct Passwords {
    running: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Passwords {
    /// With all places free.
    pub fn new() -> Self {
        Self {
            running: Arc::new(Semaphore::new(AT_ONCE)),
            places: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
        }
    }

    /// The hash to store for a new password. `Invalid` when it is too short or too long.
    pub async fn hash(&self, password: &str) -> Result<String> {
        check_password(password)?;
        let password = password.to_owned();
        self.run(move || {
            let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|error| {
                Error::new(ErrorKind::Internal, format!("the password could not be hashed: {error}"))
            })?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password has that stored hash. Without a hash (no such user) the same work is done and the answer is no.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool> {
        if password.len() > MAX_PASSWORD_BYTES {
            return Ok(false);
        }
        let (password, known) = (password.to_owned(), stored.is_some());
        let stored = stored.unwrap_or(NOBODY).to_owned();
        self.run(move || {
            let hash = PasswordHash::new(&stored).map_err(|error| {
                Error::new(ErrorKind::Internal, format!("a stored password hash cannot be read: {error}"))
            })?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && known)
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let busy =
            || Error::new(ErrorKind::Busy, "too many people are signing in").remedy("try again in a moment");
        let _place = self.places.try_acquire().map_err(|_| busy())?;
        let permit = Arc::clone(&self.running).acquire_owned().await.map_err(|_| busy())?;
        let ended = tokio::task::spawn_blocking(move || {
            // Held by the work itself: a client that leaves does not free the place of a hash that still runs.
            let _permit = permit;
            work()
        });
        ended
            .await
            .map_err(|error| Error::new(ErrorKind::Internal, "hashing was interrupted").because(error))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hashes_are_salted_and_checked() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse").await.unwrap();
        assert_ne!(hash, passwords.hash("correct horse").await.unwrap());
        assert!(passwords.verify("correct horse", Some(&hash)).await.unwrap());
        for wrong in ["", "correct hors", "correct horse "] {
            assert!(!passwords.verify(wrong, Some(&hash)).await.unwrap());
        }
        assert!(!passwords.verify("correct horse", None).await.unwrap());
        assert_eq!(passwords.hash("short12").await.unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!(passwords.hash(&"x".repeat(1025)).await.unwrap_err().kind(), ErrorKind::Invalid);
    }

    #[test]
    fn an_unknown_name_costs_as_much_as_a_wrong_password() {
        let real = Argon2::default().hash_password(b"anything").unwrap().to_string();
        let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(cost(&real), cost(NOBODY));
        assert_eq!(real.len() - real.rfind('$').unwrap(), NOBODY.len() - NOBODY.rfind('$').unwrap());
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}
