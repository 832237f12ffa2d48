//! MP4 (ISO/IEC 14496-12) with iTunes' list of items: `moov` is built again with its edited list, and if sound lies behind
//! it, the offsets to it are corrected.

use std::{fs::File, ops::Range};

use fanfare_model::{Error, Result};

use super::{
    pieces::{Piece, Plan, malformed, refused},
    values::is_among,
};
use crate::{
    Limits,
    probe::{AudioBytes, read_at},
};

/// Most bytes of a `moov`: sample tables of a day of sound and a booklet of covers fit.
const MAX_MOOV: u64 = 64 << 20;
/// Boxes in one box.
const MAX_BOXES: usize = 100_000;
/// The namespace that every program uses for names that iTunes does not know.
const MEAN: &[u8] = b"com.apple.iTunes";

pub(super) fn plan(
    file: &File,
    audio: AudioBytes,
    fields: &[(&'static str, String)],
    limits: &Limits,
) -> Plan {
    if audio.start != 0 {
        return Err(refused("something stands in front of its first box"));
    }
    let place = find_moov(file, audio.end)?;
    let length = place.end - place.start;
    if length > MAX_MOOV {
        return Err(Error::limit("moov_bytes", length, MAX_MOOV));
    }
    let old = read_at(file, place.start, length as usize)?;
    let mut moov = replace(&old, 8, b"udta", &mut |udta| edit_udta(udta, fields, limits))?;
    let shift = moov.len() as i64 - old.len() as i64;
    let body = 8..moov.len();
    move_offsets(&mut moov, body, &mut |offset| {
        if place.contains(&offset) {
            return Err(malformed("a chunk of sound lies within its headers"));
        }
        if offset < place.start { Ok(offset) } else { Ok(offset.wrapping_add_signed(shift)) }
    })?;
    Ok(vec![Piece::Keep(0..place.start), Piece::New(moov), Piece::Keep(place.end..audio.end)])
}

/// Where the one `moov` lies.
fn find_moov(file: &File, end: u64) -> Result<Range<u64>> {
    let mut found = None;
    let mut at = 0;
    for _ in 0..MAX_BOXES {
        if at >= end {
            break;
        }
        let head = read_at(file, at, 16)?;
        let damaged = || malformed("a box is longer than the file").at_byte(at);
        let size = match u64::from(be32(&head, 0).ok_or_else(damaged)?) {
            0 => end - at,
            1 => head
                .get(8..16)
                .map(|b| b.iter().fold(0, |size, byte| size << 8 | u64::from(*byte)))
                .ok_or_else(damaged)?,
            size => size,
        };
        let next = at.checked_add(size).filter(|next| size >= 8 && *next <= end).ok_or_else(damaged)?;
        match head.get(4..8) {
            Some(b"moov") if found.is_some() => return Err(malformed("it has more than one moov box")),
            Some(b"moov") if u64::from(be32(&head, 0).unwrap_or(0)) != size => {
                return Err(refused("its moov box has an unusual size field"));
            }
            Some(b"moov") => found = Some(at..next),
            // Offsets from the file's beginning stand all over those.
            Some(b"moof" | b"mfra" | b"sidx") => return Err(refused("it is a fragmented MP4 file")),
            Some(b"meta") => return Err(refused("it has items outside of its moov box")),
            _ => {}
        }
        at = next;
    }
    found.ok_or_else(|| malformed("it has no moov box"))
}

/// A box's type and where it lies.
type Found = ([u8; 4], Range<usize>);

/// Type and range of each box in there; stops at four zeros, which end some lists of QuickTime.
fn boxes(bytes: &[u8], within: Range<usize>) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut at = within.start;
    while at + 8 <= within.end && found.len() < MAX_BOXES {
        let damaged = || malformed("a box is longer than the one around it");
        let size = be32(bytes, at).ok_or_else(damaged)? as usize;
        if size == 0 {
            break;
        }
        let end = at.checked_add(size).filter(|end| size >= 8 && *end <= within.end).ok_or_else(damaged)?;
        found.push(([bytes[at + 4], bytes[at + 5], bytes[at + 6], bytes[at + 7]], at..end));
        at = end;
    }
    Ok(found)
}

/// Makes a box of the old one, if there is any.
type Edit<'a> = &'a mut dyn FnMut(Option<&[u8]>) -> Result<Vec<u8>>;

/// The box with its child of that name edited, or one put behind all others; everything else stays. `head` is what
/// stands in front of the children.
fn replace(whole: &[u8], head: usize, name: &[u8; 4], edit: Edit<'_>) -> Result<Vec<u8>> {
    let children = boxes(whole, head..whole.len())?;
    let mut same = children.iter().filter(|(child, _)| child == name);
    let place = same.next().map(|(_, range)| range.clone());
    if same.next().is_some() {
        return Err(malformed(format!("it has more than one {} box in a place", name.escape_ascii())));
    }
    let edited = edit(place.as_ref().map(|range| &whole[range.clone()]))?;
    let last = children.last().map_or(head, |(_, range)| range.end);
    let place = place.unwrap_or(last..last);
    let mut out = [&whole[..place.start], &edited[..], &whole[place.end..]].concat();
    let size =
        u32::try_from(out.len()).map_err(|_| Error::limit("box_bytes", out.len() as u64, u32::MAX.into()))?;
    out[..4].copy_from_slice(&size.to_be_bytes());
    Ok(out)
}

fn new_box(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes(), &name[..], body].concat()
}

