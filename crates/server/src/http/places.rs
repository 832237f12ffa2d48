//! [`Places`]: how many requests of a kind are served at the same time, in all and of each person.
//!
//! Invariant: one person never holds all of them, so that nobody is kept out by somebody else's slow requests alone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use fanfare_model::{ErrorKind, UserId};

use super::problem::{Answer, Problem};

/// When to come back, in seconds: a file takes a few.
const RETRY_S: u64 = 5;

/// The places of one kind of request.
pub struct Places {
    all: usize,
    each: usize,
    held: Mutex<HashMap<UserId, usize>>,
}

/// A place, given back when it is dropped.
pub struct Place {
    of: UserId,
    places: Arc<Places>,
}

impl Places {
    /// So many in all, of which one person may hold `each`.
    pub fn new(all: usize, each: usize) -> Arc<Self> {
        Arc::new(Self { all, each, held: Mutex::default() })
    }

    /// A place for that person.
    ///
    /// # Errors
    /// 429 when they hold all they may, 503 when no place is free; both with `Retry-After`.
    pub fn take(self: &Arc<Self>, of: UserId) -> Answer<Place> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = held.values().sum();
        let own = held.get(&of).copied().unwrap_or(0);
        let refused = match (own >= self.each, all >= self.all) {
            (true, _) => Problem::new(
                ErrorKind::TooMany,
                format!("you are sending {own} files already, the most at the same time"),
            ),
            (false, true) => Problem::new(ErrorKind::Busy, "too many files are being sent at once"),
            (false, false) => {
                held.insert(of, own + 1);
                return Ok(Place { of, places: Arc::clone(self) });
            }
        };
        Err(refused.remedy("send it again in a few seconds").retry_after(RETRY_S))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.places.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = held.get_mut(&self.of) {
            *own -= 1;
            if *own == 0 {
                held.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_leaves_places_for_others_and_releases_them() {
        // Issue 12: a share for each person, whatever is shared.
        let (one, other) = (UserId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        let places = Places::new(3, 2);
        let held = [places.take(one).unwrap(), places.take(one).unwrap()];
        assert_eq!(places.take(one).err().unwrap().kind(), ErrorKind::TooMany);
        let others = places.take(other).unwrap();
        assert_eq!(places.take(other).err().unwrap().kind(), ErrorKind::Busy);
        drop(held);
        let _again = (places.take(one).unwrap(), places.take(one).unwrap());
        drop(others);
        assert_eq!(places.held.lock().unwrap().len(), 1);
    }
}
