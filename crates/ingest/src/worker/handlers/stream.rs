//! The job `stream-track`: a smaller file that somebody plays while it is made.
//!
//! The file is made in passes. The first goes from the block that was asked for first; a listener who waits for a block
//! elsewhere ends a pass after a few blocks more, and the next one begins there. When nobody waits, what is missing is
//! made in order; when nobody listens any more, the file is given up.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use fanfare_analysis::{AnalyzeOptions, analyze_with};
use fanfare_audio::{
    CancelFlag, FanOutOptions, OpenOptions, SinkOutcome, SinkPolicy,
    transcode::{Recipe, TakeBlock},
};
use fanfare_model::{
    AudioProperties, ContentHash, Error, ErrorKind, JobId, Profile, Result, Timestamp, TrackId,
    features::AnalyzerResult, job::JobError,
};
use fanfare_store::{AfterFailure, CachedFile, Kept, Leftover, Making, MakingFile};

use crate::{
    clock,
    worker::{
        demand::{ClientDemand, Demand},
        products::{
            analysis_product::AnalysisProduct,
            analyze_file::{self, budget, properties, tag_damage},
            small::{Subject, begin_at, not_smaller},
        },
        resources::Resources,
        runtime::{
            job::LeasedJob,
            work::{Begun, Progress, Work},
        },
    },
};

/// Blocks that a pass goes on for while somebody waits elsewhere: enough to be worth the jump, and under a second of work.
const TURN_BLOCKS: u32 = 4;

/// Making one file.
pub(crate) struct StreamTrack {
    resources: Arc<Resources>,
    id: TrackId,
    text: String,
    profile: Option<Profile>,
    /// The track's analysis, if it is done along with this.
    analysis: Option<AnalysisProduct>,
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
    analyzed: Option<(AudioProperties, Vec<String>, Vec<AnalyzerResult>)>,
    /// What the decoder had to say.
    damage: Vec<String>,
}

impl Work for StreamTrack {
    /// `None` when nobody listened to the end of it.
    type Product = Option<Box<Made>>;
    const WAITS_FOR_ROOM: bool = false;
    /// Somebody waits to listen.
    const NICE: i32 = 0;

    fn track(&self) -> TrackId {
        self.id
    }

