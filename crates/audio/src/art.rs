//! Cover images: decoded within limits and encoded again as JPEG.
//!
//! Why encoded again: a browser gets only what our encoder made from pixels, whatever the file held (scripts in SVG,
//! trailing archives, metadata with places and names).
//!
//! Invariant: decoding takes at most [`Limits::max_cover_memory_bytes`], whatever a picture declares. A JPEG is decoded
//! at the smallest part of its size that is enough, a PNG row by row; the other formats, and an interlaced PNG, are
//! decoded whole if they declare no more than fits. A decoder may be wrong about what it needs: hostile pictures belong
//! into a process that the system holds to a limit.

use fanfare_model::{Error, ErrorKind, Result};
use image::{ImageFormat, RgbImage, codecs::jpeg::JpegEncoder};

use crate::Limits;

mod area;
mod checks;
mod jpeg;
mod mosaic;
mod png;
mod whole;

pub use mosaic::compose_cover;

/// A normalised cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// The JPEG file.
    pub jpeg: Vec<u8>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// JPEG quality: no visible difference at these sizes, about 150 kB for a full-size cover.
const JPEG_QUALITY: u8 = 85;

/// Formats that are decoded. SVG is none of them, nor anything else that could refer to other files.
const FORMATS: &[ImageFormat] =
    &[ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp];

/// Decodes an image and writes it as JPEG, its longest side at most `limits.cover_side_px`.
///
/// # Errors
/// [`ErrorKind::Unsupported`] for other formats, [`ErrorKind::LimitExceeded`] for bytes, pixels or memory above the
/// limits (checked before pixels are decoded), [`ErrorKind::Malformed`] for a damaged image.
pub fn normalise_cover(bytes: &[u8], limits: &Limits) -> Result<Cover> {
    written(&decoded(bytes, limits)?)
}

/// The pixels as a JPEG.
fn written(pixels: &RgbImage) -> Result<Cover> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY)
        .encode_image(pixels)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("writing the cover failed: {error}")))?;
    Ok(Cover { jpeg, width: pixels.width(), height: pixels.height() })
}

/// The image on white, the right way up, its longest side at most `limits.cover_side_px`, if it is one of [`FORMATS`]
/// and within the limits.
fn decoded(bytes: &[u8], limits: &Limits) -> Result<RgbImage> {
    if bytes.len() as u64 > limits.max_cover_bytes {
        return Err(Error::limit("cover_bytes", bytes.len() as u64, limits.max_cover_bytes));
    }
    let format =
        image::guess_format(bytes).ok().filter(|format| FORMATS.contains(format)).ok_or_else(|| {
            Error::new(ErrorKind::Unsupported, "the cover is no JPEG, PNG, WebP, GIF or BMP image")
        })?;
    let decode = || match format {
        ImageFormat::Jpeg => jpeg::decode(bytes, limits),
        ImageFormat::Png => png::decode(bytes, limits),
        _ => whole::decode(bytes, format, limits),
    };
    let (pixels, orientation) = std::panic::catch_unwind(decode)
        .map_err(|_| Error::new(ErrorKind::Malformed, "the cover image is damaged"))??;
    let mut image = image::DynamicImage::from(pixels);
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::DynamicImage;

    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let image = image::RgbaImage::from_fn(width, height, |x, y| image::Rgba([x as u8, y as u8, 7, 200]));
        let mut bytes = Vec::new();
        DynamicImage::from(image).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        bytes
    }

    #[test]
    fn covers_become_jpeg_of_bounded_size() {
        for (width, height, expected) in
            [(300, 200, (300, 200)), (2_000, 1_000, (1_000, 500)), (1, 1, (1, 1)), (5_000, 2, (1_000, 1))]
        {
            let cover = normalise_cover(&png(width, height), &Limits::default()).unwrap();
            assert_eq!((cover.width, cover.height), expected);
            assert!(cover.jpeg.starts_with(b"\xff\xd8\xff"));
        }
    }

    #[test]
    fn what_is_no_small_image_is_refused() {
        // A PNG that declares 65,535 x 65,535 pixels.
        let mut huge = png(2, 2);
        huge[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        let mut cut = png(300, 300);
        cut.truncate(cut.len() / 2);
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec();
        for (bytes, kinds) in [
            (huge, &[ErrorKind::LimitExceeded, ErrorKind::Malformed][..]),
            (cut, &[ErrorKind::Malformed]),
            (svg, &[ErrorKind::Unsupported]),
            (Vec::new(), &[ErrorKind::Unsupported]),
            (vec![0; 17 << 20], &[ErrorKind::LimitExceeded]),
        ] {
            let kind = normalise_cover(&bytes, &Limits::default()).unwrap_err().kind();
            assert!(kinds.contains(&kind), "{kind}");
        }
    }
}
