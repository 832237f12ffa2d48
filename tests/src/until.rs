//! Waiting for something to become true, instead of for a time.

use std::time::{Duration, Instant};

/// How long a condition gets: far longer than it ever takes, so that only what never comes fails.
const DEADLINE: Duration = Duration::from_secs(120);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(40);

/// Looks again and again until there is something; gives it.
///
/// # Panics
/// When there is nothing at the deadline; the message says what was waited for.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "waited too long for: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
