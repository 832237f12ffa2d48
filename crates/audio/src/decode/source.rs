//! [`Decode`]: a file being decoded, packet by packet.

use std::{collections::VecDeque, sync::Arc};

use fanfare_model::{ChannelLayout, Error, ErrorKind, Result, SampleRate, SampleSpec};
use symphonia::core::{
    codecs::audio::{AudioDecoder, well_known::CODEC_ID_VORBIS},
    packet::Packet,
};

use super::{
    cutter::Cutter,
    guard::{Trouble, guarded},
    mp4::Mp4Facts,
    packets::{Next, Packets},
    pending::{MAX_GAP_FRAMES, Pending},
    plan::{StreamPlan, plan},
    readers::{self, Origin},
    stream::{self, CHANGED},
    withheld::Withheld,
};
use crate::{
    Container, Limits, StreamFacts,
    probe::{AudioBytes, mpeg::MainData},
};

/// Packets without any frame that may follow each other (headers in the stream).
pub(super) const MAX_SILENT_PACKETS: u32 = 10_000;
/// Errors of the demuxer in a row: it may find its way after damage, or repeat itself for ever.
const MAX_DEMUX_ERRORS: u32 = 16;
/// Packets of another rate or channel count in a row that mean a new stream rather than damage.
const FOREIGN_PACKETS: u32 = 3;

/// How a file is decoded.
#[derive(Clone)]
pub(super) struct How {
    pub limits: Limits,
    pub chunk_frames: usize,
    /// Whether no other decoder can decode the file: AAC that may be HE-AAC is decoded as LC, and what would be decoded
    /// wrongly in the middle becomes silence.
    pub alone: bool,
}

/// Where a stream lies in a chained file.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// Track index of its first frame, for what is said of its damage.
    pub offset: u64,
    /// Whether another stream follows.
    pub followed: bool,
}

/// A file being decoded.
pub(super) struct Decode {
    pub(super) origin: Origin,
    mp4: Option<Mp4Facts>,
    pub(super) plan: StreamPlan,
    pub(super) limits: Limits,
    pub(super) place: Place,
    pub(super) packets: Packets,
    pub(super) decoder: Box<dyn AudioDecoder>,
    pub(super) spec: SampleSpec,
    pub(super) facts: StreamFacts,
    pub(super) cutter: Cutter,
    pub(super) pending: VecDeque<Pending>,
    pub(super) withheld: Withheld,
    /// Raw index of the first pending frame.
    pub(super) raw: u64,
    /// Track index of the first frame that is wanted: what lies before it is decoded and dropped.
    pub(super) wanted: u64,
    /// Whether the next packet's timestamp tells its raw index (after a seek).
    pub(super) raw_from_timestamp: bool,
    /// Whether the decoder does not depend on the packets before the next one.
    pub(super) after_reset: bool,
    /// Whether the stream was followed by another (chained Ogg).
    pub(super) chained: bool,
    /// Whether no packet follows the pending frames.
    pub(super) no_more: bool,
    pub(super) ended: bool,
    /// Whether frames were lost of which no packet says how many: the next packets' own times say it (Matroska).
    pub(super) lost_count: bool,
    pub(super) damaged: u32,
    pub(super) damage_line: Option<usize>,
    /// Packets in a row without a frame, errors of the demuxer in a row.
    pub(super) silent: u32,
    demux_errors: u32,
    foreign: u32,
    /// Where the main data of MP3 frames lies.
    pub(super) main_data: MainData,
    /// Packets in a row that were too loud.
    pub(super) too_loud: u32,
    /// Whether no other decoder can decode the file.
    pub(super) alone: bool,
    /// Whether the codec's samples are floating point, and so may be of any size.
    pub(super) float_codec: bool,
    /// The error that stopped the decoder after the frames that it gave before.
    pub(super) stopped_by: Option<Error>,
    pub(super) warned_non_finite: bool,
    pub(super) warnings: Vec<String>,
}

/// Refuses what the decoder in this process is known to decode wrongly.
///
/// Vorbis: coupled channels are restored in the order of the list of couplings, where Vorbis I, section 4.3.5, wants the
/// reverse. With one pair at most there is no order.
fn refuse_wrong_decoder(plan: &StreamPlan) -> Result<()> {
    let channels = plan.params.channels.as_ref().map_or(0, |channels| channels.count());
    if plan.params.codec == CODEC_ID_VORBIS && channels > 2 {
        return Err(Error::new(ErrorKind::Unsupported, "Vorbis of more than two channels"));
    }
    Ok(())
}

pub(super) fn facts(origin: &Origin, plan: &StreamPlan) -> StreamFacts {
    StreamFacts {
        codec: readers::codec_name(&plan.params),
        container: origin.around.unwrap_or(origin.audio.container).as_str().to_owned(),
        bit_depth: plan.bit_depth,
        declared_frames: plan.declared_frames,
    }
}

