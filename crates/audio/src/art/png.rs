//! PNG, row by row.

use std::io::Cursor;

use fanfare_model::{Error, ErrorKind, Result};
use image::{RgbImage, metadata::Orientation};
use png::{BitDepth, ColorType, DecodingError, Transformations};

use super::{
    area::{Area, Samples, fitted},
    checks::{check_memory, check_pixels, damaged, orientation},
};
use crate::Limits;

/// Rows that the decoder holds at a time: two to undo the filters, one given out, and what is unpacked ahead.
const ROWS: u64 = 4;
/// What unpacking needs besides, in bytes.
const UNPACKING: u64 = 1 << 20;

/// The image, small enough, and which way is up.
///
/// # Errors
/// Those of [`super::normalise_cover`].
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<(RgbImage, Orientation)> {
    let memory = usize::try_from(limits.max_cover_memory_bytes).unwrap_or(usize::MAX);
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: memory });
    // Texts and profiles are packed, and unpack to any size.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let header = decoder.read_header_info().map_err(|error| refused(error, limits))?;
    let (width, height, interlaced) = (header.width, header.height, header.interlaced);
    check_pixels(width, height, limits)?;
    let side = limits.cover_side_px;
    let rows = if interlaced { u64::from(height) } else { ROWS };
    let (to_width, to_height) = fitted(width, height, side);
    let made = (u64::from(to_width) * u64::from(to_height)).saturating_mul(3);
    // A row as it is packed is never larger than eight bytes a pixel; the whole of an interlaced one is held as 8 bits.
    let row = u64::from(width) * 8;
    let held = if interlaced { u64::from(width) * 4 * rows + row * ROWS } else { row * ROWS };
    check_memory(held + made + UNPACKING, bytes, limits)?;

    let mut reader = decoder.read_info().map_err(|error| refused(error, limits))?;
    let samples = match reader.output_color_type() {
        (ColorType::Grayscale, BitDepth::Eight) => Samples::Gray,
        (ColorType::GrayscaleAlpha, BitDepth::Eight) => Samples::GrayAlpha,
        (ColorType::Rgb, BitDepth::Eight) => Samples::Rgb,
        (ColorType::Rgba, BitDepth::Eight) => Samples::Rgba,
        (color, depth) => return Err(damaged(format!("unexpected {color:?} of {depth:?} bits"))),
    };
    let turned = orientation(reader.info().exif_metadata.as_deref());
    let mut area = Area::new(samples, width, height, side);
    if interlaced {
        let mut whole = vec![0; width as usize * height as usize * samples.bytes()];
        reader.next_frame(&mut whole).map_err(|error| refused(error, limits))?;
        whole.chunks_exact(width as usize * samples.bytes()).for_each(|row| area.push(row));
    } else {
        while let Some(row) = reader.next_row().map_err(|error| refused(error, limits))? {
            area.push(row.data());
        }
    }
    Ok((area.finish()?, turned))
}

fn refused(error: DecodingError, limits: &Limits) -> Error {
    match error {
        DecodingError::LimitsExceeded => Error::new(
            ErrorKind::LimitExceeded,
            format!("the cover image needs more than the limit of {} bytes", limits.max_cover_memory_bytes),
        ),
        error => damaged(error),
    }
}
