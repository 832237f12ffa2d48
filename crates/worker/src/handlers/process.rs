//! The job `process-track`: an upload is decoded once, into its HLS ladder, its transcodes and every analyzer.

use std::{path::PathBuf, sync::Arc, time::Duration};

use fanfare_audio::{CancelFlag, SinkPolicy, hls::Ladder};
use fanfare_channel::{
    clock,
    retry::{jitter, next_attempt},
};
use fanfare_model::{
    ContentHash, Error, ErrorKind, Features, Result, Timestamp, Track, TrackId,
    features::AnalyzerResult,
    job::{JobError, Products},
};
use fanfare_store::{AnalysisCommit, GrowingLadder, LeaseKey, Leftover, ProcessCommit};

use crate::{
    loaded::track_or_finish,
    passes::{
        ladder::{MadeLadder, Making, make},
        upload_transcodes::{keep_transcodes, of_upload},
    },
    products::{
        choice::Choice,
        duplicates::{Among, duplicate},
        hls::read_ladder,
        keep::keep,
        made::Made,
    },
    resources::Resources,
    runtime::{
        job::LeasedJob,
        work::{Begun, Progress, Work},
    },
};

/// Tries to store a result when the store is busy or full for a moment.
const COMMIT_TRIES: u32 = 4;

/// Processing one upload.
pub(crate) struct ProcessTrack {
    resources: Arc<Resources>,
    id: TrackId,
    products: Products,
    /// What is known of the upload, from the beginning of the attempt on.
    upload: Option<Upload>,
    /// The track as it was then, and where its bytes lie.
    begun: Option<Box<(Track, PathBuf)>>,
    /// Results of analyzers that killed a worker with it.
    left_out: Vec<AnalyzerResult>,
}

struct Upload {
    hash: ContentHash,
    size_bytes: u64,
    modified: Timestamp,
    ladder: Ladder,
}

impl ProcessTrack {
    pub(super) const fn new(resources: Arc<Resources>, id: TrackId, products: Products) -> Self {
        Self { resources, id, products, upload: None, begun: None, left_out: Vec::new() }
    }
}

impl Work for ProcessTrack {
    type Product = Box<MadeLadder>;

    fn track(&self) -> TrackId {
        self.id
    }

    async fn begin(&mut self, held: &LeasedJob) -> Result<Option<Begun<Self::Product>>> {
        let Some(track) = track_or_finish(held, self.id).await? else { return Ok(None) };
        let catalog = held.context.store.catalog();
        let gone = || Error::new(ErrorKind::Io, "the bytes of the upload are not there any more");
        let hash = track.hash.ok_or_else(gone)?;
        let path = catalog
            .track_path(self.id)
            .await?
            .ok_or_else(|| gone().remedy("delete the track and upload the file again"))?;
        catalog.begin_analysis(held.job.id, held.attempt(), held.owner(), self.id, clock::now()).await?;
        let ladder = read_ladder(&self.products.ladder)?;
        let (size_bytes, modified) = (track.size_bytes, track.modified);
        self.upload = Some(Upload { hash, size_bytes, modified, ladder: ladder.clone() });
        let staging = held.context.store.blobs().staging();
        let growing = GrowingLadder::begin(&staging, held.job.id, held.attempt())?;
        let Choice { analyzers, left_out } =
            Choice::new(&self.resources.parts.analyzers, None, hash, &held.job.without);
        self.left_out = left_out;
        let (policy, fan_out) = (SinkPolicy::Must, self.resources.fan_out_options(held));
        let transcodes =
            of_upload(held, (&track, path.clone()), &self.products.transcodes, &self.resources.open).await;
        let making = Making {
            path: path.clone(),
            size_bytes,
            ladder,
            growing,
            transcodes,
            analyzers,
            policy,
            fan_out,
        };
        let shown = track.relative_path.clone();
        self.begun = Some(Box::new((track, path)));
        let open = self.resources.open.clone();
        let blocking_work = Box::new(move |cancel: &CancelFlag, progress: &mut Progress| {
            make(making, &open, cancel, progress).map(Box::new)
        });
        Ok(Some(Begun { shown, blocking_work }))
    }

