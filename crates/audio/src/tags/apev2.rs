//! APE tags of version 1 and 2 (wiki.hydrogenaud.io, "APEv2 specification", "APE Tags Header", "APE Tag Item").

use std::fs::File;

use fanfare_model::Result;

use super::{
    fields::{Collected, FRONT_COVER, MAX_VALUES, named},
    header_fields::le32,
    text,
};
use crate::probe::read_at;

const PREAMBLE: &[u8; 8] = b"APETAGEX";
/// Bytes of a header or footer.
const FRAME: u64 = 32;
const HAS_HEADER: u32 = 1 << 31;
/// Items in one tag.
const MAX_ITEMS: u32 = 10_000;
/// Bytes of an item's key.
const MAX_KEY: usize = 255;
/// The kind of an item's value, in its flags.
const KIND: u32 = 6;
const BINARY: u32 = 2;
const LINK: u32 = 4;

/// Reads the tag whose footer ends there, and says where the tag begins; `None` when there is none.
///
/// # Errors
/// I/O.
pub(super) fn read_ending(file: &File, end: u64, into: &mut Collected<'_>) -> Result<Option<u64>> {
    let Some(at) = end.checked_sub(FRAME) else { return Ok(None) };
    let footer = read_at(file, at, FRAME as usize)?;
    let Some((size, count, flags)) = frame(&footer) else { return Ok(None) };
    let header = if flags & HAS_HEADER != 0 { FRAME } else { 0 };
    let Some(start) = end.checked_sub(size).filter(|_| size >= FRAME) else {
        into.note("the footer of the APE tag says more than there is");
        return Ok(Some(at));
    };
    items_at(file, start, size - FRAME, count, into)?;
    Ok(Some(start.saturating_sub(header)))
}

/// Reads the tag whose header stands there, and says where the tag ends; `None` when there is none.
///
/// # Errors
/// I/O.
pub(super) fn read_at_start(file: &File, at: u64, into: &mut Collected<'_>) -> Result<Option<u64>> {
    let header = read_at(file, at, FRAME as usize)?;
    let Some((size, count, _)) = frame(&header).filter(|(size, ..)| *size >= FRAME) else { return Ok(None) };
    items_at(file, at + FRAME, size - FRAME, count, into)?;
    Ok(Some(at + FRAME + size))
}

/// Size without header, number of items, flags.
fn frame(bytes: &[u8]) -> Option<(u64, u32, u32)> {
    let is_one = bytes.starts_with(PREAMBLE) && matches!(le32(bytes, 8)?, 1_000 | 2_000);
    is_one.then_some((u64::from(le32(bytes, 12)?), le32(bytes, 16)?, le32(bytes, 20)?))
}

fn items_at(file: &File, at: u64, length: u64, count: u32, into: &mut Collected<'_>) -> Result<()> {
    let taken = length.min(into.limits.max_tag_bytes);
    into.cut |= taken < length;
    items(&read_at(file, at, taken as usize)?, count, into);
    Ok(())
}

fn items(mut rest: &[u8], count: u32, into: &mut Collected<'_>) {
    for _ in 0..count.min(MAX_ITEMS) {
        let Some((size, flags, key, value)) = item(rest) else {
            if !into.cut {
                into.note("an APE item is longer than its tag, and what is behind it was left out");
            }
            return;
        };
        rest = value.get(size..).unwrap_or_default();
        let value = &value[..size];
        let Some(key) = std::str::from_utf8(key).ok().filter(|key| key.len() > 1 && key.is_ascii()) else {
            into.note("an APE item without a name was left out");
            continue;
        };
        if let Some(kind) = picture_kind(key) {
            if flags & KIND != LINK {
                picture(kind, value, into);
            }
        } else if let Some((field, rank)) = named(key).filter(|_| flags & KIND != BINARY) {
            // Several values have zeros between them.
            for one in value.split(|byte| *byte == 0).take(MAX_VALUES) {
                into.add(field, rank, &text::utf8_or_windows_1252(one));
            }
        }
    }
}

/// Size of the value, flags, key, and the bytes from the value on.
fn item(rest: &[u8]) -> Option<(usize, u32, &[u8], &[u8])> {
    let (size, flags) = (le32(rest, 0)? as usize, le32(rest, 4)?);
    let named = &rest[8..];
    let end = named.iter().take(MAX_KEY + 1).position(|byte| *byte == 0)?;
    let value = &named[end + 1..];
    (size <= value.len()).then_some((size, flags, &named[..end], value))
}

/// What picture a key means, as kinds of ID3v2.
fn picture_kind(key: &str) -> Option<u32> {
    let name =
        key.get(..9).filter(|start| start.eq_ignore_ascii_case("cover art")).map(|_| key[9..].trim())?;
    Some(match name.to_ascii_lowercase().as_str() {
        "(front)" => FRONT_COVER,
        "(icon)" | "(other icon)" => 1,
        _ => 0,
    })
}

/// A picture has the name of its file in front, which ends in a zero.
fn picture(kind: u32, value: &[u8], into: &mut Collected<'_>) {
    let is_image = |bytes: &[u8]| bytes.starts_with(b"\xff\xd8\xff") || bytes.starts_with(b"\x89PNG");
    match value.iter().position(|byte| *byte == 0) {
        _ if is_image(value) => into.add_picture(kind, value),
        Some(end) if end + 1 < value.len() => into.add_picture(kind, &value[end + 1..]),
        _ => into.note("a picture of the APE tag is empty"),
    }
}
