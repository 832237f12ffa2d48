//! Making a track's HLS ladder, from the same decode that the analyzers analyze.
//!
//! Synchronous; knows no job and no store but the folder in which the ladder grows. Nothing is visible to others
//! until the caller has stored it, except to listeners of the growing ladder.

use std::path::{Path, PathBuf};

use fanfare_analysis::{AnalyzeOptions, AnalyzerEntry, analyze_with};
use fanfare_audio::{
    CancelFlag, FanOutOptions, OpenOptions, SinkOutcome, SinkPolicy, SinkReport,
    hls::{Ladder, LadderSinks, LadderSource, SegmentWriter, ladder_sinks},
};
use fanfare_model::{
    AudioProperties, Error, ErrorKind, Result,
    features::AnalyzerResult,
    hls::{SegmentFacts, VariantFacts},
};
use fanfare_store::{GrowingLadder, GrowingVariant, growing_variant};

use super::{
    analyze_file::{budget, properties, tag_damage},
    small::too_short,
    transcode_products::{ProductFiles, TranscodeProducts},
};

/// The ladder of that text; the built-in one for an empty text.
pub(crate) fn read_ladder(text: &str) -> Result<Ladder> {
    if text.is_empty() { Ok(Ladder::default()) } else { text.parse() }
}

/// What is to be made.
pub(crate) struct Making {
    /// The file.
    pub(crate) path: PathBuf,
    /// How many bytes it has.
    pub(crate) size_bytes: u64,
    /// The ladder.
    pub(crate) ladder: Ladder,
    /// Where it grows.
    pub(crate) growing: GrowingLadder,
    /// The analyzers that analyze along.
    pub(crate) analyzers: Vec<AnalyzerEntry>,
    /// Transcodes to be made from the same decode.
    pub(crate) transcodes: Option<TranscodeProducts>,
    /// Whether the encoders wait for the analyzers.
    pub(crate) policy: SinkPolicy,
    /// Bounds of the fan-out, but for the budget.
    pub(crate) fan_out: FanOutOptions,
}

/// What was made.
pub(crate) struct Made {
    /// Properties, with frames as counted.
    pub(crate) audio: AudioProperties,
    /// Whether the decoder gave all of the audio, without damage.
    pub(crate) is_whole: bool,
    /// What the analyzers found.
    pub(crate) results: Vec<AnalyzerResult>,
    /// What was odd about the audio, and which variants could not be made.
    pub(crate) warnings: Vec<String>,
    /// The variants' files.
    pub(crate) variants: Vec<MadeVariant>,
    /// The transcodes.
    pub(crate) small: Option<ProductFiles>,
    /// Keeps the files until they are stored.
    pub(crate) growing: GrowingLadder,
}

/// A variant's file.
pub(crate) struct MadeVariant {
    pub(crate) file: PathBuf,
    pub(crate) facts: VariantFacts,
    pub(crate) segments: Vec<SegmentFacts>,
}

/// Decodes the file once, into the ladder and the analyzers.
///
/// # Errors
/// Those of opening and decoding; `Empty` for no frames; `Unsupported` when no variant can be made here; the first
/// error of a variant.
pub(crate) fn make(
    making: Making,
    open: &OpenOptions,
    cancel: &CancelFlag,
    on_progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Made> {
    let mut source = fanfare_audio::open(&making.path, open)?;
    let (spec, facts) = (source.spec(), source.facts().clone());
    let declared = facts.declared_frames;
    let folder = making.growing.folder();
    let mut writer = |facts: &VariantFacts| -> Result<Box<dyn SegmentWriter>> {
        Ok(Box::new(Writer(GrowingVariant::begin(folder, &facts.name)?)))
    };
    let source_of = LadderSource { spec, facts: &facts, path: Some(&making.path) };
    let variants = ladder_sinks(&making.ladder, source_of, &open.ffmpeg, &open.limits, &mut writer)?;
    let LadderSinks { mut sinks, variants, left_out } = variants;
    let mut warnings: Vec<String> = left_out
        .iter()
        .map(|variant| format!("no HLS variant `{}`: {}", variant.name, variant.reason))
        .collect();
    if sinks.is_empty() {
        let reason = left_out.into_iter().next().map(|variant| variant.reason);
        return Err(
            reason.unwrap_or_else(|| Error::new(ErrorKind::Unsupported, "the ladder has no variants"))
        );
    }
    let names: Vec<String> = variants.iter().map(|variant| variant.name.clone()).collect();
    making.growing.list(&names)?;

    let (more, small) =
        making.transcodes.map(|transcodes| transcodes.begin(&*source, open)).unwrap_or_default();
    sinks.extend(more);
    let length_s = declared.map(|frames| spec.rate.seconds(frames));
    let fan_out = FanOutOptions { budget: Some(budget(length_s)), ..making.fan_out };
    let options = AnalyzeOptions { fan_out, policy: making.policy, ..AnalyzeOptions::default() };
    let mut progress = |frames| on_progress(frames, declared);
    let analyzed = analyze_with(&making.analyzers, &mut *source, sinks, &options, cancel, &mut progress)?;
    let is_whole = analyzed.warnings.is_empty()
        && !analyzed.stopped_early
        && too_short(&*source, analyzed.frames).is_none();
    warnings.extend(analyzed.warnings);
    warnings.extend(tag_damage(&making.path, &open.limits));
    if cancel.is_cancelled() {
        return Err(Error::new(ErrorKind::Cancelled, "encoding was cancelled"));
    }
    if let Some(error) = analyzed.sinks.iter().find_map(trouble) {
        return Err(error);
    }
    let variants = names.iter().map(|name| whole(folder, name)).collect::<Result<_>>()?;
    let audio = properties(&facts, spec, Some(analyzed.frames), making.size_bytes);
    let small = small.map(|small| small.finished(&analyzed.sinks, making.size_bytes));
    let (results, growing) = (analyzed.results, making.growing);
    Ok(Made { audio, is_whole, results, warnings, variants, small, growing })
}

/// A server that restarts removes what lies in the staging folder, also files of the earlier server's worker that has not
/// ended yet: no fault of the track.
pub(crate) fn removed() -> Error {
    Error::new(ErrorKind::Io, "what was made was removed by a server that restarted")
}

/// Why a variant was not made.
fn trouble(report: &SinkReport) -> Option<Error> {
    let variant = report.name.strip_prefix("hls-")?;
    match &report.outcome {
        SinkOutcome::Finished => None,
        SinkOutcome::Evicted { kind, message, .. } => {
            Some(Error::new(*kind, format!("the HLS variant `{variant}` could not be made: {message}")))
        }
    }
}

/// A variant's file, if it is whole.
fn whole(folder: &Path, name: &str) -> Result<MadeVariant> {
    match growing_variant(folder, name)? {
        Some(variant) if variant.whole => {
            Ok(MadeVariant { file: variant.file, facts: variant.facts, segments: variant.segments })
        }
        Some(_) => Err(Error::new(ErrorKind::Internal, format!("the HLS variant `{name}` has no end"))),
        None => Err(removed()),
    }
}

/// Puts a variant where others can read it while it grows.
struct Writer(GrowingVariant);

impl SegmentWriter for Writer {
    fn init(&mut self, declared: &VariantFacts, bytes: &[u8]) -> Result<()> {
        self.0.init(declared, bytes)
    }

    fn segment(&mut self, segment: SegmentFacts, bytes: &[u8]) -> Result<()> {
        self.0.segment(segment, bytes)
    }

    fn finish(&mut self, variant: &VariantFacts) -> Result<()> {
        self.0.end(variant)
    }
}
