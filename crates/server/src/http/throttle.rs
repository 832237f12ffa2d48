//! Guesses of passwords are limited: by address and name together, by name, and by address.
//!
//! - *Pair*: five failures in a minute for one address and one name (or one browser that signed in before, see
//!   [`super::device`]), then a wait.
//! - *Name*: thirty in ten minutes for one name, whatever address they come from: guessers have many addresses.
//! - *Address*: sixty in ten minutes from one address, whatever the name: guessers know many names.
//!
//! A browser in which a user signed in before has limits of its own, so a stranger who guesses a name does not lock that
//! user out. In other browsers the user waits until the stranger's failures are ten minutes old.
//!
//! A guess counts as a failure when it was wrong, and only then: one that ended for another reason (the database was
//! busy, the client left) counts as nothing. Guesses under way count as far as they may still turn out wrong: more at
//! once than may fail wait for the others' end, so that guesses at the same time cannot slip through, and right
//! passwords at the same time all pass.
//!
//! Of an IPv6 address only the network counts (the first 64 bits, RFC 4291 section 2.5.1): a client that has one of its
//! addresses has all of them.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

/// So many failures within so long, then a wait until the first of them is older than that.
#[derive(Debug, Clone, Copy)]
struct Limit {
    failures: usize,
    window: Duration,
}

/// By kind, in the order of [`Kind`].
const LIMITS: [Limit; 3] = [
    Limit { failures: 5, window: Duration::from_secs(60) },
    Limit { failures: 30, window: Duration::from_secs(600) },
    Limit { failures: 60, window: Duration::from_secs(600) },
];
/// Entries of a kind that are remembered; those that failed longest ago are forgotten first.
const REMEMBERED: usize = 10_000;
/// How long a guess waits for others that are under way.
const PATIENCE: Duration = Duration::from_secs(4);
/// Letters of a name that count.
const NAME_LETTERS: usize = 64;

/// What failures are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Pair,
    Name,
    Address,
}

type Key = (Kind, String);

/// Whose password is guessed, and from where.
#[derive(Debug)]
pub struct Guess {
    keys: Vec<Key>,
}

impl Guess {
    /// A log-in as `name`, or anything else that a password opens under a name of its own.
    pub fn of_name(address: IpAddr, name: &str) -> Self {
        let (address, name) = (home(address), folded(name));
        Self {
            keys: vec![
                (Kind::Pair, format!("{address}\n{name}")),
                (Kind::Name, name),
                (Kind::Address, address.to_string()),
            ],
        }
    }

    /// The same from a browser (or by a session) that proved before whose it is: only its own failures count.
    pub fn of_known(device: &str) -> Self {
        // No address and name look like this.
        Self { keys: vec![(Kind::Pair, format!("\n{device}"))] }
    }
}

/// Counts failures.
#[derive(Debug, Clone, Default)]
pub struct Throttle {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: Mutex<Entries>,
    /// Told when a guess that was under way is over.
    ended: Notify,
}

/// By kind, in the order of [`Kind`].
type Entries = [HashMap<String, Entry>; 3];

#[derive(Debug, Default)]
struct Entry {
    failures: VecDeque<Instant>,
    under_way: usize,
}

/// A guess under way. Dropped without a verdict it counts as nothing.
#[derive(Debug)]
pub struct Try {
    inner: Arc<Inner>,
    keys: Vec<Key>,
}

/// What a guess may do now.
enum Turn {
    Go,
    /// Too many are under way that may fail.
    Wait,
    /// Too many failed.
    Refused(Duration),
}

