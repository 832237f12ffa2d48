//! Vorbis comments ("Ogg Vorbis I format specification: comment field and header specification"), and FLAC's pictures
//! (RFC 9639, section 8.8), which stand in them as base64 too.

use data_encoding::BASE64;

use super::{
    fields::{Collected, FRONT_COVER},
    header_fields::{be32, le32},
    text,
};

/// Comments in one header; more are not read.
const MAX_COMMENTS: u32 = 100_000;

/// Reads a header of comments.
pub(super) fn read(comments: &[u8], into: &mut Collected<'_>) {
    let list = le32(comments, 0).and_then(|vendor| (vendor as usize).checked_add(4));
    let Some((mut at, count)) = list.and_then(|at| Some((at.checked_add(4)?, le32(comments, at)?))) else {
        into.note("the header of the Vorbis comments is damaged");
        return;
    };
    for _ in 0..count.min(MAX_COMMENTS) {
        let comment = le32(comments, at).and_then(|length| {
            let end = (at + 4).checked_add(length as usize)?;
            comments.get(at + 4..end)
        });
        let Some(comment) = comment else {
            if !into.cut {
                into.note("a Vorbis comment is longer than its header, and what is behind it was left out");
            }
            return;
        };
        at += 4 + comment.len();
        one(comment, into);
    }
}

fn one(comment: &[u8], into: &mut Collected<'_>) {
    let name_end = comment.iter().position(|byte| *byte == b'=');
    let Some((name, value)) = name_end.map(|end| (&comment[..end], &comment[end + 1..])) else {
        into.note("a Vorbis comment without a name was left out");
        return;
    };
    if name.eq_ignore_ascii_case(b"METADATA_BLOCK_PICTURE") {
        match decoded(value) {
            Some(block) => picture(&block, into),
            None => into.note("a picture in the Vorbis comments is not base64"),
        }
    } else if name.eq_ignore_ascii_case(b"COVERART") {
        // As it was before there were picture blocks: the image alone.
        match decoded(value) {
            Some(image) => into.add_picture(FRONT_COVER, &image),
            None => into.note("a picture in the Vorbis comments is not base64"),
        }
    } else if let Ok(name) = std::str::from_utf8(name) {
        into.add_named(name, 0, &text::utf8_or_windows_1252(value));
    }
}

fn decoded(base64: &[u8]) -> Option<Vec<u8>> {
    let base64: Vec<u8> = base64.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(&base64).ok()
}

/// Reads a picture block.
pub(super) fn picture(block: &[u8], into: &mut Collected<'_>) {
    let found = || {
        let kind = be32(block, 0)?;
        let media_end = 8_usize.checked_add(be32(block, 4)? as usize)?;
        let described = media_end.checked_add(4)?.checked_add(be32(block, media_end)? as usize)?;
        // Width, height, depth and colours; the length may be less than there is, where it is over 24 bits.
        let start = described.checked_add(20)?;
        let length = be32(block, start - 4)? as usize;
        let rest = block.get(start..)?;
        let is_link = block.get(8..media_end)? == b"-->";
        (!is_link).then_some((kind, &rest[..length.min(rest.len())]))
    };
    match found() {
        Some((kind, image)) => into.add_picture(kind, image),
        None => into.note("a picture block is damaged"),
    }
}
