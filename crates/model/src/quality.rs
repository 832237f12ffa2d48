//! What a listener asks for ([`Quality`]) and what is made for it ([`Profile`]).
//!
//! Vocabulary: a *quality* is the user's word; a *profile* says how its files are made: codec, bit rate and the version of
//! how we encode. What a profile made of a track is a *transcode*.
//!
//! Invariants: the same source bytes and the same profile give the same transcode, byte for byte, on one build of the
//! program; whatever would change those bytes raises [`PROFILE_VERSION`].

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{AudioProperties, ContentHash, Error, ErrorKind};

/// The version of how transcodes are made: raised with every change of their bytes.
pub const PROFILE_VERSION: u32 = 2;

/// What a transcode has besides its sound when it carries no tags, in bytes.
const HEAD_BYTES: f64 = 4_096.0;

/// The user's word for how a track is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// The track's own file.
    Original,
    /// The largest transcode.
    High,
    /// What is usually right for a phone.
    Medium,
    /// For slow and costly lines.
    Low,
}

impl Quality {
    /// Every quality, the best first.
    pub const ALL: [Self; 4] = [Self::Original, Self::High, Self::Medium, Self::Low];
    /// Those for which a transcode is made.
    pub const TRANSCODED: [Self; 3] = [Self::High, Self::Medium, Self::Low];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// The quality of a transcode: any but the original.
    ///
    /// # Errors
    /// `Invalid`, with the words that there are.
    pub fn of_transcode(text: &str) -> Result<Self, Error> {
        Self::TRANSCODED.into_iter().find(|quality| quality.as_str() == text).ok_or_else(|| {
            let why = match text {
                "original" => "originals are kept as they are and never made",
                _ => "there is no such quality of transcodes",
            };
            Error::new(ErrorKind::Invalid, why).remedy("one of high, medium, low")
        })
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Quality {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|quality| quality.as_str() == text).ok_or_else(|| {
            Error::new(ErrorKind::Invalid, "there is no such quality")
                .remedy("one of original, high, medium, low")
        })
    }
}

/// The codec of the transcodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TranscodeCodec {
    /// MPEG-1 Layer III at a constant rate: plays everywhere.
    Mp3,
    /// Opus at a constant rate, in Ogg: better at the same size, for players that know it.
    Opus,
    /// AAC-LC in fragmented MP4.
    Aac,
}

impl TranscodeCodec {
    /// Every codec.
    pub const ALL: [Self; 3] = [Self::Mp3, Self::Opus, Self::Aac];

    /// Its name in settings and profiles.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Opus => "opus",
            Self::Aac => "aac",
        }
    }

    /// What the names of its files end with.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Opus => "opus",
            Self::Aac => "m4a",
        }
    }

    /// The media type of its files.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Mp3 => "audio/mpeg",
            Self::Opus => "audio/ogg",
            Self::Aac => "audio/mp4",
        }
    }

    /// Whether every second has as many bytes as every other, so that a file's length and the place of any of its
    /// frames are known before it is made.
    #[must_use]
    pub const fn is_constant(self) -> bool {
        matches!(self, Self::Mp3 | Self::Opus)
    }
}

impl FromStr for TranscodeCodec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|codec| codec.as_str() == text).ok_or_else(|| {
            Error::new(ErrorKind::Invalid, "there is no such codec").remedy("one of mp3, opus, aac")
        })
    }
}

/// How a transcode is made. Its text (`mp3-medium-192k-v2`) names it in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Profile {
    /// For which quality; never [`Quality::Original`].
    pub quality: Quality,
    /// The codec.
    pub codec: TranscodeCodec,
    /// Kilobits per second.
    pub bitrate_kbps: u32,
}

