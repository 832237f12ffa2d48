//! What is checked of every picture before its pixels are decoded, and what its Exif data says.

use fanfare_model::{Error, ErrorKind, Result};
use image::metadata::Orientation;

use crate::Limits;

/// What the image says about which way is up, from its Exif data.
pub(super) fn orientation(exif: Option<&[u8]>) -> Orientation {
    exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}

/// The error of a decoder.
pub(super) fn damaged(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Malformed, format!("the cover image: {error}"))
}

/// Refuses what has no pixels or more than the limit.
///
/// # Errors
/// [`ErrorKind::LimitExceeded`], [`ErrorKind::Malformed`].
pub(super) fn check_pixels(width: u32, height: u32, limits: &Limits) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.max_cover_pixels {
        return Err(Error::limit("cover_pixels", pixels, limits.max_cover_pixels));
    }
    if pixels == 0 {
        return Err(Error::new(ErrorKind::Malformed, "the cover image has no pixels"));
    }
    Ok(())
}

/// Refuses what takes more memory than the limit, the image file included.
///
/// # Errors
/// [`ErrorKind::LimitExceeded`].
pub(super) fn check_memory(needed_bytes: u64, file: &[u8], limits: &Limits) -> Result<()> {
    let needed_bytes = needed_bytes.saturating_add(file.len() as u64);
    if needed_bytes > limits.max_cover_memory_bytes {
        return Err(Error::limit("cover_memory_bytes", needed_bytes, limits.max_cover_memory_bytes)
            .remedy("use a smaller picture, or save it as a JPEG"));
    }
    Ok(())
}
