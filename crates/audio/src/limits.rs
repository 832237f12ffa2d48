//! [`Limits`]: what a file may declare or reach before it is refused.
//!
//! Purpose: every length, size and count that comes out of a file is compared with a field of this struct
//! before it is used. Crossing one is [`ErrorKind::LimitExceeded`](fanfare_model::ErrorKind::LimitExceeded)
//! with the field's name.
//!
//! Invariant: no limit can be raised past what the types of this program can hold.

use fanfare_model::{ChannelLayout, Error, ErrorKind, MAX_CHANNELS, Result, SampleRate, SampleSpec};

/// What a file may declare or reach. Every field names its unit; its comment gives the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Samples per frame. Loudness is defined to 7.1 (BS.1770-5), and nothing in a music library has more.
    pub max_channels: u16,
    /// Lowest rate in Hz. Under 1 kHz nothing is music and time arithmetic loses its meaning.
    pub min_sample_rate_hz: u32,
    /// Highest rate in Hz: 768 kHz is the fastest PCM that converters take.
    pub max_sample_rate_hz: u32,
    /// Longest track in seconds of decoded PCM: a day, so that a small file cannot decode for ever.
    pub max_duration_s: u32,
    /// Bytes of tags in one file that are read or skipped: the largest ones hold several booklet scans.
    pub max_tag_bytes: u64,
    /// Characters kept of one tag text; longer ones are cut. Nobody reads a longer title.
    pub max_text_chars: usize,
    /// Bytes of one cover image; larger ones are left where they are.
    pub max_cover_bytes: u64,
    /// Pixels of a cover before decoding it: 40 Mpx take about a second.
    pub max_cover_pixels: u64,
    /// Bytes that decoding one cover may take, the image file included: enough for a progressive JPEG, or a WebP, of
    /// 3,000 x 3,000 pixels, and for a JPEG or PNG of any size.
    pub max_cover_memory_bytes: u64,
    /// Longest side in pixels of a normalised cover: the largest that any screen of ours shows.
    pub cover_side_px: u32,
    /// Bytes at the head of a file in which audio must begin, after tags. Junk before it was seen up to 60 kB.
    pub max_probe_bytes: usize,
    /// Packets that may be damaged before decoding stops: enough for a scratched rip, not for noise.
    pub max_damaged_packets: u32,
    /// Address space in bytes of a child decoder. `ffmpeg` maps about 300 MB of libraries to begin with.
    pub child_memory_bytes: u64,
    /// Processor time in seconds of a child decoder: an hour of the slowest codec at the slowest speed.
    pub child_cpu_s: u64,
    /// Wall time in seconds that a child decoder may stay silent while it is being read.
    pub child_silence_s: u64,
    /// Bytes kept from the end of what a child decoder says on its error output.
    pub child_stderr_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_channels: 8,
            min_sample_rate_hz: 1_000,
            max_sample_rate_hz: 768_000,
            max_duration_s: 24 * 3600,
            max_tag_bytes: 16 << 20,
            max_text_chars: 1_000,
            max_cover_bytes: 16 << 20,
            max_cover_pixels: 40_000_000,
            max_cover_memory_bytes: 56 << 20,
            cover_side_px: 1_000,
            max_probe_bytes: 128 << 10,
            max_damaged_packets: 2_000,
            child_memory_bytes: 1 << 30,
            child_cpu_s: 3_600,
            child_silence_s: 60,
            child_stderr_bytes: 4 << 10,
        }
    }
}

impl Limits {
    /// The spec of that rate and number of channels, if both are allowed.
    ///
    /// # Errors
    /// [`ErrorKind::LimitExceeded`] above a limit, [`ErrorKind::Malformed`] for zero and for rates under the
    /// lowest.
    pub fn spec(&self, rate_hz: u32, channels: usize) -> Result<SampleSpec> {
        let most = usize::from(self.max_channels).min(MAX_CHANNELS);
        if channels > most {
            return Err(Error::limit("channels", channels as u64, most as u64));
        }
        if rate_hz > self.max_sample_rate_hz {
            return Err(Error::limit("sample_rate_hz", rate_hz.into(), self.max_sample_rate_hz.into()));
        }
        match (SampleRate::new(rate_hz), ChannelLayout::of(channels)) {
            (Some(rate), Some(layout)) if rate_hz >= self.min_sample_rate_hz => {
                Ok(SampleSpec { rate, layout })
            }
            _ => Err(Error::new(
                ErrorKind::Malformed,
                format!("the file declares {channels} channels at {rate_hz} Hz"),
            )),
        }
    }

    /// Frames that a track of that rate may have.
    #[must_use]
    pub fn max_frames(&self, rate: SampleRate) -> u64 {
        u64::from(self.max_duration_s) * u64::from(rate.hz())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_is_refused_by_the_limit_it_crosses() {
        let limits = Limits::default();
        assert_eq!(limits.spec(44_100, 2).unwrap().channels(), 2);
        assert_eq!(limits.spec(44_100, 65_535).unwrap_err().limit_hit().unwrap().name, "channels");
        assert_eq!(limits.spec(u32::MAX, 2).unwrap_err().limit_hit().unwrap().name, "sample_rate_hz");
        for (rate, channels) in [(0, 2), (44_100, 0), (10, 1)] {
            assert_eq!(limits.spec(rate, channels).unwrap_err().kind(), ErrorKind::Malformed);
        }
    }
}
