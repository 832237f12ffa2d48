//! APEv2 tags (wiki.hydrogenaud.io, "APEv2 specification") at the end of WavPack, Monkey's Audio and Musepack files.

use std::fs::File;

use fanfare_model::{Error, Result};

use super::{
    pieces::{Piece, Plan, malformed, refused},
    values::is_among,
};
use crate::{Limits, probe::read_at};

const PREAMBLE: &[u8; 8] = b"APETAGEX";
/// Bytes of a header or footer.
const FRAME: u64 = 32;
/// Bytes of an ID3v1 tag, which stands behind.
const ID3V1: u64 = 128;
const HAS_HEADER: u32 = 1 << 31;
const IS_HEADER: u32 = 1 << 29;
const VERSION_2: u32 = 2_000;
/// Items in one tag.
const MAX_ITEMS: u32 = 10_000;

/// Where a tag lies, with what stands in it.
struct Found {
    /// First byte of header or items.
    start: u64,
    /// One past its footer.
    end: u64,
    has_header: bool,
    items: Vec<u8>,
    count: u32,
}

/// Edits the tag, or makes one if `or_new` says so; `None` when there is none and none is wanted.
pub(super) fn tail(
    file: &File,
    length: u64,
    fields: &[(&'static str, String)],
    or_new: bool,
    limits: &Limits,
) -> Result<Option<(u64, Vec<Piece>)>> {
    let end =
        if length > ID3V1 && read_at(file, length - ID3V1, 3)? == b"TAG" { length - ID3V1 } else { length };
    let found = find(file, end, limits)?;
    if found.is_none() && !or_new {
        return Ok(None);
    }
    let found = found.unwrap_or(Found { start: end, end, has_header: true, items: Vec::new(), count: 0 });
    let (mut items, mut count) = (Vec::new(), 0_u32);
    let mut rest = &found.items[..];
    for _ in 0..found.count {
        let damaged = || malformed("its APE tag is damaged");
        let size = le32(rest, 0).ok_or_else(damaged)? as usize;
        let key = rest.get(8..).ok_or_else(damaged)?.split(|byte| *byte == 0).next().unwrap_or_default();
        let whole = 9_usize.checked_add(key.len()).and_then(|n| n.checked_add(size)).ok_or_else(damaged)?;
        let item = rest.get(..whole).ok_or_else(damaged)?;
        if !is_among(key, fields) {
            items.extend_from_slice(item);
            count += 1;
        }
        rest = &rest[whole..];
    }
    if !rest.is_empty() {
        return Err(malformed("its APE tag has bytes behind its last item"));
    }
    for (name, value) in fields {
        items.extend((value.len() as u32).to_le_bytes());
        // Flags: text in UTF-8, may be changed.
        items.extend([0; 4]);
        items.extend([name.as_bytes(), &[0], value.as_bytes()].concat());
        count += 1;
    }
    let frame = |flags: u32| {
        let mut frame = PREAMBLE.to_vec();
        for number in [VERSION_2, items.len() as u32 + FRAME as u32, count, flags, 0, 0] {
            frame.extend(number.to_le_bytes());
        }
        frame
    };
    let (header, flags) =
        if found.has_header { (frame(HAS_HEADER | IS_HEADER), HAS_HEADER) } else { (Vec::new(), 0) };
    let tag = [header, items.clone(), frame(flags)].concat();
    Ok(Some((found.start, vec![Piece::New(tag), Piece::Keep(found.end..length)])))
}

/// A file whose own tag this is.
pub(super) fn plan(file: &File, length: u64, fields: &[(&'static str, String)], limits: &Limits) -> Plan {
    let Some((start, tail)) = tail(file, length, fields, true, limits)? else { return Ok(Vec::new()) };
    Ok([vec![Piece::Keep(0..start)], tail].concat())
}

fn find(file: &File, end: u64, limits: &Limits) -> Result<Option<Found>> {
    let Some(at) = end.checked_sub(FRAME) else { return Ok(None) };
    let footer = read_at(file, at, FRAME as usize)?;
    if !footer.starts_with(PREAMBLE) {
        return Ok(None);
    }
    let damaged = || malformed("the footer of its APE tag is damaged");
    let number = |at| le32(&footer, at).ok_or_else(damaged);
    let (version, size, count, flags) = (number(8)?, number(12)?, number(16)?, number(20)?);
    if version != VERSION_2 {
        return Err(refused(format!("its APE tag has version {version}, only 2000 is written")));
    }
    let size = u64::from(size);
    if size > limits.max_tag_bytes || count > MAX_ITEMS {
        return Err(Error::limit("tag_bytes", size, limits.max_tag_bytes));
    }
    let items_start = end.checked_sub(size).filter(|_| size >= FRAME).ok_or_else(damaged)?;
    let has_header = flags & HAS_HEADER != 0;
    let start = if has_header { items_start.checked_sub(FRAME).ok_or_else(damaged)? } else { items_start };
    if has_header && !read_at(file, start, 8)?.starts_with(PREAMBLE) {
        return Err(malformed("the header of its APE tag is not where the footer says"));
    }
    let items = read_at(file, items_start, (size - FRAME) as usize)?;
    Ok(Some(Found { start, end, has_header, items, count }))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}
