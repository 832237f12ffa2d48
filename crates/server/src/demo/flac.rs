//! A small FLAC writer: 16-bit stereo, fixed predictors, Rice codes (RFC 9639).
//!
//! Only for the demo album: product encoding goes through `audio`. It is here so that the demo is a lossless file
//! with tags and a cover and needs no encoder installed.

/// What a file says of itself.
pub struct FlacTags<'a> {
    /// Vorbis comments: names and values.
    pub comments: &'a [(&'a str, &'a str)],
    /// The front cover.
    pub cover_jpeg: &'a [u8],
    /// Its width and height.
    pub cover_side_px: u32,
}

/// Frames per FLAC frame; code 12 in the frame header (RFC 9639 table 14).
const BLOCK: usize = 4096;
const BLOCK_CODE: u32 = 12;
/// The highest order of the fixed predictors (RFC 9639 section 9.2.5).
const MAX_ORDER: usize = 4;
/// The largest parameter of a 4-bit Rice partition; 15 would be an escape (RFC 9639 section 9.2.7).
const MAX_RICE: u32 = 14;

/// The file's bytes.
pub fn write_flac(frames: &[[i16; 2]], rate_hz: u32, tags: &FlacTags<'_>) -> Vec<u8> {
    let mut out = b"fLaC".to_vec();
    block(&mut out, 0, false, &stream_info(frames.len() as u64, rate_hz));
    block(&mut out, 4, false, &vorbis_comment(tags.comments));
    block(&mut out, 6, true, &picture(tags));
    for (number, frames) in frames.chunks(BLOCK).enumerate() {
        out.extend(frame(number as u64, frames));
    }
    out
}

/// A metadata block (RFC 9639 section 8.1).
fn block(out: &mut Vec<u8>, kind: u8, last: bool, body: &[u8]) {
    out.push(kind | u8::from(last) << 7);
    out.extend_from_slice(&(body.len() as u32).to_be_bytes()[1..]);
    out.extend_from_slice(body);
}

fn stream_info(total: u64, rate_hz: u32) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(BLOCK as u32, 16);
    bits.put(BLOCK as u32, 16);
    // Frame sizes and the MD5 sum are unknown: zero (RFC 9639 section 8.2).
    bits.put(0, 24);
    bits.put(0, 24);
    bits.put(rate_hz, 20);
    bits.put(2 - 1, 3);
    bits.put(16 - 1, 5);
    bits.put((total >> 32) as u32 & 0xF, 4);
    bits.put(total as u32, 32);
    (0..4).for_each(|_| bits.put(0, 32));
    bits.bytes
}

fn vorbis_comment(comments: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut text = |text: &str| {
        body.extend_from_slice(&(text.len() as u32).to_le_bytes());
        body.extend_from_slice(text.as_bytes());
    };
    text("fanfare demo");
    let count = comments.len() as u32;
    let rows: Vec<_> = comments.iter().map(|(name, value)| format!("{name}={value}")).collect();
    body.extend_from_slice(&count.to_le_bytes());
    for row in rows {
        body.extend_from_slice(&(row.len() as u32).to_le_bytes());
        body.extend_from_slice(row.as_bytes());
    }
    body
}

/// RFC 9639 section 8.8; 3 is a front cover.
fn picture(tags: &FlacTags<'_>) -> Vec<u8> {
    let mut body = Vec::new();
    let mime = "image/jpeg";
    body.extend_from_slice(&3u32.to_be_bytes());
    body.extend_from_slice(&(mime.len() as u32).to_be_bytes());
    body.extend_from_slice(mime.as_bytes());
    body.extend_from_slice(&0u32.to_be_bytes());
    for number in [tags.cover_side_px, tags.cover_side_px, 24, 0, tags.cover_jpeg.len() as u32] {
        body.extend_from_slice(&number.to_be_bytes());
    }
    body.extend_from_slice(tags.cover_jpeg);
    body
}

