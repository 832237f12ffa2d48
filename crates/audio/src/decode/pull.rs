//! [`Decode`] as a [`PcmSource`]: pulling chunks and seeking.

use fanfare_model::{Error, FrameIndex, Result, SampleSpec};

use super::{
    guard::{Trouble, guarded},
    packets::Next,
    pending::Pending,
    plan::Seeking,
    readers,
    source::Decode,
    trim::Span,
};
use crate::{Container, PcmChunk, PcmSource, StreamFacts, probe::mpeg::MainData};

/// What is at the front of the pending frames.
enum Front {
    /// That many frames that are wanted.
    Take(usize),
    /// Nothing: decode on.
    Empty,
    /// The end of the track.
    End,
}

/// A seek ahead of at most that many frames just decodes on: about a second.
const NEAR_FRAMES: u64 = 48_000;
/// Frames that an MPEG audio file may lack of its count: writers count their own info frame or not.
const MPEG_COUNT_SLACK: u64 = 2 * 1152;

impl Decode {
    /// Drops what is not wanted from the front of the pending frames and says what is there.
    fn front(&mut self) -> Front {
        loop {
            let Some(available) = self.pending.front().map(Pending::frames) else {
                // The last frames have waited for nothing.
                if self.no_more && self.withheld.frames() > 0 {
                    self.withheld.give_all(&mut self.pending);
                    continue;
                }
                return Front::Empty;
            };
            if available == 0 {
                self.pending.pop_front();
                continue;
            }
            match self.plan.trim.span(self.raw) {
                Span::End => return Front::End,
                Span::Drop(frames) => self.consume(frames.min(available)),
                Span::Keep(frames) => {
                    let frames = frames.min(available);
                    let unwanted = self.wanted.saturating_sub(self.plan.trim.frame_of(self.raw));
                    if unwanted == 0 {
                        return Front::Take(usize::try_from(frames).unwrap_or(usize::MAX));
                    }
                    self.consume(frames.min(unwanted));
                }
            }
        }
    }

    fn consume(&mut self, frames: u64) {
        match self.pending.front_mut() {
            Some(Pending::Decoded { from, .. } | Pending::Kept { from, .. }) => *from += frames as usize,
            Some(Pending::Silence(left)) => *left -= frames,
            None => return,
        }
        self.raw += frames;
    }

    /// Moves frames from the front into the cutter.
    fn take(&mut self, frames: usize) {
        let frames = frames.min(self.cutter.room());
        match self.pending.front() {
            Some(Pending::Decoded { from, .. }) => {
                self.cutter.push(&self.decoder.last_decoded(), *from, *from + frames);
            }
            Some(Pending::Kept { planes, from }) => self.cutter.push_planes(planes, *from, *from + frames),
            Some(Pending::Silence(_)) => self.cutter.push_silence(frames),
            None => return,
        }
        self.consume(frames as u64);
    }

    fn pull(&mut self) -> Result<Option<PcmChunk>> {
        let most = self.limits.max_frames(self.spec.rate);
        while !self.ended {
            match self.front() {
                Front::Take(frames) => {
                    self.take(frames);
                    if self.cutter.position() > most {
                        return Err(Error::limit(
                            "duration_s",
                            self.cutter.position() / u64::from(self.spec.rate.hz()),
                            self.limits.max_duration_s.into(),
                        ));
                    }
                    if self.cutter.room() == 0 {
                        break;
                    }
                }
                Front::Empty if self.no_more => self.ended = true,
                Front::Empty => match self.advance() {
                    Ok(more) => self.no_more = !more,
                    // What was decoded before it is returned first, whatever the length of a chunk.
                    Err(error) if self.cutter.has_frames() => {
                        self.stopped_by = Some(error);
                        return self.cutter.cut();
                    }
                    Err(error) => return Err(error),
                },
                Front::End => self.ended = true,
            }
        }
        if self.ended {
            self.check_end();
        }
        if self.cutter.take_non_finite() && !self.warned_non_finite {
            self.warned_non_finite = true;
            self.warn("samples that are no numbers, or billions of times too large, became silence");
        }
        self.cutter.cut()
    }

    /// Compares where the audio ended with what the file declares.
    fn check_end(&mut self) {
        if self.place.followed {
            return; // what is missing is filled
        }
        let exact = self.plan.exact_frames;
        let slack = match exact {
            Some(_) if self.origin.audio.container == Container::Mp3 => MPEG_COUNT_SLACK,
            Some(_) => 0,
            // A container's own length is rounded, and may count padding.
            None => u64::from(self.spec.rate.hz()),
        };
        if let Some(declared) = exact.or_else(|| self.about_frames()).filter(|_| !self.chained)
            && self.cutter.position().saturating_add(slack) < declared
        {
            let rate = self.spec.rate;
            let seconds = |frames| rate.seconds(self.place.offset + frames);
            let (found_s, declared_s) = (seconds(self.cutter.position()), seconds(declared));
            if exact.is_none() && self.origin.audio.container == Container::Ogg {
                self.warn(format!(
                    "the audio ends after {found_s:.2} s; by its size the file had about {declared_s:.0} s"
                ));
            } else {
                self.warn(format!(
                    "the audio ends after {found_s:.2} s; the file declares {declared_s:.2} s"
                ));
            }
        }
    }

    /// About how many frames the container says that the track has, where it does not count them.
    pub(super) fn about_frames(&self) -> Option<u64> {
        self.plan.about_s.map(|seconds| (seconds * f64::from(self.spec.rate.hz())) as u64)
    }

