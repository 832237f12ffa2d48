//! A transcode that a listener plays while it is made.
//!
//! The file is made in passes. The first goes from the block that was asked for first; a listener who waits for a block
//! elsewhere ends a pass after a few blocks more, and the next one begins there. When no listener waits, what is missing is
//! made in order; when no listener is left, the file is given up.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use fanfare_audio::{
    CancelFlag, FanOutOptions, OpenOptions, SinkPolicy,
    transcode::{TakeBlock, TranscodePlan},
};
use fanfare_model::{AudioProperties, Error, ErrorKind, JobId, Profile, Result, features::AnalyzerResult};
use fanfare_store::{Making, MakingFile};

use super::analyze_file::tag_damage;
use crate::{
    demand::{ClientDemand, Demand},
    parts::TrackBudget,
    pass::Pass,
    products::{
        features::FeaturesProduct,
        growing_transcode::{GrowingTranscode, TURN_OVER, no_listener},
        list::Order,
        transcode_source::{Subject, begin_at, not_smaller},
    },
    runtime::work::Progress,
};

/// Blocks that a pass goes on for while a listener waits elsewhere: enough to be worth the jump, and under a second of work.
const TURN_BLOCKS: u32 = 4;

/// A file being made for listeners.
pub(crate) struct Stream {
    pub(crate) subject: Subject,
    pub(crate) open: OpenOptions,
    pub(crate) demand: Demand,
    pub(crate) job: JobId,
    pub(crate) since: Instant,
    pub(crate) fan_out: FanOutOptions,
    pub(crate) analyzers: Vec<fanfare_analysis::AnalyzerEntry>,
    pub(crate) analyzed: StreamAnalyzed,
    pub(crate) damage: Vec<String>,
    pub(crate) count: bool,
}

/// The audio, warnings and results of the analyzers, if they got the whole track.
pub(crate) type StreamAnalyzed = Option<(AudioProperties, Vec<String>, Vec<AnalyzerResult>)>;

impl Stream {
    /// Makes the whole file.
    ///
    /// # Errors
    /// Those of opening, decoding and writing; [`NO_LISTENER`] when no listener is left.
    pub(crate) fn make(
        &mut self,
        profile: Profile,
        making: &Making,
        cancel: &CancelFlag,
        progress: &mut Progress,
    ) -> Result<(MakingFile, StreamAnalyzed)> {
        let (source, mut plans) = self.subject.plans(&[profile], &self.open, self.count)?;
        let plan = plans.pop().ok_or_else(not_smaller)?.1;
        drop(source);
        let file = making.file(profile, plan.grid(), plan.head())?;
        let file = Arc::new(Mutex::new(Some(file)));
        let mut last = 0;
        while let Some(block) = self.next_block(&file, last)? {
            last = self.pass(&plan, &file, block, cancel, progress)?;
            progress(0, None);
        }
        let file = locked(&file).take();
        Ok((file.ok_or_else(|| Error::new(ErrorKind::Internal, "the file is gone"))?, self.analyzed.take()))
    }

    /// Where the next pass begins: at a block that a listener waits for, those behind the last pass first; else at the
    /// first that is missing from there on. `None` when all is made.
    fn next_block(&self, file: &Shared, last: u32) -> Result<Option<u32>> {
        let file = locked(file);
        let Some(file) = &*file else { return Ok(None) };
        match self.demand.of(self.job, self.since) {
            ClientDemand::Nothing => Err(no_listener()),
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
        plan: &TranscodePlan,
        file: &Shared,
        first: u32,
        cancel: &CancelFlag,
        progress: &mut Progress,
    ) -> Result<u32> {
        let mut source = fanfare_audio::open(&self.subject.path, &self.open)?;
        let turn = Turn {
            file: Arc::clone(file),
            demand: self.demand.clone(),
            job: self.job,
            since: self.since,
            first,
            blocks: plan.grid().blocks,
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
        let (begin, sink) = plan.sink(first, take)?;
        begin_at(&mut *source, begin)?;
        // Who analyzes along analyzes the whole track or nothing.
        let analyzers =
            if begin == 0 && first == 0 { std::mem::take(&mut self.analyzers) } else { Vec::new() };
        let analyzes = !analyzers.is_empty();
        let total = source.facts().declared_frames;
        let length_s = total.map(|frames| source.spec().rate.seconds(frames));
        let order = Order {
            features: analyzes.then(|| FeaturesProduct::new(analyzers)),
            growing: Some(GrowingTranscode::new(sink)),
            ..Order::default()
        };
        let pass = Pass {
            source,
            products: order.products(),
            policy: SinkPolicy::MayLag,
            budget: TrackBudget::default().of(length_s),
            fan_out: self.fan_out.clone(),
        };
        let made = pass.run(cancel, &mut |frames| progress(begin + frames, total))?;
        let new = made.warnings.iter().filter(|said| !self.damage.contains(said));
        let new: Vec<String> = new.cloned().collect();
        self.damage.extend(new);
        if made.grown_to_its_end && analyzes {
            let audio = made.audio(Some(made.frames), self.subject.size());
            let damage = tag_damage(&self.subject.path, &self.open.limits);
            self.analyzed = Some((audio, [made.warnings, damage].concat(), made.results));
        }
        let reached = *locked(&reached);
        Ok(reached)
    }
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
            return Err(no_listener());
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
    fn a_turn_goes_on_while_no_listener_waits_elsewhere() {
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
