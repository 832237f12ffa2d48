//! [`analyze`]: one source, one fan-out, every selected analyzer. This is the analyzers' side of a run.
//!
//! The stages of a run, the same for every analyzer, in background work and while a listener plays:
//!
//! 1. *Start*: [`AnalyzerEntry::start`] gets what is known of the track and accepts it (gives an [`Analyzer`]) or
//!    refuses it with an error, which is then its result. One that refuses is not heard of again.
//! 2. *Push*: [`Analyzer::push`] gets every chunk in order, on a thread of its own, and does its work before it
//!    returns; that is the back-pressure. It may start threads of its own that live no longer than the analyzer;
//!    nothing may be carried from one track to another.
//! 3. *Finish*: [`Analyzer::finish`], only when the source ended cleanly and the analyzer was not evicted, gives the
//!    analyzer's part of the features. Parts whose every value is missing are results, too: they say why.
//! 4. *Cancel*: on any other way out (a broken source, the budget, a stop) the analyzer is dropped without finish, and
//!    with it everything it had.
//!
//! Analyzers can neither store nor touch files. What follows is done by the caller of [`analyze`]: it stores the results,
//! then runs the hooks that follow a stored analysis, then cleans up. A hook is skipped when storing failed, and its error
//! is a warning (`fanfare-channel`, `PostAnalysis`).

use std::sync::{Arc, Mutex, PoisonError};

use fanfare_audio::{
    CancelFlag, Eviction, FanOut, FanOutOptions, PcmSink, PcmSource, SharedChunk, SinkOutcome, SinkPolicy,
    SinkReport,
};
use fanfare_model::{
    Error, ErrorKind, Features, Result, SampleSpec,
    features::{AnalyzerOutcome, AnalyzerResult},
};

use crate::{
    ANALYZERS, AnalysisSlots, Analyzer, AnalyzerEntry, AnalyzerOutput, Selection, StartContext,
    shared::{AnalysisChunk, AnalysisEnd, MIN_RATE_HZ, SharedTransforms},
};

/// What to analyze and within which bounds.
#[derive(Debug, Clone, Default)]
pub struct AnalyzeOptions {
    /// Which analyzers run.
    pub selection: Selection,
    /// Bounds of the fan-out.
    pub fan_out: FanOutOptions,
    /// Whether the run waits for its analyzers, or they may lag behind the extra sinks, which must hear the track.
    pub policy: SinkPolicy,
    /// How many runs there are at a time, this one among them; `None` for a run that must not wait.
    pub slots: Option<AnalysisSlots>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// Frames decoded.
    pub frames: u64,
    /// Whether decoding ended before the audio did, because no listener was left: `frames` then says nothing about
    /// how long the audio is.
    pub stopped_early: bool,
    /// One result per selected analyzer, in the order of [`ANALYZERS`]; none for one that lagged behind a listener, which
    /// says nothing about analyzer or track.
    pub results: Vec<AnalyzerResult>,
    /// What was odd about the audio, one sentence each.
    pub warnings: Vec<String>,
    /// What each sink did: the analyzers first, then the extra ones.
    pub sinks: Vec<SinkReport>,
}

impl Analysis {
    /// All parts put together, with the warnings of the audio first.
    #[must_use]
    pub fn features(&self) -> Features {
        let mut features = Features::from_results(self.results.iter().cloned());
        features.warnings.splice(0..0, self.warnings.iter().cloned());
        features
    }
}

type OutputSlot = Arc<Mutex<Option<AnalyzerOutput>>>;

/// Decodes the source once, into every selected analyzer and every extra sink.
///
/// Waits for a free one of [`AnalyzeOptions::slots`] first; the budget counts from there.
///
/// An analyzer that fails is a [`AnalyzerOutcome::Failed`] in its result and disturbs nobody.
///
/// # Errors
/// The source's error; `Cancelled`; `Timeout` when the fan-out's budget is used up; `Unsupported` for a
/// sample rate below 1 kHz.
pub fn analyze(
    source: &mut dyn PcmSource,
    extra: NamedSinks,
    options: &AnalyzeOptions,
    cancel: &CancelFlag,
    on_progress: &mut dyn FnMut(u64),
) -> Result<Analysis> {
    let entries: Vec<AnalyzerEntry> =
        ANALYZERS.iter().filter(|entry| options.selection.contains(entry.id)).copied().collect();
    analyze_with(&entries, source, extra, options, cancel, on_progress)
}

/// The same with exactly these analyzers, which need not be those of the list; `options.selection` is not asked.
///
/// # Errors
/// As [`analyze`].
pub fn analyze_with(
    entries: &[AnalyzerEntry],
    source: &mut dyn PcmSource,
    extra: NamedSinks,
    options: &AnalyzeOptions,
    cancel: &CancelFlag,
    on_progress: &mut dyn FnMut(u64),
) -> Result<Analysis> {
    check_rate(source.spec())?;
    let _slot = options.slots.as_ref().map(|slots| slots.take(cancel)).transpose()?;
    let mut fan_out = FanOut::new(options.fan_out.clone());
    let (analyzers, sinks) = AnalyzerSinks::start(entries, source, options.policy);
    for (name, sink) in sinks {
        fan_out.add_as(options.policy, name, sink);
    }
    for (name, sink) in extra {
        fan_out.add(name, sink);
    }
    let report = fan_out.run(source, cancel, on_progress)?;
    Ok(Analysis {
        frames: report.frames,
        stopped_early: report.stopped_early,
        // Sinks report in the order they were added: those analyzers that started, then the extra ones.
        results: analyzers.results(&report.sinks),
        warnings: source.warnings().to_vec(),
        sinks: report.sinks,
    })
}

