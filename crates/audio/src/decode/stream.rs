//! What is known of a stream before its first packet is decoded: its trim, its facts, its way of seeking.

use fanfare_model::{Error, ErrorKind, Result};
use symphonia::core::{
    codecs::audio::{AudioCodecParameters, well_known::CODEC_ID_OPUS},
    formats::FormatReader,
    units::Timestamp,
};

use super::{
    aiff, flac, flac_end, matroska,
    mp4::{self, Mp4Facts},
    ogg,
    readers::{self, Origin, audio_track, params_of},
    tails,
    trim::Trim,
    wav,
};
use crate::{
    Container, Limits,
    probe::{AudioBytes, mpeg::MpegHeader, read_at},
};

/// The rate of decoded Opus in Hz.
const OPUS_RATE_HZ: u32 = 48_000;

/// How a position is found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seeking {
    /// The demuxer finds the packet, and its timestamps count frames.
    Timestamps,
    /// Packets are counted from the start without decoding them; each says how long it is.
    Counting,
    /// Everything from the start is decoded: timestamps are too coarse and packets do not tell their length.
    Decoding,
}

/// What is known of a stream.
#[derive(Debug, Clone)]
pub(super) struct StreamPlan {
    pub track_id: u32,
    pub params: AudioCodecParameters,
    pub trim: Trim,
    pub seeking: Seeking,
    /// Frames of the track if the file says so and is to be believed; its end is checked against it.
    pub exact_frames: Option<u64>,
    /// Frames of the track as declared.
    pub declared_frames: Option<u64>,
    /// Frames of the track by bit rate or duration, where nothing better is known.
    pub estimated_frames: Option<u64>,
    /// About how long the track is, in seconds, where the container does not count frames: as it says, or by its size.
    pub about_s: Option<f64>,
    /// Bits per sample, for codecs that keep every bit.
    pub bit_depth: Option<u8>,
    /// Frames to drop from the end of the last packet.
    pub end_padding: u64,
    /// Frames that the file declares beyond its end.
    pub lost_frames: u64,
}

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

/// AAC's rate index of 24 kHz (14496-3, table 1.18). Streams this slow are mostly HE-AAC, which doubles the
/// rate and need not show in any header.
pub(super) const SLOW_RATE_INDEX: u8 = 6;

fn doubt(doubtful: bool, accept: bool) -> Result<Option<String>> {
    match (doubtful, accept) {
        (false, _) => Ok(None),
        (true, false) => Err(Error::new(ErrorKind::Unsupported, "slow AAC, most likely HE-AAC")),
        (true, true) => {
            Ok(Some("slow AAC: its upper half may be missing; install ffmpeg to play it".to_owned()))
        }
    }
}

