//! Sessions that could not be stored, because the data folder cannot be written. They are kept in memory, so that people can sign
//! in and listen.
//!
//! Invariants: a session is valid only with the password it was made with, so a new password (whichever process set it) and
//! the removal of its person end it. At most [`MOST`] are kept: of the person with most of them the one that was used longest
//! ago is dropped, so that nobody ends the sessions of others by signing in often. They end with the server, and after [`LIFE`].
//! No secret is kept, only its hash.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use fanfare_model::{Result, User, UserId};
use fanfare_store::{People, SecretHash};

/// How many are kept: more than a household has devices.
const MOST: usize = 256;
/// How long a session lasts: a person who listens longer signs in again.
const LIFE: Duration = Duration::from_secs(86_400);

/// Sessions without a row in the database.
#[derive(Debug, Default)]
pub struct Unstored {
    known: Mutex<HashMap<SecretHash, Kept>>,
}

#[derive(Debug)]
struct Kept {
    user: UserId,
    name: String,
    password_hash: String,
    since: Instant,
    used: Instant,
}

impl Unstored {
    /// Keeps a session of a person who has just signed in with this password.
    pub fn keep(&self, secret: SecretHash, user: &User, password_hash: &str) {
        let mut known = self.known();
        known.retain(|_, kept| kept.since.elapsed() < LIFE);
        if known.len() >= MOST
            && let Some(surplus) = surplus(&known, user.id)
        {
            known.remove(&surplus);
        }
        let (name, password_hash) = (user.name.clone(), password_hash.to_owned());
        let now = Instant::now();
        known.insert(secret, Kept { user: user.id, name, password_hash, since: now, used: now });
    }

    /// The person whose session this is, if the password is still the one it was made with.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn find(&self, people: &People, secret: SecretHash) -> Result<Option<User>> {
        let kept = self.known().get_mut(&secret).and_then(|kept| {
            kept.used = Instant::now();
            (kept.since.elapsed() < LIFE).then(|| (kept.name.clone(), kept.password_hash.clone()))
        });
        let Some((name, password_hash)) = kept else { return Ok(None) };
        let now = people.credentials(&name).await?;
        Ok(now.and_then(|(user, hash)| (hash == password_hash).then_some(user)))
    }

    /// Goes on with this session, if it is one of these, though its person changed the password by it.
    pub fn renew(&self, secret: SecretHash, password_hash: &str) {
        if let Some(kept) = self.known().get_mut(&secret) {
            password_hash.clone_into(&mut kept.password_hash);
        }
    }

    /// Ends this session; returns whether there was one.
    pub fn end(&self, secret: SecretHash) -> bool {
        self.known().remove(&secret).is_some()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<SecretHash, Kept>> {
        // Every change is one operation of the map, so a poisoned lock leaves it whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The session to drop for another one of `coming`: of the people who then have most, the one used longest ago.
fn surplus(known: &HashMap<SecretHash, Kept>, coming: UserId) -> Option<SecretHash> {
    let mut counts = HashMap::from([(coming, 1_usize)]);
    for kept in known.values() {
        *counts.entry(kept.user).or_default() += 1;
    }
    let most = counts.values().max().copied();
    let of_most = known.iter().filter(|(_, kept)| counts.get(&kept.user).copied() == most);
    of_most.min_by_key(|(_, kept)| kept.used).map(|(secret, _)| *secret)
}

#[cfg(test)]
mod tests {
    use fanfare_model::{Role, Timestamp};
    use fanfare_store::{Keep, Store, StoreOptions};

    use super::*;

    /// Issue 12: on a full disk nobody could sign in.
    #[tokio::test]
    async fn a_session_is_good_until_it_is_ended_or_the_password_changes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &StoreOptions::default()).await.unwrap();
        let people = store.people();
        let ann = people.create_user("ann", "hash", Role::Listener, Timestamp(0)).await.unwrap();
        let unstored = Unstored::default();
        unstored.keep([1; 32], &ann, "hash");
        unstored.keep([2; 32], &ann, "hash");
        let found = unstored.find(people, [1; 32]).await.unwrap();
        assert_eq!(found.map(|user| user.id), Some(ann.id));
        assert!(unstored.find(people, [3; 32]).await.unwrap().is_none());
        assert!(unstored.end([1; 32]) && !unstored.end([1; 32]));
        assert!(unstored.find(people, [1; 32]).await.unwrap().is_none());
        people.change_password(ann.id, "other", Keep { session: None, keys: true }).await.unwrap();
        assert!(unstored.find(people, [2; 32]).await.unwrap().is_none(), "a new password ends it");
        // But not the session by which it was changed.
        unstored.renew([2; 32], "other");
        unstored.renew([7; 32], "other");
        assert!(unstored.find(people, [2; 32]).await.unwrap().is_some());
        assert!(unstored.find(people, [7; 32]).await.unwrap().is_none(), "none is made of nothing");
        for number in 0..=u16::try_from(MOST).unwrap() {
            let mut secret = [9; 32];
            secret[..2].copy_from_slice(&number.to_le_bytes());
            unstored.keep(secret, &ann, "other");
        }
        assert_eq!(unstored.known().len(), MOST, "and they are bounded");
    }

    fn secret(person: u8, number: usize) -> SecretHash {
        let mut secret = [person; 32];
        secret[..8].copy_from_slice(&number.to_le_bytes());
        secret
    }

    /// Issue 12: the limit was one for all people together, so one of them pushed out all others.
    #[tokio::test]
    async fn nobody_ends_the_sessions_of_others_by_signing_in_often() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &StoreOptions::default()).await.unwrap();
        let people = store.people();
        let mut users = Vec::new();
        for name in ["ann", "bob", "cem"] {
            users.push(people.create_user(name, "hash", Role::Listener, Timestamp(0)).await.unwrap());
        }
        let unstored = Unstored::default();
        unstored.keep(secret(0, 0), &users[0], "hash");
        unstored.keep(secret(1, 0), &users[1], "hash");
        // A player of the one who signs in often: used all the time, though it began first.
        unstored.keep(secret(2, 0), &users[2], "hash");
        for number in 1..=3 * MOST {
            unstored.keep(secret(2, number), &users[2], "hash");
            assert!(unstored.find(people, secret(2, 0)).await.unwrap().is_some(), "{number}");
        }
        assert_eq!(unstored.known().len(), MOST);
        for person in 0..2 {
            assert!(unstored.find(people, secret(person, 0)).await.unwrap().is_some(), "{person}");
        }
        // Where two have as many as each other, each makes room for their own.
        for number in 1..MOST {
            unstored.keep(secret(1, number), &users[1], "hash");
        }
        let count = |user: &User| unstored.known().values().filter(|kept| kept.user == user.id).count();
        assert_eq!(users.iter().map(count).sum::<usize>(), MOST);
        assert!(count(&users[1]).abs_diff(count(&users[2])) <= 1);
        assert_eq!(count(&users[0]), 1);
    }
}