impl Profile {
    /// The profile of a quality; `None` for the original, of which nothing is made.
    ///
    /// 128, 192 and 256 kbit/s for MP3; Opus and AAC need less for the same quality (Opus: recommendations of
    /// RFC 7845's authors for music, 96 to 160 kbit/s; AAC-LC: a quarter less than MP3).
    #[must_use]
    pub const fn of(quality: Quality, codec: TranscodeCodec) -> Option<Self> {
        let bitrate_kbps = match (quality, codec) {
            (Quality::Original, _) => return None,
            (Quality::High, TranscodeCodec::Mp3) => 256,
            (Quality::Medium, TranscodeCodec::Mp3) | (Quality::High, TranscodeCodec::Aac) => 192,
            (Quality::High, TranscodeCodec::Opus) => 160,
            (Quality::Medium, TranscodeCodec::Aac) => 144,
            (Quality::Low, TranscodeCodec::Mp3) | (Quality::Medium, TranscodeCodec::Opus) => 128,
            (Quality::Low, TranscodeCodec::Opus | TranscodeCodec::Aac) => 96,
        };
        Some(Self { quality, codec, bitrate_kbps })
    }

    /// The same profile for audio of that many channels: one channel gets half of what two get.
    #[must_use]
    pub const fn for_channels(self, channels: u8) -> Self {
        let stereo = Self::of(self.quality, self.codec);
        match stereo {
            Some(stereo) if channels == 1 => Self { bitrate_kbps: stereo.bitrate_kbps / 2, ..stereo },
            Some(stereo) => stereo,
            None => self,
        }
    }

    /// The profile for a source of that many bytes; `None` where its file would not be smaller than that (a silent FLAC, a WAV
    /// of 8 kHz), so that none is made. Where the length is not known yet, that is found out when it is made.
    #[must_use]
    pub fn for_source(self, audio: &AudioProperties, source_bytes: u64) -> Option<Self> {
        let profile = self.for_channels(audio.channels);
        let Some(seconds) = audio.duration_s() else { return Some(profile) };
        // Pages of Ogg take up to a fiftieth; a head without tags and the packets in front and behind fit in the rest.
        let expected = profile.bitrate_bps() as f64 / 8.0 * seconds * 1.02 + HEAD_BYTES;
        (expected < source_bytes as f64).then_some(profile)
    }

    /// Its rate in bits per second.
    #[must_use]
    pub const fn bitrate_bps(self) -> u64 {
        self.bitrate_kbps as u64 * 1_000
    }

    /// The name of the file that it makes of those bytes : `HASH_medium_192k.mp3`.
    #[must_use]
    pub fn file_name(self, hash: ContentHash) -> String {
        format!("{hash}_{}_{}k.{}", self.quality, self.bitrate_kbps, self.codec.suffix())
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}k-v{PROFILE_VERSION}", self.codec.as_str(), self.quality, self.bitrate_kbps)
    }
}

impl FromStr for Profile {
    type Err = Error;

    /// Reads a profile of the present version.
    fn from_str(text: &str) -> Result<Self, Error> {
        let all = TranscodeCodec::ALL.into_iter().flat_map(|codec| {
            Quality::TRANSCODED.into_iter().filter_map(move |quality| Self::of(quality, codec))
        });
        all.flat_map(|profile| [profile, profile.for_channels(1)])
            .find(|profile| profile.to_string() == text)
            .ok_or_else(|| Error::new(ErrorKind::Invalid, "this is no profile of this version"))
    }
}

/// How a transcode of a constant rate lies in its file: a head (tags, and what a decoder is told), then blocks that are
/// made each by itself. Known before the first of them exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlockGrid {
    /// Bytes in front of the first block.
    pub head_bytes: u64,
    /// Bytes of every block but the last.
    pub block_bytes: u64,
    /// How many blocks; at least 1.
    pub blocks: u32,
    /// Bytes of the whole file.
    pub len_bytes: u64,
}

impl BlockGrid {
    /// Where a block's bytes lie; `None` for one that there is not.
    #[must_use]
    pub fn bytes_of(&self, block: u32) -> Option<std::ops::Range<u64>> {
        let start = self.head_bytes + u64::from(block) * self.block_bytes;
        let last = block + 1 == self.blocks;
        (block < self.blocks).then(|| start..if last { self.len_bytes } else { start + self.block_bytes })
    }

