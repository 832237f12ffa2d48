//! What a damaged stretch of a file becomes: silence of its length, one warning, and the end only where nothing follows.

use fanfare_model::{Error, Result};

use super::{
    guard::Trouble,
    pending::{MAX_GAP_FRAMES, Pending},
    source::{Decode, MAX_SILENT_PACKETS},
};
use crate::Container;

/// Warnings kept of one file; what comes later is damage of the same kinds.
const MAX_WARNINGS: usize = 32;
/// A gap of less than that part of a second may be a rounded time.
const GAPS_PER_S: u32 = 50;
const BROKEN: &str = "the file is damaged in a way that stopped the decoder";

impl Decode {
    pub(super) fn warn(&mut self, line: impl Into<String>) {
        let line = line.into();
        if self.warnings.len() < MAX_WARNINGS && !self.warnings.contains(&line) {
            self.warnings.push(line);
        }
    }

    /// Raw index behind the frames that wait for the next packets.
    fn reached(&self) -> u64 {
        self.raw.saturating_add(self.withheld.frames())
    }

    /// Whether only frames are decoded that lie before the place that was sought.
    pub(super) fn is_before_wanted(&self) -> bool {
        self.reached() < self.plan.trim.raw_of(self.wanted)
    }

    /// Counts damage, in one warning for all; whether to go on.
    pub(super) fn count_damage(&mut self, what: &str) -> bool {
        if self.is_before_wanted() {
            // Before the place that was sought, a decoder just reset misses what came before: no damage.
            return true;
        }
        self.damaged += 1;
        let at_s = self.spec.rate.seconds(self.place.offset + self.plan.trim.frame_of(self.reached()));
        match self.damage_line.and_then(|line| self.warnings.get_mut(line)) {
            None => {
                self.damage_line = Some(self.warnings.len());
                self.warn(format!("damage at {at_s:.2} s became silence: {what}"));
            }
            Some(text) => {
                let first = text.split(" (and ").next().unwrap_or_default().to_owned();
                *text = format!("{first} (and {} more)", self.damaged - 1);
            }
        }
        self.damaged <= self.limits.max_damaged_packets
    }

    /// Puts silence in place of what was lost before the packet of that time.
    pub(super) fn fill_up_to(&mut self, timestamp: u64) {
        // Times of Matroska are rounded to milliseconds; those of Ogg count frames.
        let least = match self.origin.audio.container {
            Container::Matroska => u64::from(self.spec.rate.hz() / GAPS_PER_S),
            Container::Ogg if !self.chained => 0,
            _ => return,
        };
        if !self.lost_count {
            return;
        }
        let place = self.packets.frames_until(timestamp, self.spec.rate.hz());
        let (gap, whole) =
            (place.saturating_sub(self.next_raw()), self.plan.exact_frames.or(self.about_frames()));
        // A time behind the end is damaged itself.
        if gap > least && whole.is_none_or(|whole| self.plan.trim.frame_of(place) <= whole) {
            let most = if whole.is_some() { gap } else { MAX_GAP_FRAMES };
            self.put(Pending::Silence(gap.min(most)));
        }
    }

    /// How many frames of a packet of that time are there already, because what came before it was longer than its time.
    pub(super) fn too_far_by(&self, timestamp: u64) -> u64 {
        let counts = self.lost_count && !self.chained && self.origin.audio.container == Container::Ogg;
        if counts { self.next_raw().saturating_sub(timestamp) } else { 0 }
    }

    /// Deals with trouble that costs that many frames. Whether to go on.
    pub(super) fn meet(&mut self, trouble: Trouble, frames: u64) -> Result<bool> {
        let what = match trouble {
            Trouble::Io(error) => return Err(Error::from_io("reading the file", error)),
            // Another decoder goes on from here, if there is one.
            Trouble::Wrong(_) if !self.alone => return Err(trouble.into_error()),
            Trouble::Wrong(what) => what.to_owned(),
            Trouble::CutOff if frames == 0 => {
                // Where the length is known it is said below what is missing, or nothing is: behind the sound of a
                // Matroska file anything may follow.
                if self.origin.audio.container != Container::Matroska || self.about_frames().is_none() {
                    self.warn("the file ends in the middle of its audio");
                }
                return Ok(false);
            }
            Trouble::Panicked | Trouble::Restart | Trouble::Unseekable => {
                self.warn(BROKEN);
                return Ok(false);
            }
            Trouble::CutOff => "a packet ends too early".to_owned(),
            Trouble::Damaged(what) | Trouble::Unsupported(what) => what,
        };
        self.lost_count |= frames == 0;
        let frames = if frames <= MAX_GAP_FRAMES { frames } else { 0 };
        if self.withheld.is_used() && !self.is_before_wanted() {
            self.withheld.take_error(frames, &mut self.pending);
        } else {
            self.put(Pending::Silence(frames));
        }
        self.silent += 1;
        Ok(self.count_damage(&what) && self.silent <= MAX_SILENT_PACKETS)
    }
}