/// Plans how a stream is decoded.
pub(super) fn plan(origin: &Origin, reader: &dyn FormatReader, mp4: Option<&Mp4Facts>) -> Result<StreamPlan> {
    let container = origin.audio.container;
    let track = audio_track(reader, mp4.map(|facts| facts.track_id))
        .ok_or_else(|| Error::new(ErrorKind::Unsupported, "no track of the file has a known codec"))?;
    let mut params = params_of(track)
        .ok_or_else(|| Error::new(ErrorKind::Unsupported, "no track of the file has a known codec"))?
        .clone();
    // The field that the demuxer reads holds no more than 65,535 Hz: above, it is 0 or a part of the rate.
    params.sample_rate = mp4.and_then(|facts| facts.aac_rate_hz).or(params.sample_rate);
    if params.codec == CODEC_ID_OPUS {
        // Opus is decoded at 48 kHz, whatever rate a container names (RFC 7845, section 5.1, item 5).
        params.sample_rate = Some(OPUS_RATE_HZ);
        if container == Container::Mp4 {
            readers::opus_head_from_mp4(&mut params);
        }
    }
    if mp4.is_some_and(Mp4Facts::is_big_endian) {
        readers::read_big_endian(&mut params);
    }
    let rate_hz = params.sample_rate.unwrap_or(0);
    let ticks_are_frames =
        track.time_base.is_some_and(|base| base.numer.get() == 1 && base.denom.get() == rate_hz);
    let mut trim = Trim::default();
    let mut exact_frames = track.num_frames;
    let mut declared_frames = track.num_frames;
    let media = reader.media_info();
    let lengths = [track.time_base.zip(track.duration), media.time_base.zip(media.duration)];
    let seconds = lengths
        .into_iter()
        .flatten()
        .next()
        .and_then(|(base, ticks)| base.calc_time(ticks.timestamp_from(Timestamp::ZERO)?));
    let estimated_frames = track.num_frames.or_else(|| {
        let frames = seconds?.as_secs_f64() * f64::from(rate_hz);
        (frames.is_finite() && frames >= 1.0).then_some(frames as u64)
    });
    let mut about_s = None;
    let mut seeking = if ticks_are_frames { Seeking::Timestamps } else { Seeking::Decoding };
    let mut end_padding = 0;
    match container {
        Container::Mp3 => {
            seeking = Seeking::Counting;
            let delay = u64::from(track.delay.unwrap_or(0));
            trim.drop_run(0..delay);
            exact_frames = track.num_frames.filter(|_| has_info_frame(origin));
            declared_frames = exact_frames;
            if let (Some(frames), Some(padding)) = (exact_frames, track.padding) {
                let end = delay.saturating_add(frames);
                trim.drop_run(end..end.saturating_add(u64::from(padding)));
            }
        }
        Container::Adts => {
            // Its frame count is an estimate from the bit rate, and nothing tells the priming.
            seeking = Seeking::Counting;
            (exact_frames, declared_frames) = (None, None);
        }
        Container::Ogg => {
            // Bisection is not exact on last pages (their padding cannot be seen from one page alone) and
            // never ends in files of several streams; counting is exact, and costs reading only.
            seeking = Seeking::Counting;
            let pre_skip = readers::opus_pre_skip(&params).unwrap_or(0);
            trim.drop_run(0..pre_skip);
            let counted = track.num_frames.map(|frames| frames.saturating_sub(pre_skip));
            exact_frames = counted.or_else(|| flac::total_frames(&params));
            declared_frames = exact_frames;
        }
        Container::Matroska => {
            seeking = Seeking::Decoding;
            trim.drop_run(0..readers::opus_pre_skip(&params).unwrap_or(0));
            let padding_ns = u128::from(matroska::end_padding_ns(&origin.file, origin.whole)?);
            let padding = (padding_ns * u128::from(rate_hz) + 500_000_000) / 1_000_000_000;
            // More than any packet holds is damage.
            end_padding = u64::try_from(padding).ok().filter(|frames| *frames < 1 << 17).unwrap_or(0);
            (exact_frames, declared_frames) = (None, None);
            about_s = matroska::declared_s(&origin.file, origin.whole)?;
        }
        Container::Mp4 => {
            let mut lead = 0;
            if let Some(facts) = mp4 {
                (lead, trim.end) = facts.lead_and_end(rate_hz);
                trim.drop_run(0..lead);
            }
            // A fragmented file's index is empty.
            let raw = track.num_frames.filter(|frames| ticks_are_frames && *frames > 0);
            let end = match (trim.end, raw) {
                (Some(end), Some(raw)) => Some(end.min(raw)),
                (end, raw) => end.or(raw),
            };
            exact_frames = end.map(|end| end.saturating_sub(lead));
            declared_frames = exact_frames;
        }
        Container::Caf => {
            let priming = u64::from(track.delay.unwrap_or(0));
            trim.drop_run(0..priming);
            trim.end = track
                .num_frames
                .map(|frames| frames.saturating_add(priming))
                .filter(|_| !readers::is_pcm(&params));
            // Without a table that says how many are valid, the count is of whole packets.
            exact_frames = exact_frames.filter(|_| readers::is_pcm(&params));
        }
        _ => {}
    }
    if let Some(frame_bytes) = readers::frame_bytes(&params) {
        // A header may claim any length; the bytes that exist bound it.
        let possible = (origin.audio.end - origin.audio.start) / frame_bytes;
        declared_frames = declared_frames.map(|frames| frames.min(possible));
    }
    Ok(StreamPlan {
        track_id: track.id,
        trim,
        seeking,
        exact_frames,
        declared_frames,
        estimated_frames,
        about_s,
        bit_depth: readers::bit_depth(&params),
        end_padding,
        lost_frames: 0,
        params,
    })
}

/// Whether the first frame of an MPEG audio file is one that counts the others (Xing, Info, VBRI). Without
/// it a length is only estimated.
fn has_info_frame(origin: &Origin) -> bool {
    let Ok(head) = read_at(&origin.file, origin.audio.start, 256) else { return false };
    let Some(header) = MpegHeader::read(&head) else { return false };
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    // Some writers ignore the CRC when they place the tag.
    [header.side_bytes, 32, 17, 9].iter().any(|side| at(4 + side, b"Xing") || at(4 + side, b"Info"))
        || at(36, b"VBRI")
}
