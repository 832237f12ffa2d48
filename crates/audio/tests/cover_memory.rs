//! What decoding a picture takes of memory, counted by the allocator (issue 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only
#![allow(unsafe_code)] // an allocator that counts is no safe code; it passes everything on

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

use fanfare_audio::{Limits, compose_cover, normalise_cover};
use fanfare_testkit::pictures::{DEEP, JpegKind, PngKind, bmp, gif, jpeg, png};

/// Its name, the picture, and the size of its cover if it gives one.
type Case = (&'static str, Vec<u8>, Option<(u32, u32)>);

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is the system allocator's, with the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(held, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What the work gives, and the most bytes it held at a time.
fn counted<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let made = work();
    (made, MOST.load(Ordering::Relaxed) - before)
}

/// A lossless WebP of one colour.
fn webp(width: u32, height: u32, alpha: bool) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let format = image::ImageFormat::WebP;
    if alpha {
        image::RgbaImage::from_pixel(width, height, image::Rgba([1, 2, 3, 4])).write_to(&mut bytes, format)
    } else {
        image::RgbImage::from_pixel(width, height, image::Rgb([1, 2, 3])).write_to(&mut bytes, format)
    }
    .unwrap();
    bytes.into_inner()
}

/// One test, because the count is the process's.
#[test]
fn a_picture_takes_no_more_than_the_limit_and_large_ones_of_the_common_formats_are_decoded() {
    const PLAIN: PngKind = PngKind { depth: 8, alpha: false, interlaced: false };
    const WOVEN: PngKind = PngKind { interlaced: true, ..DEEP };
    let limits = Limits::default();
    let most = limits.max_cover_memory_bytes as usize;
    let cases: Vec<Case> = vec![
        // What is large is made small while it is decoded.
        ("PNG, 6300 x 6300, 16 bit", png(6_300, 6_300, DEEP), Some((1_000, 1_000))),
        ("PNG, 6300 x 6300", png(6_300, 6_300, PLAIN), Some((1_000, 1_000))),
        ("PNG, 3000 x 2000", png(3_000, 2_000, PLAIN), Some((1_000, 667))),
        ("JPEG, 6300 x 6300", jpeg(6_300, 6_300, JpegKind::Baseline), Some((1_000, 1_000))),
        ("JPEG, 1999 x 1999", jpeg(1_999, 1_999, JpegKind::Baseline), Some((1_000, 1_000))),
        ("JPEG, 65000 x 600", jpeg(65_000, 600, JpegKind::Baseline), Some((1_000, 9))),
        ("JPEG, progressive, 2000 x 2000", jpeg(2_000, 2_000, JpegKind::Progressive), Some((1_000, 1_000))),
        ("JPEG, cut off, 2000 x 2000", jpeg(2_000, 2_000, JpegKind::Unfinished), Some((1_000, 1_000))),
        ("JPEG, progressive, 3000 x 3000", jpeg(3_000, 3_000, JpegKind::Progressive), Some((375, 375))),
        // What is decoded whole is small enough for that.
        ("PNG, in passes, 2000 x 2000, 16 bit", png(2_000, 2_000, WOVEN), Some((1_000, 1_000))),
        ("WebP, 2000 x 2000", webp(2_000, 2_000, false), Some((1_000, 1_000))),
        ("WebP, transparent, 2000 x 2000", webp(2_000, 2_000, true), Some((1_000, 1_000))),
        ("GIF, 2000 x 2000", gif(2_000, 2_000), Some((1_000, 1_000))),
        ("BMP, 3000 x 3000", bmp(3_000, 3_000), Some((1_000, 1_000))),
        // And what would take more is refused.
        ("PNG, in passes, 6300 x 6300, 16 bit", png(6_300, 6_300, WOVEN), None),
        ("PNG, a row of 40 million", png(40_000_000, 1, DEEP), None),
        ("JPEG, progressive, 6300 x 6300", jpeg(6_300, 6_300, JpegKind::Progressive), None),
        ("WebP, 6300 x 6300", webp(6_300, 6_300, true), None),
        ("GIF, 4000 x 4000", gif(4_000, 4_000), None),
        ("BMP, 6300 x 6300", bmp(6_300, 6_300), None),
    ];
    for (name, bytes, expected) in &cases {
        let (cover, held) = counted(|| normalise_cover(bytes, &limits));
        println!("{name}: {} bytes, {} KiB held", bytes.len(), held >> 10);
        let size = cover.as_ref().map(|cover| (cover.width, cover.height));
        match expected {
            Some(expected) => {
                assert_eq!(size.as_ref().ok(), Some(expected), "{name}: {:?}", cover.as_ref().err())
            }
            None => {
                let hit = cover.as_ref().unwrap_err().limit_hit().map(|hit| hit.name.as_str());
                assert_eq!(hit, Some("cover_memory_bytes"), "{name}: {size:?}");
            }
        }
        assert!(held <= most, "{name} held {held} bytes");
    }
    let tiles = [png(6_300, 6_300, DEEP), jpeg(6_300, 6_300, JpegKind::Baseline), bmp(3_000, 3_000)];
    let (cover, held) = counted(|| compose_cover(&tiles, &limits));
    println!("composed of three: {} KiB held", held >> 10);
    assert_eq!(cover.unwrap().width, 1_000);
    assert!(held <= most, "composing held {held} bytes");
}
