//! Ogg (RFC 3533) with Vorbis or Opus (RFC 7845): the packet of comments is written again in pages of its own; the pages
//! behind it keep their bytes, but for their numbers and checksums where the number of pages changes.

use std::{fs::File, ops::Range, os::unix::fs::FileExt};

use fanfare_model::{Error, Result};

use super::{
    pieces::{Piece, Plan, malformed, refused},
    vorbis,
};
use crate::{
    Limits,
    probe::{AudioBytes, read_at},
};

/// Bytes of a page's header before its table of segments.
const HEADER: usize = 27;
const CONTINUED: u8 = 1;
/// The page begins a stream.
pub(in crate::tags) const FIRST: u8 = 2;
const LAST: u8 = 4;
/// Segments in a page, and bytes in one.
const MAX_SEGMENTS: usize = 255;
/// No packet ends on the page.
const NO_POSITION: u64 = u64::MAX;

/// What stands in front of the comments, and how many packets of headers there are with them (Vorbis has its codebooks
/// behind).
#[derive(Clone, Copy)]
pub(super) struct Mapping {
    prefix: &'static [u8],
    packets: usize,
}

pub(super) const VORBIS: Mapping = Mapping { prefix: b"\x03vorbis", packets: 2 };
pub(super) const OPUS: Mapping = Mapping { prefix: b"OpusTags", packets: 1 };

/// A page, whole.
pub(in crate::tags) struct Page {
    pub(in crate::tags) bytes: Vec<u8>,
    /// Where its segments begin.
    pub(in crate::tags) body: usize,
}

impl Page {
    /// The page at that place of the file.
    ///
    /// # Errors
    /// `Malformed` when there is none, I/O.
    pub(in crate::tags) fn read(file: &File, at: u64) -> Result<Self> {
        let damaged = || malformed("an Ogg page is not where the one before ends").at_byte(at);
        let mut bytes = read_at(file, at, HEADER + MAX_SEGMENTS)?;
        if bytes.len() < HEADER || !bytes.starts_with(b"OggS\0") {
            return Err(damaged());
        }
        let body = HEADER + usize::from(bytes[26]);
        let table = bytes.get(HEADER..body).ok_or_else(damaged)?;
        let length = body + table.iter().map(|segment| usize::from(*segment)).sum::<usize>();
        bytes.resize(length.min(bytes.len()), 0);
        let have = bytes.len();
        bytes.resize(length, 0);
        file.read_exact_at(&mut bytes[have..], at + have as u64)
            .map_err(|error| Error::from_io("reading an Ogg page", error).at_byte(at))?;
        Ok(Self { bytes, body })
    }

    pub(in crate::tags) fn flags(&self) -> u8 {
        self.bytes[5]
    }

    pub(in crate::tags) fn serial(&self) -> u32 {
        self.number(14)
    }

    fn number(&self, at: usize) -> u32 {
        u32::from_le_bytes([self.bytes[at], self.bytes[at + 1], self.bytes[at + 2], self.bytes[at + 3]])
    }

    pub(in crate::tags) fn segments(&self) -> &[u8] {
        &self.bytes[HEADER..self.body]
    }

    /// What stands on the page from that segment on, as a page of its own; `None` if nothing does. Sound should begin
    /// on a fresh page (Vorbis I, section A.2; RFC 7845, section 3), but there are programs that go on where the
    /// headers end.
    fn behind(&self, segment: usize, at: usize) -> Option<Self> {
        let table = self.segments().get(segment..).filter(|table| !table.is_empty())?;
        let mut bytes = self.bytes[..HEADER].to_vec();
        bytes[5] &= LAST;
        // The position is that of the last packet that ends on the page: none does, if the headers were the last.
        if table.iter().all(|segment| *segment == 255) {
            bytes[6..14].copy_from_slice(&NO_POSITION.to_le_bytes());
        }
        bytes[26] = table.len() as u8;
        bytes.extend(table);
        let body = bytes.len();
        bytes.extend(&self.bytes[at..]);
        Some(Self { bytes, body })
    }

    fn set_number(&mut self, number: u32) {
        self.bytes[18..22].copy_from_slice(&number.to_le_bytes());
        self.seal();
    }

    /// Writes the checksum (RFC 3533, section 6, field 7) over the page as it is.
    fn seal(&mut self) {
        self.bytes[22..26].fill(0);
        let sum =
            self.bytes.iter().fold(0_u32, |sum, byte| sum << 8 ^ CRC[usize::from((sum >> 24) as u8 ^ byte)]);
        self.bytes[22..26].copy_from_slice(&sum.to_le_bytes());
    }
}

