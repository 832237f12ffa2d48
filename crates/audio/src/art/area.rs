//! [`Area`]: an image made smaller while its rows come in.
//!
//! Each pixel of the result is the mean of the area of the source that it covers (a box filter), in whole numbers: the
//! same rows give the same bytes on every machine.

use fanfare_model::{Error, ErrorKind, Result};
use image::RgbImage;

/// Transparent pixels lie on white, as on paper.
const BACKGROUND: u32 = 255;
/// Bytes of a pixel of the result.
const RGB: usize = 3;

/// What the bytes of a row are, 8 bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Samples {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
    /// Cyan, magenta, yellow, black, each as much of it as the number says.
    Cmyk,
}

impl Samples {
    /// Bytes of one pixel.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    /// The pixel on the background.
    fn rgb(self, pixel: &[u8]) -> [u8; RGB] {
        let over = |value: u8, alpha: u8| {
            let (value, alpha) = (u32::from(value), u32::from(alpha));
            ((value * alpha + BACKGROUND * (255 - alpha)) / 255) as u8
        };
        match (self, pixel) {
            (Self::Gray, [gray, ..]) => [*gray; RGB],
            (Self::GrayAlpha, [gray, alpha, ..]) => [over(*gray, *alpha); RGB],
            (Self::Rgb, [red, green, blue, ..]) => [*red, *green, *blue],
            (Self::Rgba, [red, green, blue, alpha, ..]) => [*red, *green, *blue].map(|v| over(v, *alpha)),
            (Self::Cmyk, [cyan, magenta, yellow, black]) => {
                let light = 255 - u32::from(*black);
                [cyan, magenta, yellow].map(|ink| ((255 - u32::from(*ink)) * light / 255) as u8)
            }
            _ => [BACKGROUND as u8; RGB],
        }
    }
}

/// The size of an image of that size whose longest side is at most `side`: no smaller than one pixel, and never larger
/// than it was.
pub(super) fn fitted(width: u32, height: u32, side: u32) -> (u32, u32) {
    let (side, longest) = (u64::from(side.max(1)), u64::from(width.max(height).max(1)));
    if longest <= side {
        return (width, height);
    }
    let scaled = |length: u32| ((u64::from(length) * side + longest / 2) / longest).max(1) as u32;
    (scaled(width), scaled(height))
}

/// An image that becomes smaller row by row.
pub(super) struct Area {
    samples: Samples,
    from: (u32, u32),
    to: (u32, u32),
    /// Rows taken in.
    taken: u32,
    /// Sums of the current row, across its width, in units of 1 / `to.0` of a pixel.
    across: Vec<u64>,
    /// Sums of the current row of the result, in units of 1 / (`to.0` x `to.1`) of a pixel.
    sums: Vec<u64>,
    pixels: Vec<u8>,
}

impl Area {
    /// For rows of those samples of an image of that size, to become at most `side` long.
    pub(super) fn new(samples: Samples, width: u32, height: u32, side: u32) -> Self {
        let to = fitted(width, height, side);
        let sums = to.0 as usize * RGB;
        Self {
            samples,
            from: (width, height),
            to,
            taken: 0,
            across: vec![0; sums],
            sums: vec![0; sums],
            pixels: Vec::with_capacity(sums * to.1 as usize),
        }
    }

    /// Takes in the next row. One that is too short, or too many, are passed over: [`finish`](Self::finish) tells.
    pub(super) fn push(&mut self, row: &[u8]) {
        let (width, samples) = (self.from.0 as usize, self.samples.bytes());
        let Some(row) = row.get(..width * samples).filter(|_| self.taken < self.from.1) else { return };
        if self.from == self.to {
            self.pixels.extend(row.chunks_exact(samples).flat_map(|pixel| self.samples.rgb(pixel)));
            self.taken += 1;
            return;
        }
        self.sum_across(row);
        // The row covers `start..end` of the height, where a row of the result covers `from.1`.
        let (from, to) = (u64::from(self.from.1), u64::from(self.to.1));
        let (start, end) = (u64::from(self.taken) * to, (u64::from(self.taken) + 1) * to);
        let edge = (start / from + 1) * from;
        self.add(end.min(edge) - start);
        if end >= edge {
            self.emit();
            self.add(end - edge);
        }
        self.taken += 1;
    }

