//! Questions to file systems, on threads that no caller has to wait for.
//!
//! A network share that hangs blocks the thread that asked it without limit: that thread can be neither ended nor joined,
//! and a runtime that is dropped waits for its blocking threads. So whatever this crate asks of a library's file system it
//! asks on a thread of its own, which the process leaves behind when it ends.

use std::{future::Future, time::Duration};

use fanfare_audio::CancelFlag;
use fanfare_model::{Error, ErrorKind, Result};
use tokio::{sync::oneshot, time::Instant};

/// How long a single look at a folder may take.
pub const LOOK_TIME: Duration = Duration::from_secs(10);

/// Storage that gives no answer for that long hangs. (A disk that has to spin up takes 20 s, a slow one with a
/// large picture to read some more.)
pub const STALLED: Duration = Duration::from_secs(120);
/// How often it is looked whether work goes on and is still wanted.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Starts that work on a thread of its own. Dropping the future leaves the thread to itself.
///
/// # Errors (of the future)
/// `Unavailable` when no thread can be started, `Internal` when the work panics.
pub fn detached<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T>> + Send + 'static {
    let (sender, returned) = oneshot::channel();
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        // Fails when the caller no longer waits.
        let _left = sender.send(work());
    });
    async move {
        started
            .map_err(|error| Error::new(ErrorKind::Unavailable, "cannot start a thread").because(error))?;
        returned
            .await
            .map_err(|_| Error::new(ErrorKind::Internal, "a thread broke off (a panic, see the log)"))
    }
}

/// The same, given up after [`LOOK_TIME`].
///
/// # Errors
/// As [`detached`]; `Unavailable` when it takes too long.
pub async fn look<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    look_within(LOOK_TIME, work).await
}

/// The same with another patience.
///
/// # Errors
/// As [`look`].
pub async fn look_within<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    tokio::time::timeout(patience, detached("look", work)).await.unwrap_or_else(|_| Err(silent(patience)))
}

/// Waits for work that asks a file system many things, but no longer than until it is cancelled, or until no answer
/// (they are counted by `answers`) came for `patience`.
///
/// # Errors
/// `Cancelled`; `Unavailable` when there is no answer.
pub async fn attend<T>(
    work: impl Future<Output = T>,
    answers: impl Fn() -> u64,
    cancel: &CancelFlag,
    patience: Duration,
) -> Result<T> {
    tokio::pin!(work);
    let mut last = (answers(), Instant::now());
    loop {
        if let Ok(done) = tokio::time::timeout(LOOK_EVERY, &mut work).await {
            return Ok(done);
        }
        if cancel.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "it was cancelled"));
        }
        let now = answers();
        if now != last.0 {
            last = (now, Instant::now());
        } else if last.1.elapsed() >= patience {
            return Err(silent(patience));
        }
    }
}

/// The error for storage that gives no answer.
fn silent(waited: Duration) -> Error {
    Error::new(ErrorKind::Unavailable, format!("the storage gave no answer for {} s", waited.as_secs()))
        .remedy("check the network share or disk; the folder is looked at again by itself")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_ends_while_a_file_system_hangs() {
        let (_hangs, never) = std::sync::mpsc::channel::<()>();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let look = detached("hangs", move || never.recv());
            assert!(tokio::time::timeout(Duration::from_millis(20), look).await.is_err());
        });
        // This would wait for ever if the runtime knew of the thread.
        drop(runtime);
    }

    #[tokio::test]
    async fn hanging_work_is_given_up_and_slow_work_is_not() {
        let cancel = CancelFlag::default();
        let hangs = std::future::pending::<()>;
        let patience = Duration::from_millis(300);
        let error = attend(hangs(), || 0, &cancel, patience).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        // Something is analyzed of it at every look.
        let answers = std::cell::Cell::new(0);
        let next = || {
            answers.set(answers.get() + 1);
            answers.get()
        };
        attend(tokio::time::sleep(Duration::from_secs(1)), next, &cancel, patience).await.unwrap();
        cancel.cancel();
        assert_eq!(attend(hangs(), || 0, &cancel, patience).await.unwrap_err().kind(), ErrorKind::Cancelled);
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let error = detached("panics", || panic!("as wanted")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
    }
}