impl Decode {
    /// Opens the audio bytes of a file. Without a place a file of several streams is not opened: `None`.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] when another decoder should be tried; `Malformed`, `Empty`, `LimitExceeded`, I/O.
    pub(super) fn open(
        file: &Arc<std::fs::File>,
        audio: AudioBytes,
        how: &How,
        place: Option<Place>,
    ) -> Result<Option<Self>> {
        let How { limits, chunk_frames, alone } = how;
        let mut origin = Origin::new(file.clone(), audio);
        let mut prepared = stream::prepare(&mut origin, limits, *alone)?;
        prepared.find_end(&mut origin, limits)?;
        if prepared.several_streams && place.is_none() {
            return Ok(None);
        }
        let reader = origin.reader().map_err(Trouble::into_error)?;
        let plan = prepared.plan(&origin, &*reader)?;
        if let (Some(rate_hz), Some(channels)) = (plan.params.sample_rate, &plan.params.channels) {
            limits.spec(rate_hz, channels.count())?;
        }
        refuse_wrong_decoder(&plan)?;
        let decoder = readers::decoder(&plan.params).map_err(Trouble::into_error)?;
        let facts = facts(&origin, &plan);
        let float_codec = facts.codec.starts_with("pcm_f");
        // The spec of the first frame replaces this one.
        let spec = SampleSpec { rate: SampleRate::CD, layout: ChannelLayout::Mono };
        let mut decode = Self {
            packets: Packets::new(origin.clone(), reader, plan.track_id, plan.end_padding, plan.about_s),
            origin,
            mp4: prepared.mp4,
            limits: limits.clone(),
            place: place.unwrap_or_default(),
            decoder,
            spec,
            facts,
            cutter: Cutter::new(spec, *chunk_frames, 1.0),
            pending: VecDeque::new(),
            withheld: Withheld::new(plan.params.codec, audio.container),
            raw: 0,
            wanted: 0,
            raw_from_timestamp: false,
            after_reset: false,
            chained: false,
            no_more: false,
            ended: false,
            lost_count: false,
            damaged: 0,
            damage_line: None,
            silent: 0,
            demux_errors: 0,
            foreign: 0,
            too_loud: 0,
            main_data: MainData::default(),
            alone: *alone,
            float_codec,
            stopped_by: None,
            warned_non_finite: false,
            warnings: prepared.warning.into_iter().collect(),
            plan,
        };
        decode.first_frames(*chunk_frames)?;
        Ok(Some(decode))
    }

    /// Decodes up to the first frames, which tell the spec.
    fn first_frames(&mut self, chunk_frames: usize) -> Result<()> {
        let (mut packets, mut lost_frames, mut last) = (0_u32, 0_u64, None);
        while packets <= self.limits.max_damaged_packets {
            let (packet, timestamp, length, tail) = match self.packets.next() {
                Ok(Next::Packet { packet, timestamp, length, tail }) => (packet, timestamp, length, tail),
                Ok(Next::NewStream) => {
                    self.follow_stream().map_err(Trouble::into_error)?;
                    continue;
                }
                Ok(Next::End) => break,
                Err(trouble @ (Trouble::Damaged(_) | Trouble::CutOff)) => {
                    last = Some(trouble);
                    break;
                }
                Err(trouble) => return Err(trouble.into_error()),
            };
            packets += 1;
            match self.decode(&packet) {
                Ok(0) => {}
                Ok(frames) => {
                    let (rate_hz, channels) = self.decoded_spec();
                    self.spec = self.limits.spec(rate_hz, channels)?;
                    self.cutter = Cutter::new(self.spec, chunk_frames, readers::opus_gain(&self.plan.params));
                    if let Some(Trouble::Damaged(what)) = last {
                        self.count_damage(&what);
                        self.pending.push_back(Pending::Silence(lost_frames.min(MAX_GAP_FRAMES)));
                    }
                    // Frames with timestamps below zero are to be dropped (Vorbis trims its start this way).
                    if self.origin.audio.container == Container::Ogg && packet.pts.is_negative() {
                        self.plan.trim.lead_at_least(packet.pts.get().unsigned_abs());
                    }
                    if let Some(what) = self.packets.take_damage() {
                        self.lost_count = true;
                        self.count_damage(&what);
                        self.fill_up_to(u64::try_from(timestamp).unwrap_or(0));
                    }
                    self.put_decoded(0, without_tail(frames, tail));
                    return Ok(());
                }
                Err(
                    trouble @ (Trouble::Unsupported(_)
                    | Trouble::Wrong(_)
                    | Trouble::Panicked
                    | Trouble::Io(_)),
                ) => {
                    return Err(trouble.into_error());
                }
                Err(trouble) => {
                    last = Some(trouble);
                    lost_frames = lost_frames.saturating_add(length);
                }
            }
        }
        Err(match last {
            Some(Trouble::CutOff) => Error::new(ErrorKind::Malformed, "the file ends before its first sound"),
            Some(trouble) => trouble.into_error(),
            None if packets == 0 && self.plan.declared_frames.unwrap_or(0) == 0 => {
                Error::new(ErrorKind::Empty, "there is no audio in the file")
            }
            None => Error::new(ErrorKind::Malformed, "nothing in the file could be decoded"),
        })
    }

