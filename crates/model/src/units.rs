//! Units as types: frames, rates, layouts and the levels of loudness measurement.
//!
//! Levels are `f64` newtypes that serialise as bare numbers; their unit is in the field name of whatever
//! holds them. They are finite: a level that could not be measured is `None` in its holder.

use std::{fmt, num::NonZeroU32, ops};

use serde::{Deserialize, Serialize};

/// The most channels any audio in this program can have (22.2 surround has 24).
pub const MAX_CHANNELS: usize = 64;

/// Frames per second, never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SampleRate(NonZeroU32);

impl SampleRate {
    /// The rate of that many frames per second; `None` for zero.
    #[must_use]
    pub const fn new(hz: u32) -> Option<Self> {
        match NonZeroU32::new(hz) {
            Some(hz) => Some(Self(hz)),
            None => None,
        }
    }

    /// 44.1 kHz, the rate of the compact disc.
    pub const CD: Self = match Self::new(44_100) {
        Some(rate) => rate,
        None => unreachable!(),
    };

    /// Frames per second.
    #[must_use]
    pub const fn hz(self) -> u32 {
        self.0.get()
    }

    /// How long that many frames last, in seconds.
    #[must_use]
    pub fn seconds(self, frames: u64) -> f64 {
        frames as f64 / f64::from(self.hz())
    }

    /// The frame nearest to that time; negative and non-finite times give frame 0.
    #[must_use]
    pub fn frame_at(self, seconds: f64) -> FrameIndex {
        let frame = (seconds * f64::from(self.hz())).round();
        FrameIndex(if frame.is_finite() && frame > 0.0 { frame as u64 } else { 0 })
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Hz", self.hz())
    }
}

/// A position in a track, counted in frames from its first audible frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FrameIndex(pub u64);

impl ops::Add<u64> for FrameIndex {
    type Output = Self;
    fn add(self, frames: u64) -> Self {
        Self(self.0.saturating_add(frames))
    }
}

/// Which channels there are, in order. Order inside a layout is that of WAVE (Microsoft `dwChannelMask`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelLayout {
    /// One channel.
    Mono,
    /// L R
    Stereo,
    /// L R C
    Surround3_0,
    /// L R Ls Rs
    Quad,
    /// L R C Ls Rs
    Surround5_0,
    /// L R C LFE Ls Rs
    Surround5_1,
    /// L R C LFE Lb Rb Ls Rs
    Surround7_1,
    /// That many channels of unknown position; loudness treats each as a front channel.
    Discrete(u8),
}

impl ChannelLayout {
    /// The usual layout of that many channels; `None` for zero or more than [`MAX_CHANNELS`].
    #[must_use]
    pub const fn of(channels: usize) -> Option<Self> {
        Some(match channels {
            0 => return None,
            1 => Self::Mono,
            2 => Self::Stereo,
            3 => Self::Surround3_0,
            4 => Self::Quad,
            5 => Self::Surround5_0,
            6 => Self::Surround5_1,
            8 => Self::Surround7_1,
            n if n <= MAX_CHANNELS => Self::Discrete(n as u8),
            _ => return None,
        })
    }

    /// How many channels it has.
    #[must_use]
    pub const fn channels(self) -> usize {
        match self {
            Self::Mono => 1,
            Self::Stereo => 2,
            Self::Surround3_0 => 3,
            Self::Quad => 4,
            Self::Surround5_0 => 5,
            Self::Surround5_1 => 6,
            Self::Surround7_1 => 8,
            Self::Discrete(n) => n as usize,
        }
    }
}

/// What a frame looks like: its rate and its channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SampleSpec {
    /// Frames per second.
    pub rate: SampleRate,
    /// The channels of a frame, in order.
    pub layout: ChannelLayout,
}

impl SampleSpec {
    /// How many channels a frame has.
    #[must_use]
    pub const fn channels(self) -> usize {
        self.layout.channels()
    }
}

macro_rules! level {
    ($(#[$doc:meta])* $name:ident, $unit:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub f64);

        impl $name {
            /// The value, or `None` if it is not finite.
            #[must_use]
            pub fn finite(value: f64) -> Option<Self> {
                value.is_finite().then_some(Self(value))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{:.1} ", $unit), self.0)
            }
        }
    };
}

level!(
    /// Loudness, K-weighted, relative to full scale (ITU-R BS.1770-5).
    Lufs, "LUFS");
level!(
    /// A difference or range of loudness (EBU Tech 3342).
    Lu, "LU");
level!(
    /// True-peak level relative to full scale (ITU-R BS.1770-5 Annex 2).
    DbTp, "dBTP");
level!(
    /// Sample level relative to full scale.
    Dbfs, "dBFS");
level!(
    /// Tempo in beats per minute.
    Bpm, "BPM");
