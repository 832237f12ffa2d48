//! [`UploadOptions`]: what people may send, and what is made of it.

use fanfare_audio::hls::Ladder;
use fanfare_model::Result;

/// The largest file that is taken in: a day of CD audio as FLAC has some 9 GiB, an hour of 24-bit 96 kHz under 2.
const MAX_BYTES: u64 = 2 << 30;

/// What people may send, and what is made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadOptions {
    /// The largest file, in bytes.
    pub max_bytes: u64,
    /// How many bytes the originals of one person may take; 0 for no limit.
    pub quota_bytes: u64,
    /// Whether the file itself is kept when everything was made of it. Without it a track plays from its ladder only,
    /// and cannot be analyzed again by better analyzers.
    pub keep_originals: bool,
    /// The HLS ladder, in the form of [`Ladder`].
    pub ladder: String,
}

impl Default for UploadOptions {
    fn default() -> Self {
        Self {
            max_bytes: MAX_BYTES,
            quota_bytes: 0,
            keep_originals: true,
            ladder: Ladder::default().to_string(),
        }
    }
}

impl UploadOptions {
    /// The ladder, read.
    ///
    /// # Errors
    /// `Invalid` with what is wrong about it.
    pub fn read_ladder(&self) -> Result<Ladder> {
        self.ladder.parse()
    }
}
