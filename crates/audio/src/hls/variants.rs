//! [`ladder_sinks`]: from a source and a ladder to one sink per variant.

use std::path::Path;

use fanfare_model::{Error, ErrorKind, Result, SampleSpec, VariantFacts};

use super::{
    Ladder, SegmentWriter, VariantCodec, VariantSpec,
    copy::{CopySource, FlacCopy},
    grid::{Grid, MAX_UNIT_S, aac_unit, common_unit},
    variant::VariantSink,
};
use crate::{
    FfmpegUse, Limits, PcmSink, StreamFacts,
    encode::{
        AacEncoder, EncodedStream, Encoder, FlacEncoder,
        fit::{Fit, for_aac},
        flac,
    },
    mux::cmaf,
};

/// Bytes that a segment's boxes add to each packet, about.
const BYTES_PER_PACKET: u64 = 5;

/// The track that a ladder is made of.
#[derive(Debug, Clone, Copy)]
pub struct LadderSource<'a> {
    /// What the decoded frames look like.
    pub spec: SampleSpec,
    /// What the source knows of itself.
    pub facts: &'a StreamFacts,
    /// The file, whose own packets are copied where that is possible; `None` where there is none to read.
    pub path: Option<&'a Path>,
}

/// A variant that cannot be made here.
#[derive(Debug)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// Why, and what to do about it.
    pub reason: Error,
}

/// What a ladder becomes.
pub struct LadderSinks {
    /// A sink per variant, named `hls-` and the variant's name, in the ladder's order.
    pub sinks: Vec<(String, Box<dyn PcmSink>)>,
    /// The variants that they make, as declared, in the same order.
    pub variants: Vec<VariantFacts>,
    /// The variants for which there is none.
    pub left_out: Vec<LeftOut>,
}

/// The sinks that make a track's variants. `writer` gives each its place to write to.
///
/// AAC is encoded by a child process that starts here; it is gone when its sink is dropped. FLAC files with
/// suitable blocks are copied, not encoded. A variant that cannot be made is left out with the reason: without
/// `ffmpeg` that is every AAC variant.
///
/// # Errors
/// Those of `writer`. A ladder of which every variant is left out is no error.
pub fn ladder_sinks(
    ladder: &Ladder,
    source: LadderSource<'_>,
    ffmpeg: &FfmpegUse,
    limits: &Limits,
    writer: &mut dyn FnMut(&VariantFacts) -> Result<Box<dyn SegmentWriter>>,
) -> Result<LadderSinks> {
    let plan = Plan::of(source, limits);
    let mut made = LadderSinks { sinks: Vec::new(), variants: Vec::new(), left_out: Vec::new() };
    for variant in ladder.variants() {
        match plan.encoder(variant, source, ffmpeg, limits) {
            Err(reason) => made.left_out.push(LeftOut { name: variant.name().to_owned(), reason }),
            Ok(encoder) => {
                let facts = declared(variant, encoder.stream());
                let fit = Fit::new(source.spec, encoder.stream().spec)?;
                let writer = writer(&facts)?;
                made.variants.push(facts.clone());
                let sink = VariantSink::new(source.spec.rate, plan.grid, fit, encoder, writer, facts);
                made.sinks.push((format!("hls-{}", variant.name()), Box::new(sink)));
            }
        }
    }
    Ok(made)
}

/// What all variants of a track agree upon.
struct Plan {
    grid: Grid,
    aac: SampleSpec,
    flac: SampleSpec,
    /// Frames of a FLAC block; `None` if no block suits the grid.
    block: Option<u32>,
    copy: Option<CopySource>,
}

