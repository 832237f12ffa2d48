//! A waveform in bytes: as text its thousands of numbers would be most of the database.
//!
//! Layout 2 (all little-endian): the four bytes of [`MARK`]; `u32` columns; as many `f32` peaks; as many `f32` RMS;
//! `u32` frames per cell (0: no detail follows); `u32` cells; smallest and largest of each cell, two bytes; the
//! four bands of each cell, four bytes. Some 40 KiB for a track of any length.
//!
//! Layout 1, written before there was a detail, is peaks and RMS alone, without mark or counts. Its first four
//! bytes are a number from 0 to 1, which the mark is not.

use fanfare_model::{
    Result,
    features::{Waveform, WaveformDetail},
};

use crate::error::strange;

/// The beginning of layout 2; as a number it would be below -10^38.
const MARK: [u8; 4] = [b'W', b'F', 2, 0xFF];
/// Bytes of a cell: two extremes, four bands.
const CELL_BYTES: usize = 6;

/// The waveform's bytes; `None` if it cannot be drawn: columns of different number, a number that is not
/// finite, cells without bands.
pub(super) fn pack(waveform: &Waveform) -> Option<Vec<u8>> {
    let Waveform { peaks, rms, detail } = waveform;
    let numbers = || peaks.iter().chain(rms);
    let even = detail
        .as_ref()
        .is_none_or(|detail| detail.extremes.len() == detail.bands.len() && detail.frames_per_cell > 0);
    if peaks.len() != rms.len() || !even || !numbers().all(|number| number.is_finite()) {
        return None;
    }
    let mut bytes = Vec::from(MARK);
    bytes.extend(u32::try_from(peaks.len()).ok()?.to_le_bytes());
    bytes.extend(numbers().flat_map(|number| number.to_le_bytes()));
    let (frames_per_cell, cells) = match detail {
        Some(detail) => (detail.frames_per_cell, u32::try_from(detail.extremes.len()).ok()?),
        None => (0, 0),
    };
    bytes.extend(frames_per_cell.to_le_bytes());
    bytes.extend(cells.to_le_bytes());
    if let Some(detail) = detail {
        bytes.extend(
            detail.extremes.iter().flat_map(|(low, high)| [low.to_le_bytes()[0], high.to_le_bytes()[0]]),
        );
        bytes.extend(detail.bands.iter().flatten());
    }
    Some(bytes)
}

/// The waveform that those bytes are.
///
/// # Errors
/// [`ErrorKind::Internal`](fanfare_model::ErrorKind::Internal) when they are none.
pub(super) fn unpack(bytes: &[u8]) -> Result<Waveform> {
    let found = match bytes.strip_prefix(&MARK) {
        Some(rest) => layout_2(rest),
        None => layout_1(bytes),
    };
    found.ok_or_else(|| strange("a waveform of uneven length"))
}

fn layout_1(bytes: &[u8]) -> Option<Waveform> {
    if !bytes.len().is_multiple_of(8) {
        return None;
    }
    let (peaks, rms) = bytes.split_at(bytes.len() / 2);
    Some(Waveform { peaks: floats(peaks), rms: floats(rms), detail: None })
}

fn layout_2(bytes: &[u8]) -> Option<Waveform> {
    let (columns, bytes) = count(bytes)?;
    let (peaks, bytes) = bytes.split_at_checked(columns.checked_mul(4)?)?;
    let (rms, bytes) = bytes.split_at_checked(peaks.len())?;
    let (frames_per_cell, bytes) = count(bytes)?;
    let (cells, bytes) = count(bytes)?;
    if bytes.len() != cells.checked_mul(CELL_BYTES)? {
        return None;
    }
    let (extremes, bands) = bytes.split_at(2 * cells);
    let detail = (frames_per_cell > 0).then(|| WaveformDetail {
        frames_per_cell: frames_per_cell as u32,
        extremes: extremes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[low, high]| (i8::from_le_bytes([*low]), i8::from_le_bytes([*high])))
            .collect(),
        bands: bands.as_chunks::<4>().0.to_vec(),
    });
    Some(Waveform { peaks: floats(peaks), rms: floats(rms), detail })
}

/// A count, and the bytes after it.
fn count(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (four, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*four) as usize, rest))
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waveform(cells: usize) -> Waveform {
        let number = |n: usize| n as f32 / 800.0;
        Waveform {
            peaks: (0..800).map(number).collect(),
            rms: (0..800).map(|n| number(n) / 3.0).collect(),
            detail: (cells > 0).then(|| WaveformDetail {
                frames_per_cell: 2_048,
                extremes: (0..cells).map(|n| (-((n % 128) as i8), (n % 128) as i8)).collect(),
                bands: (0..cells).map(|n| [(n % 256) as u8, 0, 255, 7]).collect(),
            }),
        }
    }

    #[test]
    fn what_was_packed_comes_back() {
        for cells in [0, 1, 5_168, WaveformDetail::MOST] {
            let waveform = waveform(cells);
            let bytes = pack(&waveform).unwrap();
            assert_eq!(bytes.len(), 16 + 6_400 + CELL_BYTES * cells);
            assert_eq!(unpack(&bytes).unwrap(), waveform);
        }
        let empty = Waveform::default();
        assert_eq!(unpack(&pack(&empty).unwrap()).unwrap(), empty);
    }

    #[test]
    fn what_was_written_before_there_was_a_detail_is_still_read() {
        let Waveform { peaks, rms, .. } = waveform(0);
        let bytes: Vec<u8> = peaks.iter().chain(&rms).flat_map(|number| number.to_le_bytes()).collect();
        assert_eq!(unpack(&bytes).unwrap(), Waveform { peaks, rms, detail: None });
    }

    #[test]
    fn bytes_that_are_no_waveform_are_refused() {
        let bytes = pack(&waveform(10)).unwrap();
        for length in (4..bytes.len()).step_by(13).chain([bytes.len() - 1]) {
            assert!(unpack(&bytes[..length]).is_err(), "{length}");
        }
        assert!(unpack(&[&bytes[..], &[0]].concat()).is_err());
        assert!(unpack(&[0; 12]).is_err());
        let counts = [&MARK[..], &[0xFF; 4], &[0; 16]].concat();
        assert!(unpack(&counts).is_err());
    }

    #[test]
    fn what_cannot_be_drawn_is_not_packed() {
        let good = waveform(3);
        let mut uneven = good.clone();
        uneven.rms.pop();
        let mut endless = good.clone();
        endless.peaks[7] = f32::INFINITY;
        let mut bandless = good;
        bandless.detail.as_mut().unwrap().bands.pop();
        for waveform in [uneven, endless, bandless] {
            assert_eq!(pack(&waveform), None);
        }
    }
}