    async fn commit(&mut self, held: &LeasedJob, product: Box<MadeLadder>) -> Result<()> {
        let MadeLadder { made, audio, growing, transcodes } = *product;
        let Made { is_whole, mut results, warnings, variants, transcodes: files, .. } = made;
        results.append(&mut self.left_out);
        let upload =
            self.upload.as_ref().ok_or_else(|| Error::new(ErrorKind::Internal, "nothing was begun"))?;
        let store = &held.context.store;
        let ladder = keep(store, upload.hash, upload.ladder.profile(), true, variants).await?;
        let made_transcodes = keep_transcodes(files, transcodes, upload.hash, clock::now()).await;
        let features = Features::from_results(results.clone());
        let duration_s = audio.duration_s().unwrap_or_default();
        let duplicate =
            duplicate(store, self.id, duration_s, features.fingerprint.as_ref(), Among::All).await;
        let analyzed = AnalysisCommit {
            job: held.job.id,
            attempt: held.attempt(),
            owner: held.owner().to_owned(),
            track: self.id,
            size_bytes: upload.size_bytes,
            modified: upload.modified,
            changed_ns: None,
            content_hash: upload.hash,
            audio,
            results,
            warnings,
            enrichment: None,
        };
        if !is_whole {
            let said = analyzed.warnings.join("; ");
            tracing::warn!(track = %self.id, said, "an upload was not decoded to its end without damage: its original is kept");
        }
        let done =
            ProcessCommit { analyzed, ladder: Some(ladder), small: made_transcodes, duplicate, is_whole };
        let mut pause = Duration::from_millis(200);
        for attempt in 1.. {
            match store.catalog().commit_process(&done, clock::now()).await {
                Ok(()) => break,
                Err(error) if error.kind().is_transient() && attempt < COMMIT_TRIES => {
                    tracing::warn!(%error, attempt, "could not store an upload's results, trying again");
                    tokio::time::sleep(pause).await;
                    pause *= 3;
                }
                Err(error) => {
                    // The upload was deleted meanwhile, most often.
                    held.remove(Leftover::of(done.ladder.as_ref(), &done.small)).await;
                    return Err(error);
                }
            }
        }
        drop(growing);
        Ok(())
    }

    async fn after(&mut self, held: &LeasedJob) {
        if let Some(begun) = &self.begun {
            self.resources.follow_up(&held.context.store, &begun.0, &begun.1).await;
        }
    }

    /// The bytes are ours and do not change: that they cannot be opened is the storage's doing.
    async fn explain(&self, _: &LeasedJob, error: Error) -> Error {
        if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) {
            return error;
        }
        Error::new(ErrorKind::Unavailable, "the storage of the upload is away").because(error)
    }

    /// An error of the file itself is final, since it would come again; storage and programs that are away or hang are waited for.
    fn retry_at(&self, held: &LeasedJob, kind: ErrorKind, now: Timestamp) -> Option<Timestamp> {
        next_process(kind, held.job.attempt.0, held.job.max_attempts, now)
    }

    async fn give_up(&mut self, held: &LeasedJob, error: &Error, now: Timestamp) -> Result<()> {
        let (reason, catalog) = (JobError::from(error), held.context.store.catalog());
        let (job, attempt, owner) = (held.job.id, held.attempt(), held.owner());
        catalog.fail_analysis(LeaseKey::new(job, attempt, owner), self.id, &reason, None, now).await
    }
}

/// When an upload is processed again that failed for that reason.
fn next_process(kind: ErrorKind, attempt: u32, max_attempts: u32, now: Timestamp) -> Option<Timestamp> {
    kind.is_transient().then(|| next_attempt(kind, attempt, max_attempts, now, jitter(now))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 12: an `ffmpeg` that hung once made an upload fail permanently, at the first of five attempts.
    #[test]
    fn an_upload_is_tried_again_unless_its_file_is_to_blame() {
        let now = Timestamp(1_000_000);
        for kind in ErrorKind::ALL {
            let outside = matches!(
                kind,
                ErrorKind::Io
                    | ErrorKind::NoSpace
                    | ErrorKind::Busy
                    | ErrorKind::Unavailable
                    | ErrorKind::Timeout
            );
            assert_eq!(next_process(*kind, 1, 5, now).is_some_and(|at| at > now), outside, "{kind}");
            assert_eq!(next_process(*kind, 5, 5, now), None, "{kind}: the last attempt");
        }
    }
}
