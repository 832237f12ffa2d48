//! [`Made`]: what a pass made, from all its products.

use std::path::PathBuf;

use fanfare_audio::StreamFacts;
use fanfare_model::{
    AudioProperties, SampleSpec,
    features::AnalyzerResult,
    hls::{SegmentFacts, VariantFacts},
};

use super::whole::WholeFile;

/// What a pass made.
pub(crate) struct Made {
    pub(crate) facts: StreamFacts,
    pub(crate) spec: SampleSpec,
    /// Frames decoded.
    pub(crate) frames: u64,
    /// Whether decoding ended before the audio did, because no sink was left: `frames` is then not how long the audio is.
    pub(crate) stopped_early: bool,
    /// Whether the decoder gave all of the audio, without damage.
    pub(crate) is_whole: bool,
    /// What was odd about the audio, and what could not be made, one sentence each.
    pub(crate) warnings: Vec<String>,
    /// What the analyzers found.
    pub(crate) results: Vec<AnalyzerResult>,
    /// The files of the HLS variants.
    pub(crate) variants: Vec<MadeVariant>,
    /// Transcodes under their temporary names.
    pub(crate) transcodes: Vec<WholeFile>,
    /// Whether a growing transcode came to the end of the source.
    pub(crate) grown_to_its_end: bool,
}

/// The file of an HLS variant.
pub(crate) struct MadeVariant {
    pub(crate) file: PathBuf,
    pub(crate) facts: VariantFacts,
    pub(crate) segments: Vec<SegmentFacts>,
}

impl Made {
    /// The properties of the audio: it has so many frames, in a file of that many bytes.
    pub(crate) fn audio(&self, frames: Option<u64>, size_bytes: u64) -> AudioProperties {
        let seconds = frames.map(|frames| self.spec.rate.seconds(frames)).filter(|seconds| *seconds > 0.0);
        let bitrate = seconds.map(|seconds| (size_bytes as f64 * 8.0 / seconds).round());
        AudioProperties {
            codec: self.facts.codec.clone(),
            container: self.facts.container.clone(),
            sample_rate_hz: self.spec.rate.hz(),
            channels: u8::try_from(self.spec.channels()).unwrap_or(u8::MAX),
            bit_depth: self.facts.bit_depth,
            frames,
            bitrate_bps: bitrate.filter(|bps| *bps <= f64::from(u32::MAX)).map(|bps| bps as u32),
        }
    }
}