    async fn begin(&mut self, held: &LeasedJob) -> Result<Option<Begun<Self::Product>>> {
        let profile: Profile = self.text.parse()?;
        self.profile = Some(profile);
        let Some(subject) = Subject::of(held, self.id).await? else {
            held.finish().await?;
            return Ok(None);
        };
        let catalog = held.context.store.catalog();
        let making = catalog.cache().begin(held.job.id, held.attempt())?;
        if let Some(row) = catalog.track(self.id).await? {
            self.analysis =
                AnalysisProduct::take(held, &self.resources, &row.track, subject.path.clone()).await;
        }
        let mut stream = Stream {
            open: self.resources.open.clone(),
            demand: self.resources.demand.clone(),
            job: held.job.id,
            since: Instant::now(),
            fan_out: self.resources.fan_out_options(held),
            analyzers: self.analysis.as_ref().map(AnalysisProduct::analyzers).unwrap_or_default(),
            analyzed: None,
            damage: Vec::new(),
            // The first attempt goes by what the file says; one that failed of that counts.
            count: held.attempt().0 > 1,
        };
        let shown = subject.shown.clone();
        let blocking_work = Box::new(move |cancel: &CancelFlag, progress: &mut Progress| {
            let before = subject.check()?;
            let (file, analyzed) = match stream.make(&subject, profile, &making, cancel, progress) {
                Err(error) if error.message() == NOBODY_LISTENS => return Ok(None),
                made => made?,
            };
            // Hashed behind the encode: whoever waits analyzes it sooner.
            let hash = subject.hash(&before, cancel, &mut || progress(0, None))?;
            subject.check_since(&before)?;
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
            tracing::warn!(track = %self.id, said, "a smaller file was made of a damaged source");
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
            let analyzed =
                analyze_file::Analyzed { content_hash: hash, changed_ns, audio, results, warnings };
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
        jobs.fail(held.job.id, held.attempt(), held.owner(), error, AfterFailure::Park, now).await
    }
}

/// A file being made for listeners.
struct Stream {
    open: OpenOptions,
    demand: Demand,
    job: JobId,
    since: Instant,
    fan_out: FanOutOptions,
    analyzers: Vec<fanfare_analysis::AnalyzerEntry>,
    analyzed: Option<(AudioProperties, Vec<String>, Vec<AnalyzerResult>)>,
    damage: Vec<String>,
    count: bool,
}

type Analyzed = Option<(AudioProperties, Vec<String>, Vec<AnalyzerResult>)>;

impl Stream {
    fn make(
        &mut self,
        subject: &Subject,
        profile: Profile,
        making: &Making,
        cancel: &CancelFlag,
        progress: &mut Progress,
    ) -> Result<(MakingFile, Analyzed)> {
        let (source, mut recipes) = subject.recipes(&[profile], &self.open, self.count)?;
        let recipe = recipes.pop().ok_or_else(not_smaller)?.1;
        drop(source);
        let file = making.file(profile, recipe.grid(), recipe.head())?;
        let file = Arc::new(Mutex::new(Some(file)));
        let mut last = 0;
        while let Some(block) = self.next_block(&file, last)? {
            last = self.pass(subject, &recipe, &file, block, cancel, progress)?;
            progress(0, None);
        }
        let file = locked(&file).take();
        Ok((file.ok_or_else(|| Error::new(ErrorKind::Internal, "the file is gone"))?, self.analyzed.take()))
    }

    /// Where the next pass begins: at a block that somebody waits for, those behind the last pass first; else at the
    /// first that is missing from there on. `None` when all is made.
    fn next_block(&self, file: &Shared, last: u32) -> Result<Option<u32>> {
        let file = locked(file);
        let Some(file) = &*file else { return Ok(None) };
        match self.demand.of(self.job, self.since) {
            ClientDemand::Nothing => Err(nobody_listens()),
            ClientDemand::Blocks(blocks) => {
                let mut lacking: Vec<u32> = blocks.into_iter().filter(|block| file.lacks(*block)).collect();
                lacking.sort_unstable();
                let behind = lacking.iter().find(|block| **block >= last).or(lacking.first()).copied();
                Ok(behind.or_else(|| file.next_missing(last)))
            }
        }
    }

    /// One pass from that block on; gives the block behind its last one.
    fn pass(
        &mut self,
        subject: &Subject,
        recipe: &Recipe,
        file: &Shared,
        first: u32,
        cancel: &CancelFlag,
        progress: &mut Progress,
    ) -> Result<u32> {
        let mut source = fanfare_audio::open(&subject.path, &self.open)?;
        let turn = Turn {
            file: Arc::clone(file),
            demand: self.demand.clone(),
            job: self.job,
            since: self.since,
            first,
            blocks: recipe.grid().blocks,
        };
        let reached = Arc::new(Mutex::new(first));
        let noted = Arc::clone(&reached);
        let take: TakeBlock = Box::new(move |block, bytes| {
            if let Some(file) = &mut *locked(&turn.file) {
                file.block(block, &bytes)?;
            }
            *locked(&noted) = block + 1;
            if turn.goes_on(block)? { Ok(()) } else { Err(Error::new(ErrorKind::Cancelled, TURN_OVER)) }
        });
        let (begin, sink) = recipe.sink(first, take)?;
        begin_at(&mut *source, begin)?;
        // Who analyzes along analyzes the whole track or nothing.
        let analyzers =
            if begin == 0 && first == 0 { std::mem::take(&mut self.analyzers) } else { Vec::new() };
        let (facts, spec) = (source.facts().clone(), source.spec());
        let length_s = facts.declared_frames.map(|frames| spec.rate.seconds(frames));
        let fan_out = FanOutOptions { budget: Some(budget(length_s)), ..self.fan_out.clone() };
        let options = AnalyzeOptions { fan_out, policy: SinkPolicy::MayLag, ..AnalyzeOptions::default() };
        let total = facts.declared_frames;
        let mut on_progress = |frames| progress(begin + frames, total);
        let sinks = vec![("small".to_owned(), sink)];
        let analyzed = analyze_with(&analyzers, &mut *source, sinks, &options, cancel, &mut on_progress)?;
        self.damage.extend(
            analyzed.warnings.iter().filter(|said| !self.damage.contains(said)).cloned().collect::<Vec<_>>(),
        );
        let outcome =
            analyzed.sinks.iter().find(|report| report.name == "small").map(|report| &report.outcome);
        match outcome {
            Some(SinkOutcome::Finished) if begin == 0 && !analyzers.is_empty() => {
                let audio = properties(&facts, spec, Some(analyzed.frames), subject.size());
                let damage = tag_damage(&subject.path, &self.open.limits);
                self.analyzed = Some((audio, [analyzed.warnings, damage].concat(), analyzed.results));
            }
            Some(SinkOutcome::Evicted { message, .. }) if message.contains(NOBODY_LISTENS) => {
                return Err(nobody_listens());
            }
            Some(SinkOutcome::Evicted { kind, message, .. }) if !message.contains(TURN_OVER) => {
                return Err(Error::new(*kind, message.clone()));
            }
            _ => {}
        }
        let reached = *locked(&reached);
        Ok(reached)
    }
}

const TURN_OVER: &str = "the pass ends here";
const NOBODY_LISTENS: &str = "nobody listens any more";

fn nobody_listens() -> Error {
    Error::new(ErrorKind::Cancelled, NOBODY_LISTENS)
}

type Shared = Arc<Mutex<Option<MakingFile>>>;

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whose turn a pass is.
struct Turn {
    file: Shared,
    demand: Demand,
    job: JobId,
    since: Instant,
    first: u32,
    blocks: u32,
}

impl Turn {
    /// Whether the pass goes on behind that block.
    fn goes_on(&self, block: u32) -> Result<bool> {
        let next = block + 1;
        if next == self.blocks {
            return Ok(true); // the source's end shows whether it was as long as it said
        }
        let file = locked(&self.file);
        let Some(file) = &*file else { return Ok(false) };
        let ClientDemand::Blocks(wanted) = self.demand.of(self.job, self.since) else {
            return Err(nobody_listens());
        };
        let elsewhere = wanted.iter().any(|wanted| *wanted != next && file.lacks(*wanted));
        let due = block - self.first + 1 >= TURN_BLOCKS || !wanted.contains(&next);
        Ok(file.lacks(next) && !(elsewhere && due))
    }
}

#[cfg(test)]
mod tests {
    use fanfare_model::{Attempt, BlockGrid, Quality, TranscodeCodec};
    use fanfare_store::CacheFolder;

    use super::*;

    #[test]
    fn a_turn_is_as_long_as_nobody_waits_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CacheFolder::new(folder.path().to_path_buf());
        let job = JobId::from_bytes([1; 16]);
        let making = cache.begin(job, Attempt(1)).unwrap();
        let grid = BlockGrid { head_bytes: 0, block_bytes: 1, blocks: 40, len_bytes: 40 };
        let profile = Profile::of(Quality::Low, TranscodeCodec::Mp3).unwrap();
        let file = Arc::new(Mutex::new(Some(making.file(profile, grid, b"").unwrap())));
        let demand = Demand::default();
        let turn = Turn {
            file: Arc::clone(&file),
            demand: demand.clone(),
            job,
            since: Instant::now(),
            first: 0,
            blocks: 40,
        };
        let tell = |blocks: &[u32]| demand.tell(job, ClientDemand::Blocks(blocks.to_vec()));
        for (wanted, behind, goes_on) in [
            (&[][..], 0, true),
            (&[1], 0, true),
            (&[9], 0, false),
            (&[1, 9], 0, true),
            (&[3, 9], 2, true),
            (&[4, 9], 3, false),
            (&[9], 39, true),
        ] {
            tell(wanted);
            assert_eq!(turn.goes_on(behind).unwrap(), goes_on, "{wanted:?} behind {behind}");
        }
        locked(&file).as_mut().unwrap().block(5, b"x").unwrap();
        assert!(!turn.goes_on(4).unwrap(), "what is there is not made again");
        demand.tell(job, ClientDemand::Nothing);
        assert_eq!(turn.goes_on(0).unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
