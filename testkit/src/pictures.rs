//! Pictures that say little and declare much: one colour, written without an image in memory, so that a small file is
//! a large picture. For tests of what decoding takes.

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};

/// The polynomial of the checksum of a PNG's parts (PNG, annex D).
const CRC: u32 = 0xedb8_8320;

/// What a PNG is made of.
#[derive(Debug, Clone, Copy)]
pub struct PngKind {
    /// Bits of a sample: 8 or 16.
    pub depth: u8,
    /// Whether it is transparent (four samples a pixel, else three).
    pub alpha: bool,
    /// Whether it comes in seven passes.
    pub interlaced: bool,
}

/// The worst of an ordinary kind: 16 bits, transparent.
pub const DEEP: PngKind = PngKind { depth: 16, alpha: true, interlaced: false };

/// A PNG of that size with every bit zero.
#[must_use]
pub fn png(width: u32, height: u32, kind: PngKind) -> Vec<u8> {
    let pixel = if kind.alpha { 4 } else { 3 } * u64::from(kind.depth / 8);
    let row = |width: u32| if width == 0 { 0 } else { 1 + u64::from(width) * pixel };
    // Width and height of the passes of Adam7 (PNG, 8.2): start and step across and down.
    const PASSES: [(u32, u32, u32, u32); 7] =
        [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)];
    let total: u64 = if kind.interlaced {
        let left = |length: u32, start: u32, step: u32| length.saturating_sub(start).div_ceil(step);
        PASSES.iter().map(|(x, dx, y, dy)| row(left(width, *x, *dx)) * u64::from(left(height, *y, *dy))).sum()
    } else {
        row(width) * u64::from(height)
    };
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0; 1 << 20];
    let mut left = total;
    while left > 0 {
        let part = left.min(zeros.len() as u64) as usize;
        let _never_fails = packed.write_all(&zeros[..part]);
        left -= part as u64;
    }
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([kind.depth, if kind.alpha { 6 } else { 2 }, 0, 0, u8::from(kind.interlaced)]);
    png_parts(&header, &packed.finish().unwrap_or_default())
}

/// A PNG of 8 bits a sample in red, green and blue with those pixels.
#[must_use]
pub fn png_of(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, 2, 0, 0, 0]);
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    for row in pixels.chunks(width as usize * 3) {
        let _never_fails = packed.write_all(&[0]).and_then(|()| packed.write_all(row));
    }
    png_parts(&header, &packed.finish().unwrap_or_default())
}

fn png_parts(header: &[u8], data: &[u8]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, body) in [(b"IHDR", header), (b"IDAT", data), (b"IEND", &[])] {
        let mut part = name.to_vec();
        part.extend(body);
        file.extend((body.len() as u32).to_be_bytes());
        file.extend(&part);
        file.extend(crc(&part).to_be_bytes());
    }
    file
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (CRC * (crc & 1))))
}

/// How a JPEG comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JpegKind {
    /// In one scan, row of blocks by row of blocks.
    Baseline,
    /// In several scans, all of which have to be held until the last.
    Progressive,
    /// Progressive, with nothing after the first scan.
    Unfinished,
}

/// A grey JPEG of that size in three colour components at full size, which is the most that they take.
#[must_use]
pub fn jpeg(width: u16, height: u16, kind: JpegKind) -> Vec<u8> {
    let blocks = u64::from(width).div_ceil(8) * u64::from(height).div_ceil(8);
    let mut file = vec![0xff, 0xd8];
    let mut part = |marker: u8, body: &[u8]| {
        file.extend([0xff, marker]);
        file.extend((body.len() as u16 + 2).to_be_bytes());
        file.extend(body);
    };
    part(0xdb, &[&[0][..], &[1; 64]].concat());
    let [w1, w0] = width.to_be_bytes();
    let [h1, h0] = height.to_be_bytes();
    let frame = if kind == JpegKind::Baseline { 0xc0 } else { 0xc2 };
    part(frame, &[8, h1, h0, w1, w0, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
    // Of the differences of the first coefficient only "none", of one bit: 0.
    part(0xc4, &[&[0x00, 1][..], &[0; 15], &[0]].concat());
    // Of the other coefficients "no more in this block", and "no more in 16,384 blocks and so many": 10 and 0.
    part(0xc4, &[&[0x10, 1, 1][..], &[0; 14], &[0xe0, 0x00]].concat());
    if kind == JpegKind::Baseline {
        part(0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]);
        let mut bits = Bits::default();
        (0..blocks * 3).for_each(|_| bits.push(0b010, 3));
        file.extend(bits.bytes());
    } else {
        part(0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 0, 0]);
        let mut bits = Bits::default();
        (0..blocks * 3).for_each(|_| bits.push(0, 1));
        file.extend(bits.bytes());
        for component in 1..=3 {
            if kind == JpegKind::Unfinished {
                break;
            }
            file.extend([0xff, 0xda, 0, 8, 1, component, 0, 1, 63, 0]);
            let mut bits = Bits::default();
            let mut left = blocks;
            while left >= 16_384 {
                let run = left.min(32_767);
                bits.push(run as u32 - 16_384, 15);
                left -= run;
            }
            (0..left).for_each(|_| bits.push(0b10, 2));
            file.extend(bits.bytes());
        }
    }
    file.extend([0xff, 0xd9]);
    file
}

