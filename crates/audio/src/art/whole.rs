//! WebP, GIF and BMP: decoded whole, if what they declare fits.

use std::io::Cursor;

use fanfare_model::{Error, ErrorKind, Result};
use image::{
    ColorType, ImageDecoder, ImageFormat, RgbImage,
    codecs::{bmp::BmpDecoder, gif::GifDecoder},
    metadata::Orientation,
};
use image_webp::WebPDecoder;

use super::{
    area::{Area, Samples, fitted},
    checks::{check_memory, check_pixels, damaged, orientation},
};
use crate::Limits;

/// The image, small enough, and which way is up.
///
/// # Errors
/// Those of [`super::normalise_cover`].
pub(super) fn decode(bytes: &[u8], format: ImageFormat, limits: &Limits) -> Result<(RgbImage, Orientation)> {
    match format {
        ImageFormat::WebP => webp(bytes, limits),
        // A frame that does not cover the screen is decoded beside it.
        ImageFormat::Gif => any(GifDecoder::new(Cursor::new(bytes)).map_err(damaged)?, 2, bytes, limits),
        ImageFormat::Bmp => any(BmpDecoder::new(Cursor::new(bytes)).map_err(damaged)?, 1, bytes, limits),
        _ => Err(Error::new(ErrorKind::Unsupported, "the cover is of a format that is not decoded here")),
    }
}

fn any(
    decoder: impl ImageDecoder,
    copies: u64,
    bytes: &[u8],
    limits: &Limits,
) -> Result<(RgbImage, Orientation)> {
    let (width, height) = decoder.dimensions();
    check_pixels(width, height, limits)?;
    let samples = match decoder.color_type() {
        ColorType::L8 => Samples::Gray,
        ColorType::La8 => Samples::GrayAlpha,
        ColorType::Rgb8 => Samples::Rgb,
        ColorType::Rgba8 => Samples::Rgba,
        other => return Err(damaged(format!("unexpected {other:?}"))),
    };
    let total = decoder.total_bytes();
    check_memory(total * copies + made(width, height, limits), bytes, limits)?;
    let mut pixels = vec![0; usize::try_from(total).map_err(damaged)?];
    decoder.read_image(&mut pixels).map_err(damaged)?;
    Ok((shrunk(samples, width, height, &pixels, limits)?, Orientation::NoTransforms))
}

fn webp(bytes: &[u8], limits: &Limits) -> Result<(RgbImage, Orientation)> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    check_pixels(width, height, limits)?;
    let samples = if decoder.has_alpha() { Samples::Rgba } else { Samples::Rgb };
    let pixels = u64::from(width) * u64::from(height);
    // Beside the result: a lossy image is decoded as a plane of light and two of colour at a quarter each, its
    // transparency as an image of its own; a lossless one with four bytes a pixel; one that moves on a screen.
    let besides = match (decoder.is_lossy(), decoder.has_alpha(), decoder.is_animated()) {
        (true, false, false) => pixels * 3 / 2,
        (true, true, false) => pixels * 8,
        (false, _, false) => pixels * 4,
        (_, _, true) => pixels * 12,
    };
    let total = pixels * samples.bytes() as u64;
    check_memory(total + besides + made(width, height, limits), bytes, limits)?;
    decoder.set_memory_limit(usize::try_from(limits.max_cover_memory_bytes).unwrap_or(usize::MAX));
    let turned = orientation(decoder.exif_metadata().ok().flatten().as_deref());
    let mut pixels = vec![0; usize::try_from(total).map_err(damaged)?];
    decoder.read_image(&mut pixels).map_err(damaged)?;
    Ok((shrunk(samples, width, height, &pixels, limits)?, turned))
}

/// Bytes of the image that comes out.
fn made(width: u32, height: u32, limits: &Limits) -> u64 {
    let (width, height) = fitted(width, height, limits.cover_side_px);
    u64::from(width) * u64::from(height) * 3
}

fn shrunk(samples: Samples, width: u32, height: u32, pixels: &[u8], limits: &Limits) -> Result<RgbImage> {
    let mut area = Area::new(samples, width, height, limits.cover_side_px);
    pixels.chunks_exact(width as usize * samples.bytes()).for_each(|row| area.push(row));
    area.finish()
}
