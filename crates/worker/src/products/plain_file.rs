//! Transcodes without a constant rate: written from one end to the other, as a ladder of one variant in one file.

use std::{fs::File, io::Write as _, path::Path};

use fanfare_audio::{
    OpenOptions, PcmSink, PcmSource,
    hls::{LadderSource, SegmentWriter, ladder_sinks},
};
use fanfare_model::{
    Error, ErrorKind, Profile, Result,
    hls::{SegmentFacts, VariantFacts},
};

/// A sink that writes a whole file of a profile without a constant rate: a ladder of one variant, in one file.
///
/// # Errors
/// `Unsupported` without `ffmpeg`; those of the file system.
pub(crate) fn whole_file_sink(
    profile: Profile,
    source: &dyn PcmSource,
    open: &OpenOptions,
    file: &Path,
) -> Result<Box<dyn PcmSink>> {
    let ladder = format!("{}=aac:{}", profile.quality, profile.bitrate_kbps).parse()?;
    let of = LadderSource { spec: source.spec(), facts: source.facts(), path: None };
    let mut writer = |_: &VariantFacts| -> Result<Box<dyn SegmentWriter>> {
        let file = File::create_new(file).map_err(|error| Error::from_io("writing to the cache", error))?;
        Ok(Box::new(Appending(file)))
    };
    let mut made = ladder_sinks(&ladder, of, &open.ffmpeg, &open.limits, &mut writer)?;
    match (made.sinks.pop(), made.left_out.pop()) {
        (Some((_, sink)), _) => Ok(sink),
        (None, Some(left_out)) => Err(left_out.reason),
        (None, None) => Err(Error::new(ErrorKind::Internal, "a ladder without variants")),
    }
}

/// Writes a variant's parts one behind the other.
struct Appending(File);

impl Appending {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write_all(bytes).map_err(|error| Error::from_io("writing to the cache", error))
    }
}

impl SegmentWriter for Appending {
    fn init(&mut self, _: &VariantFacts, bytes: &[u8]) -> Result<()> {
        self.put(bytes)
    }

    fn segment(&mut self, _: SegmentFacts, bytes: &[u8]) -> Result<()> {
        self.put(bytes)
    }

    fn finish(&mut self, _: &VariantFacts) -> Result<()> {
        Ok(())
    }
}
