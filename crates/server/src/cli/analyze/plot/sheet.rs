//! [`Sheet`]: what a drawing shows.

use fanfare_model::Features;

/// What a sheet shows.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'a> {
    /// The file's name without its folder.
    pub file_name: &'a str,
    /// Title from the tags.
    pub title: Option<&'a str>,
    /// Artist from the tags.
    pub artist: Option<&'a str>,
    /// Album from the tags.
    pub album: Option<&'a str>,
    /// Length in seconds.
    pub duration_s: f64,
    /// Frames per second.
    pub sample_rate_hz: u32,
    /// Channels.
    pub channels: usize,
    /// Name of the codec.
    pub codec: &'a str,
    /// Bits per sample, where the codec has them.
    pub bit_depth: Option<u8>,
    /// What was analyzed, with the curves.
    pub features: &'a Features,
}
