//! [`Coder`]: the codecs that can make a block by itself, behind one set of questions.

use fanfare_model::{Error, ErrorKind, Profile, Result, SampleSpec};

use crate::encode::{
    mp3::{self, Mp3},
    opus::{self, Opus},
};

/// A codec with its settings.
#[derive(Debug, Clone, Copy)]
pub(super) enum Coder {
    Mp3(Mp3),
    Opus(Opus),
}

impl Coder {
    /// What it encodes.
    pub(super) const fn spec(self) -> SampleSpec {
        match self {
            Self::Mp3(mp3) => mp3.spec,
            Self::Opus(opus) => opus.spec,
        }
    }

    /// Frames of a packet, packets of a block, packets heard in front of one, frames heard behind it.
    const fn sizes(self) -> (u64, u64, u64, u64) {
        match self {
            Self::Mp3(_) => (mp3::FRAME, mp3::BLOCK, mp3::BEFORE, mp3::AFTER),
            Self::Opus(_) => (opus::FRAME, opus::BLOCK, opus::BEFORE, 0),
        }
    }

    /// Packets of a block.
    pub(super) const fn block_packets(self) -> u64 {
        self.sizes().1
    }

    /// Packets of a track of that many frames at its rate.
    pub(super) fn packets(self, frames: u64) -> u64 {
        match self {
            Self::Mp3(mp3) => mp3.packets(frames),
            Self::Opus(_) => Opus::packets(frames),
        }
    }

    /// Bytes of the first so many packets of a block.
    pub(super) fn block_bytes(self, packets: u64) -> u64 {
        match self {
            Self::Mp3(mp3) => mp3.block_bytes(packets),
            Self::Opus(opus) => opus.block_bytes(packets),
        }
    }

    /// Bytes of all packets of a track.
    pub(super) fn audio_bytes(self, packets: u64) -> u64 {
        match self {
            Self::Mp3(mp3) => mp3.audio_bytes(packets),
            Self::Opus(opus) => opus.audio_bytes(packets),
        }
    }

    /// The first frame that a block's encoder hears; before the track there is silence.
    pub(super) fn window_start(self, block: u32) -> i64 {
        let (frame, packets, before, _) = self.sizes();
        (i64::from(block) * packets.cast_signed() - before.cast_signed()) * frame.cast_signed()
    }

    /// How many frames it hears for that many packets.
    pub(super) const fn window_frames(self, packets: u64) -> u64 {
        let (frame, _, before, after) = self.sizes();
        (before + packets) * frame + after
    }

    /// The first packets of a block, from what its encoder hears.
    ///
    /// # Errors
    /// Those of the codec.
    pub(super) fn encode(self, block: u32, planes: &[&[f32]], packets: u64) -> Result<Vec<u8>> {
        match self {
            Self::Mp3(mp3) => mp3.encode(planes, packets),
            Self::Opus(opus) => opus.encode(block, planes, packets),
        }
    }
}

/// A profile whose bytes cannot be told beforehand.
pub(super) fn no_constant_rate(profile: Profile) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{} has no constant rate", profile.codec.as_str()))
}