fn frame(number: u64, frames: &[[i16; 2]]) -> Vec<u8> {
    let [left, right] =
        [0, 1].map(|channel| frames.iter().map(|f| i32::from(f[channel])).collect::<Vec<_>>());
    let mid: Vec<i32> = left.iter().zip(&right).map(|(l, r)| (l + r) >> 1).collect();
    let side: Vec<i32> = left.iter().zip(&right).map(|(l, r)| l - r).collect();
    let cost = |channel: &[i32]| best_order(channel).1;
    let mid_side = cost(&mid) + cost(&side) < cost(&left) + cost(&right);

    // Frame header (RFC 9639 section 9.1).
    let mut bits = Bits::default();
    let whole = frames.len() == BLOCK;
    bits.put(0xFFF8, 16);
    bits.put(if whole { BLOCK_CODE } else { 7 }, 4);
    bits.put(9, 4); // 44.1 kHz
    bits.put(if mid_side { 10 } else { 1 }, 4);
    bits.put(4 << 1, 4); // 16 bits
    let mut buffer = [0; 4];
    // Frame numbers are coded like UTF-8; the demo stays below the surrogates' range (0xD800 frames = 62 minutes).
    let code = char::from_u32(number as u32).unwrap_or_default().encode_utf8(&mut buffer);
    code.bytes().for_each(|byte| bits.put(u32::from(byte), 8));
    if !whole {
        bits.put(frames.len() as u32 - 1, 16);
    }
    bits.put(u32::from(crc8(&bits.bytes)), 8);
    if mid_side {
        subframe(&mut bits, &mid, 16);
        subframe(&mut bits, &side, 17);
    } else {
        subframe(&mut bits, &left, 16);
        subframe(&mut bits, &right, 16);
    }
    bits.align();
    bits.put(u32::from(crc16(&bits.bytes)), 16);
    bits.bytes
}

/// What the fixed predictor of that order leaves over (RFC 9639 table 20: differences of differences).
fn residual(channel: &[i32], order: usize) -> Vec<i32> {
    let mut values = channel.to_vec();
    for _ in 0..order {
        for index in (1..values.len()).rev() {
            values[index] -= values[index - 1];
        }
    }
    values.get(order..).unwrap_or_default().to_vec()
}

/// The order that leaves least, and how much.
fn best_order(channel: &[i32]) -> (usize, u64) {
    let size = |order| residual(channel, order).iter().map(|v| u64::from(v.unsigned_abs())).sum::<u64>();
    let orders = 0..=MAX_ORDER.min(channel.len().saturating_sub(1));
    orders.map(|order| (order, size(order))).min_by_key(|(_, size)| *size).unwrap_or((0, 0))
}

/// RFC 9639 section 9.2.
fn subframe(bits: &mut Bits, channel: &[i32], width: u32) {
    if channel.windows(2).all(|pair| pair[0] == pair[1]) {
        bits.put(0, 8);
        bits.put_signed(channel.first().copied().unwrap_or_default(), width);
        return;
    }
    let (order, _) = best_order(channel);
    bits.put((8 | order as u32) << 1, 8);
    for value in &channel[..order] {
        bits.put_signed(*value, width);
    }
    let left_over = residual(channel, order);
    // Sixteen partitions where they divide the block evenly, else one.
    let partition_order = if channel.len() == BLOCK { 4 } else { 0 };
    bits.put(0, 2);
    bits.put(partition_order, 4);
    let partition = channel.len() >> partition_order;
    let mut rest = left_over.as_slice();
    for index in 0..1usize << partition_order {
        let (now, later) = rest.split_at(if index == 0 { partition - order } else { partition });
        rest = later;
        rice(bits, now);
    }
}

fn rice(bits: &mut Bits, values: &[i32]) {
    let folded: Vec<u32> = values.iter().map(|value| ((value << 1) ^ (value >> 31)) as u32).collect();
    let cost = |k: u32| folded.iter().map(|value| u64::from((value >> k) + 1 + k)).sum::<u64>();
    let k = (0..=MAX_RICE).min_by_key(|k| cost(*k)).unwrap_or(0);
    bits.put(k, 4);
    for value in folded {
        (0..value >> k).for_each(|_| bits.put(0, 1));
        bits.put(1, 1);
        bits.put(value & ((1 << k) - 1), k);
    }
}

/// Bits, most significant first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u64,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, width: u32) {
        self.pending = self.pending << width | u64::from(value);
        self.count += width;
        while self.count >= 8 {
            self.count -= 8;
            self.bytes.push((self.pending >> self.count) as u8);
        }
        self.pending &= (1 << self.count) - 1;
    }

    fn put_signed(&mut self, value: i32, width: u32) {
        self.put(value as u32 & ((1 << width) - 1), width);
    }

    fn align(&mut self) {
        if self.count > 0 {
            self.put(0, 8 - self.count);
        }
    }
}

/// Polynomial x^8 + x^2 + x + 1 (RFC 9639 section 9.1.8).
fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| if crc & 0x80 == 0 { crc << 1 } else { crc << 1 ^ 0x07 })
    })
}

/// Polynomial x^16 + x^15 + x^2 + 1 (RFC 9639 section 9.3).
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(
            crc ^ u16::from(*byte) << 8,
            |crc, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x8005 }
            },
        )
    })
}
