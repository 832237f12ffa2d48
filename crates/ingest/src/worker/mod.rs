//! The worker process: claims jobs, does them, commits what came of them.
//!
//! [`executor`] claims from the queues; [`attempt`] is what every attempt at a job has in common; [`work`] is what
//! kinds of jobs differ in, and tells how to add one; [`analyze`] is the kind that analyzes a track.
//!
//! It is a child of the server, because untrusted bytes may make a decoder abort, loop or eat memory: that
//! ends a worker and never a stream. It says and is told things by [`protocol`]; its log goes to stderr.
//!
//! Invariants: a worker whose stdin ends (its server is gone) gives its jobs back and ends within 10 s, by
//! force if need be; what it commits is fenced by the job's attempt, so one that was given up for dead
//! changes nothing; it never makes or migrates a database.

mod analysis_product;
mod analyze;
mod analyze_file;
mod attempt;
mod cache;
mod choice;
pub(crate) mod confine;
mod crash_report;
pub(crate) mod demand;
mod enrich;
mod event_writer;
mod executor;
mod keep;
mod ladder;
mod nothing_fits;
mod process;
pub(crate) mod protocol;
pub(crate) mod retry;
pub(crate) mod room;
mod roots;
mod small;
mod stream;
mod throttle;
mod transcode;
mod transcode_products;
mod whole;
mod work;

use std::{path::PathBuf, sync::Arc, time::Duration};

use fanfare_analysis::{ANALYZERS, AnalyzerEntry};
use fanfare_audio::{FanOutOptions, FfmpegUse, OpenOptions};
use fanfare_model::{Error, ErrorKind, Features, Result, Timestamp, enrichment::Enrichment};
use fanfare_store::{CACHE_FOLDER, Store, StoreOptions};

use self::{
    demand::Demand,
    event_writer::{EventWriter, listen},
    executor::Executor,
    protocol::{WorkerCommand, WorkerEvent, WorkerRole},
    throttle::Throttle,
};
use crate::{MAX_CONCURRENCY, PostAnalysis, work_policy::Policy};

/// How long a worker waits to be told its name before it ends.
const START_WAIT: Duration = Duration::from_secs(30);
/// How long a worker waits for another process's write to end, in milliseconds.
const BUSY_TIMEOUT_MS: u32 = 10_000;

/// How a worker process is run.
#[derive(Debug, Clone)]
pub struct WorkerProcessOptions {
    /// The data folder, whose database the server has brought up to date.
    pub data_dir: PathBuf,
    /// The most tracks analyzed at a time, 1 or more (the server may tell it fewer).
    pub jobs: usize,
    /// Where smaller files lie; in the data folder by default.
    pub cache_dir: Option<PathBuf>,
    /// Whether codecs that are not built in may be decoded by `ffmpeg`.
    pub ffmpeg: FfmpegUse,
}

/// What a worker works with besides its options.
#[derive(Clone)]
pub struct WorkerParts {
    /// The analyzers that analyze tracks; the list's by default.
    pub analyzers: Vec<AnalyzerEntry>,
    /// What is done with a track once its analysis is stored, in this order; nothing by default.
    pub post_analysis: Vec<Arc<dyn PostAnalysis>>,
    /// How long an analyzer may hold one chunk.
    pub sink_deadline: Duration,
    /// The same for one beside somebody's listening (docs/coverage.md A20).
    pub lag_deadline: Duration,
    /// How long a track may take.
    pub budget: TrackBudget,
    /// What enriches an upload: from its features, its length in seconds beside them.
    pub describe: fn(&Features, f64) -> Result<Enrichment>,
    /// The time by which jobs are claimed and tried again.
    pub clock: fn() -> Timestamp,
}

impl WorkerParts {
    /// Bounds of a fan-out, as far as they are the same for every job.
    pub(crate) fn fan_out_options(&self) -> FanOutOptions {
        FanOutOptions {
            sink_deadline: self.sink_deadline,
            lag_deadline: self.lag_deadline,
            ..FanOutOptions::default()
        }
    }
}

/// How long analyzing one track may take (docs/coverage.md A21).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackBudget {
    /// At least that long.
    pub least: Duration,
    /// Seconds of work for each second of audio, where that is more.
    pub per_second: f64,
}

impl Default for TrackBudget {
    fn default() -> Self {
        Self { least: Duration::from_secs(300), per_second: 1.5 }
    }
}