    /// The block in which that byte lies; `None` for one of the head or behind the end.
    #[must_use]
    pub fn block_at(&self, byte: u64) -> Option<u32> {
        let behind = byte.checked_sub(self.head_bytes).filter(|_| byte < self.len_bytes)?;
        let block = u32::try_from(behind / self.block_bytes.max(1)).unwrap_or(u32::MAX);
        Some(block.min(self.blocks.saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_and_quality_is_read_as_it_is_written() {
        for quality in Quality::ALL {
            assert_eq!(quality.to_string().parse::<Quality>().unwrap(), quality);
            for codec in TranscodeCodec::ALL {
                assert_eq!(codec.as_str().parse::<TranscodeCodec>().unwrap(), codec);
                if let Some(profile) = Profile::of(quality, codec) {
                    let mono = profile.for_channels(1);
                    assert_eq!(mono.bitrate_kbps * 2, profile.bitrate_kbps, "half for one channel");
                    assert_eq!(mono.for_channels(2), profile);
                    for profile in [profile, mono] {
                        assert_eq!(profile.to_string().parse::<Profile>().unwrap(), profile);
                    }
                }
            }
        }
        assert_eq!("mp3-medium-192k-v0".parse::<Profile>().unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!("best".parse::<Quality>().unwrap_err().kind(), ErrorKind::Invalid);
    }

    #[test]
    fn files_are_named_by_bytes_quality_and_rate() {
        let medium = Profile::of(Quality::Medium, TranscodeCodec::Mp3).unwrap();
        let name = medium.file_name(ContentHash::from_bytes([0xa1; 32]));
        assert_eq!(name, format!("{}_medium_192k.mp3", "a1".repeat(32)));
        assert!(Profile::of(Quality::Original, TranscodeCodec::Mp3).is_none());
    }

    // issue 13: 48 kB of WAV became 145 kB of MP3, 9.6 kB of silent FLAC 241 kB.
    #[test]
    fn no_profile_makes_a_file_as_large_as_its_source() {
        let audio = |rate_hz, channels, seconds| AudioProperties {
            codec: "pcm_s16le".to_owned(),
            container: "wav".to_owned(),
            sample_rate_hz: rate_hz,
            channels,
            bit_depth: Some(16),
            frames: Some(u64::from(rate_hz) * seconds),
            bitrate_bps: None,
        };
        let medium = Profile::of(Quality::Medium, TranscodeCodec::Mp3).unwrap();
        let rate = |audio: &AudioProperties, bytes| {
            medium.for_source(audio, bytes).map(|profile| profile.bitrate_kbps)
        };
        assert_eq!(rate(&audio(44_100, 2, 10), 1_764_044), Some(192));
        assert_eq!(rate(&audio(44_100, 1, 10), 882_044), Some(96));
        assert_eq!(rate(&audio(8_000, 1, 3), 48_044), Some(96), "36 kB of 48");
        assert_eq!(rate(&audio(8_000, 2, 6), 192_044), Some(192), "144 kB of 192");
        assert_eq!(rate(&audio(8_000, 2, 6), 140_000), None);
        assert_eq!(rate(&audio(44_100, 2, 10), 9_600), None, "a silent FLAC");
        let unknown = AudioProperties { frames: None, ..audio(44_100, 2, 10) };
        assert_eq!(rate(&unknown, 9_600), Some(192), "found out when it is made");
    }

    #[test]
    fn every_byte_behind_the_head_lies_in_the_block_that_says_so() {
        let grid = BlockGrid { head_bytes: 10, block_bytes: 7, blocks: 3, len_bytes: 10 + 7 + 7 + 2 };
        assert_eq!((grid.block_at(9), grid.block_at(26)), (None, None));
        for byte in 10..26 {
            let block = grid.block_at(byte).unwrap();
            assert!(grid.bytes_of(block).unwrap().contains(&byte), "{byte}");
        }
        assert_eq!((grid.bytes_of(2), grid.bytes_of(3)), (Some(24..26), None));
    }
}
