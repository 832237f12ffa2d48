//! WAVE and AIFF: a list of chunks, one of which holds an ID3v2 tag (`id3 ` in WAVE, `ID3 ` in AIFF).

use std::fs::File;

use fanfare_model::{Error, Result};

use super::{
    id3,
    pieces::{Piece, Plan, malformed, refused},
};
use crate::{
    Limits,
    probe::{AudioBytes, read_at},
};

/// Chunks in one file.
const MAX_CHUNKS: usize = 10_000;

/// How the two formats differ.
#[derive(Clone, Copy)]
pub(super) struct Dialect {
    /// Name of the chunk of tags.
    id: &'static [u8; 4],
    big_endian: bool,
}

/// RIFF WAVE (Microsoft and IBM, Multimedia Programming Interface, 1991).
pub(super) const WAV: Dialect = Dialect { id: b"id3 ", big_endian: false };
/// AIFF (Apple, Audio Interchange File Format 1.3).
pub(super) const AIFF: Dialect = Dialect { id: b"ID3 ", big_endian: true };

impl Dialect {
    fn number(self, bytes: &[u8]) -> u32 {
        let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    fn bytes(self, number: u64) -> Result<[u8; 4]> {
        let number =
            u32::try_from(number).map_err(|_| Error::limit("riff_bytes", number, u64::from(u32::MAX)))?;
        Ok(if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() })
    }
}

pub(super) fn plan(
    file: &File,
    audio: AudioBytes,
    dialect: Dialect,
    fields: &[(&'static str, String)],
    limits: &Limits,
) -> Plan {
    let length = file.metadata().map_err(|error| Error::from_io("reading the file's size", error))?.len();
    let head = read_at(file, audio.start, 12)?;
    let cut = || malformed("its header is cut short");
    let declared = u64::from(dialect.number(head.get(4..8).ok_or_else(cut)?));
    // A program that wrote to a pipe did not know the size.
    if audio.start + 8 + declared != length {
        return Err(refused(format!(
            "its header declares {declared} bytes where {} follow",
            length.saturating_sub(audio.start + 8)
        )));
    }
    let mut body = Vec::new();
    let mut at = audio.start + 12;
    let mut written = false;
    for _ in 0..MAX_CHUNKS {
        if at >= length {
            break;
        }
        let head = read_at(file, at, 8)?;
        let (Some(id), Some(size)) = (head.get(..4), head.get(4..8)) else { return Err(cut()) };
        let size = u64::from(dialect.number(size));
        let end = at + 8 + size;
        if end > length {
            return Err(malformed("a chunk is longer than the file").at_byte(at));
        }
        // Chunks begin at even places; the last one's odd byte is forgotten by some.
        let next = (end + (size & 1)).min(length);
        if id.eq_ignore_ascii_case(dialect.id) {
            if written {
                return Err(malformed("it has more than one chunk of ID3v2 tags"));
            }
            written = true;
            if size > limits.max_tag_bytes {
                return Err(Error::limit("tag_bytes", size, limits.max_tag_bytes));
            }
            let tag = read_at(file, at + 8, size as usize)?;
            // Some writers count the byte that makes it even.
            let tag = match crate::probe::id3v2_length(&tag) {
                Some(tag_bytes) if tag_bytes <= tag.len() && tag.len() - tag_bytes <= 1 => &tag[..tag_bytes],
                _ => return Err(malformed("its chunk of ID3v2 tags holds none").at_byte(at)),
            };
            body.push(Piece::New(chunk(dialect, id, &id3::edit(tag, fields)?)?));
        } else {
            body.push(Piece::Keep(at..next));
        }
        at = next;
    }
    if at < length {
        return Err(Error::limit("chunks", MAX_CHUNKS as u64 + 1, MAX_CHUNKS as u64));
    }
    if !written {
        if (length - audio.start) % 2 == 1 {
            body.push(Piece::New(vec![0]));
        }
        body.push(Piece::New(chunk(dialect, dialect.id, &id3::new(fields)?)?));
    }
    let size = 4 + body.iter().map(size_of_piece).sum::<u64>();
    let mut pieces = vec![
        Piece::Keep(0..audio.start + 4),
        Piece::New(dialect.bytes(size)?.to_vec()),
        Piece::Keep(audio.start + 8..audio.start + 12),
    ];
    pieces.extend(body);
    Ok(pieces)
}

fn size_of_piece(piece: &Piece) -> u64 {
    match piece {
        Piece::New(bytes) => bytes.len() as u64,
        Piece::Keep(range) | Piece::Pages { range, .. } => range.end - range.start,
    }
}

fn chunk(dialect: Dialect, id: &[u8], body: &[u8]) -> Result<Vec<u8>> {
    let padding = &[0][..body.len() % 2];
    Ok([id, &dialect.bytes(body.len() as u64)?, body, padding].concat())
}
