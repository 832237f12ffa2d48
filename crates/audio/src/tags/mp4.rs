//! Tags of MP4 (ISO/IEC 14496-12, boxes; Apple, "QuickTime File Format", metadata item list): the items of `ilst`.

use std::{fs::File, ops::Range};

use fanfare_model::Result;

use super::{
    fields::{Collected, FRONT_COVER, Field},
    genres,
    header_fields::{be32, be64},
    text,
};
use crate::probe::{AudioBytes, read_at};

/// Boxes in one box.
const MAX_BOXES: usize = 100_000;
/// Kinds of values: UTF-8, UTF-16 from the big end, an integer ("Well-known types").
const UTF_16: u32 = 2;
const UTF_8: u32 = 1;

/// Items of texts.
const TEXTS: &[(&[u8; 4], Field)] = &[
    (b"\xa9nam", Field::Title),
    (b"\xa9ART", Field::Artist),
    (b"aART", Field::AlbumArtist),
    (b"\xa9alb", Field::Album),
    (b"\xa9gen", Field::Genre),
    (b"\xa9wrt", Field::Composer),
    (b"\xa9cmt", Field::Comment),
    (b"\xa9day", Field::Date),
];

/// Reads the items.
///
/// # Errors
/// I/O.
pub(super) fn read(file: &File, audio: AudioBytes, into: &mut Collected<'_>) -> Result<()> {
    let Some(moov) = find(file, audio.start..audio.end, b"moov")? else { return Ok(()) };
    let meta = match find(file, moov.clone(), b"udta")? {
        Some(udta) => find(file, udta, b"meta")?,
        None => None,
    };
    let Some(meta) = (match meta {
        Some(meta) => Some(meta),
        None => find(file, moov, b"meta")?,
    }) else {
        return Ok(());
    };
    // QuickTime's has no version and flags in front.
    let is_plain = read_at(file, meta.start, 8)?.ends_with(b"hdlr");
    let start = if is_plain { meta.start } else { meta.start + 4 };
    let Some(list) = find(file, start..meta.end, b"ilst")? else { return Ok(()) };
    let length = list.end.saturating_sub(list.start);
    let taken = length.min(into.limits.max_tag_bytes);
    into.cut |= taken < length;
    items(&read_at(file, list.start, taken as usize)?, into);
    Ok(())
}

/// The body of the first box of that name.
fn find(file: &File, within: Range<u64>, name: &[u8; 4]) -> Result<Option<Range<u64>>> {
    let mut at = within.start;
    for _ in 0..MAX_BOXES {
        if at >= within.end {
            break;
        }
        let head = read_at(file, at, 16)?;
        let (Some(short), Some(found)) = (be32(&head, 0), head.get(4..8)) else { break };
        let (size, header) = match short {
            0 => (within.end - at, 8),
            1 => (be64(&head, 8).unwrap_or(0), 16),
            size => (u64::from(size), 8),
        };
        let Some(next) = at.checked_add(size).filter(|_| size >= header) else { break };
        if found == name {
            return Ok(Some(at + header..next.min(within.end)));
        }
        at = next;
    }
    Ok(None)
}

/// The box at the start of those bytes, and what is behind it; `None` at their end and where it is longer.
fn first_box(bytes: &[u8]) -> Option<([u8; 4], &[u8], &[u8])> {
    let size = be32(bytes, 0)? as usize;
    let name = [*bytes.get(4)?, *bytes.get(5)?, *bytes.get(6)?, *bytes.get(7)?];
    Some((name, bytes.get(8..size)?, &bytes[size..]))
}

fn items(mut rest: &[u8], into: &mut Collected<'_>) {
    while rest.len() >= 8 {
        let Some((name, body, behind)) = first_box(rest) else {
            if !into.cut {
                into.note(
                    "an item of the MP4 tags is longer than their list, and what is behind it was left out",
                );
            }
            return;
        };
        rest = behind;
        if item(name, body, into).is_none() {
            let name = text::windows_1252(&name);
            into.note(format!("the item {name} of the MP4 tags is damaged and was left out"));
        }
    }
}

/// Reads an item; `None` if it is damaged.
fn item(name: [u8; 4], mut body: &[u8], into: &mut Collected<'_>) -> Option<()> {
    let mut own_name = String::new();
    while body.len() >= 8 {
        let (part, value, behind) = first_box(body)?;
        body = behind;
        match &part {
            b"name" => own_name = text::utf8_or_windows_1252(value.get(4..)?),
            b"data" => {
                let (kind, value) = (be32(value, 0)? & 0xff_ffff, value.get(8..)?);
                one(&name, &own_name, kind, value, into)?;
            }
            _ => {}
        }
    }
    Some(())
}

fn one(name: &[u8; 4], own_name: &str, kind: u32, value: &[u8], into: &mut Collected<'_>) -> Option<()> {
    let written =
        || if kind == UTF_16 { text::utf16(value, false) } else { text::utf8_or_windows_1252(value) };
    match name {
        b"trkn" => position(Field::Track, Field::TrackTotal, value, into)?,
        b"disk" => position(Field::Disc, Field::DiscTotal, value, into)?,
        // ID3v1's number, from 1; the name comes first where both stand there.
        b"gnre" => {
            let number = value.iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
            if let Some(genre) = number.checked_sub(1).and_then(genres::by_number) {
                into.add(Field::Genre, 1, genre);
            }
        }
        b"covr" => into.add_picture(FRONT_COVER, value),
        b"----" if matches!(kind, 0 | UTF_8 | UTF_16) => into.add_named(own_name, 0, &written()),
        _ => {
            if let Some((_, field)) = TEXTS.iter().find(|(known, _)| *known == name) {
                into.add(*field, 0, &written());
            }
        }
    }
    Some(())
}

/// Two numbers of two bytes, behind two bytes of nothing.
fn position(number: Field, total: Field, value: &[u8], into: &mut Collected<'_>) -> Option<()> {
    let at = |at: usize| value.get(at..at + 2).map(|b| u16::from_be_bytes([b[0], b[1]]).to_string());
    into.add(number, 0, &at(2)?);
    if let Some(of) = at(4) {
        into.add(total, 0, &of);
    }
    Some(())
}