impl Throttle {
    /// Begins a guess, or says how long to wait first.
    pub async fn begin(&self, guess: Guess) -> Result<Try, Duration> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            // Before the look, so that an end right after it is not missed.
            let ended = self.inner.ended.notified();
            match self.turn(&guess, Instant::now()) {
                Turn::Go => return Ok(Try { inner: Arc::clone(&self.inner), keys: guess.keys }),
                Turn::Refused(wait) => return Err(wait),
                Turn::Wait => {
                    if tokio::time::timeout_at(deadline, ended).await.is_err() {
                        return Err(Duration::from_secs(1));
                    }
                }
            }
        }
    }

    fn turn(&self, guess: &Guess, now: Instant) -> Turn {
        let mut entries = self.inner.entries();
        let mut busy = false;
        for key in &guess.keys {
            let limit = LIMITS[key.0 as usize];
            let Some(entry) = entries[key.0 as usize].get_mut(&key.1) else { continue };
            entry.forget(limit, now);
            if entry.failures.len() >= limit.failures
                && let Some(first) = entry.failures.front()
            {
                return Turn::Refused(limit.window.saturating_sub(now.duration_since(*first)));
            }
            busy |= entry.failures.len() + entry.under_way >= limit.failures;
        }
        if busy {
            return Turn::Wait;
        }
        for key in &guess.keys {
            let of_kind = &mut entries[key.0 as usize];
            if !of_kind.contains_key(&key.1) {
                make_room(of_kind, LIMITS[key.0 as usize], now);
            }
            of_kind.entry(key.1.clone()).or_default().under_way += 1;
        }
        Turn::Go
    }
}

impl Inner {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Counts may be off by one after a panic, which the time mends.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn forget(&mut self, limit: Limit, now: Instant) {
        while self.failures.front().is_some_and(|first| now.duration_since(*first) >= limit.window) {
            self.failures.pop_front();
        }
    }
}

/// When there are too many entries: forgets those that say nothing, and if that is not enough the tenth of them that
/// failed longest ago, so that room is not made again for every guess.
fn make_room(entries: &mut HashMap<String, Entry>, limit: Limit, now: Instant) {
    if entries.len() < REMEMBERED {
        return;
    }
    entries.retain(|_, entry| {
        entry.forget(limit, now);
        !entry.failures.is_empty() || entry.under_way > 0
    });
    if entries.len() < REMEMBERED {
        return;
    }
    let mut last: Vec<Instant> =
        entries.values().filter_map(|entry| entry.failures.back().copied()).collect();
    let tenth = last.len() / 10;
    if tenth == 0 {
        return;
    }
    let (_, oldest, _) = last.select_nth_unstable(tenth);
    let oldest = *oldest;
    entries
        .retain(|_, entry| entry.under_way > 0 || entry.failures.back().is_some_and(|last| *last > oldest));
}

/// The address as far as its owner cannot choose it.
fn home(address: IpAddr) -> IpAddr {
    // An IPv4 address may come in the form of an IPv6 one (RFC 4291 section 2.5.5.2).
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// The name without case, and cut, so that spelling gives no new guesses and memory is bounded.
fn folded(name: &str) -> String {
    name.chars().take(NAME_LETTERS).flat_map(char::to_lowercase).collect()
}

impl Try {
    /// The password was right: earlier failures of the same person from the same place are forgotten. Those of the
    /// address and of the name stay: who knows one password must not get new guesses at others by it.
    pub fn succeeded(self) {
        let mut entries = self.inner.entries();
        for key in self.keys.iter().filter(|key| key.0 == Kind::Pair) {
            if let Some(entry) = entries[key.0 as usize].get_mut(&key.1) {
                entry.failures.clear();
            }
        }
    }

    /// The password was wrong.
    pub fn failed(self) {
        let (mut entries, now) = (self.inner.entries(), Instant::now());
        for key in &self.keys {
            entries[key.0 as usize].entry(key.1.clone()).or_default().failures.push_back(now);
        }
    }
}

impl Drop for Try {
    fn drop(&mut self) {
        let mut entries = self.inner.entries();
        for key in &self.keys {
            let of_kind = &mut entries[key.0 as usize];
            let Some(entry) = of_kind.get_mut(&key.1) else { continue };
            entry.under_way = entry.under_way.saturating_sub(1);
            if entry.under_way == 0 && entry.failures.is_empty() {
                of_kind.remove(&key.1);
            }
        }
        drop(entries);
        self.inner.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