fn edit_udta(udta: Option<&[u8]>, fields: &[(&'static str, String)], limits: &Limits) -> Result<Vec<u8>> {
    let empty = new_box(b"udta", &[]);
    replace(udta.unwrap_or(&empty), 8, b"meta", &mut |meta| edit_meta(meta, fields, limits))
}

fn edit_meta(meta: Option<&[u8]>, fields: &[(&'static str, String)], limits: &Limits) -> Result<Vec<u8>> {
    let Some(meta) = meta else {
        // Version and flags, then who is to read it: 'mdir' of 'appl', as iTunes writes it.
        let handler = [&[0; 8][..], b"mdir", b"appl", &[0; 9]].concat();
        let list = edit_list(None, fields)?;
        return Ok(new_box(b"meta", &[&[0; 4][..], &new_box(b"hdlr", &handler), &list].concat()));
    };
    if meta.len() as u64 > limits.max_tag_bytes {
        return Err(Error::limit("tag_bytes", meta.len() as u64, limits.max_tag_bytes));
    }
    // In QuickTime's own files there is no version in front of the children.
    let head = if meta.get(12..16) == Some(b"hdlr") { 8 } else { 12 };
    if meta.len() < head {
        return Err(malformed("its meta box is cut short"));
    }
    let children = boxes(meta, head..meta.len())?;
    let handler = children.iter().find(|(name, _)| name == b"hdlr").map(|(_, range)| &meta[range.clone()]);
    if handler.and_then(|handler| handler.get(16..20)) != Some(b"mdir") {
        return Err(refused("its meta box is not iTunes' list of items"));
    }
    if children.iter().any(|(name, _)| name == b"iloc") {
        return Err(refused("its meta box leads to items elsewhere in the file"));
    }
    replace(meta, head, b"ilst", &mut |list| edit_list(list, fields))
}

fn edit_list(list: Option<&[u8]>, fields: &[(&'static str, String)]) -> Result<Vec<u8>> {
    let empty = new_box(b"ilst", &[]);
    let list = list.unwrap_or(&empty);
    let mut body = Vec::with_capacity(list.len() + 512);
    let mut end = 8;
    for (name, range) in boxes(list, 8..list.len())? {
        let item = &list[range.clone()];
        end = range.end;
        if name != *b"----" || !freeform_name(item)?.is_some_and(|name| is_among(name, fields)) {
            body.extend_from_slice(item);
        }
    }
    for (name, value) in fields {
        // Lower case, as iTunes' own converters and most taggers write it.
        let name = name.to_ascii_lowercase();
        // Type 1 is text in UTF-8; then the locale, which is none.
        let data = [&1_u32.to_be_bytes(), &[0; 4], value.as_bytes()].concat();
        body.extend(new_box(
            b"----",
            &[
                new_box(b"mean", &[&[0; 4], MEAN].concat()),
                new_box(b"name", &[&[0; 4], name.as_bytes()].concat()),
                new_box(b"data", &data),
            ]
            .concat(),
        ));
    }
    body.extend_from_slice(&list[end..]);
    Ok(new_box(b"ilst", &body))
}

/// The name of a freeform item.
fn freeform_name(item: &[u8]) -> Result<Option<&[u8]>> {
    let parts = boxes(item, 8..item.len())?;
    Ok(parts
        .iter()
        .find(|(name, _)| name == b"name")
        .and_then(|(_, range)| item.get(range.start + 12..range.end)))
}

/// Changes every offset of a chunk of sound.
fn move_offsets(
    bytes: &mut [u8],
    within: Range<usize>,
    to: &mut dyn FnMut(u64) -> Result<u64>,
) -> Result<()> {
    for (name, range) in boxes(bytes, within)? {
        match &name {
            b"trak" | b"mdia" | b"minf" | b"stbl" => move_offsets(bytes, range.start + 8..range.end, to)?,
            b"saio" => return Err(refused("it is encrypted")),
            b"stco" | b"co64" => {
                let wide = &name == b"co64";
                let step = if wide { 8 } else { 4 };
                let count = be32(bytes, range.start + 12).unwrap_or(0) as usize;
                let table = range.start + 16..range.end;
                if count > table.len() / step {
                    return Err(malformed("a table of chunks is longer than its box"));
                }
                for entry in bytes[table].chunks_exact_mut(step).take(count) {
                    let offset = to(entry.iter().fold(0, |offset, byte| offset << 8 | u64::from(*byte)))?;
                    if !wide && offset > u64::from(u32::MAX) {
                        return Err(Error::limit("chunk_offset_bytes", offset, u32::MAX.into()));
                    }
                    entry.copy_from_slice(&offset.to_be_bytes()[8 - step..]);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}
