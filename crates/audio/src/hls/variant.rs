//! [`VariantSink`]: one variant of a ladder, being made.
//!
//! It hears the track like every other sink, fits the frames to the codec, encodes them, and gives a segment
//! to its [`SegmentWriter`] as soon as it is certain where that ends.

use std::collections::VecDeque;

use fanfare_model::{Error, ErrorKind, Result, SampleRate, SegmentFacts, VariantFacts, hls::TransportRates};

use super::{
    bandwidths,
    grid::Grid,
    playlist::{fits_transport_stream, target_s},
};
use crate::{
    PcmSink, SharedChunk,
    encode::{Encoder, Packet, fit::Fit, fit::frames_at},
    mux::{cmaf, ts_bytes},
};

/// Where a variant's bytes go.
///
/// A caller of these may be expected to: call [`init`](Self::init) once, then [`segment`](Self::segment) in
/// order, then [`finish`](Self::finish) once; never call anything after an error. An implementer may publish a
/// segment as soon as it has it: nothing is changed later. One that is dropped without `finish` was given up.
pub trait SegmentWriter: Send {
    /// Takes the init section. In `declared` are no frames yet, and the bandwidths are estimates.
    ///
    /// # Errors
    /// Any; it becomes the sink's.
    fn init(&mut self, declared: &VariantFacts, bytes: &[u8]) -> Result<()>;

    /// Takes the next segment.
    ///
    /// # Errors
    /// Any; it becomes the sink's.
    fn segment(&mut self, segment: SegmentFacts, bytes: &[u8]) -> Result<()>;

    /// Takes the end and all that was measured.
    ///
    /// # Errors
    /// Any; it becomes the sink's.
    fn finish(&mut self, variant: &VariantFacts) -> Result<()>;
}

/// A variant being made.
pub(super) struct VariantSink {
    source_rate: SampleRate,
    grid: Grid,
    fit: Fit,
    encoder: Box<dyn Encoder>,
    writer: Box<dyn SegmentWriter>,
    facts: VariantFacts,
    begun: bool,
    /// Source frames heard.
    received: u64,
    /// Packets that are in no segment yet.
    packets: VecDeque<Packet>,
    /// Frames of those packets.
    waiting: u64,
    /// Media time of the first of them.
    media_time: u64,
    segments: Vec<SegmentFacts>,
    /// Bytes of each segment as MPEG transport stream, where the variant can be one.
    transport_bytes: Vec<u64>,
    offset_bytes: u64,
}

impl VariantSink {
    pub(super) fn new(
        source_rate: SampleRate,
        grid: Grid,
        fit: Fit,
        encoder: Box<dyn Encoder>,
        writer: Box<dyn SegmentWriter>,
        facts: VariantFacts,
    ) -> Self {
        Self {
            source_rate,
            grid,
            fit,
            encoder,
            writer,
            facts,
            begun: false,
            received: 0,
            packets: VecDeque::new(),
            waiting: 0,
            media_time: 0,
            segments: Vec::new(),
            transport_bytes: Vec::new(),
            offset_bytes: 0,
        }
    }

    fn rate(&self) -> SampleRate {
        self.encoder.stream().spec.rate
    }

    fn begin(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let init = cmaf::init_section(self.encoder.stream());
        self.facts.init_bytes = init.len() as u64;
        self.offset_bytes = self.facts.init_bytes;
        self.writer.init(&self.facts, &init)
    }

    fn keep(&mut self, packets: Vec<Packet>) {
        self.waiting += packets.iter().map(|packet| u64::from(packet.frames)).sum::<u64>();
        self.packets.extend(packets);
    }

    /// Writes every segment that is certain and whole.
    fn write_certain(&mut self) -> Result<()> {
        let certain = self.grid.certain(self.received);
        while (self.segments.len() as u64) < certain {
            let end = self.grid.cut(self.segments.len() as u64 + 1, self.rate());
            if self.media_time + self.waiting < self.media_end(end) {
                return Ok(());
            }
            self.write(end)?;
        }
        Ok(())
    }

