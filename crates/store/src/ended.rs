//! [`EndedSessions`]: sessions that were ended and whose rows could not be removed yet, because the disk is full or the
//! database is busy.
//!
//! Invariants: a session that is noted here opens nothing; at most [`MOST`] are kept, more are refused; a note is removed when
//! the row is. The notes end with the process.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::SecretHash;

/// How many are kept: more than a household has browsers.
const MOST: usize = 4_096;

/// The hashes of their secrets. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct EndedSessions(Arc<Mutex<HashSet<SecretHash>>>);

impl EndedSessions {
    /// Notes that a session is over; returns whether there was room for the note.
    pub(crate) fn note(&self, secret: SecretHash) -> bool {
        let mut all = self.all();
        if all.len() >= MOST && !all.contains(&secret) {
            return false;
        }
        all.insert(secret);
        true
    }

    /// Whether a session is over, though there may be a row.
    pub(crate) fn contains(&self, secret: &SecretHash) -> bool {
        self.all().contains(secret)
    }

    /// Those whose rows are to be removed.
    pub(crate) fn to_remove(&self) -> Vec<SecretHash> {
        self.all().iter().copied().collect()
    }

    /// Removes the note of a session that has no row any more.
    pub(crate) fn forget(&self, secret: &SecretHash) {
        self.all().remove(secret);
    }

    fn all(&self) -> MutexGuard<'_, HashSet<SecretHash>> {
        // Every change is one operation of the set.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_of_ended_sessions_are_bounded_and_none_is_dropped_for_another() {
        let ended = EndedSessions::default();
        let secret = |number: usize| {
            let mut secret = [0; 32];
            secret[..8].copy_from_slice(&number.to_le_bytes());
            secret
        };
        assert!((0..MOST).all(|number| ended.note(secret(number))));
        assert!(ended.note(secret(0)) && !ended.note(secret(MOST)));
        assert!(ended.contains(&secret(0)) && !ended.contains(&secret(MOST)));
        ended.forget(&secret(0));
        assert!(ended.note(secret(MOST)));
        assert_eq!(ended.to_remove().len(), MOST);
    }
}