impl TrackBudget {
    /// For audio of that length in seconds.
    pub(crate) fn of(self, duration_s: Option<f64>) -> Duration {
        let wanted = duration_s.filter(|s| s.is_finite() && *s > 0.0).map_or(0.0, |s| s * self.per_second);
        // A day of audio is the most a file may declare.
        self.least.max(Duration::from_secs_f64(wanted.min(3.0 * 86_400.0)))
    }
}

impl Default for WorkerParts {
    fn default() -> Self {
        Self {
            analyzers: ANALYZERS.to_vec(),
            post_analysis: Vec::new(),
            sink_deadline: FanOutOptions::default().sink_deadline,
            lag_deadline: FanOutOptions::default().lag_deadline,
            budget: TrackBudget::default(),
            describe: fanfare_analysis::describe,
            clock: crate::clock::now,
        }
    }
}

/// [`run_worker_with`] the parts that there are by default.
///
/// # Errors
/// As [`run_worker_with`].
pub async fn run_worker(options: WorkerProcessOptions) -> Result<()> {
    run_worker_with(options, WorkerParts::default()).await
}

/// The body of `fanfare worker`: runs until told to stop, or until stdin ends, and ends within 10 s then.
///
/// stdin and stdout belong to the conversation with the server.
///
/// # Errors
/// Errors of opening the store; `Timeout` when a track could not be cancelled (the process must end to get
/// rid of it); `Invalid` when nobody says `start`.
pub async fn run_worker_with(options: WorkerProcessOptions, parts: WorkerParts) -> Result<()> {
    // A nightly run may analyze more tracks at a time than there are processors, because it rests most of the time.
    let most = options.jobs.max(MAX_CONCURRENCY);
    let confined = confine::confine(most);
    tracing::debug!(%confined, "the worker is confined");
    if let Err(error) = crash_report::say_last_words() {
        tracing::warn!(%error, "an analyzer that ends this process will not be known by name");
    }
    let store_options = StoreOptions {
        migrate: false,
        readers: u32::try_from(options.jobs).unwrap_or(8).clamp(1, 8),
        busy_timeout_ms: BUSY_TIMEOUT_MS,
    };
    let throttle = Throttle::new(Policy::prompt(options.jobs.max(1)));
    let demand = Demand::default();
    let mut commands = listen(throttle.clone(), demand.clone())?;
    let cache = options.cache_dir.clone().unwrap_or_else(|| options.data_dir.join(CACHE_FOLDER));
    let store = Store::open_with_cache(&options.data_dir, &cache, &store_options).await?;
    let (event_writer, all_said) = EventWriter::open()?;
    event_writer
        .say(&WorkerEvent::Ready { pid: std::process::id(), version: env!("CARGO_PKG_VERSION").to_owned() });
    let start = tokio::time::timeout(START_WAIT, async {
        loop {
            match commands.recv().await {
                Some(WorkerCommand::Start { owner, slots, role }) => return Some((owner, slots, role)),
                Some(WorkerCommand::Stop) | None => return None,
                Some(_) => {}
            }
        }
    });
    let ended = match start.await {
        Ok(Some((owner, slots, role))) => {
            let open = OpenOptions { ffmpeg: options.ffmpeg, ..OpenOptions::default() };
            if role == WorkerRole::Live {
                throttle.set(Policy::prompt(slots));
            }
            Executor::new(store.clone(), event_writer, open, owner, parts, (throttle, demand), most)
                .run(role, commands)
                .await
        }
        Ok(None) => {
            drop(event_writer);
            Ok(())
        }
        Err(_) => Err(Error::new(ErrorKind::Invalid, "nobody told this worker to start")
            .remedy("workers are started by `fanfare serve`")),
    };
    store.close().await;
    all_said.wait().await;
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    /// issue 12; docs/coverage.md A20: what an analyzer beside a listener gets is what the fan-out of the worker is told.
    #[test]
    fn live_analyzers_of_the_worker_get_a_second_per_chunk() {
        let parts = WorkerParts::default();
        assert_eq!(parts.fan_out_options().lag_deadline, Duration::from_secs(1));
        assert_eq!(parts.fan_out_options().sink_deadline, Duration::from_secs(30));
        let lag_deadline = Duration::from_millis(20);
        let options = WorkerParts { lag_deadline, ..parts }.fan_out_options();
        assert_eq!(options.lag_deadline, lag_deadline);
    }
}
