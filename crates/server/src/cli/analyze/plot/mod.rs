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
mod sheet;
mod style;
mod svg;
mod waveform;
mod words;

pub use sheet::Sheet;

/// No sheet is larger, in bytes.
#[cfg(test)]
const MOST_BYTES: usize = 400_000;

/// The sheet as an SVG document.
pub fn draw(sheet: &Sheet<'_>) -> String {
    page::draw(sheet)
}

#[cfg(test)]
mod tests;
