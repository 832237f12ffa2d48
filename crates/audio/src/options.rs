//! How files are opened: [`OpenOptions`].

use std::path::PathBuf;

use crate::Limits;

/// Whether and where `ffmpeg` is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FfmpegUse {
    /// In the folders of `PATH`.
    #[default]
    Auto,
    /// Never.
    Off,
    /// At that path only.
    At(PathBuf),
}

/// How files are opened.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// What a file may declare.
    pub limits: Limits,
    /// Whether `ffmpeg` may be used.
    pub ffmpeg: FfmpegUse,
    /// Frames of a chunk. 16,384 is 0.37 s at 44.1 kHz: small against the queues, large against their cost.
    pub chunk_frames: usize,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { limits: Limits::default(), ffmpeg: FfmpegUse::Auto, chunk_frames: 16_384 }
    }
}
