//! What a worker process is made of: [`WorkerProcessOptions`], [`WorkerParts`], [`TrackBudget`].

use std::{path::PathBuf, sync::Arc, time::Duration};

use fanfare_analysis::{ANALYZERS, AnalyzerEntry};
use fanfare_audio::{FanOutOptions, FfmpegUse};
use fanfare_channel::PostAnalysis;
use fanfare_model::{Features, Result, Timestamp, enrichment::Enrichment};

/// How a worker process is run.
#[derive(Debug, Clone)]
pub struct WorkerProcessOptions {
    /// The data folder, whose database the server has brought up to date.
    pub data_dir: PathBuf,
    /// The most tracks analyzed at a time, 1 or more (the server may tell it fewer).
    pub jobs: usize,
    /// Where transcodes lie; in the data folder by default.
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
    /// The same for one of a track that a listener plays meanwhile.
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

/// How long analyzing one track may take.
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
            clock: fanfare_channel::clock::now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// issue 12: what an analyzer of a played track gets is what the fan-out of the worker is told.
    #[test]
    fn live_analyzers_of_the_worker_get_a_second_per_chunk() {
        let parts = WorkerParts::default();
        assert_eq!(parts.fan_out_options().lag_deadline, Duration::from_secs(1));
        assert_eq!(parts.fan_out_options().sink_deadline, Duration::from_secs(30));
        let lag_deadline = Duration::from_millis(20);
        let options = WorkerParts { lag_deadline, ..parts }.fan_out_options();
        assert_eq!(options.lag_deadline, lag_deadline);
    }

    #[test]
    fn long_audio_gets_more_time() {
        for (duration_s, budget_s) in [
            (None, 300),
            (Some(10.0), 300),
            (Some(200.0), 300),
            (Some(3_600.0), 5_400),
            (Some(f64::NAN), 300),
        ] {
            assert_eq!(TrackBudget::default().of(duration_s).as_secs(), budget_s, "{duration_s:?}");
        }
    }
}
