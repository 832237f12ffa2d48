//! `--plot`: what was analyzed of a file on one sheet, as SVG.
//!
//! Purpose: to see at a glance what the numbers say: a header with the figures, then, over one axis of time, the keys in
//! turn, the waveform coloured by frequency band, beats and bars, the tempo where it moves, and the loudness.
//!
//! Vocabulary: the *sheet* is the whole drawing, a *panel* one of its rows, the *lane* the row of beats.
//!
//! Invariants: [`draw`] is a pure function; any features give well-formed XML of bounded size, however long the track
//! ([`MOST_BYTES`]); a sheet refers to nothing outside of itself and runs nothing.

mod beats;
mod header;
mod keys;
mod loudness;
mod page;
mod scale;
mod style;
mod svg;
mod waveform;
mod words;

use fanfare_model::Features;

/// No sheet is larger, in bytes.
#[cfg(test)]
const MOST_BYTES: usize = 400_000;

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

/// The sheet as an SVG document.
pub fn draw(sheet: &Sheet<'_>) -> String {
    page::draw(sheet)
}

#[cfg(test)]
mod tests;