/// Whether analyzers and encoders can work at that sample rate.
///
/// # Errors
/// `Unsupported` for a rate below 1 kHz.
pub fn check_rate(spec: SampleSpec) -> Result<()> {
    if spec.rate.hz() >= MIN_RATE_HZ {
        return Ok(());
    }
    let message = format!("a sample rate of {} is too low to analyze", spec.rate);
    Err(Error::new(ErrorKind::Unsupported, message)
        .remedy(format!("convert the file to {MIN_RATE_HZ} Hz or more")))
}

/// Sinks with names that tell one from another. A thread has such a name, by which a sink that ends the worker is known.
pub type NamedSinks = Vec<(String, Box<dyn PcmSink>)>;

/// Analyzers of one track that were started as sinks of a fan-out, for a caller that runs the fan-out itself.
#[derive(Debug)]
pub struct AnalyzerSinks {
    started: Vec<(AnalyzerEntry, Result<OutputSlot>)>,
    policy: SinkPolicy,
}

impl AnalyzerSinks {
    /// Starts exactly these analyzers for that source; returns the sinks of those that accept it, with their names. They are
    /// added to a fan-out in this order, under that policy.
    #[must_use]
    pub fn start(
        entries: &[AnalyzerEntry],
        source: &dyn PcmSource,
        policy: SinkPolicy,
    ) -> (Self, NamedSinks) {
        let context = StartContext { spec: source.spec(), declared_frames: source.facts().declared_frames };
        let shared = Arc::new(SharedTransforms::new(context.spec));
        let (mut started, mut sinks) = (Vec::new(), Vec::new());
        for entry in entries {
            let slot = OutputSlot::default();
            let start = (entry.start)(&context).map(|analyzer| {
                let shared = Arc::clone(&shared);
                let sink = AnalyzerSink { analyzer, shared, frames: 0, output: Arc::clone(&slot) };
                sinks.push((entry.id.to_owned(), Box::new(sink) as Box<dyn PcmSink>));
            });
            started.push((*entry, start.map(|()| slot)));
        }
        (Self { started, policy }, sinks)
    }

    /// One result per analyzer, from the reports on its sinks; none for one that lagged behind a listener.
    #[must_use]
    pub fn results(self, reports: &[SinkReport]) -> Vec<AnalyzerResult> {
        let mut reports = reports.iter();
        self.started
            .into_iter()
            .filter_map(|(entry, start)| result_of(&entry, start, self.policy, || reports.next()))
            .collect()
    }
}

/// What became of one analyzer, from how it started and how its sink ended; nothing if it was evicted because it lagged, or
/// because playback ended.
fn result_of<'a>(
    entry: &AnalyzerEntry,
    start: Result<OutputSlot>,
    policy: SinkPolicy,
    mut next_report: impl FnMut() -> Option<&'a SinkReport>,
) -> Option<AnalyzerResult> {
    let internal =
        |message: &str| AnalyzerOutcome::Failed { kind: ErrorKind::Internal, message: message.into() };
    let outcome = match start {
        Err(error) => AnalyzerOutcome::Failed { kind: error.kind(), message: error.to_string() },
        Ok(slot) => match next_report().map(|report| &report.outcome) {
            Some(SinkOutcome::Evicted { reason, kind, .. })
                if policy == SinkPolicy::MayLag
                    && (matches!(reason, Eviction::Lagged | Eviction::Deadline)
                        || *kind == ErrorKind::Cancelled) =>
            {
                return None;
            }
            Some(SinkOutcome::Evicted { kind, message, .. }) => {
                AnalyzerOutcome::Failed { kind: *kind, message: message.clone() }
            }
            Some(SinkOutcome::Finished) => match slot.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some(AnalyzerOutput { part, absences }) => {
                    let warnings = absences.iter().map(ToString::to_string).collect();
                    AnalyzerOutcome::Ok { part, warnings }
                }
                None => internal("the analyzer finished without a result"),
            },
            None => internal("the fan-out did not report on the analyzer"),
        },
    };
    Some(AnalyzerResult { analyzer: entry.id.to_owned(), version: entry.version, outcome })
}

/// An analyzer as a sink of the fan-out.
struct AnalyzerSink {
    analyzer: Box<dyn Analyzer>,
    shared: Arc<SharedTransforms>,
    frames: u64,
    output: OutputSlot,
}

impl PcmSink for AnalyzerSink {
    fn push(&mut self, chunk: &SharedChunk) -> Result<()> {
        let view = AnalysisChunk::new(chunk, &self.shared)?;
        self.analyzer.push(&view)?;
        view.check()?;
        self.frames += chunk.frames() as u64;
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        let end = AnalysisEnd::new(&self.shared, self.frames);
        let output = self.analyzer.finish(&end)?;
        end.check()?;
        *self.output.lock().unwrap_or_else(PoisonError::into_inner) = Some(output);
        Ok(())
    }
}
