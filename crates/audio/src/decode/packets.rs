//! [`Packets`]: the demuxer's packets, with their place among the raw frames.

use std::io;

use fanfare_model::{Error, Result};
use symphonia::core::{
    formats::{FormatReader, SeekMode, SeekTo},
    packet::Packet,
    units::{Duration, Timestamp},
};

use crate::{Container, probe::mpeg::MpegHeader};

use super::{
    guard::{Trouble, guarded},
    matroska::Clusters,
    mpeg_places::FramePlaces,
    pending::MAX_GAP_FRAMES,
    readers::{Origin, audio_track},
};

/// How often a file is gone on with behind damage.
const MAX_RESUMED: u32 = 256;
/// What is said where pages of an Ogg file are lost.
const LOST_PAGES: &str = "pages are missing or damaged";

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
    /// What came before the place at which the demuxer was set up again behind damage.
    damage: Option<String>,
    /// Where the frames of MPEG audio lie.
    places: Option<FramePlaces>,
    /// Frames that were lost before the packet that was given last, if it is known how many.
    lost_frames: u64,
    /// The stretch of a damaged Ogg file that is read: 0 is the first one.
    run: usize,
    /// Where to look for the next place, and how often one was taken.
    searched: u64,
    resumed: u32,
    /// Timestamp of the last packet.
    last: u64,
    /// About how long the track is, in seconds.
    about_s: Option<f64>,
    /// Whether the demuxer has come to its end, from which not every one can be sought back.
    spent: bool,
}

