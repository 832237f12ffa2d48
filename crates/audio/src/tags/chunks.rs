//! Tags in chunks of WAVE (Microsoft, "Multimedia Programming Interface and Data Specifications 1.0": RIFF, LIST INFO) and
//! AIFF (Apple, "Audio Interchange File Format 1.3", text chunks): those of the formats, and ID3v2 tags in a chunk.

use std::{fs::File, ops::Range};

use fanfare_model::Result;

use super::{
    fields::{Collected, Field},
    header_fields::{be32, le32, le64},
    text,
};
use crate::{
    Container, Limits,
    probe::{AudioBytes, read_at},
};

/// Chunks of a file, and texts in a list, that are looked at.
const MAX_CHUNKS: usize = 10_000;
/// Bytes of a text that is read at all.
const MAX_TEXT: u64 = 64 << 10;

const INFO: &[(&[u8; 4], Field, u8)] = &[
    (b"INAM", Field::Title, 0),
    (b"IART", Field::Artist, 0),
    (b"IPRD", Field::Album, 0),
    (b"IGNR", Field::Genre, 0),
    (b"IMUS", Field::Composer, 0),
    (b"ICMT", Field::Comment, 0),
    (b"ICRD", Field::Date, 0),
    (b"ITRK", Field::Track, 0),
    (b"IPRT", Field::Track, 1),
    (b"TRCK", Field::Track, 2),
];
const AIFF_TEXTS: &[(&[u8; 4], Field, u8)] =
    &[(b"NAME", Field::Title, 0), (b"AUTH", Field::Artist, 0), (b"ANNO", Field::Comment, 0)];

/// The texts of the format itself, and where ID3v2 tags stand.
///
/// # Errors
/// I/O.
pub(super) fn read<'a>(
    file: &File,
    audio: AudioBytes,
    limits: &'a Limits,
) -> Result<(Collected<'a>, Vec<Range<u64>>)> {
    let mut texts = Collected::new(limits);
    let mut id3 = Vec::new();
    let is_aiff = audio.container == Container::Aiff;
    let number = if is_aiff { be32 } else { le32 };
    let mut long_data = None;
    let mut at = audio.start + 12;
    for _ in 0..MAX_CHUNKS {
        let head = read_at(file, at, 8)?;
        let (Some(name), Some(length)) = (head.get(..4), number(&head, 4)) else { break };
        let length = match long_data.filter(|_| name == b"data" && length == u32::MAX) {
            Some(length) => length,
            None => u64::from(length),
        };
        let start = at + 8;
        let Some(end) = start.checked_add(length) else { break };
        let body = start..end.min(audio.end);
        match name {
            // RF64 and BW64 keep the length of their samples there (EBU Tech 3306, section 3.4).
            b"ds64" => long_data = le64(&read_at(file, start, 16)?, 8),
            b"ID3 " | b"id3 " => id3.push(body),
            b"LIST" => info(file, body, &mut texts)?,
            _ => {
                if let Some((_, field, rank)) =
                    AIFF_TEXTS.iter().find(|(known, ..)| is_aiff && *known == name)
                {
                    one(file, body, *field, *rank, &mut texts)?;
                }
            }
        }
        let Some(next) = end.checked_add(length & 1).filter(|next| *next < audio.end) else { break };
        at = next;
    }
    Ok((texts, id3))
}

fn info(file: &File, list: Range<u64>, into: &mut Collected<'_>) -> Result<()> {
    if read_at(file, list.start, 4)? != b"INFO" {
        return Ok(());
    }
    let mut at = list.start + 4;
    for _ in 0..MAX_CHUNKS {
        if at >= list.end {
            break;
        }
        let head = read_at(file, at, 8)?;
        let (Some(name), Some(length)) = (head.get(..4), le32(&head, 4)) else { break };
        let (start, length) = (at + 8, u64::from(length));
        if start + length > list.end {
            into.note("a text of the INFO list is longer than the list");
        }
        if let Some((_, field, rank)) = INFO.iter().find(|(known, ..)| *known == name) {
            one(file, start..(start + length).min(list.end), *field, *rank, into)?;
        }
        at = start + length + (length & 1);
    }
    Ok(())
}

fn one(file: &File, body: Range<u64>, field: Field, rank: u8, into: &mut Collected<'_>) -> Result<()> {
    let length = body.end.saturating_sub(body.start).min(MAX_TEXT) as usize;
    let bytes = read_at(file, body.start, length)?;
    let value = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    into.add(field, rank, &text::utf8_or_windows_1252(value));
    Ok(())
}
