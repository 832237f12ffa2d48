//! ID3v2 tags (id3.org: ID3v2.2, 2.3, 2.4): in front of MPEG audio, and in a chunk of WAVE and AIFF.
//!
//! The tag keeps its version, every frame that is not replaced its bytes, and the padding its length.

use std::fs::File;

use fanfare_model::{Error, Result};

use super::{
    ape,
    pieces::{Piece, Plan, malformed, refused},
    values::is_among,
};
use crate::{
    Limits,
    probe::{AudioBytes, read_at},
};

/// Bytes of a tag's header.
const HEADER: usize = 10;
const UNSYNCHRONISED: u8 = 0x80;
/// Largest size that four bytes of seven bits hold.
const MAX_SIZE: usize = (1 << 28) - 1;
/// The version that new tags get.
const NEW_VERSION: u8 = 4;

/// MPEG audio: its tag in front, and an APE tag behind if it has one, so that the two do not contradict each other.
pub(super) fn plan(
    file: &File,
    audio: AudioBytes,
    fields: &[(&'static str, String)],
    limits: &Limits,
) -> Plan {
    let length = file.metadata().map_err(|error| Error::from_io("reading the file's size", error))?.len();
    let head = read_at(file, 0, HEADER)?;
    let (tag, kept) = match crate::probe::id3v2_length(&head) {
        Some(size) if size as u64 > audio.start => {
            return Err(malformed("its ID3v2 tag is longer than what is in front of the audio"));
        }
        Some(size) if size as u64 > limits.max_tag_bytes => {
            return Err(Error::limit("tag_bytes", size as u64, limits.max_tag_bytes));
        }
        Some(size) => (edit(&read_at(file, 0, size)?, fields)?, size as u64),
        None => (new(fields)?, 0),
    };
    let mut pieces = vec![Piece::New(tag)];
    match ape::tail(file, length, fields, false, limits)? {
        Some((start, tail)) if start >= kept => {
            pieces.push(Piece::Keep(kept..start));
            pieces.extend(tail);
        }
        _ => pieces.push(Piece::Keep(kept..length)),
    }
    Ok(pieces)
}

/// A tag of nothing but those fields.
pub(super) fn new(fields: &[(&'static str, String)]) -> Result<Vec<u8>> {
    let frames = fields.iter().map(|field| text_frame(NEW_VERSION, field)).collect::<Vec<_>>().concat();
    assemble(&[NEW_VERSION, 0, 0], &frames)
}

/// The whole tag with those fields in place of all user texts of the same names.
pub(super) fn edit(tag: &[u8], fields: &[(&'static str, String)]) -> Result<Vec<u8>> {
    let (Some(head), Some(body)) = (tag.get(..HEADER), tag.get(HEADER..)) else {
        return Err(malformed("its ID3v2 tag is cut short"));
    };
    let (version, flags) = (head[3], head[5]);
    if !(2..=4).contains(&version) {
        return Err(refused(format!("its ID3v2 tag has version 2.{version}, 2.2 to 2.4 are written")));
    }
    // An extended header may hold a checksum, a footer repeats the header, compression is ours to leave alone. Who
    // meets one of them in the wild?
    if flags & !UNSYNCHRONISED != 0 {
        return Err(refused(format!("its ID3v2 tag has flags {flags:#04x}")));
    }
    // Before 2.4 the zeros that hide false frame syncs are put in over all frames; they are taken out, as nothing
    // has needed them for twenty years. In 2.4 each frame has its own, and keeps them.
    let synchronised;
    let body = if flags & UNSYNCHRONISED != 0 && version < 4 {
        synchronised = synchronise(body);
        &synchronised
    } else {
        body
    };
    let mut frames = Vec::with_capacity(body.len() + 512);
    let mut at = 0;
    while let Some(frame) = frame_at(version, body, at)? {
        if flags & UNSYNCHRONISED != 0 && version == 4 && frame.flags & 0x02 == 0 {
            return Err(refused("its ID3v2.4 tag is unsynchronised as a whole"));
        }
        if !user_text(version, &frame).is_some_and(|name| is_among(&name, fields)) {
            frames.extend_from_slice(frame.whole);
        }
        at += frame.whole.len();
    }
    let padding = &body[at..];
    if padding.iter().any(|byte| *byte != 0) {
        return Err(malformed("its ID3v2 tag has bytes behind its last frame"));
    }
    for field in fields {
        frames.extend(text_frame(version, field));
    }
    frames.extend_from_slice(padding);
    assemble(&[version, head[4], 0], &frames)
}

fn assemble(version_and_flags: &[u8; 3], frames: &[u8]) -> Result<Vec<u8>> {
    if frames.len() > MAX_SIZE {
        return Err(Error::limit("tag_bytes", frames.len() as u64, MAX_SIZE as u64));
    }
    Ok([b"ID3", &version_and_flags[..], &seven_bits(frames.len()), frames].concat())
}

struct Frame<'a> {
    id: &'a [u8],
    /// The second byte of its flags: how its body is packed.
    flags: u8,
    body: &'a [u8],
    whole: &'a [u8],
}

/// The frame there; `None` for padding and the end.
fn frame_at(version: u8, bytes: &[u8], at: usize) -> Result<Option<Frame<'_>>> {
    let (id_bytes, head) = if version == 2 { (3, 6) } else { (4, 10) };
    let rest = &bytes[at..];
    if rest.len() < head || rest[0] == 0 {
        return Ok(None);
    }
    let damaged = || malformed("its ID3v2 tag has a damaged frame").at_byte(at as u64);
    let id = &rest[..id_bytes];
    if !id.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        return Err(damaged());
    }
    let size = &rest[id_bytes..id_bytes + if version == 2 { 3 } else { 4 }];
    let bits = if version == 4 { 7 } else { 8 };
    if version == 4 && size.iter().any(|byte| *byte > 0x7f) {
        return Err(damaged());
    }
    let size = size.iter().fold(0_usize, |size, byte| size << bits | usize::from(*byte));
    let whole = rest.get(..head + size).ok_or_else(damaged)?;
    // Old versions of iTunes wrote sizes of eight bits into 2.4: then there is no frame where the next should be.
    if version == 4 {
        let next = rest.get(head + size..head + size + 4).unwrap_or(&[0]);
        if next[0] != 0 && !next.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
            return Err(damaged());
        }
    }
    Ok(Some(Frame { id, flags: if version == 2 { 0 } else { rest[9] }, body: &whole[head..], whole }))
}

/// The name of a user text, in ASCII as far as it is any; `None` for other frames and for packed ones.
fn user_text(version: u8, frame: &Frame<'_>) -> Option<Vec<u8>> {
    let id: &[u8] = if version == 2 { b"TXX" } else { b"TXXX" };
    // Unsynchronisation alone changes nothing in ASCII.
    if frame.id != id || frame.flags & !0x03 != 0 {
        return None;
    }
    // A data length indicator stands in front of the body.
    let body = frame.body.get(if frame.flags & 0x01 != 0 { 4 } else { 0 }..)?;
    let (encoding, text) = body.split_first()?;
    let ascii = |units: &mut dyn Iterator<Item = u16>| {
        units.take_while(|unit| *unit != 0).map(|unit| u8::try_from(unit).unwrap_or(b'?')).collect()
    };
    match encoding {
        0 | 3 => Some(text.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()),
        1 | 2 => {
            let little = *encoding == 1 && text.starts_with(&[0xff, 0xfe]);
            let text = if little || text.starts_with(&[0xfe, 0xff]) { &text[2..] } else { text };
            let unit = |pair: &[u8]| {
                if little {
                    u16::from_le_bytes([pair[0], pair[1]])
                } else {
                    u16::from_be_bytes([pair[0], pair[1]])
                }
            };
            Some(ascii(&mut text.chunks_exact(2).map(unit)))
        }
        _ => None,
    }
}

fn text_frame(version: u8, (name, value): &(&'static str, String)) -> Vec<u8> {
    // Encoding 0, ISO 8859-1: names and values are ASCII.
    let body = [&[0], name.as_bytes(), &[0], value.as_bytes()].concat();
    let size = body.len();
    match version {
        2 => [b"TXX", &(size as u32).to_be_bytes()[1..], &body].concat(),
        3 => [&b"TXXX"[..], &(size as u32).to_be_bytes(), &[0; 2], &body].concat(),
        _ => [&b"TXXX"[..], &seven_bits(size), &[0; 2], &body].concat(),
    }
}

/// A size in four bytes of seven bits.
fn seven_bits(size: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| (size >> shift & 0x7f) as u8)
}

/// Takes out the zero behind each 0xff.
fn synchronise(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut last = 0;
    for byte in bytes {
        if !(last == 0xff && *byte == 0) {
            out.push(*byte);
        }
        last = *byte;
    }
    out
}
