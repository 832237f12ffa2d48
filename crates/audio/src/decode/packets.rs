//! [`Packets`]: the demuxer's packets, with their place among the raw frames.

use fanfare_model::{Error, Result};
use symphonia::core::{
    formats::{FormatReader, SeekMode, SeekTo},
    packet::Packet,
    units::{Duration, Timestamp},
};

use crate::{Container, probe::mpeg::MpegHeader};

use super::{
    guard::{Trouble, guarded},
    readers::{Origin, audio_track},
};

/// The packets of one track.
pub(super) struct Packets {
    origin: Origin,
    reader: Box<dyn FormatReader>,
    track_id: u32,
    /// Timestamp of raw frame 0, where timestamps count frames.
    base: Option<i64>,
    /// Frames of padding at the end of the last packet, told by the container apart from the packets.
    end_padding: u64,
    /// One packet ahead of what was given out, kept only where the last one must be known.
    ahead: Option<Packet>,
    /// Whether the demuxer has come to its end, from which not every one can be sought back.
    spent: bool,
}

/// What comes next.
pub(super) enum Next {
    /// A packet. Its own trims are taken off: `tail` frames at its end are padding.
    Packet {
        /// The packet.
        packet: Packet,
        /// Frames that it decodes to, with the tail.
        length: u64,
        /// Timestamp relative to that of the first packet.
        timestamp: i64,
        /// Frames of padding at its end.
        tail: u64,
    },
    /// Another stream begins (chained Ogg).
    NewStream,
    /// The end.
    End,
}

impl Packets {
    pub(super) fn new(
        origin: Origin,
        reader: Box<dyn FormatReader>,
        track_id: u32,
        end_padding: u64,
    ) -> Self {
        Self { origin, reader, track_id, base: None, end_padding, ahead: None, spent: false }
    }

    /// The demuxer, to look at its tracks.
    pub(super) fn reader(&self) -> &dyn FormatReader {
        &*self.reader
    }

    /// Hears that track from now on; the next packet is its first.
    pub(super) fn select(&mut self, track_id: u32) {
        self.track_id = track_id;
        self.base = None;
        self.ahead = None;
    }

    /// The next packet of the track.
    pub(super) fn next(&mut self) -> Result<Next, Trouble> {
        if self.end_padding == 0 {
            return self.read().map(|found| found.map_or_else(|other| other, |packet| self.dress(packet, 0)));
        }
        let packet = match self.ahead.take() {
            Some(packet) => packet,
            None => match self.read()? {
                Ok(packet) => packet,
                Err(other) => return Ok(other),
            },
        };
        match self.read() {
            Ok(Ok(next)) => {
                self.ahead = Some(next);
                Ok(self.dress(packet, 0))
            }
            Ok(Err(Next::End)) => Ok(self.dress(packet, self.end_padding)),
            Err(Trouble::Io(error)) => Err(Trouble::Io(error)),
            // Other trouble shows again, if at all, when the next packet is asked for.
            _ => Ok(self.dress(packet, 0)),
        }
    }

    /// Reads on to a packet of the track, or to what is none.
    fn read(&mut self) -> Result<Result<Packet, Next>, Trouble> {
        loop {
            let next = guarded(|| self.reader.next_packet());
            // After an error of the disk a reader that looks for the next packet would skip sound.
            self.origin.check_reading()?;
            match next {
                Ok(Some(packet)) if packet.track_id == self.track_id => return Ok(Ok(packet)),
                Ok(Some(_)) => {}
                Ok(None) => {
                    self.spent = true;
                    return Ok(Err(Next::End));
                }
                Err(Trouble::Restart) => return Ok(Err(Next::NewStream)),
                Err(trouble) => return Err(trouble),
            }
        }
    }

    fn dress(&mut self, mut packet: Packet, padding: u64) -> Next {
        let base = *self.base.get_or_insert(packet.pts.get());
        // Ogg: the discard at the start is what an overlapping codec does not give after a reset, and the
        // end comes from the last page. MPEG: both come from the count of the first of several files.
        let (length, tail) = match self.origin.audio.container {
            Container::Ogg => (packet.dur.saturating_add(packet.trim_end).get(), packet.trim_end.get()),
            Container::Mp3 => {
                (MpegHeader::read(&packet.data).map_or(0, |header| u64::from(header.frames)), 0)
            }
            _ => (packet.block_dur().get(), padding),
        };
        (packet.trim_start, packet.trim_end) = (Duration::ZERO, Duration::ZERO);
        Next::Packet { timestamp: packet.pts.get().saturating_sub(base), packet, length, tail }
    }

    /// Moves to the packet that holds the frame with that timestamp (relative to the first packet), or to one
    /// before it.
    pub(super) fn seek(&mut self, timestamp: u64) -> Result<(), Trouble> {
        self.ahead = None;
        if std::mem::take(&mut self.spent) {
            self.reader = self.origin.reader()?;
        }
        let ts = self.base.unwrap_or(0).saturating_add_unsigned(timestamp);
        let to = SeekTo::Timestamp { ts: Timestamp::new(ts), track_id: self.track_id };
        let sought = guarded(|| self.reader.seek(SeekMode::Accurate, to));
        self.origin.check_reading()?;
        sought.map(|_| ())
    }

    /// Begins again with a new demuxer.
    pub(super) fn rewind(&mut self) -> Result<()> {
        self.reader = self.origin.reader().map_err(Trouble::into_error)?;
        self.spent = false;
        let wanted = self.track_id;
        let track = audio_track(&*self.reader, Some(wanted)).map(|track| track.id);
        self.select(
            track.ok_or_else(|| {
                Error::new(fanfare_model::ErrorKind::Io, "the file changed while it was read")
            })?,
        );
        Ok(())
    }
}
