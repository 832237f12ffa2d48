//! [`Patience`]: how long one request may wait in all until it may write.
//!
//! There is one writer at a time (SQLite), and a request may need several writes, or a lock of this process whose holder
//! waits to write. If each of those waits had a limit of its own, they would add up. So a request is run under one budget:
//! every wait takes from it what it lasted, and when it is used up, a write is tried once more and then fails as `Busy`.
//!
//! Work that runs under no budget (scans, what a worker says) waits by the store's own limit for each write.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use fanfare_model::Result;
use tokio::time::Instant;

use crate::error::busy;

tokio::task_local! {
    static BUDGET: Patience;
}

/// How long is waited for a lock of this process by work that has no budget: longer than a write waits.
const UNLIMITED: Duration = Duration::from_secs(30);

/// What is left of the time that one request may wait. Clones share it.
#[derive(Debug, Clone)]
pub struct Patience {
    left_us: Arc<AtomicU64>,
}

impl Patience {
    /// A budget of that much.
    #[must_use]
    pub fn new(most: Duration) -> Self {
        Self { left_us: Arc::new(AtomicU64::new(micros(most))) }
    }

    /// Runs `work` under this budget, instead of under the one of the caller. Tasks that it spawns are not under it.
    pub async fn over<F: Future>(self, work: F) -> F::Output {
        BUDGET.scope(self, work).await
    }

    /// Adds that much to the budget of the caller, if there is one.
    pub fn extend(more: Duration) {
        let _no_budget = BUDGET.try_with(|budget| budget.left_us.fetch_add(micros(more), Ordering::Relaxed));
    }

    /// Waits for the turn at something of this process that is held while others write.
    ///
    /// # Errors
    /// `Busy` when it does not come before the budget is used up.
    pub async fn turn<T>(what: &'static str, turn: impl Future<Output = T>) -> Result<T> {
        let wait = Wait::begin(UNLIMITED);
        tokio::time::timeout_at(wait.deadline, turn).await.map_err(|_| busy(what))
    }
}

/// A wait under way: when it is dropped, the budget of the caller is the smaller by what it lasted.
pub(crate) struct Wait {
    begun: Instant,
    /// When to give up.
    pub(crate) deadline: Instant,
}

impl Wait {
    /// Begins to wait for at most `most`, or as long as the budget of the caller lasts.
    pub(crate) fn begin(most: Duration) -> Self {
        let left = BUDGET.try_with(|budget| Duration::from_micros(budget.left_us.load(Ordering::Relaxed)));
        let begun = Instant::now();
        Self { begun, deadline: begun + left.unwrap_or(most) }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let waited = micros(self.begun.elapsed());
        let _no_budget = BUDGET.try_with(|budget| {
            let left = budget.left_us.load(Ordering::Relaxed);
            budget.left_us.store(left.saturating_sub(waited), Ordering::Relaxed);
        });
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use fanfare_model::ErrorKind;

    use super::*;

    fn left() -> Option<Duration> {
        BUDGET.try_with(|budget| Duration::from_micros(budget.left_us.load(Ordering::Relaxed))).ok()
    }

    #[tokio::test]
    async fn waits_of_one_request_share_a_budget() {
        let most = Duration::from_millis(60);
        let never = || Patience::turn("waiting", std::future::pending::<()>());
        let begun = Instant::now();
        Patience::new(most)
            .over(async {
                Patience::turn("waiting", tokio::time::sleep(most / 3)).await.unwrap();
                assert!(left().unwrap() <= most * 2 / 3, "{:?}", left());
                assert_eq!(never().await.unwrap_err().kind(), ErrorKind::Busy);
                assert!(begun.elapsed() >= most);
                assert_eq!(left(), Some(Duration::ZERO));
                assert!(never().await.is_err());
                assert!(Patience::turn("waiting", async { 3 }).await.is_ok(), "what is free is had at once");
                Patience::extend(most);
                assert_eq!(left(), Some(most));
            })
            .await;
        assert_eq!(left(), None);
        Patience::extend(most);
        assert!(Patience::turn("waiting", tokio::time::sleep(most * 2)).await.is_ok(), "nobody counts");
    }
}
