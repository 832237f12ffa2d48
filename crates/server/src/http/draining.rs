//! The end of a server: running requests end, no new one begins, and the shutdown waits only where that helps.
//!
//! Purpose: a connection's [`Activity`] says what it is doing; [`Activity::can_end`] is the rule by which the shutdown
//! decides whether to wait for it (docs/serving.md, "Shutdown").
//!
//! Invariants: a request that was taken in is answered with a status, if only 503; an answer that begun is cut only when it
//! cannot end in time at the speed at which its reader took it so far.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    response::{IntoResponse as _, Response},
};
use fanfare_model::ErrorKind;
use http::{HeaderValue, header};
use hyper::body::{Frame, SizeHint};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{ending::LINGER, problem::Problem};

/// How long answers under way may take to end, from the first signal on.
pub const ANSWERS_END: Duration = Duration::from_secs(7);
/// How long a request that was taken in may wait for its answer to begin; then it is refused.
pub const BEGIN_WAIT: Duration = Duration::from_millis(1_500);
/// How long the speed of a reader is measured before anything is decided by it.
pub const MEASURE: Duration = Duration::from_secs(2);
/// How long a connection may stay on which nothing happens: a client that is about to send a request on it gets an answer.
pub const IDLE_GRACE: Duration = Duration::from_millis(300);
/// When to come back, in seconds: a restart takes about that long.
const RETRY_AFTER_S: u64 = 5;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// Nothing, or a request is arriving.
    Nothing,
    /// A request was taken in, and its answer has not begun.
    Working,
    /// An answer is being sent.
    Answering,
}

/// What is known of the answer being sent.
#[derive(Debug, Default, Clone, Copy)]
struct Sending {
    /// Bytes that had been written on the connection when it began.
    begun_at: u64,
    /// Bytes that its body has given so far.
    given: u64,
    /// Bytes that its body has in all, where that is known.
    length: Option<u64>,
    /// Whether its next bytes are waited for, so that its reader is not what it waits for.
    is_made: bool,
}

/// What one connection is doing.
#[derive(Debug)]
pub struct Activity {
    doing: watch::Sender<Doing>,
    /// Bytes written to the socket.
    written: AtomicU64,
    sending: Mutex<Sending>,
    /// Bytes written when the shutdown began.
    measured: AtomicU64,
    /// Whether the server ends the connection while there is no request on it.
    ended_idle: AtomicBool,
    /// Cancelled when a request without an answer is to be refused.
    pub refuse: CancellationToken,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            doing: watch::channel(Doing::Nothing).0,
            written: AtomicU64::new(0),
            sending: Mutex::default(),
            measured: AtomicU64::new(0),
            ended_idle: AtomicBool::new(false),
            refuse: CancellationToken::new(),
        }
    }
}

impl Activity {
    /// Notes bytes that the socket took.
    pub fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Whether it has ever sent anything.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        self.written.load(Ordering::Relaxed) > 0
    }

    /// Notes that a request was taken in.
    pub fn works(&self) {
        self.ended_idle.store(false, Ordering::Relaxed);
        self.doing.send_replace(Doing::Working);
    }

    /// Notes that the server is about to end the connection, if there is no request on it; returns whether there is none.
    pub fn end_idle(&self) -> bool {
        let is_idle = *self.doing.borrow() == Doing::Nothing;
        self.ended_idle.store(is_idle, Ordering::Relaxed);
        is_idle
    }

    /// Whether the server ended the connection while there was no request on it.
    #[must_use]
    pub fn is_ended_idle(&self) -> bool {
        self.ended_idle.load(Ordering::Relaxed)
    }

    /// Begins to measure how fast its reader is.
    pub fn measure(&self) {
        self.measured.store(self.written.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Bytes of the answer that its reader has not taken.
    fn left(&self) -> u64 {
        let sending = *self.sending();
        let end = sending.begun_at + sending.length.unwrap_or(sending.given).max(sending.given);
        end.saturating_sub(self.written.load(Ordering::Relaxed))
    }

    /// Whether what it does can end in time: `passed` since the shutdown began, `left` until it must be over.
    #[must_use]
    pub fn can_end(&self, passed: Duration, time_left: Duration) -> bool {
        let doing = *self.doing.borrow();
        match doing {
            Doing::Working => passed < BEGIN_WAIT,
            Doing::Answering if self.sending().is_made => true,
            // The last bytes of an answer may still be on their way when its body is over.
            Doing::Answering | Doing::Nothing => {
                let left = self.left();
                if left == 0 {
                    return doing == Doing::Answering && passed < MEASURE;
                }
                let taken = self.written.load(Ordering::Relaxed) - self.measured.load(Ordering::Relaxed);
                let speed = taken as f64 / passed.as_secs_f64().max(1e-3);
                passed < MEASURE || left as f64 <= speed * time_left.as_secs_f64()
            }
        }
    }

    /// Whether a request waits whose answer has not begun.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        *self.doing.borrow() == Doing::Working
    }

    /// Resolves when nothing has happened for as long as a connection may stay idle, which others decide meanwhile.
    pub async fn is_idle(&self, mut may_stay: watch::Receiver<Option<Duration>>) {
        let mut doing = self.doing.subscribe();
        loop {
            let grace = may_stay.wait_for(Option::is_some).await.ok().and_then(|grace| *grace);
            let Some(grace) = grace else { return };
            if doing.wait_for(|doing| *doing == Doing::Nothing).await.is_err() {
                return;
            }
            tokio::select! {
                biased; // where a request came in the last moment, that counts
                _ = doing.changed() => {}
                _ = may_stay.changed() => {}
                () = tokio::time::sleep(grace) => return,
            }
        }
    }

    fn sending(&self) -> MutexGuard<'_, Sending> {
        // Every change is complete before the lock is given back.
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same answer, whose progress is noted.
pub fn followed(response: Response, activity: &Arc<Activity>) -> Response {
    let declared = response.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse().ok());
    let length = declared.or_else(|| response.body().size_hint().exact());
    *activity.sending() =
        Sending { begun_at: activity.written.load(Ordering::Relaxed), given: 0, length, is_made: true };
    activity.doing.send_replace(Doing::Answering);
    let activity = Arc::clone(activity);
    response.map(|inner| Body::new(Followed { inner, activity }))
}

