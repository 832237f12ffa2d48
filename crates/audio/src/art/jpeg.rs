//! JPEG, at the smallest part of its size (1/1, 1/2, 1/4 or 1/8, by its transform) that is enough.

use std::io::Cursor;

use fanfare_model::{Error, ErrorKind, Result};
use image::{RgbImage, metadata::Orientation};
use jpeg_decoder::{CodingProcess, Decoder, ImageInfo, PixelFormat};

use super::{
    area::{Area, Samples, fitted},
    checks::{check_memory, check_pixels, damaged, orientation},
};
use crate::Limits;

/// Bytes that a progressive image needs for each sample of its full size, until its last scan is read: a coefficient.
const COEFFICIENT_BYTES: u64 = 2;
/// Bytes that each sample needs at the size it is decoded to: in its plane, and beside the others.
const SAMPLE_BYTES: u64 = 2;

/// The image, small enough, and which way is up.
///
/// # Errors
/// Those of [`super::normalise_cover`].
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<(RgbImage, Orientation)> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.read_info().map_err(damaged)?;
    let info = decoder.info().ok_or_else(|| damaged("it has no header"))?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    check_pixels(width, height, limits)?;
    let samples = match info.pixel_format {
        PixelFormat::L8 => Samples::Gray,
        PixelFormat::RGB24 => Samples::Rgb,
        PixelFormat::CMYK32 => Samples::Cmyk,
        PixelFormat::L16 => return Err(unsupported()),
    };
    if info.coding_process == CodingProcess::Lossless {
        return Err(unsupported());
    }
    let side = limits.cover_side_px;
    let wanted = fitted(width, height, side);
    // Nearer to the limit a part that is smaller than wanted is better than no cover.
    let mut refused = None;
    for (width, height) in [wanted, (wanted.0.div_ceil(2), wanted.1.div_ceil(2)), (1, 1)] {
        let size = (u16::try_from(width), u16::try_from(height));
        let (Ok(width), Ok(height)) = size else { continue };
        let (width, height) = decoder.scale(width, height).map_err(damaged)?;
        match check_memory(needed(bytes, info, samples, (width, height), side), bytes, limits) {
            Ok(()) => {
                let pixels = decoder.decode().map_err(damaged)?;
                let mut area = Area::new(samples, width.into(), height.into(), side);
                pixels.chunks_exact(usize::from(width) * samples.bytes()).for_each(|row| area.push(row));
                return Ok((area.finish()?, orientation(decoder.exif_data())));
            }
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or_else(unsupported))
}

/// Bytes that decoding to that size takes.
fn needed(bytes: &[u8], info: ImageInfo, samples: Samples, (width, height): (u16, u16), side: u32) -> u64 {
    let pixels = |width: u64, height: u64| width * height;
    let full = pixels(info.width.into(), info.height.into());
    let coefficients = if info.coding_process == CodingProcess::DctProgressive {
        (full as f64 * samples_per_pixel(bytes).unwrap_or(samples.bytes() as f64)) as u64 * COEFFICIENT_BYTES
    } else {
        0
    };
    let made = fitted(width.into(), height.into(), side);
    coefficients
        + pixels(width.into(), height.into()) * samples.bytes() as u64 * SAMPLE_BYTES
        + pixels(made.0.into(), made.1.into()) * 3
}

/// How many samples there are for each pixel: colour has often fewer than light (ITU-T T.81, B.2.2).
fn samples_per_pixel(bytes: &[u8]) -> Option<f64> {
    let mut at = 2;
    loop {
        let [0xff, marker, high, low] = *bytes.get(at..at + 4)? else { return None };
        let body = at + 4;
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
        // The frame headers of what is coded by Huffman's codes.
        if !matches!(marker, 0xc0..=0xc3) {
            continue;
        }
        let factors: Vec<(u8, u8)> = (0..usize::from(*bytes.get(body + 5)?))
            .map(|component| bytes.get(body + 6 + component * 3 + 1).map(|byte| (byte >> 4, byte & 15)))
            .collect::<Option<_>>()?;
        let most = (factors.iter().map(|it| it.0).max()?, factors.iter().map(|it| it.1).max()?);
        let whole = f64::from(most.0) * f64::from(most.1);
        let samples: f64 = factors.iter().map(|it| f64::from(it.0) * f64::from(it.1)).sum();
        return Some(samples / whole).filter(|samples| samples.is_finite());
    }
}

fn unsupported() -> Error {
    Error::new(ErrorKind::Unsupported, "the cover is a JPEG of a kind that is not decoded here")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_of_a_pixel_are_counted() {
        let header = |factors: &[u8]| {
            let mut bytes =
                vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 9, 9, 0xff, 0xc2, 0, 8 + 3 * factors.len() as u8];
            bytes.extend([8, 0, 16, 0, 16, factors.len() as u8]);
            bytes.extend(factors.iter().flat_map(|factor| [1, *factor, 0]));
            bytes
        };
        for (factors, samples) in [
            (&[0x11][..], Some(1.0)),
            (&[0x11, 0x11, 0x11], Some(3.0)),
            (&[0x22, 0x11, 0x11], Some(1.5)),
            (&[0x21, 0x11, 0x11], Some(2.0)),
            (&[0x00, 0x00], None),
        ] {
            assert_eq!(samples_per_pixel(&header(factors)), samples);
        }
        assert_eq!(samples_per_pixel(&header(&[0x11, 0x11])[..20]), None);
    }
}