    /// Goes on with the stream that follows in a chained file.
    pub(super) fn follow_stream(&mut self) -> Result<(), Trouble> {
        let plan =
            plan(&self.origin, self.packets.reader(), self.mp4.as_ref()).map_err(Trouble::of_next_stream)?;
        self.decoder = readers::decoder(&plan.params)?;
        self.packets.select(plan.track_id);
        // What the new stream drops at its start lies as a hole in the whole.
        self.plan.trim.drop_run(self.raw..self.raw.saturating_add(plan.trim.raw_of(0)));
        self.chained = true;
        Ok(())
    }

    /// Reads and decodes the next packet into `pending`. Whether there is more.
    pub(super) fn advance(&mut self) -> Result<bool> {
        match self.packets.next() {
            Ok(Next::Packet { packet, timestamp, length, tail }) => {
                self.take_packet(&packet, timestamp, length, tail)
            }
            Ok(Next::NewStream) => match self.follow_stream() {
                Ok(()) => Ok(true),
                Err(Trouble::Io(error)) => Err(Error::from_io("reading the file", error)),
                Err(_) => {
                    self.warn("the file goes on with a stream that cannot be decoded; it was left out");
                    Ok(false)
                }
            },
            Ok(Next::End) => Ok(false),
            Err(trouble) => {
                self.demux_errors += 1;
                let go_on = self.meet(trouble, 0)?;
                Ok(go_on && self.demux_errors <= MAX_DEMUX_ERRORS)
            }
        }
    }

    /// Takes a packet of the track.
    pub(super) fn take_packet(
        &mut self,
        packet: &Packet,
        timestamp: i64,
        length: u64,
        tail: u64,
    ) -> Result<bool> {
        if self.is_foreign(packet) {
            self.foreign += 1;
            if self.foreign >= FOREIGN_PACKETS {
                self.warn(CHANGED);
                return Ok(false);
            }
            self.mark_error(0);
            return Ok(self.count_damage("a packet of another rate or channel count"));
        }
        self.foreign = 0;
        self.demux_errors = 0;
        let timestamp = u64::try_from(timestamp).unwrap_or(0);
        if std::mem::take(&mut self.raw_from_timestamp) {
            self.raw = timestamp;
        }
        let after_reset = std::mem::take(&mut self.after_reset);
        if let Some(what) = self.packets.take_damage() {
            self.lost_count = true;
            if !self.count_damage(&what) {
                return Ok(false);
            }
            let lost_frames = self.packets.take_lost_frames();
            self.mark_error(lost_frames);
            self.main_data.lose();
            if self.origin.audio.container == Container::Ogg {
                // What it kept of the packet before the damage does not belong to this one.
                guarded(|| {
                    self.decoder.reset();
                    Ok(())
                })
                .map_err(Trouble::into_error)?;
            }
        }
        match self.decode(packet) {
            Ok(0) => {
                if after_reset {
                    self.raw = self.raw.saturating_add(length);
                }
                self.silent += 1;
                Ok(self.silent <= MAX_SILENT_PACKETS)
            }
            Ok(frames) => {
                self.silent = 0;
                if self.decoded_spec() != (self.spec.rate.hz(), self.spec.channels()) {
                    self.warn(CHANGED);
                    return Ok(false);
                }
                let mut go_on = true;
                self.fill_up_to(timestamp);
                // Only FLAC's timestamps are frame counts written by the encoder into every packet.
                if self.origin.audio.container == Container::Flac && timestamp > self.raw {
                    go_on = self.count_damage("packets are missing");
                    self.put(Pending::Silence((timestamp - self.raw).min(MAX_GAP_FRAMES)));
                }
                let to = without_tail(frames, tail);
                let from = usize::try_from(self.too_far_by(timestamp)).unwrap_or(to).min(to);
                self.put_decoded(from, to);
                Ok(go_on)
            }
            Err(trouble) => self.meet(trouble, length.saturating_sub(tail)),
        }
    }
}

fn without_tail(frames: usize, tail: u64) -> usize {
    frames.saturating_sub(usize::try_from(tail).unwrap_or(usize::MAX))
}
