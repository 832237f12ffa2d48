//! [`Uses`]: when sessions, API keys and transcodes were last used, on its way to the database.
//!
//! Requests that only read note here what they used, in memory, and never wait for the right to write. A background task
//! writes the notes about every minute ([`crate::Store::write_uses`]), and so does the end of the process.
//!
//! Invariants: at most [`MOST`] notes of a kind are kept, more are dropped; while the database is busy they stay for the
//! next time; a note makes a time earlier only where that lies ahead of the clock ([`AHEAD_MS`]). A session is written at most once an hour ([`SESSION_USE_MS`]), its last use
//! is known to the moment while the process runs.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fanfare_model::{ContentHash, Result, Timestamp};
use sqlx::SqliteConnection;

use crate::{SecretHash, error::sql};

/// Notes of one kind that wait: more keys than a household has, more ladders than play at once.
const MOST: usize = 4_096;
/// How far the stored last use of a session may be behind, in milliseconds: a browser that plays asks every few seconds.
const SESSION_USE_MS: i64 = 3_600_000;
/// How far a time may lie ahead of the clock, in milliseconds: more is of a clock that was wrong.
pub(crate) const AHEAD_MS: i64 = 3_600_000;
/// What is being done, for error messages.
pub(crate) const WHAT: &str = "noting what was used";

/// A transcode by its track's bytes and its profile.
type TranscodeKey = (ContentHash, String);

/// Notes of use that are not written yet. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Uses {
    pending: Arc<Mutex<Pending>>,
    /// The last use of sessions, whether it is to be written or not.
    sessions: Arc<Mutex<HashMap<SecretHash, Timestamp>>>,
}

/// The notes.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    sessions: HashMap<SecretHash, Timestamp>,
    keys: HashMap<SecretHash, Timestamp>,
    transcodes: HashMap<TranscodeKey, Timestamp>,
}

impl Uses {
    /// Notes that a session was used whose last use is stored as `stored`.
    pub(crate) fn note_session(&self, secret: SecretHash, stored: Timestamp, now: Timestamp) {
        let due = |at: Timestamp| at.plus_ms(SESSION_USE_MS) <= now || is_ahead(at, now);
        {
            let mut sessions = self.sessions();
            if sessions.len() >= MOST && !sessions.contains_key(&secret) {
                // The stored times of those used longer ago are near enough.
                sessions.retain(|_, at| !due(*at));
            }
            note_now(&mut sessions, secret, now);
        }
        let mut pending = self.pending();
        if due(stored) || pending.sessions.get(&secret).is_some_and(|at| is_ahead(*at, now)) {
            note_now(&mut pending.sessions, secret, now);
        }
    }

    /// When a session was last used, as far as this process knows.
    pub(crate) fn session(&self, secret: &SecretHash) -> Option<Timestamp> {
        self.sessions().get(secret).copied()
    }

    /// Forgets a session that has ended.
    pub(crate) fn forget_session(&self, secret: &SecretHash) {
        self.sessions().remove(secret);
        self.pending().sessions.remove(secret);
    }

    /// Notes that an API key was used.
    pub(crate) fn note_key(&self, secret: SecretHash, now: Timestamp) {
        note_now(&mut self.pending().keys, secret, now);
    }

    /// When a key was used, as far as that is not written yet.
    pub(crate) fn key(&self, secret: &SecretHash) -> Option<Timestamp> {
        self.pending().keys.get(secret).copied()
    }

    /// Notes that a transcode was used.
    pub(crate) fn note_transcode(&self, hash: ContentHash, profile: &str, now: Timestamp) {
        note_now(&mut self.pending().transcodes, (hash, profile.to_owned()), now);
    }

    /// Takes all notes out, to write them.
    pub(crate) fn take(&self) -> Pending {
        std::mem::take(&mut *self.pending())
    }

