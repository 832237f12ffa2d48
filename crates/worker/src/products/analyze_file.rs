//! Analyzing one file: hash it, decode it once, run the analyzers.
//!
//! Synchronous; knows no job and no store. Runs on a thread of its own, because a decoder may not return.

use std::{fs::Metadata, path::Path, time::Duration};

use fanfare_analysis::{AnalyzeOptions, AnalyzerEntry, analyze_with};
use fanfare_audio::{CancelFlag, FanOutOptions, Limits, OpenOptions, PcmSink, SharedChunk, StreamFacts};
use fanfare_channel::{
    regular_file::{hash_file, open_regular},
    stamp::FileStamp,
    tag_limits::limits_here,
};
use fanfare_model::{
    AudioProperties, ContentHash, Error, ErrorKind, Result, SampleSpec, features::AnalyzerResult,
};

use super::choice::{Choice, PreviousAnalysis};
use crate::parts::TrackBudget;

/// A file to analyze, as the catalog knows it.
#[derive(Debug, Clone)]
pub(crate) struct AnalysisInput {
    pub(crate) path: std::path::PathBuf,
    pub(crate) scanned: FileStamp,
    /// Whether it lies in a library folder, where it may change; the bytes of an upload never do.
    pub(crate) in_folder: bool,
    /// How long the catalog says it is.
    pub(crate) frames: Option<u64>,
    /// What was analyzed of it before, if anything.
    pub(crate) before: Option<PreviousAnalysis>,
    /// The analyzers that there are.
    pub(crate) analyzers: Vec<AnalyzerEntry>,
    /// Those of them that killed a worker with it.
    pub(crate) without: Vec<String>,
    /// Bounds of the fan-out, but for the budget.
    pub(crate) fan_out: FanOutOptions,
    /// How long it may take.
    pub(crate) budget: TrackBudget,
}

impl AnalysisInput {
    fn check_unchanged(&self, meta: &Metadata) -> Result<FileStamp> {
        let now = FileStamp::of(meta);
        if self.in_folder {
            self.scanned.check(&now)?;
        }
        Ok(now)
    }
}

/// How far the analysis is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Far {
    /// Frames decoded.
    pub(crate) frames: u64,
    /// Frames declared.
    pub(crate) total: Option<u64>,
    /// The decoded frames in seconds.
    pub(crate) audio_s: f64,
}

/// What the analysis gave.
#[derive(Debug)]
pub(crate) struct Analyzed {
    pub(crate) content_hash: ContentHash,
    /// The inode change time of the bytes that were read; 0 where they may have been written to meanwhile.
    pub(crate) changed_ns: Option<i64>,
    pub(crate) audio: AudioProperties,
    pub(crate) results: Vec<AnalyzerResult>,
    pub(crate) warnings: Vec<String>,
}

/// How long working on audio of that length may take.
pub(crate) fn budget(duration_s: Option<f64>) -> Duration {
    TrackBudget::default().of(duration_s)
}

