//! Cover images: decoded within limits and written anew as JPEG.
//!
//! Why anew: what a browser gets was made by our encoder from pixels, whatever the file held (scripts in SVG,
//! trailing archives, metadata with places and names).

use std::io::Cursor;

use fanfare_model::{Error, ErrorKind, Result};
use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Rgb, RgbImage, codecs::jpeg::JpegEncoder, imageops,
};

use crate::Limits;

mod mosaic;

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
/// Transparent pixels lie on white, as on paper.
const BACKGROUND: u32 = 255;

/// Formats that are decoded. SVG is none of them, nor anything else that could refer to other files.
const FORMATS: &[ImageFormat] =
    &[ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp];

/// Decodes an image and writes it as JPEG, its longest side at most `limits.cover_side_px`.
///
/// # Errors
/// [`ErrorKind::Unsupported`] for other formats, [`ErrorKind::LimitExceeded`] for bytes or pixels above the
/// limits (checked before pixels are decoded), [`ErrorKind::Malformed`] for a damaged image.
pub fn normalise_cover(bytes: &[u8], limits: &Limits) -> Result<Cover> {
    let image = opened(bytes, limits)?;
    let side = limits.cover_side_px.max(1);
    let image = if image.width().max(image.height()) > side {
        image.resize(side, side, imageops::FilterType::CatmullRom)
    } else {
        image
    };
    jpeg(&opaque(&image))
}

/// The pixels as a JPEG.
fn jpeg(pixels: &RgbImage) -> Result<Cover> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY)
        .encode_image(pixels)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("writing the cover failed: {error}")))?;
    Ok(Cover { jpeg, width: pixels.width(), height: pixels.height() })
}

/// The image, if it is one of [`FORMATS`] and within the limits.
fn opened(bytes: &[u8], limits: &Limits) -> Result<DynamicImage> {
    if bytes.len() as u64 > limits.max_cover_bytes {
        return Err(Error::limit("cover_bytes", bytes.len() as u64, limits.max_cover_bytes));
    }
    let format =
        image::guess_format(bytes).ok().filter(|format| FORMATS.contains(format)).ok_or_else(|| {
            Error::new(ErrorKind::Unsupported, "the cover is no JPEG, PNG, WebP, GIF or BMP image")
        })?;
    std::panic::catch_unwind(|| decode(bytes, format, limits))
        .map_err(|_| Error::new(ErrorKind::Malformed, "the cover image is damaged"))?
}

fn decode(bytes: &[u8], format: ImageFormat, limits: &Limits) -> Result<DynamicImage> {
    let damaged =
        |error: image::ImageError| Error::new(ErrorKind::Malformed, format!("the cover image: {error}"));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut bounds = image::Limits::default();
    // Four bytes per pixel, and as much again for the decoder's own buffers.
    bounds.max_alloc = Some(limits.max_cover_pixels.saturating_mul(8));
    reader.limits(bounds);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.max_cover_pixels {
        return Err(Error::limit("cover_pixels", pixels, limits.max_cover_pixels));
    }
    if pixels == 0 {
        return Err(Error::new(ErrorKind::Malformed, "the cover image has no pixels"));
    }
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// The image on the background.
fn opaque(image: &DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.to_rgb8();
    }
    let source = image.to_rgba8();
    RgbImage::from_fn(source.width(), source.height(), |x, y| {
        let [red, green, blue, alpha] = source.get_pixel(x, y).0.map(u32::from);
        let over = |value: u32| ((value * alpha + BACKGROUND * (255 - alpha)) / 255) as u8;
        Rgb([over(red), over(green), over(blue)])
    })
}

#[cfg(test)]
mod tests {
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
            [(300, 200, (300, 200)), (2_000, 1_000, (1_000, 500)), (1, 1, (1, 1))]
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
