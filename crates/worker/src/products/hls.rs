//! The product of the HLS ladder: one sink for each variant, which writes where listeners read while it grows.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use fanfare_audio::{
    OpenOptions, PcmSource, SinkOutcome, SinkPolicy, SinkReport,
    hls::{Ladder, LadderSinks, LadderSource, SegmentWriter, ladder_sinks},
};
use fanfare_model::{
    Error, ErrorKind, Result,
    hls::{SegmentFacts, VariantFacts},
};
use fanfare_store::{GrowingLadder, GrowingVariant, growing_variant};

use super::{
    keep::removed,
    made::{Made, MadeVariant},
    product::{NamedSinks, Product},
};

/// The ladder of that text; the built-in one for an empty text.
pub(crate) fn read_ladder(text: &str) -> Result<Ladder> {
    if text.is_empty() { Ok(Ladder::default()) } else { text.parse() }
}

/// A ladder to be made.
pub(crate) struct HlsProduct {
    ladder: Ladder,
    /// The file that is decoded.
    path: PathBuf,
    /// Where the ladder grows.
    growing: Arc<GrowingLadder>,
    open: OpenOptions,
    /// Names of the variants that are made.
    names: Vec<String>,
    /// Which could not be made, one sentence each.
    left_out: Vec<String>,
}

impl HlsProduct {
    pub(crate) const fn new(
        ladder: Ladder,
        path: PathBuf,
        growing: Arc<GrowingLadder>,
        open: OpenOptions,
    ) -> Self {
        Self { ladder, path, growing, open, names: Vec::new(), left_out: Vec::new() }
    }
}

impl Product for HlsProduct {
    fn policy(&self, _: SinkPolicy) -> SinkPolicy {
        SinkPolicy::Must
    }

    fn sinks(&mut self, source: &dyn PcmSource, _: SinkPolicy) -> Result<NamedSinks> {
        let folder = self.growing.folder();
        let mut writer = |facts: &VariantFacts| -> Result<Box<dyn SegmentWriter>> {
            Ok(Box::new(Writer(GrowingVariant::begin(folder, &facts.name)?)))
        };
        let of = LadderSource { spec: source.spec(), facts: source.facts(), path: Some(&self.path) };
        let LadderSinks { sinks, variants, left_out } =
            ladder_sinks(&self.ladder, of, &self.open.ffmpeg, &self.open.limits, &mut writer)?;
        let said =
            left_out.iter().map(|variant| format!("no HLS variant `{}`: {}", variant.name, variant.reason));
        self.left_out = said.collect();
        if sinks.is_empty() {
            let reason = left_out.into_iter().next().map(|variant| variant.reason);
            let none = || Error::new(ErrorKind::Unsupported, "the ladder has no variants");
            return Err(reason.unwrap_or_else(none));
        }
        self.names = variants.into_iter().map(|variant| variant.name).collect();
        self.growing.list(&self.names)?;
        Ok(sinks)
    }

    fn keep(self: Box<Self>, reports: &[SinkReport], made: &mut Made) -> Result<()> {
        if let Some(error) = reports.iter().find_map(trouble) {
            return Err(error);
        }
        made.warnings.extend(self.left_out);
        for name in &self.names {
            made.variants.push(whole(self.growing.folder(), name)?);
        }
        Ok(())
    }
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
