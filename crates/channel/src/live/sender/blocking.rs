//! Waiting for a future on a thread that has no runtime, with a deadline.
//!
//! The runtime's own `block_on` panics on a runtime's thread and while the runtime shuts down; this one needs none.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The future's output, or nothing when it has none in that time. The future must not need a runtime's clock or sockets.
pub(super) fn wait_for<F: Future>(future: F, patience: Duration) -> Option<F::Output> {
    let deadline = Instant::now() + patience;
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_waits_for_what_another_one_does_and_no_longer_than_it_may() {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        assert_eq!(wait_for(receiver.recv(), Duration::from_millis(1)), None);
        let other = thread::spawn(move || sender.blocking_send(7));
        assert_eq!(wait_for(receiver.recv(), Duration::from_secs(3_600)), Some(Some(7)));
        other.join().unwrap().unwrap();
    }
}
