//! What is known of a stream before its first packet is decoded: its trim, its facts, its way of seeking.

use fanfare_model::{Error, ErrorKind, Result};
use symphonia::core::{
    codecs::audio::{AudioCodecParameters, well_known::CODEC_ID_OPUS},
    formats::{FormatReader, Track},
    units::Timestamp,
};

use super::{
    flac, matroska,
    mp4::Mp4Facts,
    readers::{self, Origin, audio_track, params_of},
    trim::Trim,
};
use crate::{
    Container,
    probe::{mpeg::MpegHeader, read_at},
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

/// Plans how a stream is decoded.
///
/// # Errors
/// [`ErrorKind::Unsupported`] without a track that can be decoded, I/O.
pub(super) fn plan(origin: &Origin, reader: &dyn FormatReader, mp4: Option<&Mp4Facts>) -> Result<StreamPlan> {
    let unknown = || Error::new(ErrorKind::Unsupported, "no track of the file has a known codec");
    let track = audio_track(reader, mp4.map(|facts| facts.track_id)).ok_or_else(unknown)?;
    let params = corrected(params_of(track).ok_or_else(unknown)?, origin.audio.container, mp4);
    let rate_hz = params.sample_rate.unwrap_or(0);
    let ticks_are_frames =
        track.time_base.is_some_and(|base| base.numer.get() == 1 && base.denom.get() == rate_hz);
    let mut plan = StreamPlan {
        track_id: track.id,
        trim: Trim::default(),
        seeking: if ticks_are_frames { Seeking::Timestamps } else { Seeking::Decoding },
        exact_frames: track.num_frames,
        declared_frames: track.num_frames,
        estimated_frames: estimated_frames(reader, track, rate_hz),
        about_s: None,
        bit_depth: readers::bit_depth(&params),
        end_padding: 0,
        lost_frames: 0,
        params,
    };
    match origin.audio.container {
        Container::Mp3 => plan.trim_mp3(origin, track),
        Container::Adts => {
            // Its frame count is an estimate from the bit rate, and nothing tells the priming.
            plan.seeking = Seeking::Counting;
            (plan.exact_frames, plan.declared_frames) = (None, None);
        }
        Container::Ogg => plan.trim_ogg(track),
        Container::Matroska => plan.trim_matroska(origin)?,
        Container::Mp4 => {
            // A fragmented file's index is empty.
            let raw = track.num_frames.filter(|frames| ticks_are_frames && *frames > 0);
            plan.trim_mp4(mp4, raw);
        }
        Container::Caf => plan.trim_caf(track),
        _ => {}
    }
    if let Some(frame_bytes) = readers::frame_bytes(&plan.params) {
        // A header may claim any length; the bytes that exist bound it.
        let possible = (origin.audio.end - origin.audio.start) / frame_bytes;
        plan.declared_frames = plan.declared_frames.map(|frames| frames.min(possible));
    }
    Ok(plan)
}

/// The parameters of a track, without what its demuxer is known to read wrongly.
fn corrected(
    params: &AudioCodecParameters,
    container: Container,
    mp4: Option<&Mp4Facts>,
) -> AudioCodecParameters {
    let mut params = params.clone();
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
    params
}

/// Frames of a track as counted, or by its duration.
fn estimated_frames(reader: &dyn FormatReader, track: &Track, rate_hz: u32) -> Option<u64> {
    let media = reader.media_info();
    let lengths = [track.time_base.zip(track.duration), media.time_base.zip(media.duration)];
    track.num_frames.or_else(|| {
        let (base, ticks) = lengths.into_iter().flatten().next()?;
        let seconds = base.calc_time(ticks.timestamp_from(Timestamp::ZERO)?)?;
        let frames = seconds.as_secs_f64() * f64::from(rate_hz);
        (frames.is_finite() && frames >= 1.0).then_some(frames as u64)
    })
}

impl StreamPlan {
    fn trim_mp3(&mut self, origin: &Origin, track: &Track) {
        self.seeking = Seeking::Counting;
        let delay = u64::from(track.delay.unwrap_or(0));
        self.trim.drop_run(0..delay);
        self.exact_frames = track.num_frames.filter(|_| has_info_frame(origin));
        self.declared_frames = self.exact_frames;
        if let (Some(frames), Some(padding)) = (self.exact_frames, track.padding) {
            let end = delay.saturating_add(frames);
            self.trim.drop_run(end..end.saturating_add(u64::from(padding)));
        }
    }

    fn trim_ogg(&mut self, track: &Track) {
        // Bisection is not exact on last pages (their padding cannot be seen from one page alone) and
        // never ends in files of several streams; counting is exact, and costs reading only.
        self.seeking = Seeking::Counting;
        let pre_skip = readers::opus_pre_skip(&self.params).unwrap_or(0);
        self.trim.drop_run(0..pre_skip);
        let counted = track.num_frames.map(|frames| frames.saturating_sub(pre_skip));
        self.exact_frames = counted.or_else(|| flac::total_frames(&self.params));
        self.declared_frames = self.exact_frames;
    }

    fn trim_matroska(&mut self, origin: &Origin) -> Result<()> {
        self.seeking = Seeking::Decoding;
        self.trim.drop_run(0..readers::opus_pre_skip(&self.params).unwrap_or(0));
        let padding_ns = u128::from(matroska::end_padding_ns(&origin.file, origin.whole)?);
        let rate_hz = u128::from(self.params.sample_rate.unwrap_or(0));
        let padding = (padding_ns * rate_hz + 500_000_000) / 1_000_000_000;
        // More than any packet holds is damage.
        self.end_padding = u64::try_from(padding).ok().filter(|frames| *frames < 1 << 17).unwrap_or(0);
        (self.exact_frames, self.declared_frames) = (None, None);
        self.about_s = matroska::declared_s(&origin.file, origin.whole)?;
        Ok(())
    }

    /// `raw`: frames by the index, where it has any.
    fn trim_mp4(&mut self, mp4: Option<&Mp4Facts>, raw: Option<u64>) {
        let mut lead = 0;
        if let Some(facts) = mp4 {
            (lead, self.trim.end) = facts.lead_and_end(self.params.sample_rate.unwrap_or(0));
            self.trim.drop_run(0..lead);
        }
        let end = match (self.trim.end, raw) {
            (Some(end), Some(raw)) => Some(end.min(raw)),
            (end, raw) => end.or(raw),
        };
        self.exact_frames = end.map(|end| end.saturating_sub(lead));
        self.declared_frames = self.exact_frames;
    }

    fn trim_caf(&mut self, track: &Track) {
        let priming = u64::from(track.delay.unwrap_or(0));
        self.trim.drop_run(0..priming);
        let is_pcm = readers::is_pcm(&self.params);
        self.trim.end = track.num_frames.map(|frames| frames.saturating_add(priming)).filter(|_| !is_pcm);
        // Without a table that says how many are valid, the count is of whole packets.
        self.exact_frames = self.exact_frames.filter(|_| is_pcm);
    }
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
