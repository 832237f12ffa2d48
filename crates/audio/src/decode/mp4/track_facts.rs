//! [`Mp4Facts`]: what the boxes say about a sound track.

use fanfare_model::{Error, ErrorKind, Result};

use crate::decode::bytes::Patch;

/// What the boxes say about the first sound track.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::decode) struct Mp4Facts {
    /// The track's id.
    pub track_id: u32,
    /// Ticks per second of the track's media.
    pub timescale: u32,
    /// Ticks per second of the movie, in which edits count.
    pub movie_timescale: u32,
    /// Media duration in ticks of `timescale`; 0 if unknown.
    pub media_duration: u64,
    /// The edit: first tick of the media that is heard, and duration in ticks of `movie_timescale`.
    pub edit: Option<(u64, u64)>,
    /// Priming and audible frames from `iTunSMPB`.
    pub smpb: Option<(u64, u64)>,
    /// Four-character code of the sample entry.
    pub entry: [u8; 4],
    /// Whether the decoder configuration names spectral band replication (HE-AAC) or another tool beyond LC.
    pub beyond_lc: bool,
    /// Whether it may be HE-AAC without saying so.
    pub maybe_beyond_lc: bool,
    /// The rate by AAC's own configuration.
    pub aac_rate_hz: Option<u32>,
    /// The sample description (14496-12, 8.5.2), from its version on.
    pub description: Vec<u8>,
    /// Samples in the index; 0 in a file of fragments alone.
    pub indexed_samples: u32,
    /// The times of packets that the index lists and tells no time of.
    pub more_times: Option<Patch>,
    /// Whether there are samples in the index and in fragments behind it.
    pub hybrid: bool,
}

/// Whether a sample description has an `enda` atom that says little-endian.
pub(crate) fn says_little_endian(description: &[u8]) -> bool {
    description.windows(6).any(|window| window == b"enda\0\x01")
}

impl Mp4Facts {
    /// Frames of priming and, where known, one past the last audible raw frame.
    ///
    /// An edit's duration counts in ticks of the movie, often milliseconds. Where the media's own duration
    /// agrees with it to one such tick, that one is taken, for it is exact.
    pub(in crate::decode) fn lead_and_end(&self, rate_hz: u32) -> (u64, Option<u64>) {
        let frames = |ticks: u64, scale: u32| {
            (u128::from(ticks) * u128::from(rate_hz))
                .checked_div(u128::from(scale))
                .and_then(|frames| u64::try_from(frames).ok())
        };
        let Some((start, duration)) = self.edit else {
            return match self.smpb {
                Some((priming, audible)) => (priming, Some(priming.saturating_add(audible))),
                None => (0, frames(self.media_duration, self.timescale).filter(|frames| *frames > 0)),
            };
        };
        let lead = frames(start, self.timescale).unwrap_or(0);
        if let Some((priming, audible)) = self.smpb
            && priming == lead
        {
            return (lead, Some(lead.saturating_add(audible)));
        }
        let media_end = frames(self.media_duration, self.timescale).filter(|end| *end > lead);
        let edit_end = frames(duration, self.movie_timescale)
            .filter(|frames| *frames > 0)
            .map(|frames| lead.saturating_add(frames));
        let tick = u64::from(rate_hz / self.movie_timescale.max(1)) + 1;
        let end = match (media_end, edit_end) {
            (Some(media), Some(edit)) if media.abs_diff(edit) <= tick => Some(media),
            (media, edit) => edit.or(media),
        };
        (lead, end)
    }

    /// Whether the sound is PCM of a QuickTime code whose order of bytes is big-endian, unless an `enda` atom says 1 (Apple,
    /// "QuickTime File Format", sound sample description extensions).
    pub(in crate::decode) fn is_big_endian(&self) -> bool {
        matches!(&self.entry, b"in24" | b"in32" | b"fl32" | b"fl64") && !says_little_endian(&self.description)
    }

    /// The error for a file whose samples Symphonia would decode wrongly, if it is one.
    pub(in crate::decode) fn refuse(&self) -> Result<()> {
        if self.beyond_lc {
            return Err(Error::new(ErrorKind::Unsupported, "HE-AAC and other kinds of AAC beyond LC"));
        }
        if self.hybrid {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "samples in the index and in fragments of one MP4 file",
            ));
        }
        Ok(())
    }
}
