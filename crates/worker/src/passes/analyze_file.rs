//! Analyzing one file: hash it, decode it once, run the analyzers.
//!
//! Synchronous; knows no job and no store. Runs on a thread of its own, because a decoder may not return.

use std::{fs::Metadata, path::Path};

use fanfare_analysis::AnalyzerEntry;
use fanfare_audio::{CancelFlag, FanOutOptions, Limits, OpenOptions, SinkPolicy};
use fanfare_channel::{
    regular_file::{hash_file, open_regular},
    stamp::FileStamp,
    tag_limits::limits_here,
};
use fanfare_model::{AudioProperties, ContentHash, Error, Result, features::AnalyzerResult};

use crate::{
    parts::TrackBudget,
    pass::Pass,
    products::{
        choice::{Choice, PreviousAnalysis},
        features::FeaturesProduct,
        list::Order,
    },
};

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

    let source = fanfare_audio::open(&file.path, options)?;
    let (rate, declared) = (source.spec().rate, source.facts().declared_frames);
    let Choice { analyzers, left_out } =
        Choice::new(&file.analyzers, file.before.as_ref(), content_hash, &file.without);
    let order = Order { features: Some(FeaturesProduct::new(analyzers)), ..Order::default() };
    let pass = Pass {
        source,
        products: order.products(),
        policy: SinkPolicy::Must,
        budget: file.budget.of(declared.or(file.frames).map(|frames| rate.seconds(frames))),
        fan_out: file.fan_out.clone(),
    };
    let made = pass.run(cancel, &mut |frames| {
        on_progress(Far { frames, total: declared, audio_s: rate.seconds(frames) });
    })?;
    // By path: a user may have put another file in its place.
    let after = std::fs::metadata(&file.path).map_err(|error| Error::from_io("look at the file", error))?;
    file.check_unchanged(&after)?;
    let changed_ns = before.change_between(&file.check_unchanged(&look()?)?);
    // Where the last analyzer was evicted on the way, the frames were not counted to the end.
    let frames = if made.stopped_early { file.frames.or(declared) } else { Some(made.frames) };
    let audio = made.audio(frames, file.scanned.size_bytes);
    let results = made.results.into_iter().chain(left_out).collect();
    let mut warnings = made.warnings;
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
}
