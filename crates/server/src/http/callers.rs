//! Who sent a request a moment ago, by the secret they sent.
//!
//! A page or a player sends dozens of requests a second with the same secret; only the first of a second asks the database.
//!
//! Invariants: only secrets that were right are remembered, by their hash, for [`LIFE`]; anything this process
//! writes that could touch rights makes all of it void at once ([`fanfare_store::Store::write_generation`]), so a session that was ended, a
//! removed key or person, a new password count from the next request on. What another process writes
//! (`fanfare user`), and the end of a session by its age, counts after [`LIFE`] at the latest.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use fanfare_store::SecretHash;

use super::caller::Caller;

/// How long a caller is remembered.
pub const LIFE: Duration = Duration::from_secs(1);
/// How many are remembered.
const PLACES: usize = 1024;

/// The callers of the last second.
#[derive(Debug, Default)]
pub struct Callers {
    known: Mutex<HashMap<(Kind, SecretHash), Known>>,
}

/// Which kind of secret: a session's opens nothing as a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A session's cookie.
    Session,
    /// An API key.
    Key,
}

#[derive(Debug)]
struct Known {
    caller: Caller,
    write_generation: u64,
    since: Instant,
}

impl Callers {
    /// Whose secret that is, if it was asked a moment ago.
    pub fn find(
        &self,
        kind: Kind,
        secret: SecretHash,
        write_generation: u64,
        now: Instant,
    ) -> Option<Caller> {
        let known = self.known();
        let known = known.get(&(kind, secret))?;
        let young = now.saturating_duration_since(known.since) < LIFE;
        (young && known.write_generation == write_generation).then(|| known.caller.clone())
    }

    /// Remembers a caller who was found while the store's write_generation was that one.
    pub fn keep(&self, kind: Kind, secret: SecretHash, caller: &Caller, write_generation: u64, now: Instant) {
        let mut all = self.known();
        if all.len() >= PLACES {
            all.retain(|_, known| now.saturating_duration_since(known.since) < LIFE);
        }
        if all.len() < PLACES {
            all.insert((kind, secret), Known { caller: caller.clone(), write_generation, since: now });
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<(Kind, SecretHash), Known>> {
        // Every change is one operation of the map.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use fanfare_model::{Role, Timestamp, User, UserId};

    use super::*;
    use crate::http::caller::Proof;

    #[test]
    fn a_caller_is_known_for_a_second_of_the_same_write_generation_and_by_that_secret() {
        let user = User {
            id: UserId::from_bytes([7; 16]),
            name: "a".into(),
            role: Role::Owner,
            created: Timestamp(0),
        };
        let caller = Caller { user, proof: Proof::Key([1; 32]) };
        let (callers, now) = (Callers::default(), Instant::now());
        callers.keep(Kind::Key, [1; 32], &caller, 5, now);
        for (kind, secret, write_generation, at, found) in [
            (Kind::Key, [1; 32], 5, now, true),
            (Kind::Session, [1; 32], 5, now, false),
            (Kind::Key, [2; 32], 5, now, false),
            (Kind::Key, [1; 32], 6, now, false),
            (Kind::Key, [1; 32], 5, now + LIFE, false),
        ] {
            assert_eq!(
                callers.find(kind, secret, write_generation, at).is_some(),
                found,
                "{kind:?} {write_generation}"
            );
        }
        for index in 0..2 * PLACES as u16 {
            let mut secret = [3; 32];
            secret[..2].copy_from_slice(&index.to_le_bytes());
            callers.keep(Kind::Key, secret, &caller, 5, now);
        }
        assert_eq!(callers.known().len(), PLACES);
        callers.keep(Kind::Key, [9; 32], &caller, 5, now + LIFE);
        assert_eq!(callers.known().len(), 1);
    }
}