/// The checksum of each byte: generator polynomial 0x04c11db7.
const CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 << 31 != 0 { sum << 1 ^ 0x04c1_1db7 } else { sum << 1 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
};

pub(super) fn plan(
    file: &File,
    audio: AudioBytes,
    mapping: Mapping,
    fields: &[(&'static str, String)],
    limits: &Limits,
) -> Plan {
    let first = Page::read(file, audio.start)?;
    if first.flags() & FIRST == 0 {
        return Err(malformed("its first Ogg page does not begin a stream"));
    }
    let serial = first.serial();
    let mut at = audio.start + first.bytes.len() as u64;
    let headers_start = at;
    let (mut packets, mut open, mut pages, mut sound) = (Vec::new(), Vec::new(), 0_u32, None);
    while packets.len() < mapping.packets {
        let page = Page::read(file, at)?;
        if page.serial() != serial || page.flags() & FIRST != 0 {
            return Err(refused("it has more than one stream"));
        }
        at += page.bytes.len() as u64;
        pages += 1;
        if at - headers_start > limits.max_tag_bytes {
            return Err(Error::limit("tag_bytes", at - headers_start, limits.max_tag_bytes));
        }
        let mut body = page.body;
        for (number, segment) in page.segments().iter().enumerate() {
            let end = body + usize::from(*segment);
            open.extend_from_slice(&page.bytes[body..end]);
            body = end;
            if *segment < 255 {
                packets.push(std::mem::take(&mut open));
                if packets.len() == mapping.packets {
                    sound = page.behind(number + 1, body);
                    break;
                }
            }
        }
    }
    let comments = packets[0]
        .strip_prefix(mapping.prefix)
        .ok_or_else(|| malformed("its second packet is not its comments"))?;
    packets[0] = [mapping.prefix, &vorbis::edit(comments, fields)?].concat();
    // The numbers of pages go on from the first one's.
    let number = first.number(18).wrapping_add(1);
    let mut made = page_up(&packets, serial, number);
    if let Some(mut page) = sound {
        page.set_number(number.wrapping_add(made.len() as u32));
        made.push(page);
    }
    Ok(vec![
        Piece::Keep(0..headers_start),
        Piece::New(made.iter().flat_map(|page| page.bytes.iter().copied()).collect()),
        Piece::Pages { range: at..audio.end, serial, shift: (made.len() as u32).wrapping_sub(pages) },
    ])
}

/// Puts packets into pages.
fn page_up(packets: &[Vec<u8>], serial: u32, first_number: u32) -> Vec<Page> {
    let mut segments: Vec<(u8, bool)> = Vec::new();
    for packet in packets {
        segments.extend(std::iter::repeat_n((255, false), packet.len() / 255));
        segments.push(((packet.len() % 255) as u8, true));
    }
    let bytes = packets.concat();
    let mut pages = Vec::new();
    let (mut at, mut continued) = (0, false);
    for (table, number) in segments.chunks(MAX_SEGMENTS).zip(0_u32..) {
        let length: usize = table.iter().map(|segment| usize::from(segment.0)).sum();
        let position = if table.iter().any(|segment| segment.1) { 0 } else { NO_POSITION };
        let mut page = b"OggS\0".to_vec();
        page.push(if continued { CONTINUED } else { 0 });
        page.extend(position.to_le_bytes());
        page.extend(serial.to_le_bytes());
        page.extend(first_number.wrapping_add(number).to_le_bytes());
        page.extend([0; 4]);
        page.push(table.len() as u8);
        page.extend(table.iter().map(|segment| segment.0));
        let body = page.len();
        page.extend(&bytes[at..at + length]);
        let mut page = Page { bytes: page, body };
        page.seal();
        pages.push(page);
        at += length;
        continued = table.last().is_some_and(|segment| !segment.1);
    }
    pages
}

/// Gives the pages of a range in order, their numbers raised by so many.
///
/// # Errors
/// The callback's, I/O, `Unsupported` where another stream begins, `Malformed` for bytes that are no page.
pub(super) fn copy_pages(
    file: &File,
    range: Range<u64>,
    serial: u32,
    shift: u32,
    put: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut at = range.start;
    while at < range.end {
        let mut page = Page::read(file, at)?;
        if page.serial() != serial || page.flags() & FIRST != 0 {
            return Err(refused("it has more than one stream"));
        }
        at += page.bytes.len() as u64;
        if shift != 0 {
            let number = page.number(18).wrapping_add(shift);
            page.set_number(number);
        }
        put(&page.bytes)?;
    }
    Ok(())
}