/// The same answer, as the last one on its connection.
pub fn last(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The answer to a client that asks for something now.
pub fn refusal() -> Response {
    let problem = Problem::new(ErrorKind::Unavailable, "the server is shutting down")
        .remedy("try again in a moment")
        .retry_after(RETRY_AFTER_S);
    last(problem.into_response())
}

/// Waits until every connection is over, or nothing is gained by waiting, or the time is over; then refuses what still waits.
pub async fn drain(activities: impl Fn() -> Vec<Arc<Activity>>, ended: impl Future<Output = ()>) -> bool {
    const LOOK_EVERY: Duration = Duration::from_millis(50);
    let began = Instant::now();
    activities().iter().for_each(|activity| activity.measure());
    let mut ended = std::pin::pin!(ended);
    loop {
        if tokio::time::timeout(LOOK_EVERY, &mut ended).await.is_ok() {
            return true;
        }
        let (passed, all) = (began.elapsed(), activities());
        let left = ANSWERS_END.saturating_sub(passed);
        let waiting = all.iter().filter(|activity| activity.is_waiting());
        waiting
            .filter(|activity| !activity.can_end(passed, left))
            .for_each(|activity| activity.refuse.cancel());
        if left.is_zero() || (passed > MEASURE && !all.iter().any(|activity| activity.can_end(passed, left)))
        {
            all.iter().for_each(|activity| activity.refuse.cancel());
            // What was refused just now is still on its way.
            return tokio::time::timeout(LINGER, ended).await.is_ok();
        }
    }
}

/// A body whose progress is noted.
struct Followed {
    inner: Body,
    activity: Arc<Activity>,
}

impl HttpBody for Followed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        let mut sending = self.activity.sending();
        sending.is_made = polled.is_pending();
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            sending.given += frame.data_ref().map_or(0, Bytes::len) as u64;
        }
        drop(sending);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let mut sending = self.activity.sending();
        // What it did not give is not waited for: an answer to HEAD has a length and no bytes.
        sending.length = None;
        sending.is_made = false;
        drop(sending);
        self.activity.doing.send_replace(Doing::Nothing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_end_in_time_is_not_waited_for() {
        let second = Duration::from_secs;
        let answering = |length: u64, taken: usize, is_made: bool| {
            let activity = Activity::default();
            *activity.sending() = Sending { begun_at: 0, given: length, length: Some(length), is_made };
            activity.doing.send_replace(Doing::Answering);
            activity.wrote(taken);
            activity
        };
        for (activity, passed, left, can) in [
            (answering(1_000, 0, false), second(1), second(7), true), // not measured for long enough
            (answering(1_000, 0, false), second(3), second(5), false), // stalled
            (answering(1_000, 400, false), second(3), second(5), true),
            (answering(1_000, 300, false), second(3), second(5), false), // 100 bytes a second, 700 left
            (answering(1_000, 0, true), second(7), second(1), true),     // waits for what is made
        ] {
            assert_eq!(activity.can_end(passed, left), can, "{activity:?}");
        }
        let waiting = Activity::default();
        waiting.works();
        assert!(waiting.can_end(second(1), second(7)) && !waiting.can_end(second(2), second(6)));
        assert!(!Activity::default().can_end(second(1), second(7)), "nothing to wait for");
    }
}