    /// Raw index of the next packet.
    pub(super) fn next_raw(&self) -> u64 {
        let pending: u64 = self.pending.iter().map(Pending::frames).sum();
        self.raw.saturating_add(pending).saturating_add(self.withheld.frames())
    }

    fn reset_decoder(&mut self) -> Result<()> {
        self.after_reset = true;
        self.main_data = MainData::default();
        guarded(|| {
            self.decoder.reset();
            Ok(())
        })
        .map_err(Trouble::into_error)
    }

    fn rewind(&mut self) -> Result<()> {
        self.packets.rewind()?;
        if self.chained {
            // The first stream again, with the decoder that it had.
            self.decoder = readers::decoder(&self.plan.params).map_err(Trouble::into_error)?;
        }
        self.pending.clear();
        self.withheld.clear();
        self.raw = 0;
        self.no_more = false;
        Ok(())
    }

    /// Brings the packets to a place from which the wanted frame is decoded right.
    fn approach(&mut self, frame: u64) -> Result<()> {
        let roll = readers::pre_roll(&self.plan.params);
        let begin = self.plan.trim.raw_of(frame).saturating_sub(roll);
        let ahead = !self.ended && frame >= self.cutter.position();
        if ahead && begin < self.next_raw().saturating_add(NEAR_FRAMES) {
            return Ok(());
        }
        match self.plan.seeking {
            Seeking::Timestamps => {
                self.pending.clear();
                self.withheld.clear();
                self.no_more = false;
                if self.packets.seek(begin).is_ok() {
                    self.raw_from_timestamp = true;
                    return self.reset_decoder();
                }
                self.rewind()?;
            }
            Seeking::Counting if ahead => {
                self.raw = self.next_raw();
                self.pending.clear();
                self.withheld.clear();
            }
            Seeking::Decoding if ahead => return Ok(()),
            _ => self.rewind()?,
        }
        self.reset_decoder()?;
        if self.plan.seeking == Seeking::Decoding || self.count_up_to(frame, roll)? {
            return Ok(());
        }
        // The frame lies behind the end. Where exactly that is, only decoding the last packets tells.
        let near_end = self.plan.trim.frame_of(self.raw).saturating_sub(roll + NEAR_FRAMES);
        self.rewind()?;
        self.reset_decoder()?;
        self.count_up_to(near_end, roll).map(|_| ())
    }

    /// Counts packets without decoding them, up to the one from which that frame is decoded right; whether
    /// there is one.
    fn count_up_to(&mut self, frame: u64, roll: u64) -> Result<bool> {
        loop {
            // A stream that follows in a chained file changes where the frame lies.
            let begin = self.plan.trim.raw_of(frame).saturating_sub(roll);
            match self.packets.next() {
                Ok(Next::Packet { packet, timestamp, length, tail }) => {
                    let lost_frames = self.packets.take_lost_frames();
                    if lost_frames > 0 && self.raw.saturating_add(lost_frames) > begin {
                        self.put(Pending::Silence(lost_frames));
                        self.no_more = !self.take_packet(&packet, timestamp, length, tail)?;
                        return Ok(true);
                    }
                    self.raw = self.raw.saturating_add(lost_frames);
                    // Behind damage the packet's own time tells its place.
                    let place =
                        u64::try_from(timestamp).ok().filter(|_| !self.chained && self.packets.has_gaps());
                    let start = self.raw.max(place.unwrap_or(0));
                    let end = start.saturating_add(length.saturating_sub(tail));
                    if self.raw >= begin || end > begin {
                        self.no_more = !self.take_packet(&packet, timestamp, length, tail)?;
                        return Ok(true);
                    }
                    self.raw = end;
                }
                Ok(Next::NewStream) if self.follow_stream().is_ok() => self.after_reset = true,
                Err(Trouble::Io(error)) => return Err(Error::from_io("reading the file", error)),
                Ok(Next::NewStream | Next::End) | Err(_) => {
                    self.no_more = true;
                    return Ok(false);
                }
            }
        }
    }
}

impl PcmSource for Decode {
    fn spec(&self) -> SampleSpec {
        self.spec
    }

    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn next_chunk(&mut self) -> Result<Option<PcmChunk>> {
        let chunk = self.stopped_by.take().map_or_else(|| self.pull(), Err);
        if chunk.is_err() {
            self.ended = true;
            self.cutter.restart(self.cutter.position());
        }
        chunk
    }

    fn seek(&mut self, frame: FrameIndex) -> Result<FrameIndex> {
        let target = frame.0;
        self.stopped_by = None;
        self.wanted = target;
        let approached = self.approach(target);
        if approached.is_err() {
            self.ended = true;
        }
        approached?;
        self.ended = false;
        let landed = loop {
            match self.front() {
                Front::Take(_) => break target,
                Front::End => {
                    self.ended = true;
                    break self.plan.trim.frame_of(self.raw);
                }
                Front::Empty if self.no_more => {
                    self.ended = true;
                    break self.plan.trim.frame_of(self.raw);
                }
                Front::Empty => match self.advance() {
                    Ok(more) => self.no_more = !more,
                    Err(error) => {
                        self.ended = true;
                        return Err(error);
                    }
                },
            }
        };
        self.cutter.restart(landed);
        Ok(FrameIndex(landed))
    }

    fn lost_frames(&self) -> u64 {
        self.plan.lost_frames
    }

    fn whole_frames(&self) -> Option<u64> {
        let declared = self.plan.exact_frames.or(self.facts.declared_frames).or_else(|| self.about_frames());
        declared.filter(|_| !self.chained).map(|frames| frames.saturating_add(self.plan.lost_frames))
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