    /// Sums of the row, pixel of the result by pixel.
    fn sum_across(&mut self, row: &[u8]) {
        let (from, to) = (u64::from(self.from.0), u64::from(self.to.0));
        self.across.fill(0);
        let (mut at, mut room) = (0, from);
        for pixel in row.chunks_exact(self.samples.bytes()) {
            let rgb = self.samples.rgb(pixel);
            let here = to.min(room);
            let mut put = |at: usize, weight: u64| {
                for (sum, value) in self.across.iter_mut().skip(at).zip(rgb) {
                    *sum += u64::from(value) * weight;
                }
            };
            put(at, here);
            room -= here;
            if room == 0 {
                at += RGB;
                room = from;
                put(at, to - here);
                room -= to - here;
            }
        }
    }

    fn add(&mut self, weight: u64) {
        if weight > 0 {
            for (sum, value) in self.sums.iter_mut().zip(&self.across) {
                *sum += value * weight;
            }
        }
    }

    /// Writes the current row of the result.
    fn emit(&mut self) {
        let whole = u64::from(self.from.0) * u64::from(self.from.1);
        for sum in &mut self.sums {
            self.pixels.push(((*sum + whole / 2) / whole) as u8);
            *sum = 0;
        }
    }

    /// The image.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] when rows are missing.
    pub(super) fn finish(self) -> Result<RgbImage> {
        RgbImage::from_raw(self.to.0, self.to.1, self.pixels)
            .ok_or_else(|| Error::new(ErrorKind::Malformed, "the cover image breaks off"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shrunk(width: u32, height: u32, side: u32, value: impl Fn(u32, u32) -> u8) -> RgbImage {
        let mut area = Area::new(Samples::Gray, width, height, side);
        for y in 0..height {
            area.push(&(0..width).map(|x| value(x, y)).collect::<Vec<_>>());
        }
        area.finish().unwrap()
    }

    #[test]
    fn sizes_fit_into_the_longest_side() {
        for (width, height, side, expected) in [
            (10, 10, 20, (10, 10)),
            (2_000, 1_000, 1_000, (1_000, 500)),
            (1_001, 1_001, 1_000, (1_000, 1_000)),
            (40_000_000, 1, 1_000, (1_000, 1)),
            (3, 7, 1, (1, 1)),
        ] {
            assert_eq!(fitted(width, height, side), expected);
        }
    }

    #[test]
    fn every_pixel_is_the_mean_of_what_it_covers() {
        // Two by two to one.
        assert_eq!(shrunk(2, 2, 1, |x, y| [0, 100, 100, 200][(y * 2 + x) as usize]).as_raw(), &[100; 3]);
        // Three to two: the middle one belongs to both.
        let row = shrunk(3, 1, 2, |x, _| [0, 90, 255][x as usize]);
        assert_eq!((row.dimensions(), row.get_pixel(0, 0).0[0], row.get_pixel(1, 0).0[0]), ((2, 1), 30, 200));
        // Of one colour it stays of one colour, at every odd size.
        for (width, height, side) in [(1_001, 777, 100), (7, 4_999, 1_000), (333, 333, 332), (13, 13, 5)] {
            let image = shrunk(width, height, side, |_, _| 201);
            assert_eq!(image.dimensions(), fitted(width, height, side));
            assert!(image.as_raw().iter().all(|value| *value == 201), "{width} x {height}");
        }
        // A slope keeps its ends and its middle.
        let slope = shrunk(2_550, 10, 255, |x, _| (x / 10) as u8);
        assert!((0..255).all(|x| slope.get_pixel(x, 0).0 == [x as u8; 3]));
    }

    #[test]
    fn missing_rows_are_an_error_and_transparent_pixels_are_white() {
        let mut area = Area::new(Samples::Rgba, 4, 4, 2);
        area.push(&[0; 16]);
        area.push(&[0; 3]);
        assert_eq!(area.finish().unwrap_err().kind(), ErrorKind::Malformed);
        for (samples, pixel, rgb) in [
            (Samples::Rgba, &[9, 9, 9, 0][..], [255; 3]),
            (Samples::GrayAlpha, &[10, 255], [10; 3]),
            (Samples::Rgb, &[1, 2, 3], [1, 2, 3]),
            (Samples::Cmyk, &[0, 0, 0, 0], [255; 3]),
            (Samples::Cmyk, &[0, 255, 255, 0], [255, 0, 0]),
            (Samples::Cmyk, &[0, 0, 0, 255], [0; 3]),
        ] {
            assert_eq!(samples.rgb(pixel), rgb);
        }
    }
}
