//! Locks that are held for a few instructions and never across an `await`.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes the lock. Its holders cannot panic between two changes that belong together, so a poisoned one is as good.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