/// Bits of a scan, the highest first (ITU-T T.81, annex F.1.2).
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u32, bits: u32) {
        self.held = self.held << bits | u64::from(value);
        self.count += bits;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.held >> self.count) as u8;
            self.bytes.push(byte);
            // So that it is no marker.
            self.bytes.extend((byte == 0xff).then_some(0));
        }
    }

    /// All of them, the last byte filled with ones.
    fn bytes(mut self) -> Vec<u8> {
        let fill = (8 - self.count % 8) % 8;
        self.push((1 << fill) - 1, fill);
        self.bytes
    }
}

/// A GIF of that size with one colour.
#[must_use]
pub fn gif(width: u16, height: u16) -> Vec<u8> {
    let [w0, w1] = width.to_le_bytes();
    let [h0, h1] = height.to_le_bytes();
    let mut file = b"GIF89a".to_vec();
    file.extend([w0, w1, h0, h1, 0x80, 0, 0, 1, 2, 3, 4, 5, 6]);
    file.extend([0x2c, 0, 0, 0, 0, w0, w1, h0, h1, 0, 2]);
    // LZW codes of three bits, the lowest first: a clear code before the code would grow, then the same colour twice.
    let (mut held, mut count, mut codes) = (0_u32, 0, Vec::new());
    let mut code = |value: u32| {
        held |= value << count;
        count += 3;
        while count >= 8 {
            codes.push(held as u8);
            held >>= 8;
            count -= 8;
        }
    };
    for pixel in 0..u64::from(width) * u64::from(height) {
        if pixel % 2 == 0 {
            code(4);
        }
        code(0);
    }
    code(5);
    code(0);
    code(0);
    for block in codes.chunks(255) {
        file.push(block.len() as u8);
        file.extend(block);
    }
    file.extend([0, 0x3b]);
    file
}

/// A BMP of that size with one colour, in runs of 255 pixels.
#[must_use]
pub fn bmp(width: u32, height: u32) -> Vec<u8> {
    let mut runs = Vec::new();
    for _ in 0..height {
        let mut left = width;
        while left > 0 {
            let run = left.min(255);
            runs.extend([run as u8, 0]);
            left -= run;
        }
        runs.extend([0, 0]);
    }
    runs.extend([0, 1]);
    let colors = [[9_u8, 8, 7, 0]; 256].concat();
    let start = 14 + 40 + colors.len() as u32;
    let mut file = b"BM".to_vec();
    file.extend((start + runs.len() as u32).to_le_bytes());
    file.extend([0; 4]);
    file.extend(start.to_le_bytes());
    file.extend(40_u32.to_le_bytes());
    file.extend(width.to_le_bytes());
    file.extend(height.to_le_bytes());
    file.extend([1, 0, 8, 0]);
    for number in [1, runs.len() as u32, 2_835, 2_835, 256, 0] {
        file.extend(u32::to_le_bytes(number));
    }
    file.extend(colors);
    file.extend(runs);
    file
}

/// An ID3v2.4 tag with that picture as its front cover (ID3v2.4, section 4.14). Packed, it is a zlib stream that the
/// reader of the tag unpacks.
///
/// # Panics
/// When the tag would be larger than one may be.
#[must_use]
pub fn id3(picture: &[u8], media_type: &str, packed: bool) -> Vec<u8> {
    let size = |bytes: usize| {
        assert!(bytes < 1 << 28, "a tag has 28 bits for its size");
        [21, 14, 7, 0].map(|shift| (bytes >> shift & 0x7f) as u8)
    };
    let mut body = vec![0];
    body.extend(media_type.as_bytes());
    body.extend([0, 3, 0]);
    body.extend(picture);
    let mut frame = b"APIC".to_vec();
    if packed {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        let _never_fails = zlib.write_all(&body);
        let mut content = size(body.len()).to_vec();
        content.extend(zlib.finish().unwrap_or_default());
        frame.extend(size(content.len()));
        frame.extend([0, 0x09]);
        frame.extend(content);
    } else {
        frame.extend(size(body.len()));
        frame.extend([0, 0]);
        frame.extend(body);
    }
    let mut tag = b"ID3\x04\0\0".to_vec();
    tag.extend(size(frame.len()));
    tag.extend(frame);
    tag
}

/// A WAV file with that ID3v2 tag behind its samples.
#[must_use]
pub fn wav_with_id3(wav: &[u8], tag: &[u8]) -> Vec<u8> {
    let mut file = wav.to_vec();
    file.extend(b"id3 ");
    file.extend((tag.len() as u32).to_le_bytes());
    file.extend(tag);
    file.extend((tag.len() % 2 == 1).then_some(0));
    let riff = (file.len() as u32 - 8).to_le_bytes();
    file[4..8].copy_from_slice(&riff);
    file
}
