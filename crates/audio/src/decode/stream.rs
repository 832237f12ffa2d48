//! What is found in a file before a demuxer sees it: metadata to step over, the end of its sound, damage.

use fanfare_model::{Error, ErrorKind, Result};
use symphonia::core::formats::FormatReader;

use super::{
    aiff, flac, flac_end, matroska,
    mp4::{self, Mp4Facts, SLOW_RATE_INDEX},
    ogg,
    plan::{StreamPlan, plan},
    readers::{self, Origin},
    tails, wav,
};
use crate::{
    Container, Limits,
    probe::{AudioBytes, read_at},
};

/// What was found before Symphonia saw the file.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    pub mp4: Option<Mp4Facts>,
    /// Bytes of samples that the file declares beyond its end.
    pub missing_bytes: u64,
    /// A warning about the file as a whole.
    pub warning: Option<String>,
    /// Bits per sample, where they are fewer than the bits in which each sample is stored.
    pub bit_depth: Option<u8>,
    /// The last page of an Ogg file.
    pub last_page: Option<ogg::LastPage>,
    /// Whether an Ogg file has more than one stream.
    pub several_streams: bool,
}

impl Prepared {
    /// Finds the end of the audio, and damage, for formats where the file must be read for that. Only decoding needs it.
    ///
    /// # Errors
    /// I/O.
    pub(super) fn find_end(&mut self, origin: &mut Origin, limits: &Limits) -> Result<()> {
        if origin.audio.container == Container::Flac {
            let info = origin.prefix.get(8..).unwrap_or_default();
            let end = flac_end::find(&origin.file, origin.audio, info, limits)?;
            origin.audio.end = end.at;
            self.warning = end.changes.then(|| CHANGED.to_owned());
        }
        if origin.audio.container == Container::Ogg {
            let found = ogg::runs(&origin.file, origin.audio)?;
            self.several_streams = found == ogg::Found::Several;
            if let ogg::Found::Damaged(damaged) = found
                && let Some((first, later)) = damaged.runs.split_first()
            {
                origin.prefix = damaged.head;
                (origin.audio.start, origin.audio.end) = (first.start, first.end);
                origin.later = later.into();
            }
        }
        Ok(())
    }

    /// Plans how the stream is decoded.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] without a track that can be decoded, I/O.
    pub(super) fn plan(&self, origin: &Origin, reader: &dyn FormatReader) -> Result<StreamPlan> {
        let mut plan = plan(origin, reader, self.mp4.as_ref())?;
        plan.lost_frames = self.missing_bytes / readers::frame_bytes(&plan.params).unwrap_or(u64::MAX);
        plan.bit_depth = self.bit_depth.or(plan.bit_depth);
        if let Some(last) = self.last_page {
            let skipped = readers::opus_pre_skip(&plan.params).unwrap_or(0);
            let frames = last.granule.filter(|_| last.is_end).map(|granule| granule.saturating_sub(skipped));
            plan.exact_frames = plan.exact_frames.or(frames);
            plan.declared_frames = plan.declared_frames.or(frames);
            let rate_hz = plan.params.sample_rate.unwrap_or(0);
            plan.about_s = last
                .estimated(origin.whole.start)
                .filter(|_| rate_hz > 0)
                .map(|granule| granule.saturating_sub(skipped) as f64 / f64::from(rate_hz));
        }
        Ok(plan)
    }
}

/// What is said of an MP4 file whose index tells the times of fewer packets than it lists.
const UNTIMED: &str = "the index has fewer times than packets; the rest was timed as its last packet";

/// The rest of a stream was left out because its format is different.
pub(super) const CHANGED: &str =
    "the sample rate or the channels change in the middle; the rest was left out";

/// The error of a file of headers whose encoder was given no sound.
fn nothing() -> Error {
    Error::new(ErrorKind::Empty, "there is no audio in the file")
}

fn missing(bytes: u64) -> Option<String> {
    (bytes > 0).then(|| format!("the file ends {bytes} bytes before its declared end"))
}

