//! The album's cover: a low sun over calm water, computed.

use fanfare_model::{Error, ErrorKind, Result};
use image::{ExtendedColorType, ImageEncoder as _, codecs::jpeg::JpegEncoder};

/// Width and height of the cover.
pub const SIDE_PX: u32 = 600;

/// The cover as a JPEG file.
///
/// # Errors
/// [`ErrorKind::Internal`] if the encoder refuses it.
pub fn cover_jpeg() -> Result<Vec<u8>> {
    let mut pixels = Vec::with_capacity((SIDE_PX * SIDE_PX * 3) as usize);
    for row in 0..SIDE_PX {
        for column in 0..SIDE_PX {
            pixels.extend(colour(column as f32 / SIDE_PX as f32, row as f32 / SIDE_PX as f32));
        }
    }
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 88)
        .write_image(&pixels, SIDE_PX, SIDE_PX, ExtendedColorType::Rgb8)
        .map_err(|error| {
            Error::new(ErrorKind::Internal, "the demo's cover has no JPEG form").because(error)
        })?;
    Ok(jpeg)
}

/// The colour at that place, both coordinates 0 to 1 from the top left.
fn colour(x: f32, y: f32) -> [u8; 3] {
    const HORIZON: f32 = 0.62;
    let blend = |from: [f32; 3], to: [f32; 3], share: f32| {
        let share = share.clamp(0.0, 1.0);
        [0, 1, 2].map(|i| from[i] + (to[i] - from[i]) * share)
    };
    let night = [24.0, 27.0, 66.0];
    let rose = [226.0, 110.0, 108.0];
    let gold = [255.0, 205.0, 120.0];
    // Below the horizon the sky is mirrored, darker, in stripes that widen towards the viewer.
    let depth = (y - HORIZON).max(0.0);
    let ripple = if y > HORIZON { 0.03 * (900.0 * depth.sqrt()).sin() * (0.3 + depth) } else { 0.0 };
    let height = (HORIZON - y).abs() + ripple;
    let sky = blend(blend(gold, rose, height / 0.22), night, (height - 0.1) / 0.5);
    let from_sun = ((x - 0.5 + ripple).powi(2) + (height - 0.06).powi(2)).sqrt();
    let sun = blend(sky, [255.0, 240.0, 205.0], 1.0 - (from_sun - 0.13) * 90.0);
    let glow = blend(sun, gold, (0.35 - from_sun).max(0.0) * 0.9);
    let shaded = if y > HORIZON { blend(glow, night, 0.38 + 0.4 * depth) } else { glow };
    shaded.map(|value| value.clamp(0.0, 255.0) as u8)
}
