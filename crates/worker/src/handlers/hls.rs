//! The job `transcode-track`: the HLS ladder of a library track, because a listener wants to play it now.
//!
//! The ladder can be played from while it grows ([`fanfare_store::Growing`]).

use std::sync::Arc;

use fanfare_audio::{CancelFlag, SinkPolicy, hls::Ladder};
use fanfare_model::{ContentHash, Error, ErrorKind, Result, Timestamp, TrackId, job::JobError};
use fanfare_store::{AfterFailure, GrowingLadder, LeaseKey, Leftover};

use crate::{
    loaded::Loaded,
    passes::{
        analysis_job::AnalysisJob,
        analyze_file::Analyzed,
        ladder::{MadeLadder, Making, make},
    },
    products::{hls::read_ladder, keep::keep, made::Made, transcode_source::Subject},
    resources::Resources,
    runtime::{
        job::LeasedJob,
        work::{Begun, Progress, Work},
    },
};

/// Making one ladder.
pub(crate) struct HlsTrack {
    resources: Arc<Resources>,
    id: TrackId,
    text: String,
    ladder: Option<Ladder>,
    /// The track's analysis, if it is done along with this.
    analysis: Option<AnalysisJob>,
}

impl HlsTrack {
    pub(super) const fn new(resources: Arc<Resources>, id: TrackId, ladder: String) -> Self {
        Self { resources, id, text: ladder, ladder: None, analysis: None }
    }
}

impl Work for HlsTrack {
    type Product = Box<(ContentHash, Option<i64>, MadeLadder)>;
    const WAITS_FOR_ROOM: bool = false;
    /// A listener waits.
    const NICE: i32 = 0;

    fn track(&self) -> TrackId {
        self.id
    }

    async fn begin(&mut self, held: &LeasedJob) -> Result<Option<Begun<Self::Product>>> {
        let Some(Loaded { track, path }) = Loaded::or_finish(held, self.id).await? else { return Ok(None) };
        let ladder = read_ladder(&self.text)?;
        self.ladder = Some(ladder.clone());
        let staging = held.context.store.blobs().staging();
        let growing = GrowingLadder::begin(&staging, held.job.id, held.attempt())?;
        self.analysis = AnalysisJob::take(held, &self.resources, &track, path.clone()).await;
        let making = Making {
            path: path.clone(),
            size_bytes: track.size_bytes,
            ladder,
            growing,
            transcodes: None,
            analyzers: self.analysis.as_ref().map(AnalysisJob::analyzers).unwrap_or_default(),
            policy: SinkPolicy::MayLag,
            fan_out: self.resources.fan_out_options(held),
        };
        let subject = Subject::without_cover(&track, path);
        let shown = subject.shown.clone();
        let open = self.resources.open.clone();
        let blocking_work = Box::new(move |cancel: &CancelFlag, progress: &mut Progress| {
            let before = subject.check()?;
            let made = make(making, &open, cancel, progress)?;
            // Hashed after the encode: the listener hears the first segment sooner.
            let hash = subject.hash(&before, cancel, &mut || progress(0, None))?;
            subject.check_since(&before)?;
            Ok(Box::new((hash, before.changed_ns, made)))
        });
        Ok(Some(Begun { shown, blocking_work }))
    }

    async fn commit(&mut self, held: &LeasedJob, product: Self::Product) -> Result<()> {
        let (hash, changed_ns, MadeLadder { made, audio, growing, transcodes: _ }) = *product;
        let Made { variants, results, warnings, .. } = made;
        let ladder =
            self.ladder.as_ref().ok_or_else(|| Error::new(ErrorKind::Internal, "nothing was begun"))?;
        let store = &held.context.store;
        let made = keep(store, hash, ladder.profile(), false, variants).await?;
        let now = fanfare_channel::clock::now();
        let (job, attempt) = (held.job.id, held.attempt());
        if let Err(error) = store.catalog().commit_transcode(job, attempt, held.owner(), &made, now).await {
            held.remove(Leftover::of(Some(&made), &[])).await;
            return Err(error);
        }
        // Only now: a request that looked for the ladder while it grew finds it stored.
        drop(growing);
        if let Some(analysis) = self.analysis.take() {
            let analyzed = Analyzed { content_hash: hash, changed_ns, audio, results, warnings };
            analysis.store(held, &self.resources, analyzed).await;
        }
        Ok(())
    }

    /// A listener waits: an error is reported at once, not retried.
    fn retry_at(&self, _: &LeasedJob, _: ErrorKind, _: Timestamp) -> Option<Timestamp> {
        None
    }

    async fn give_up(&mut self, held: &LeasedJob, error: &Error, now: Timestamp) -> Result<()> {
        let (jobs, error) = (held.context.store.jobs(), JobError::from(error));
        jobs.fail(LeaseKey::new(held.job.id, held.attempt(), held.owner()), error, AfterFailure::Park, now)
            .await
    }
}
