//! One cover made of several: two by two.

use fanfare_model::{Error, ErrorKind, Result};
use image::{RgbImage, imageops};

use super::{Cover, decoded, written};
use crate::Limits;

/// Which of so many covers lies where: left to right, top to bottom.
const fn places(covers: usize) -> [usize; 4] {
    match covers {
        2 => [0, 1, 1, 0],
        3 => [0, 1, 2, 0],
        _ => [0, 1, 2, 3],
    }
}

/// Composes the first four covers to one square image; the same covers always give the same bytes. A cover that cannot be read is
/// left out; a single one fills the square.
///
/// # Errors
/// [`ErrorKind::Empty`] when none of the covers can be read.
pub fn compose_cover(covers: &[Vec<u8>], limits: &Limits) -> Result<Cover> {
    let side = limits.cover_side_px.max(2);
    // One at a time: what is kept of each is no larger than a cover.
    let readable: Vec<RgbImage> =
        covers.iter().filter_map(|bytes| decoded(bytes, limits).ok()).take(places(0).len()).collect();
    let filled = |image: &RgbImage, side: u32| {
        image::DynamicImage::from(image.clone())
            .resize_to_fill(side, side, imageops::FilterType::CatmullRom)
            .into_rgb8()
    };
    match readable.as_slice() {
        [] => Err(Error::new(ErrorKind::Empty, "there is no cover to compose one of")),
        [only] => written(&filled(only, side)),
        several => {
            let half = side / 2;
            let tiles: Vec<RgbImage> = several.iter().map(|image| filled(image, half)).collect();
            let mut whole = RgbImage::new(half * 2, half * 2);
            for (corner, tile) in places(tiles.len()).into_iter().enumerate() {
                let (x, y) = (i64::from(half) * (corner as i64 % 2), i64::from(half) * (corner as i64 / 2));
                if let Some(tile) = tiles.get(tile) {
                    imageops::replace(&mut whole, tile, x, y);
                }
            }
            written(&whole)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, ImageFormat, Rgb};

    use super::*;

    fn plain(color: [u8; 3], width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let image = DynamicImage::from(RgbImage::from_pixel(width, height, Rgb(color)));
        image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        bytes
    }

    #[test]
    fn covers_lie_two_by_two() {
        let colors = [[250, 0, 0], [0, 250, 0], [0, 0, 250], [250, 250, 0], [9, 9, 9]];
        let covers: Vec<_> = colors.iter().map(|color| plain(*color, 300, 200)).collect();
        for (count, corners) in [(1, [0, 0, 0, 0]), (2, [0, 1, 1, 0]), (3, [0, 1, 2, 0]), (5, [0, 1, 2, 3])] {
            let mut given = covers[..count].to_vec();
            given.insert(0, b"no image at all".to_vec());
            let cover = compose_cover(&given, &Limits::default()).unwrap();
            assert_eq!((cover.width, cover.height), (1_000, 1_000));
            assert_eq!(cover, compose_cover(&given, &Limits::default()).unwrap(), "the same every time");
            let seen = image::load_from_memory(&cover.jpeg).unwrap().to_rgb8();
            for (corner, (x, y)) in corners.into_iter().zip([(250, 250), (750, 250), (250, 750), (750, 750)])
            {
                let near = seen.get_pixel(x, y).0.iter().zip(colors[corner]).all(|(a, b)| a.abs_diff(b) < 12);
                assert!(near, "{count} covers at {x},{y}: {:?}", seen.get_pixel(x, y));
            }
        }
        let kind = compose_cover(&[b"<svg/>".to_vec()], &Limits::default()).unwrap_err().kind();
        assert_eq!(kind, ErrorKind::Empty);
    }
}