/// Analyzes the file; `on_progress` is told how far that is, and may take its time.
///
/// # Errors
/// `Conflict` when the file is not as the catalog knows it, before or after; `Cancelled`; all kinds of
/// opening and decoding.
pub(crate) fn analyze_file(
    file: &AnalysisInput,
    options: &OpenOptions,
    cancel: &CancelFlag,
    on_progress: &mut dyn FnMut(Far),
) -> Result<Analyzed> {
    let handle = open_regular(&file.path)?;
    let look = || handle.metadata().map_err(|error| Error::from_io("look at the file", error));
    let before = file.check_unchanged(&look()?)?;
    // Slow storage takes long to hash a large file: each block is a sign of life.
    let content_hash = hash_file(&handle, cancel, &mut || on_progress(Far::default()))?;

    let mut source = fanfare_audio::open(&file.path, options)?;
    let (spec, facts) = (source.spec(), source.facts().clone());
    let declared = facts.declared_frames;
    let fan_out = FanOutOptions {
        budget: Some(file.budget.of(declared.or(file.frames).map(|frames| spec.rate.seconds(frames)))),
        ..file.fan_out.clone()
    };
    let analyze_options = AnalyzeOptions { fan_out, ..AnalyzeOptions::default() };
    let Choice { analyzers, left_out } =
        Choice::new(&file.analyzers, file.before.as_ref(), content_hash, &file.without);
    // Where every analyzer is left out, the track is still decoded: how long it is, is a result as well.
    let listener: (String, Box<dyn PcmSink>) = ("counts".to_owned(), Box::new(Counts));
    let extra = if analyzers.is_empty() { vec![listener] } else { Vec::new() };
    let mut progress =
        |frames| on_progress(Far { frames, total: declared, audio_s: spec.rate.seconds(frames) });
    let analysis = analyze_with(&analyzers, &mut *source, extra, &analyze_options, cancel, &mut progress)?;
    if cancel.is_cancelled() {
        return Err(Error::new(ErrorKind::Cancelled, "the analysis was cancelled"));
    }
    // By path: a user may have put another file in its place.
    let after = std::fs::metadata(&file.path).map_err(|error| Error::from_io("look at the file", error))?;
    file.check_unchanged(&after)?;
    let changed_ns = before.change_between(&file.check_unchanged(&look()?)?);
    // Where the last analyzer gave up on the way, nobody counted to the end.
    let frames = if analysis.stopped_early { file.frames.or(declared) } else { Some(analysis.frames) };
    let audio = properties(&facts, spec, frames, file.scanned.size_bytes);
    let results = analysis.results.into_iter().chain(left_out).collect();
    let mut warnings = analysis.warnings;
    warnings.extend(tag_damage(&file.path, &options.limits));
    Ok(Analyzed { content_hash, changed_ns, audio, results, warnings })
}

/// What was left out of a file's tags because it is damaged, so that the track says so.
pub(crate) fn tag_damage(path: &Path, limits: &Limits) -> Vec<String> {
    match fanfare_audio::read_tags(path, &limits_here(limits)) {
        // What is larger than that is no damage, and is read elsewhere.
        Ok(reading) if !reading.cut => reading.damaged,
        _ => Vec::new(),
    }
}

/// A sink that leaves counting to the fan-out.
struct Counts;

impl PcmSink for Counts {
    fn push(&mut self, _chunk: &SharedChunk) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

pub(crate) fn properties(
    facts: &StreamFacts,
    spec: SampleSpec,
    frames: Option<u64>,
    size_bytes: u64,
) -> AudioProperties {
    let seconds = frames.map(|frames| spec.rate.seconds(frames)).filter(|seconds| *seconds > 0.0);
    let bitrate = seconds.map(|seconds| (size_bytes as f64 * 8.0 / seconds).round());
    AudioProperties {
        codec: facts.codec.clone(),
        container: facts.container.clone(),
        sample_rate_hz: spec.rate.hz(),
        channels: u8::try_from(spec.channels()).unwrap_or(u8::MAX),
        bit_depth: facts.bit_depth,
        frames,
        bitrate_bps: bitrate.filter(|bps| *bps <= f64::from(u32::MAX)).map(|bps| bps as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// issue 13: one bad item costs that item, and the track says so.
    #[test]
    fn damaged_items_of_tags_are_told_and_sound_tags_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let wav = fanfare_testkit::wav::wav(8_000, &[vec![0.1; 800]], fanfare_testkit::wav::WavFormat::I16);
        for (artist, told) in [(b"\x00A", 0), (b"\x09A", 1)] {
            let frames = [b"TPE1\0\0\0\x02\0\0", &artist[..], b"TIT2\0\0\0\x02\0\0\0T"].concat();
            let tag = [b"ID3\x04\0\0\0\0\0", &[frames.len() as u8][..], &frames].concat();
            let chunk = [b"id3 ", &(tag.len() as u32).to_le_bytes()[..], &tag].concat();
            let path = folder.path().join("a.wav");
            std::fs::write(&path, [&wav[..], &chunk].concat()).unwrap();
            let damage = tag_damage(&path, &Limits::default());
            assert_eq!(damage.len(), told, "{damage:?}");
            assert!(damage.iter().all(|line| line.contains("TPE1")), "{damage:?}");
        }
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
            assert_eq!(budget(duration_s).as_secs(), budget_s, "{duration_s:?}");
        }
    }
}
