//! [`Withheld`]: frames of lossy codecs wait until the packets behind them are decoded, because damage often shows later
//! than it sounds.
//!
//! Why: outside of Ogg, packets of AAC, MP3, Opus and Vorbis have no checksum. A damaged one may be decoded to noise far above
//! the music, and only a later one is an error. Such noise would be played and be measured as loudness and peak.
//!
//! What becomes silence: a packet that is an error; the one before it and the ones behind it that share its overlap (AAC,
//! ISO 14496-3, 4.6.11.3.3: half of each transform with the next packet; MP3, ISO 11172-3, 2.4.3.4.10: the same, and its main
//! data may begin in earlier packets, 2.4.2.7; Vorbis I, 4.3.8; Opus, RFC 6716, 4.3.7: 2.5 ms); packets near such an error
//! that are louder than everything before; in a file with damage, short bursts that are louder than everything before and than
//! most of what follows; and a single packet far above full scale.

use std::collections::VecDeque;

use symphonia::core::codecs::audio::{
    AudioCodecId,
    well_known::{CODEC_ID_AAC, CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_VORBIS},
};

use super::pending::Pending;
use crate::Container;

/// Packets that wait.
const WAITING: usize = 6;
/// Packets behind an error in which a louder sound than any before is damage, too: about a second.
const NEAR: u32 = 48;
/// Louder packets in a row that are music after all.
const MUSIC: u32 = 12;
/// Packets that tell how loud a file is: about half a second.
const KNOWN: u32 = 20;
/// How much louder than anything before a sound must be, to be damage near an error: 1 dB.
const LOUDER: f32 = 1.122;
/// The peak beyond which a single packet is damage if nothing around it comes near (+6 dB above full scale).
const FAR_ABOVE: f32 = 2.0;
/// Packets that follow a burst of noise in a damaged file and may be as loud: other bursts.
const BURSTS: usize = 2;
/// The quietest peak that a file is taken to have.
const LEAST_PEAK: f32 = 0.01;

/// Frames that wait.
struct Waiting {
    pending: Pending,
    peak: f32,
}

/// Decoded frames that are not given out yet.
pub(super) struct Withheld {
    /// Packets behind an error that share its overlap, or `None` for codecs or containers with checksums.
    shared: Option<u32>,
    waiting: VecDeque<Waiting>,
    /// The largest sample that was given out.
    trusted: f32,
    /// Packets that are still to become silence, and those that are still near an error.
    mute: u32,
    near: u32,
    /// Whether there was an error.
    damaged: bool,
    /// Packets that became silence because of what they gave, since this was asked.
    found: u32,
    /// Packets that were given out, and those in a row that were louder than anything before them.
    given: u32,
    loud: u32,
}

impl Withheld {
    pub(super) fn new(codec: AudioCodecId, container: Container) -> Self {
        let shared = match codec {
            _ if container == Container::Ogg => None,
            // Main data may begin 511 bytes back: two packets of 128 kbit/s.
            CODEC_ID_MP3 => Some(2),
            CODEC_ID_AAC | CODEC_ID_MP1 | CODEC_ID_MP2 | CODEC_ID_OPUS | CODEC_ID_VORBIS => Some(1),
            _ => None,
        };
        Self {
            shared,
            waiting: VecDeque::new(),
            trusted: 0.0,
            mute: 0,
            near: 0,
            damaged: false,
            found: 0,
            given: 0,
            loud: 0,
        }
    }

    /// Whether frames wait here at all.
    pub(super) const fn is_used(&self) -> bool {
        self.shared.is_some()
    }

    /// Whether anything was given out.
    pub(super) fn has_given(&self) -> bool {
        self.trusted > 0.0
    }

