//! The job `stream-track`: a transcode that a listener plays while it is made.

use std::{sync::Arc, time::Instant};

use fanfare_audio::CancelFlag;
use fanfare_channel::clock;
use fanfare_model::{ContentHash, Error, ErrorKind, Profile, Result, Timestamp, TrackId, job::JobError};
use fanfare_store::{AfterFailure, CachedFile, Kept, LeaseKey, Leftover, Making, MakingFile};

use crate::{
    loaded::Loaded,
    passes::{
        analysis_job::AnalysisJob,
        analyze_file::Analyzed,
        growing_file::{Stream, StreamAnalyzed},
    },
    products::{growing_transcode::NO_LISTENER, transcode_source::Subject},
    resources::Resources,
    runtime::{
        job::LeasedJob,
        work::{Begun, Progress, Work},
    },
};

/// Making one file.
pub(crate) struct StreamTrack {
    resources: Arc<Resources>,
    id: TrackId,
    text: String,
    profile: Option<Profile>,
    /// The track's analysis, if it is done along with this.
    analysis: Option<AnalysisJob>,
}

impl StreamTrack {
    pub(super) const fn new(resources: Arc<Resources>, id: TrackId, profile: String) -> Self {
        Self { resources, id, text: profile, profile: None, analysis: None }
    }
}

/// What was made.
pub(crate) struct Made {
    hash: ContentHash,
    changed_ns: Option<i64>,
    making: Making,
    file: MakingFile,
    analyzed: StreamAnalyzed,
    /// What the decoder had to say.
    damage: Vec<String>,
}

impl Work for StreamTrack {
    /// `None` when no listener played it to its end.
    type Product = Option<Box<Made>>;
    const WAITS_FOR_ROOM: bool = false;
    /// A listener waits.
    const NICE: i32 = 0;

    fn track(&self) -> TrackId {
        self.id
    }

    async fn begin(&mut self, held: &LeasedJob) -> Result<Option<Begun<Self::Product>>> {
        let profile: Profile = self.text.parse()?;
        self.profile = Some(profile);
        let Some(Loaded { track, path }) = Loaded::or_finish(held, self.id).await? else { return Ok(None) };
        let subject = Subject::new(&held.context.store, &track, path).await?;
        let catalog = held.context.store.catalog();
        let making = catalog.cache().begin(held.job.id, held.attempt())?;
        self.analysis = AnalysisJob::take(held, &self.resources, &track, subject.path.clone()).await;
        let shown = subject.shown.clone();
        let mut stream = Stream {
            subject,
            open: self.resources.open.clone(),
            demand: self.resources.demand.clone(),
            job: held.job.id,
            since: Instant::now(),
            fan_out: self.resources.fan_out_options(held),
            analyzers: self.analysis.as_ref().map(AnalysisJob::analyzers).unwrap_or_default(),
            analyzed: None,
            damage: Vec::new(),
            // The first attempt goes by what the file says; one that failed of that counts.
            count: held.attempt().0 > 1,
        };
        let blocking_work = Box::new(move |cancel: &CancelFlag, progress: &mut Progress| {
            let before = stream.subject.check()?;
            let (file, analyzed) = match stream.make(profile, &making, cancel, progress) {
                Err(error) if error.message() == NO_LISTENER => return Ok(None),
                made => made?,
            };
            // Hashed after the encode: the listener hears it sooner.
            let hash = stream.subject.hash(&before, cancel, &mut || progress(0, None))?;
            stream.subject.check_since(&before)?;
            let changed_ns = before.changed_ns;
            let damage = std::mem::take(&mut stream.damage);
            Ok(Some(Box::new(Made { hash, changed_ns, making, file, analyzed, damage })))
        });
        Ok(Some(Begun { shown, blocking_work }))
    }

    async fn commit(&mut self, held: &LeasedJob, product: Self::Product) -> Result<()> {
        self.resources.demand.forget(held.job.id);
        let Some(made) = product else { return held.finish().await };
        let Made { hash, changed_ns, making, file, analyzed, damage } = *made;
        let damaged = !damage.is_empty();
        if let Some(said) = damage.first() {
            tracing::warn!(track = %self.id, said, "a transcode was made of a damaged source");
        }
        let profile = self.profile.ok_or_else(|| Error::new(ErrorKind::Internal, "nothing was begun"))?;
        let (name, now) = (profile.file_name(hash), clock::now());
        let kept = {
            let name = name.clone();
            tokio::task::spawn_blocking(move || file.keep(&name)).await
        };
        let Kept { size_bytes, sum } = kept.map_err(|ended| {
            Error::new(ErrorKind::Internal, "keeping a file was interrupted").because(ended)
        })??;
        let made = CachedFile {
            hash,
            profile: profile.to_string(),
            quality: profile.quality,
            file: name,
            size_bytes,
            sum: Some(sum),
            made: now,
            used: now,
        };
        let catalog = held.context.store.catalog();
        let (job, attempt, made) = (held.job.id, held.attempt(), [made]);
        if let Err(error) = catalog.commit_cached(job, attempt, held.owner(), (&made, damaged), now).await {
            held.remove(Leftover::of(None, &made)).await;
            return Err(error);
        }
        drop(making);
        if let (Some(analysis), Some((audio, warnings, results))) = (self.analysis.take(), analyzed) {
            let analyzed = Analyzed { content_hash: hash, changed_ns, audio, results, warnings };
            analysis.store(held, &self.resources, analyzed).await;
        }
        Ok(())
    }

    /// A file of another length than it says is counted and tried once more; other trouble is told at once.
    fn retry_at(&self, held: &LeasedJob, kind: ErrorKind, now: Timestamp) -> Option<Timestamp> {
        (kind == ErrorKind::Malformed && held.may_be_tried_again()).then_some(now)
    }

    async fn give_up(&mut self, held: &LeasedJob, error: &Error, now: Timestamp) -> Result<()> {
        self.resources.demand.forget(held.job.id);
        let (jobs, error) = (held.context.store.jobs(), JobError::from(error));
        jobs.fail(LeaseKey::new(held.job.id, held.attempt(), held.owner()), error, AfterFailure::Park, now)
            .await
    }
}