    /// The media time of a presentation time.
    fn media_end(&self, end: u64) -> u64 {
        end + u64::from(self.encoder.stream().priming_frames)
    }

    /// Writes the next segment, which ends with that frame.
    fn write(&mut self, end: u64) -> Result<()> {
        let media_end = self.media_end(end);
        let (media_time, mut reached) = (self.media_time, self.media_time);
        let mut packets = Vec::new();
        while reached < media_end {
            let Some(packet) = self.packets.pop_front() else { break };
            reached += u64::from(packet.frames);
            self.waiting -= u64::from(packet.frames);
            packets.push(packet);
        }
        if reached < media_end {
            return Err(Error::new(ErrorKind::Internal, "the encoder gave fewer frames than it was given"));
        }
        let index = u32::try_from(self.segments.len()).unwrap_or(u32::MAX);
        let frames = media_end - media_time;
        let bytes =
            cmaf::segment(self.encoder.stream(), index.saturating_add(1), media_time, &packets, frames);
        self.media_time = media_end;
        let first_frame = self.segments.last().map_or(0, |last| last.first_frame + last.frames);
        let segment = SegmentFacts {
            index,
            first_frame,
            frames: end - first_frame,
            offset_bytes: self.offset_bytes,
            len_bytes: bytes.len() as u64,
        };
        if fits_transport_stream(&self.facts) {
            let sizes: Vec<usize> = packets.iter().map(|packet| packet.bytes.len()).collect();
            self.transport_bytes.push(ts_bytes(self.facts.sample_rate_hz, &sizes));
        }
        self.offset_bytes += segment.len_bytes;
        self.segments.push(segment);
        self.writer.segment(segment, &bytes)
    }
}

impl VariantSink {
    /// Its measured rates as MPEG transport stream.
    fn transport(&self, rate_hz: u32) -> Option<TransportRates> {
        if !fits_transport_stream(&self.facts) {
            return None;
        }
        let wrapped = self.segments.iter().zip(&self.transport_bytes);
        let segments: Vec<SegmentFacts> =
            wrapped.map(|(segment, bytes)| SegmentFacts { len_bytes: *bytes, ..*segment }).collect();
        let (bandwidth_bps, average_bandwidth_bps) =
            bandwidths(&segments, rate_hz, target_s(&segments, rate_hz, true));
        Some(TransportRates { bandwidth_bps, average_bandwidth_bps })
    }
}

impl PcmSink for VariantSink {
    fn push(&mut self, chunk: &SharedChunk) -> Result<()> {
        self.begin()?;
        let mut packets = Vec::new();
        if self.fit.is_nothing() {
            self.encoder.push(chunk.planes(), &mut packets)?;
        } else {
            let planes = self.fit.push(chunk.planes())?;
            self.encoder.push(&planes, &mut packets)?;
        }
        self.received += chunk.frames() as u64;
        self.keep(packets);
        self.write_certain()
    }

    fn finish(&mut self) -> Result<()> {
        self.begin()?;
        let mut packets = Vec::new();
        let rest = self.fit.finish()?;
        self.encoder.push(&rest, &mut packets)?;
        self.encoder.finish(&mut packets)?;
        self.keep(packets);
        let frames = frames_at(self.received, self.source_rate, self.rate());
        let count = self.grid.segments(self.received);
        while (self.segments.len() as u64) < count {
            let next = self.segments.len() as u64 + 1;
            let end = if next == count { frames } else { self.grid.cut(next, self.rate()) };
            self.write(end)?;
        }
        self.facts.frames = frames;
        let rate_hz = self.rate().hz();
        (self.facts.bandwidth_bps, self.facts.average_bandwidth_bps) =
            bandwidths(&self.segments, rate_hz, target_s(&self.segments, rate_hz, true));
        self.facts.transport = self.transport(rate_hz);
        self.writer.finish(&self.facts)
    }
}