impl Plan {
    fn of(source: LadderSource<'_>, limits: &Limits) -> Self {
        let rate = source.spec.rate;
        let seconds = |unit: u64| unit as f64 / f64::from(rate.hz());
        let aac = for_aac(source.spec, |variant| seconds(aac_unit(rate, variant)), MAX_UNIT_S);
        let unit = aac_unit(rate, aac.rate);
        let suits = |block: u32| seconds(common_unit(unit, block.into())) <= MAX_UNIT_S;
        // More channels than FLAC has become two.
        let flac = if source.spec.channels() > flac::MAX_CHANNELS {
            SampleSpec { rate, layout: fanfare_model::ChannelLayout::Stereo }
        } else {
            source.spec
        };
        let copy = source
            .path
            .filter(|_| source.facts.container == "flac" && flac == source.spec)
            .and_then(|path| CopySource::open(path, limits, source.spec).ok().flatten())
            .filter(|copy| suits(copy.block_frames()));
        let block = match &copy {
            Some(copy) => Some(copy.block_frames()),
            None if suits(flac::BLOCK_FRAMES) => Some(flac::BLOCK_FRAMES),
            None => divisor_near(unit, flac::BLOCK_FRAMES),
        };
        let unit = block.map_or(unit, |block| common_unit(unit, block.into()));
        Self { grid: Grid::new(rate, unit), aac, flac, block, copy }
    }

    fn encoder(
        &self,
        variant: &VariantSpec,
        source: LadderSource<'_>,
        ffmpeg: &FfmpegUse,
        limits: &Limits,
    ) -> Result<Box<dyn Encoder>> {
        match variant.codec() {
            VariantCodec::Aac { kbps } => {
                let encoder = AacEncoder::start(self.aac, u64::from(kbps) * 1_000, ffmpeg, limits);
                Ok(Box::new(
                    encoder.map_err(|error| {
                        error.context(format!("the variant {} needs AAC", variant.name()))
                    })?,
                ))
            }
            VariantCodec::Flac => {
                let Some(block) = self.block else {
                    let rate = source.spec.rate;
                    return Err(Error::new(
                        ErrorKind::Unsupported,
                        format!("no FLAC block meets AAC packets at {rate}"),
                    )
                    .remedy("take flac or aac out of the ladder for such tracks"));
                };
                let (bits, exact) = flac::depth(source.facts.bit_depth, &source.facts.codec);
                let exact = exact && self.flac == source.spec;
                match &self.copy {
                    Some(copy) => Ok(Box::new(FlacCopy::new(copy.again(limits)?, self.flac)?)),
                    None => Ok(Box::new(FlacEncoder::new(self.flac, bits, block, exact)?)),
                }
            }
        }
    }
}

/// The divisor of a unit that is nearest to a number of frames, among those that a block can have.
fn divisor_near(unit: u64, wanted: u32) -> Option<u32> {
    /// Smaller blocks are mostly headers.
    const SMALLEST: u32 = 256;
    (SMALLEST..=flac::MAX_BLOCK_FRAMES)
        .filter(|block| unit.is_multiple_of(u64::from(*block)))
        .min_by_key(|block| block.abs_diff(wanted))
}

/// What is known of a variant beforehand.
fn declared(variant: &VariantSpec, stream: &EncodedStream) -> VariantFacts {
    let packets_per_s = u64::from(stream.spec.rate.hz()) / u64::from(stream.packet_frames.max(1)) + 1;
    let boxes_bps = packets_per_s * BYTES_PER_PACKET * 8;
    VariantFacts {
        name: variant.name().to_owned(),
        codecs: cmaf::codecs(stream).to_owned(),
        sample_rate_hz: stream.spec.rate.hz(),
        channels: stream.spec.channels() as u16,
        frames: 0,
        priming_frames: stream.priming_frames,
        bandwidth_bps: stream.peak_bps + boxes_bps,
        average_bandwidth_bps: stream.average_bps + boxes_bps,
        init_bytes: 0,
        lossless: stream.lossless,
        transport: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_the_divisor_nearest_to_the_usual_one() {
        assert_eq!(divisor_near(89_016, 4_096), Some(3_709));
        assert_eq!(divisor_near(8 * 65_537, 4_096), None);
        assert_eq!(divisor_near(4_096 * 3, 4_096), Some(4_096));
    }
}