/// Looks at the boxes and headers that Symphonia leaves to us or trusts too much. Changes the origin so that
/// metadata is stepped over and lengths are those of the bytes that exist.
///
/// `accept_doubtful`: whether AAC that may be HE-AAC is taken here (there is nobody else to decode it).
pub(super) fn prepare(origin: &mut Origin, limits: &Limits, accept_doubtful: bool) -> Result<Prepared> {
    let mut prepared = Prepared::default();
    if origin.audio.container == Container::Caf
        && let Some(frames) = tails::caf_flac(&origin.file, origin.audio)?
    {
        origin.around = Some(Container::Caf);
        origin.audio = AudioBytes { container: Container::Flac, start: frames.start, end: frames.end };
    }
    match origin.audio.container {
        Container::Flac => {
            let (prefix, first_frame) = flac::without_metadata(&origin.file, origin.audio, limits)?;
            origin.prefix = prefix;
            origin.audio.start = first_frame;
            if first_frame >= origin.audio.end && flac::counts_no_frames(&origin.prefix) {
                return Err(nothing());
            }
        }
        Container::Aiff => {
            let head = aiff::head(&origin.file, origin.audio, limits)?;
            origin.prefix = head.prefix;
            (origin.audio.start, origin.audio.end) = (head.samples.start, head.samples.end);
            prepared.missing_bytes = head.missing_bytes;
            prepared.warning = missing(head.missing_bytes);
        }
        Container::Wav | Container::Rf64 => {
            let head = wav::head(&origin.file, origin.audio, limits)?;
            origin.prefix = head.prefix;
            (origin.audio.start, origin.audio.end) = (head.samples.start, head.samples.end);
            prepared.missing_bytes = head.missing_bytes;
            prepared.warning = missing(head.missing_bytes);
            prepared.bit_depth = head.bit_depth;
        }
        Container::Ogg => prepare_ogg(origin, &mut prepared)?,
        Container::Caf => {
            if let Some(end) = tails::caf_end(&origin.file, origin.audio)? {
                origin.audio.end = end;
            }
            if let Some((patch, missing_bytes)) = tails::caf_samples(&origin.file, origin.audio)? {
                origin.patches = vec![patch];
                prepared.missing_bytes = missing_bytes;
                prepared.warning = missing(missing_bytes);
            }
        }
        Container::Matroska => {
            if let Some(clusters) = matroska::Clusters::of(&origin.file, origin.audio)? {
                prepared.warning = missing(clusters.missing_bytes);
                origin.prefix = clusters.head(clusters.first);
                (origin.audio.start, origin.audio.end) = (clusters.first, clusters.end);
            }
        }
        Container::Adts => {
            let head = read_at(&origin.file, origin.audio.start, 4)?;
            let rate_index = head.get(2).map_or(0, |byte| (byte >> 2) & 15);
            prepared.warning = doubt(rate_index >= SLOW_RATE_INDEX, accept_doubtful)?;
        }
        Container::Mp4 => {
            let facts = mp4::facts(&origin.file, origin.audio)?;
            facts.refuse()?;
            origin.patches = mp4::overlong_box(&origin.file, origin.audio)?.into_iter().collect();
            prepared.warning = doubt(facts.maybe_beyond_lc, accept_doubtful)?;
            if let Some(times) = &facts.more_times {
                origin.patches.push(times.clone());
                prepared.warning.get_or_insert_with(|| UNTIMED.to_owned());
            }
            prepared.mp4 = Some(facts);
        }
        _ => {}
    }
    Ok(prepared)
}

/// The same for Ogg: the bytes behind its last page are not part of it.
fn prepare_ogg(origin: &mut Origin, prepared: &mut Prepared) -> Result<()> {
    // Its first packet begins behind the page header and its one length byte.
    let head = read_at(&origin.file, origin.audio.start, 64)?;
    if head.get(28..).is_some_and(|packet| packet.starts_with(b"Speex   ")) {
        return Err(Error::new(ErrorKind::Unsupported, "Speex"));
    }
    if let Some(last) = ogg::last_page(&origin.file, origin.audio)? {
        if last.granule == Some(0) && last.behind == 0 {
            // Its headers are there, and no sound.
            return Err(nothing());
        }
        origin.audio.end = last.end;
        // What follows the end of the stream is no damage of it.
        prepared.warning = (last.behind > 0 && !last.is_end)
            .then(|| format!("the last {} bytes of the file are no whole page of Ogg", last.behind));
        prepared.last_page = Some(last);
    }
    Ok(())
}

fn doubt(doubtful: bool, accept: bool) -> Result<Option<String>> {
    match (doubtful, accept) {
        (false, _) => Ok(None),
        (true, false) => Err(Error::new(ErrorKind::Unsupported, "slow AAC, most likely HE-AAC")),
        (true, true) => {
            Ok(Some("slow AAC: its upper half may be missing; install ffmpeg to play it".to_owned()))
        }
    }
}
