//! [`PostAnalysis`]: what is done with a track once its analysis is stored.
//!
//! The stages of a run, from the analyzers' side, are told in `fanfare_analysis` (`analyze`). Here is what follows, the
//! same for background work and for a track that was analyzed while it was played:
//!
//! 1. *Compute*: every analyzer has finished, failed or was evicted. Nothing is stored yet.
//! 2. *Persist*: results and the job's end, in one transaction. When that fails, the attempt failed: the hooks are
//!    skipped, and the track is tried again or its job parked.
//! 3. *Hooks*: each [`PostAnalysis`] in turn, with all the features that are stored now. One that fails, panics or takes
//!    too long is a line in the log with its whole chain of causes; it never changes what became of the track.
//!    A track whose analysis was given up has no results to follow up, but others may have waited for it: then, and when
//!    nothing is left to do, each hook catches up.
//! 4. *Clean up*: buffers and threads of the run are gone, the executor takes the next job.
//!
//! A process that is killed between 2 and 4 does not run the hooks again: what must not be missed belongs into the
//! transaction. A hook that writes into files must check itself whether it may.

use std::path::Path;

use async_trait::async_trait;
use fanfare_model::{Features, Result, Track};
use fanfare_store::Store;

/// Something to be done with a track once its analysis is stored, outside the database.
#[async_trait]
pub trait PostAnalysis: Send + Sync {
    /// Its name in the log.
    fn name(&self) -> &'static str;

    /// Does it. `path` is where the track's bytes lie; `features` are all that are stored of it.
    ///
    /// It may be dropped at any `await` (shutdown): what it does must be whole at each of them.
    ///
    /// # Errors
    /// Any error is a line in the log.
    async fn after(&self, track: &Track, path: &Path, features: &Features, store: &Store) -> Result<()>;

    /// Does what waited for other tracks: called when the analysis of that track was given up, and, without a track, when
    /// nothing is left to do (the last track that something waited for may be missing by then, or have ended its process).
    ///
    /// # Errors
    /// As [`Self::after`].
    async fn catch_up(&self, _failed: Option<&Track>, _store: &Store) -> Result<()> {
        Ok(())
    }
}