fn unread(error: Error) -> Trouble {
    Trouble::Io(io::Error::other(error.message().to_owned()))
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
        about_s: Option<f64>,
    ) -> Self {
        let mut packets = Self {
            origin,
            reader,
            track_id,
            base: None,
            end_padding,
            ahead: None,
            damage: None,
            places: None,
            lost_frames: 0,
            run: 0,
            searched: 0,
            resumed: 0,
            last: 0,
            about_s,
            spent: false,
        };
        packets.begin();
        packets
    }

    /// Whether the times of packets tell where something is lost.
    pub(super) fn has_gaps(&self) -> bool {
        !self.origin.later.is_empty() || self.lacks_start()
    }

    /// Whether the first pages of an Ogg file's sound are lost.
    fn lacks_start(&self) -> bool {
        let origin = &self.origin;
        origin.whole.container == Container::Ogg
            && !origin.prefix.is_empty()
            && origin.audio.start != origin.whole.start + origin.prefix.len() as u64
    }

    /// What is known before the first packet.
    fn begin(&mut self) {
        let audio = self.origin.audio;
        let is_mpeg = audio.container == Container::Mp3;
        self.places = is_mpeg.then(|| FramePlaces::new(self.origin.file.clone(), audio));
        if self.lacks_start() {
            (self.base, self.damage) = (Some(0), Some(LOST_PAGES.to_owned()));
        }
    }

    /// The demuxer, to look at its tracks.
    pub(super) fn reader(&self) -> &dyn FormatReader {
        &*self.reader
    }

    /// Takes packets of that track from now on; the next one is its first.
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
                Ok(Some(packet)) if packet.track_id == self.track_id => {
                    self.last = u64::try_from(packet.pts.get()).unwrap_or(0);
                    self.note_lost(&packet)?;
                    return Ok(Ok(packet));
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(Trouble::CutOff | Trouble::Damaged(_)) if self.next_run()? => {
                    self.damage.get_or_insert(LOST_PAGES.to_owned());
                }
                // A damaged length may lead the demuxer to the end.
                Ok(None) if self.is_short() && self.resume()? => {
                    self.damage.get_or_insert("elements are missing or damaged".to_owned());
                }
                Ok(None) => {
                    self.spent = true;
                    return Ok(Err(Next::End));
                }
                Err(trouble @ (Trouble::Damaged(_) | Trouble::CutOff)) => {
                    let what = match &trouble {
                        Trouble::Damaged(what) => what.clone(),
                        _ => "an element is longer than the file".to_owned(),
                    };
                    if self.resume()? {
                        self.damage.get_or_insert(what);
                    } else if self.origin.audio.container == Container::Matroska {
                        // Nothing follows; by its length it shows whether something is missing.
                        self.spent = true;
                        return Err(Trouble::CutOff);
                    } else {
                        return Err(trouble);
                    }
                }
                Err(Trouble::Restart) => return Ok(Err(Next::NewStream)),
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// Sets up the demuxer again at the next cluster of a Matroska file that is later than what was read; whether there is
    /// one.
    fn resume(&mut self) -> Result<bool, Trouble> {
        if self.origin.audio.container != Container::Matroska || self.resumed >= MAX_RESUMED {
            return Ok(false);
        }
        self.resumed += 1;
        let (file, audio) = (&self.origin.file, self.origin.audio);
        let Some(clusters) = Clusters::of(file, self.origin.whole).map_err(unread)? else { return Ok(false) };
        let from = self.searched.max(clusters.first);
        let Some(at) = Clusters::next(file, from, audio.end, self.last).map_err(unread)? else {
            return Ok(false);
        };
        self.searched = at + 1;
        let mut origin = self.origin.clone();
        (origin.prefix, origin.audio.start) = (clusters.head(at), at);
        match origin.reader() {
            Ok(reader) => self.reader = reader,
            Err(Trouble::Io(error)) => return Err(Trouble::Io(error)),
            // The demuxer is the former one, and its next error leads here again.
            Err(_) => return Ok(true),
        }
        Ok(true)
    }

    /// Whether a Matroska file ends more than a second before its length, or says none.
    fn is_short(&self) -> bool {
        let track = self.reader.tracks().iter().find(|track| track.id == self.track_id);
        let base = track.and_then(|track| track.time_base);
        let last_s =
            base.map(|base| self.last as f64 * f64::from(base.numer.get()) / f64::from(base.denom.get()));
        self.origin.audio.container == Container::Matroska
            && self.about_s.zip(last_s).is_none_or(|(about_s, last_s)| last_s + 1.0 < about_s)
    }

    /// Sets up the demuxer again at the next stretch of a damaged Ogg file; whether there is one.
    fn next_run(&mut self) -> Result<bool, Trouble> {
        while let Some(run) = self.origin.later.get(self.run) {
            self.run += 1;
            let mut origin = self.origin.clone();
            (origin.audio.start, origin.audio.end) = (run.start, run.end);
            match origin.reader() {
                Ok(reader) => {
                    self.reader = reader;
                    return Ok(true);
                }
                Err(Trouble::Io(error)) => return Err(Trouble::Io(error)),
                // No packet is whole in it.
                Err(_) => {}
            }
        }
        Ok(false)
    }

    /// What was damaged before the packet that was given last, if that was not taken yet.
    pub(super) const fn take_damage(&mut self) -> Option<String> {
        self.damage.take()
    }

    /// How many frames were lost before the packet that was given last, if that is known and was not taken yet.
    pub(super) const fn take_lost_frames(&mut self) -> u64 {
        std::mem::replace(&mut self.lost_frames, 0)
    }

    /// Notes what is lost before a frame of MPEG audio.
    fn note_lost(&mut self, packet: &Packet) -> Result<(), Trouble> {
        let Some(places) = &mut self.places else { return Ok(()) };
        let lost = places.lost_before(&packet.data).map_err(unread)?;
        if lost > 0 {
            let length = MpegHeader::read(&packet.data).map_or(0, |header| u64::from(header.frames));
            self.lost_frames = lost.saturating_mul(length).min(MAX_GAP_FRAMES);
            self.damage.get_or_insert("bytes between frames are no frames".to_owned());
        }
        Ok(())
    }

    /// How many frames of that rate lie between the first packet and that timestamp.
    pub(super) fn frames_until(&self, timestamp: u64, rate_hz: u32) -> u64 {
        if self.origin.audio.container == Container::Ogg {
            return timestamp;
        }
        let track = self.reader.tracks().iter().find(|track| track.id == self.track_id);
        let base = track.and_then(|track| track.time_base);
        base.map_or(0, |base| {
            let ticks = u128::from(timestamp) * u128::from(base.numer.get()) * u128::from(rate_hz);
            u64::try_from(ticks / u128::from(base.denom.get())).unwrap_or(u64::MAX)
        })
    }

    fn dress(&mut self, mut packet: Packet, padding: u64) -> Next {
        // A first packet that only begins an overlap (Vorbis) decodes to nothing: raw frame 0 is behind it.
        let begin = packet.pts.get().saturating_add_unsigned(packet.trim_start.get());
        let base = *self.base.get_or_insert(if self.origin.audio.container == Container::Ogg {
            begin
        } else {
            packet.pts.get()
        });
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
        (self.damage, self.searched, self.resumed, self.last, self.run) = (None, 0, 0, 0, 0);
        self.lost_frames = 0;
        let wanted = self.track_id;
        let track = audio_track(&*self.reader, Some(wanted)).map(|track| track.id);
        self.select(
            track.ok_or_else(|| {
                Error::new(fanfare_model::ErrorKind::Io, "the file changed while it was read")
            })?,
        );
        self.begin();
        Ok(())
    }
}