    /// Takes notes back that could not be written.
    pub(crate) fn put_back(&self, unwritten: Pending) {
        let mut pending = self.pending();
        for (secret, at) in unwritten.sessions {
            note(&mut pending.sessions, secret, at);
        }
        for (secret, at) in unwritten.keys {
            note(&mut pending.keys, secret, at);
        }
        for (transcode, at) in unwritten.transcodes {
            note(&mut pending.transcodes, transcode, at);
        }
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<SecretHash, Timestamp>> {
        // Every change is one operation of the map, or one that only removes.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        // Every change is one operation of a map.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.keys.is_empty() && self.transcodes.is_empty()
    }

    /// Writes the notes in the transaction of the caller.
    pub(crate) async fn write(&self, tx: &mut SqliteConnection) -> Result<()> {
        for (secret, at) in &self.sessions {
            sqlx::query("UPDATE session SET used = iif(used > ?1 + ?3, ?1, max(used, ?1)) WHERE secret = ?2")
                .bind(at.0)
                .bind(&secret[..])
                .bind(AHEAD_MS)
                .execute(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
        }
        for (secret, at) in &self.keys {
            sqlx::query(
                "UPDATE api_key SET last_used = iif(last_used > ?1 + ?3, ?1, max(coalesce(last_used, ?1), ?1)) \
                 WHERE secret = ?2",
            )
            .bind(at.0)
            .bind(&secret[..])
            .bind(AHEAD_MS)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        }
        for ((hash, profile), at) in &self.transcodes {
            sqlx::query(
                "UPDATE transcode SET used = iif(used > ?1 + ?4, ?1, max(used, ?1)) WHERE hash = ?2 AND profile = ?3",
            )
            .bind(at.0)
            .bind(&hash.as_bytes()[..])
            .bind(profile)
            .bind(AHEAD_MS)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        }
        Ok(())
    }
}

/// Whether a time lies so far ahead of what the clock says that the clock was wrong.
pub(crate) const fn is_ahead(at: Timestamp, now: Timestamp) -> bool {
    at.0 > now.0.saturating_add(AHEAD_MS)
}

/// The later of the stored time of use and the noted one, unless the clock was wrong when it was stored.
pub(crate) fn later(stored: Timestamp, noted: Option<Timestamp>) -> Timestamp {
    match noted {
        Some(noted) if is_ahead(stored, noted) => noted,
        Some(noted) => stored.max(noted),
        None => stored,
    }
}

/// Notes that it is used now, also where the last note lies ahead of that.
fn note_now<K: Eq + Hash>(notes: &mut HashMap<K, Timestamp>, of: K, now: Timestamp) {
    match notes.get_mut(&of) {
        Some(known) if is_ahead(*known, now) => *known = now,
        _ => note(notes, of, now),
    }
}

fn note<K: Eq + Hash>(notes: &mut HashMap<K, Timestamp>, of: K, at: Timestamp) {
    if let Some(known) = notes.get_mut(&of) {
        *known = (*known).max(at);
    } else if notes.len() < MOST {
        notes.insert(of, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_bounded_and_never_go_back() {
        let uses = Uses::default();
        for number in 0..2 * MOST as u32 {
            let mut secret = [0; 32];
            secret[..4].copy_from_slice(&number.to_le_bytes());
            uses.note_key(secret, Timestamp(5));
        }
        assert_eq!(uses.pending().keys.len(), MOST);
        uses.note_key([0; 32], Timestamp(9));
        uses.note_key([0; 32], Timestamp(7));
        assert_eq!(uses.key(&[0; 32]), Some(Timestamp(9)));
        let taken = uses.take();
        uses.note_key([0; 32], Timestamp(11));
        uses.put_back(taken);
        assert_eq!(uses.key(&[0; 32]), Some(Timestamp(11)));
        assert_eq!(uses.pending().keys.len(), MOST);
    }

    /// Issue 12: a session that was used while the clock was years ahead counted as used in those years.
    #[test]
    fn a_use_that_lies_ahead_of_the_clock_is_corrected_by_the_next_one() {
        let uses = Uses::default();
        let (now, ahead) = (Timestamp(1_000), Timestamp(1_000 + 2 * AHEAD_MS));
        for at in [ahead, now] {
            uses.note_session([1; 32], Timestamp(0), at);
            uses.note_key([1; 32], at);
        }
        assert_eq!((uses.session(&[1; 32]), uses.key(&[1; 32])), (Some(now), Some(now)));
        assert_eq!(uses.take().sessions[&[1; 32]], now);
        for (stored, noted, expected) in [
            (ahead, Some(now), now),
            (now, Some(ahead), ahead),
            (now, None, now),
            (Timestamp(5), Some(now), now),
        ] {
            assert_eq!(later(stored, noted), expected);
        }
        // What is stored ahead of the clock is to be written.
        uses.note_session([2; 32], ahead, now);
        assert_eq!(uses.take().sessions.len(), 1);
    }

    /// Issue 12: what a session was used for may be known to the moment without a write for every request.
    #[test]
    fn a_session_is_to_be_written_once_an_hour_and_known_to_the_moment() {
        let uses = Uses::default();
        let hour = Timestamp(SESSION_USE_MS);
        for (now, is_due) in [(1, false), (SESSION_USE_MS - 1, false), (SESSION_USE_MS, true)] {
            uses.note_session([1; 32], Timestamp(0), Timestamp(now));
            assert_eq!(uses.session(&[1; 32]), Some(Timestamp(now)));
            assert_eq!(uses.take().sessions.len(), usize::from(is_due), "{now}");
        }
        // Bounded: those of more than an hour ago make room, and others are not known.
        for number in 0..2 * MOST as u32 {
            let mut secret = [0; 32];
            secret[..4].copy_from_slice(&number.to_le_bytes());
            uses.note_session(secret, hour, hour);
        }
        assert_eq!(uses.sessions().len(), MOST);
        uses.note_session([2; 32], hour, hour.plus_ms(SESSION_USE_MS));
        assert_eq!(uses.sessions().len(), 1);
        uses.forget_session(&[2; 32]);
        assert_eq!(uses.session(&[2; 32]), None);
    }
}