    /// Takes frames, and puts those that waited long enough behind `pending`.
    pub(super) fn take(&mut self, frames: Pending, pending: &mut VecDeque<Pending>) {
        let peak = frames.peak();
        self.waiting.push_back(Waiting { pending: frames, peak });
        let last = self.waiting.len() - 1;
        if self.mute > 0 {
            self.mute -= 1;
            self.silence(last);
        } else if self.near > 0 {
            self.near -= 1;
            if self.is_louder(peak) && self.loud < MUSIC {
                self.loud += 1;
                self.found += 1;
                self.overlap_at(last);
            } else {
                self.near = if self.is_louder(peak) { 0 } else { self.near };
                self.loud = 0;
            }
        }
        while self.waiting.len() > WAITING {
            self.give(pending);
        }
    }

    /// Takes that much silence in place of a packet that is an error.
    pub(super) fn take_error(&mut self, frames: u64, pending: &mut VecDeque<Pending>) {
        self.waiting.push_back(Waiting { pending: Pending::Silence(frames), peak: 0.0 });
        let last = self.waiting.len() - 1;
        self.error_at(last);
        while self.waiting.len() > WAITING {
            self.give(pending);
        }
    }

    /// Whether that is louder than what the file was before, as far as that is known.
    fn is_louder(&self, peak: f32) -> bool {
        self.given >= KNOWN && peak > self.trusted.max(LEAST_PEAK) * LOUDER
    }

    /// Silences the packet there, and those around it that share its overlap.
    fn overlap_at(&mut self, at: usize) {
        self.silence(at);
        if at > 0 {
            self.silence(at - 1);
        }
        self.mute = self.shared.unwrap_or(0);
    }

    fn error_at(&mut self, at: usize) {
        for before in 0..at {
            if self.is_louder(self.waiting[before].peak) {
                self.silence(before);
            }
        }
        self.overlap_at(at);
        (self.near, self.loud, self.damaged) = (NEAR, 0, true);
    }

    fn silence(&mut self, at: usize) {
        let waiting = &mut self.waiting[at];
        (waiting.pending, waiting.peak) = (Pending::Silence(waiting.pending.frames()), 0.0);
    }

    /// Whether what waited longest is a burst of noise.
    fn is_burst(&self) -> bool {
        let Some(first) = self.waiting.front().map(|first| first.peak) else { return false };
        // Those that share its overlap sound like it.
        let behind = || self.waiting.iter().skip(1 + self.shared.unwrap_or(0) as usize);
        let around = behind().fold(self.trusted, |peak, next| peak.max(next.peak));
        if first > FAR_ABOVE && first > around * 2.0 {
            return true;
        }
        // Music that becomes louder stays so.
        let louder = behind().filter(|next| self.is_louder(next.peak)).count();
        self.damaged && self.is_louder(first) && louder <= BURSTS.min(behind().count().saturating_sub(1))
    }

    /// Gives out the frames that waited longest.
    fn give(&mut self, pending: &mut VecDeque<Pending>) {
        if self.is_burst() {
            self.found += 1;
            self.silence(0);
            let shared = self.shared.unwrap_or(0) as usize;
            (1..=shared.min(self.waiting.len() - 1)).for_each(|at| self.silence(at));
        }
        if let Some(first) = self.waiting.pop_front() {
            self.trusted = self.trusted.max(first.peak);
            self.given = self.given.saturating_add(1);
            pending.push_back(first.pending);
        }
    }

    /// Gives out everything, at the end.
    pub(super) fn give_all(&mut self, pending: &mut VecDeque<Pending>) {
        while !self.waiting.is_empty() {
            self.give(pending);
        }
    }

    /// Forgets what waits, for a seek.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        (self.mute, self.near) = (0, 0);
    }

    /// Frames that wait.
    pub(super) fn frames(&self) -> u64 {
        self.waiting.iter().map(|waiting| waiting.pending.frames()).sum()
    }

    /// How many packets became silence because of what they gave, since the last time this was asked.
    pub(super) fn take_found(&mut self) -> u32 {
        std::mem::take(&mut self.found)
    }
}
