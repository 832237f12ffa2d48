//! [`Room`]: whether what is made ahead of time fits beneath the cap of the cache.
//!
//! The cap is kept by removing what was used longest ago; a run that removed what it made itself would never end, and one that only
//! added would take the disk. So a run makes room of what was not used since it began, and stops when there is none left.

use std::sync::atomic::{AtomicU64, Ordering};

use fanfare_channel::{
    clock,
    policy::IN_USE_MS,
    text::{CACHE_FULL, CACHE_UNWRITABLE},
};
use fanfare_model::{Error, ErrorKind, Result, Timestamp, words};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::runtime::{job::LeasedJob, nothing_fits::NothingFits};

/// Whether trouble of that kind is that nothing can be stored in the cache folder. Blocks for a moment.
pub(crate) fn is_unwritable(held: &LeasedJob, kind: ErrorKind) -> bool {
    // What is left of a disk may be enough for a trial.
    kind == ErrorKind::NoSpace || tried(held, kind).is_some()
}

fn tried(held: &LeasedJob, kind: ErrorKind) -> Option<Error> {
    let may_be = matches!(kind, ErrorKind::NoSpace | ErrorKind::Io | ErrorKind::PermissionDenied);
    may_be.then(|| held.context.store.catalog().cache().try_writing().err()).flatten()
}

/// The error of such a folder, with which a run ends, in place of that one; `None` where it is another.
pub(crate) fn unwritable(held: &LeasedJob, error: &Error) -> Option<Error> {
    let found = tried(held, error.kind());
    let found = found.as_ref().or(Some(error).filter(|error| error.kind() == ErrorKind::NoSpace))?;
    let said = format!("{CACHE_UNWRITABLE}: {}", found.message());
    let error = Error::new(found.kind(), said).because(NothingFits);
    Some(match found.remedy_text() {
        Some(remedy) => error.remedy(remedy.to_owned()),
        None => error,
    })
}

/// The cap, and the turn of those who count against it.
pub(crate) struct Room {
    cap_bytes: AtomicU64,
    turn: Semaphore,
}

impl Default for Room {
    fn default() -> Self {
        Self { cap_bytes: AtomicU64::new(u64::MAX), turn: Semaphore::new(1) }
    }
}

impl Room {
    /// Sets the cap.
    pub(crate) fn cap(&self, cap_bytes: u64) {
        self.cap_bytes.store(cap_bytes, Ordering::Relaxed);
    }

    /// Makes room for so many bytes beneath the cap. What is counted holds until the permit is dropped: files are stored before.
    ///
    /// # Errors
    /// `LimitExceeded` when there is none; errors of the store.
    pub(crate) async fn make(&self, held: &LeasedJob, bytes: u64) -> Result<SemaphorePermit<'_>> {
        let ended = |_| Error::new(ErrorKind::Unavailable, "the worker ends");
        let turn = self.turn.acquire().await.map_err(ended)?;
        let cap = self.cap_bytes.load(Ordering::Relaxed);
        if taken(held).await?.saturating_add(bytes) <= cap {
            return Ok(turn);
        }
        let catalog = held.context.store.catalog();
        let begun = match held.task() {
            Some(task) => catalog.task(task).await?.map(|task| task.created),
            None => None,
        };
        let lately = Timestamp(clock::now().0 - IN_USE_MS);
        let stays = begun.map_or(lately, |begun| lately.min(Timestamp(begun.0 - 1)));
        catalog.evict_transcodes(cap.saturating_sub(bytes), None, stays).await?;
        let taken = taken(held).await?;
        if taken.saturating_add(bytes) <= cap {
            return Ok(turn);
        }
        let said =
            format!("{CACHE_FULL}: {} of the {} that it may take", words::bytes(taken), words::bytes(cap));
        Err(Error::new(ErrorKind::LimitExceeded, said)
            .because(NothingFits)
            .remedy("raise `audio_cache.cap_bytes`, or run `fanfare cache clear`; originals play meanwhile"))
    }
}

/// How many bytes count against the cap.
async fn taken(held: &LeasedJob) -> Result<u64> {
    let counts = held.context.store.catalog().transcode_counts().await?;
    Ok(counts.bytes.saturating_sub(counts.pinned_bytes))
}
